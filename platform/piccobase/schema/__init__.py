"""What is declared: collections, their fields, relations, rules and roles; worked out at registration, then frozen."""
