"""The table of the log, as a collection that filters and sorts can be asked of. It has a database of its own."""

from piccolo.columns import JSONB, Integer, Text
from piccolo.table import Table

from piccobase.columns import AutoDate, RecordId
from piccobase.schema.building import build_registry
from piccobase.schema.collections import CollectionInfo
from piccobase.schema.values.base import Dialect

SCHEMA = "piccobase_logs"  # on PostgreSQL
TRUNCATED = '{"__pb_truncated__":true}'  # as the reference has it

# What is noted of a request is an array (`entries.AnsweredRequest`), whose second member is a number; a message has
# null there. What was not noted is null, and left out. Failures have an error, which makes them errors.
LEVEL = "iif({0} ->> 1 IS NULL, {0} ->> 2, iif({0} ->> 4 >= 400, 8, 0))"
_MESSAGE = "iif({0} ->> 1 IS NULL, {0} ->> 3, concat({0} ->> 2, ' ', {0} ->> 3))"
DATA = """iif({0} ->> 1 IS NULL, {0} -> 4, json_patch(
    iif({0} ->> 4 >= 400, '{{"details":null,"error":""}}', '{{}}'), json_object(
        'auth', {0} ->> 9, 'authId', nullif({0} ->> 10, ''), 'details', {0} -> 13, 'error', {0} ->> 12,
        'execTime', round(({0} ->> 1) * 1000, 6), 'method', {0} ->> 2, 'referer', {0} ->> 5, 'remoteIP', {0} ->> 8,
        'requestId', {0} ->> 11, 'status', {0} ->> 4, 'type', 'request', 'url', {0} ->> 3, 'userAgent', {0} ->> 6,
        'userIP', {0} ->> 7
    )
))"""

_CREATE: dict[Dialect, tuple[str, ...]] = {
    "sqlite": (
        # An entry is kept as it was noted, and becomes a message and data only when somebody reads it: most are not.
        """CREATE TABLE IF NOT EXISTS entries (
            id TEXT NOT NULL UNIQUE, created TEXT NOT NULL, level INTEGER NOT NULL, entry TEXT NOT NULL,
            truncated INTEGER NOT NULL
        )""",
        "CREATE INDEX IF NOT EXISTS entries_created ON entries (created)",
        f"""CREATE VIEW IF NOT EXISTS logs AS SELECT
            rowid AS rowid, id, created, level, {_MESSAGE.format("entry")} AS message,
            iif(truncated, '{TRUNCATED}', {DATA.format("entry")}) AS data
        FROM entries""",
    ),
    "postgres": (
        f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}",
        f"""CREATE TABLE IF NOT EXISTS {SCHEMA}.logs (
            id VARCHAR(15) PRIMARY KEY, created TIMESTAMPTZ NOT NULL, level INTEGER NOT NULL, message TEXT NOT NULL,
            data JSONB NOT NULL
        )""",
        f"CREATE INDEX IF NOT EXISTS logs_created ON {SCHEMA}.logs (created)",
    ),
}


# What entries are deleted from.
STORED: dict[Dialect, str] = {"sqlite": "entries", "postgres": f"{SCHEMA}.logs"}


def creation(dialect: Dialect) -> tuple[str, ...]:
    """The statements that make what is missing."""
    return _CREATE[dialect]


_REQUEST = (
    "json_array(0, (data ->> 'execTime') / 1000.0, data ->> 'method', data ->> 'url', data ->> 'status', "
    "data ->> 'referer', data ->> 'userAgent', data ->> 'userIP', data ->> 'remoteIP', data ->> 'auth', "
    "data ->> 'authId', data ->> 'requestId', data ->> 'error', data -> 'details')"
)
_COPY = (
    "INSERT INTO entries (id, created, level, entry, truncated) SELECT id, created, level, "
    f"iif(data ->> 'type' = 'request', {_REQUEST}, json_array(0, NULL, level, message, json(data))), "
    "data ->> '__pb_truncated__' IS NOT NULL FROM logs_before"
)


def renewal() -> tuple[str, ...]:
    """The statements that turn SQLite's table as it once was, with message and data stored in it, into this one."""
    return (
        "ALTER TABLE logs RENAME TO logs_before",
        "DROP INDEX IF EXISTS logs_created",
        *creation("sqlite"),
        _COPY,
        "DROP TABLE logs_before",
    )


def log_collection(dialect: Dialect) -> CollectionInfo:
    """The log as a collection."""

    class LogEntry(Table, tablename="logs", schema=SCHEMA if dialect == "postgres" else None):
        id = RecordId()
        created = AutoDate(on_create=True)
        level = Integer()
        message = Text()
        data = JSONB()

    return build_registry([LogEntry]).collections["logs"]
