"""A page for each collection's API: its fields and rules in words, code to copy, and requests to try as anybody."""
