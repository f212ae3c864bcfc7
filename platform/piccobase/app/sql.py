"""SQL from superusers: whether it is allowed, and what it does not get at."""

from piccobase.base.config import Config
from piccobase.db.console import Console, Guarded
from piccobase.db.console_postgres import PostgresConsole
from piccobase.db.console_sqlite import SQLiteConsole
from piccobase.db.embedded import EmbeddedEngine
from piccobase.db.postgres import PostgresEngine
from piccobase.schema.registry import Registry

# Arguments of jobs: mails that wait to be sent have links in them which let their bearer in. With a collection that was
# dropped its secrets lie in the trash.
_OF_THE_SYSTEM = {
    "_secrets": frozenset({"value"}),
    "_jobs": frozenset({"arguments"}),
    "_trash": frozenset({"details"}),
}


def make_console(config: Config, engine: EmbeddedEngine | PostgresEngine, registry: Registry) -> Console | None:
    """The console, None where it is turned off."""
    if not config.sql:
        return None
    guarded = guarded_of(registry)
    if isinstance(engine, EmbeddedEngine):
        return SQLiteConsole(engine, guarded)
    return PostgresConsole(engine, guarded)


def guarded_of(registry: Registry) -> Guarded:
    """Passwords' hashes, what tokens are signed with, and the system's own secrets: nobody sees them over the API."""
    secrets = dict(_OF_THE_SYSTEM)
    for collection in registry.collections.values():
        columns = frozenset(
            field.column
            for field in collection.fields
            if field.type == "password" or (collection.kind == "auth" and field.name == "tokenKey")
        )
        if columns and collection.kind != "view":
            secrets[collection.name] = columns
    return Guarded(secrets)
