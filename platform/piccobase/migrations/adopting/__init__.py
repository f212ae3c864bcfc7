"""Databases that others have made: read, declared as tables, and served. What cannot be declared is said."""
