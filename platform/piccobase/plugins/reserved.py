"""Names that are the server's own, where plugins bring things of the same kind. A test keeps them in step."""

RESERVED_COMMANDS = frozenset(
    {"adopt", "check", "explain", "migrate", "new", "plugin", "plugins", "serve", "settings", "superuser", "worker"}
)
RESERVED_SECTIONS = frozenset({"changes", "mail"})  # what else cannot be said is told by settings/service.py
RESERVED_MOUNTS = frozenset({"/api"})
RESERVED_PLUGINS = frozenset({"app", "piccobase"})  # as apps with migrations are called that are no plugins
