"""The change log of a database, of whichever kind it is."""

from piccobase.changes.reading import ChangeLog, SQLiteChangeLog
from piccobase.changes.reading_postgres import PostgresChangeLog
from piccobase.db.engine import Database


def change_log(db: Database) -> ChangeLog:
    """Reads the log of `db`."""
    return SQLiteChangeLog(db) if db.dialect == "sqlite" else PostgresChangeLog(db)
