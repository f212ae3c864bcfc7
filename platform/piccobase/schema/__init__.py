"""What is declared: collections, their fields, relations, rules and roles; worked out once, at registration, and frozen."""
