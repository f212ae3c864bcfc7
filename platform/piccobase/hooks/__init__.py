"""Hooks: a step that can be wrapped, the onion of those who wrap it, and listeners of what has happened."""
