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
# null there. What was not noted is null or missing, and left out. Failures have an error, which makes them errors.
# Of what was too long the first members are kept: five of a request, four of a message (`store.py`).
LEVEL = "iif({0} ->> 1 IS NULL, {0} ->> 2, iif({0} ->> 4 >= 400, 8, 0))"
MOMENT = "CAST(substr({0}, 2, 24) AS REAL)"  # the first member, without reading the others
_MESSAGE = "iif({0} ->> 1 IS NULL, {0} ->> 3, concat({0} ->> 2, ' ', {0} ->> 3))"
DATA = """iif({0} ->> 1 IS NULL, {0} -> 4, json_patch(
    iif({0} ->> 4 >= 400, '{{"details":null,"error":""}}', '{{}}'), json_object(
        'auth', {0} ->> 9, 'authId', nullif({0} ->> 10, ''), 'details', {0} -> 13, 'error', {0} ->> 12,
        'execTime', round(({0} ->> 1) * 1000, 6), 'method', {0} ->> 2, 'referer', {0} ->> 5, 'remoteIP', {0} ->> 8,
        'requestId', {0} ->> 11, 'status', {0} ->> 4, 'type', 'request', 'url', {0} ->> 3, 'userAgent', {0} ->> 6,
        'userIP', {0} ->> 7
    )
))"""
_IS_WHOLE = "{0} -> iif({0} ->> 1 IS NULL, 4, 5) IS NOT NULL"

_CREATE: dict[Dialect, tuple[str, ...]] = {
    "sqlite": (
        # An entry is kept as it was noted, and becomes all the rest only when somebody reads it: most are not. No index
        # is kept up to date either. Ids go up, and tell a time (`first_id`) that is not before the entry's own. That is
        # `epoch` and the entry's first member, together seconds since 1970.
        "CREATE TABLE IF NOT EXISTS noted (id INTEGER PRIMARY KEY, epoch REAL NOT NULL, entry TEXT NOT NULL)",
        f"""CREATE VIEW IF NOT EXISTS logs AS SELECT
            id AS rowid, printf('%015x', id) AS id,
            strftime('%Y-%m-%d %H:%M:%fZ', epoch + {MOMENT.format("entry")}, 'unixepoch') AS created,
            CAST((epoch + {MOMENT.format("entry")}) / 3600 AS INTEGER) AS hour,
            {LEVEL.format("entry")} AS level, {_MESSAGE.format("entry")} AS message,
            iif({_IS_WHOLE.format("entry")}, {DATA.format("entry")}, '{TRUNCATED}') AS data
        FROM noted""",
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
STORED: dict[Dialect, str] = {"sqlite": "noted", "postgres": f"{SCHEMA}.logs"}


def first_id(seconds: float) -> int:
    """On SQLite, the smallest id of what was noted so many seconds after 1970 began, or later."""
    return int(seconds * 1000) << 12


def creation(dialect: Dialect) -> tuple[str, ...]:
    """The statements that make what is missing."""
    return _CREATE[dialect]


_MEMBERS = (
    "data ->> 'method', data ->> 'url', data ->> 'status', data ->> 'referer', data ->> 'userAgent', "
    "data ->> 'userIP', data ->> 'remoteIP', data ->> 'auth', data ->> 'authId', data ->> 'requestId', "
    "data ->> 'error', data -> 'details'"
)
_BEFORE = {
    # The first form had message and data stored.
    "logs": f"""SELECT rowid, created, CASE
            WHEN data ->> '__pb_truncated__' IS NOT NULL THEN json_array(0, NULL, level, message)
            WHEN data ->> 'type' = 'request' THEN json_array(0, (data ->> 'execTime') / 1000.0, {_MEMBERS})
            ELSE json_array(0, NULL, level, message, json(data))
        END AS entry FROM before""",
    # The second had the time and the level beside the entry, and indexes.
    "entries": "SELECT rowid, created, entry FROM before",
}


def renewal(before: str) -> tuple[str, ...]:
    """The statements that turn SQLite's table as it once was, `logs` or `entries`, into this one. Ids are new."""
    # Strictly upwards, and none before its entry's own time.
    new_id = "(CAST(max(moment) OVER (ORDER BY rowid) * 1000 AS INTEGER) << 12) + row_number() OVER (ORDER BY rowid)"
    entries = f"SELECT *, unixepoch(created, 'subsec') AS moment FROM ({_BEFORE[before]})"
    return (
        "DROP VIEW logs" if before == "entries" else "DROP INDEX IF EXISTS logs_created",
        f"ALTER TABLE {before} RENAME TO before",
        *creation("sqlite"),
        f"INSERT INTO noted (id, epoch, entry) SELECT {new_id}, 0, json_set(entry, '$[0]', moment) FROM ({entries})",
        "DROP TABLE before",
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
