"""Migrations of the tables that the server itself needs. A project's own tables have theirs in the project."""
