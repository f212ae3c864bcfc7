"""The table of the log, as a collection that filters and sorts can be asked of. It has a database of its own."""

from piccolo.columns import JSONB, Integer, Text
from piccolo.table import Table

from piccobase.columns import AutoDate, RecordId
from piccobase.schema.building import build_registry
from piccobase.schema.collections import CollectionInfo
from piccobase.schema.values.base import Dialect

SCHEMA = "piccobase_logs"  # on PostgreSQL

_CREATE: dict[Dialect, tuple[str, ...]] = {
    "sqlite": (
        """CREATE TABLE IF NOT EXISTS logs (
            id TEXT NOT NULL UNIQUE, created TEXT NOT NULL, level INTEGER NOT NULL, message TEXT NOT NULL,
            data JSONB_TEXT NOT NULL
        )""",
        "CREATE INDEX IF NOT EXISTS logs_created ON logs (created)",
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


def creation(dialect: Dialect) -> tuple[str, ...]:
    """The statements that make what is missing."""
    return _CREATE[dialect]


def log_collection(dialect: Dialect) -> CollectionInfo:
    """The log as a collection."""

    class LogEntry(Table, tablename="logs", schema=SCHEMA if dialect == "postgres" else None):
        id = RecordId()
        created = AutoDate(on_create=True)
        level = Integer()
        message = Text()
        data = JSONB()

    return build_registry([LogEntry]).collections["logs"]
