"""The kinds of value a field can hold, a module a family: cleaned, bound for a database, read back, described."""
