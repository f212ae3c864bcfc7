"""The core's tables: superusers, roles, secrets, ids of collections."""
