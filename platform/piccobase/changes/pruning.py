"""What is no longer kept of the change log."""

from piccobase.base.clock import unix_time
from piccobase.db.engine import Database

DAY = 86_400_000  # milliseconds
LEAST = 3_600_000  # is kept in any case: for readers who come back after a moment, and for what is remembered by it
_BATCH = 1_000  # rows that are deleted in one transaction: others want to write, too

# The oldest first, and no others are looked at: nearly always they are the oldest by the clock as well. The newest row
# stays on SQLite, since the next one counts on from it.
_SQLITE = f"""
DELETE FROM "_changes" WHERE "position" IN (
    SELECT "position" FROM (SELECT "position", "time" FROM "_changes" ORDER BY "position" LIMIT {_BATCH})
    WHERE "time" < ? OR "position" <= (SELECT max("position") FROM "_changes") - ?
) AND "position" < (SELECT max("position") FROM "_changes") RETURNING 1
"""
_POSTGRES = f"""
DELETE FROM "_changes" WHERE "position" IN (
    SELECT "position" FROM (
        SELECT "position", "time" FROM "_changes" WHERE "collection" <> '' ORDER BY "tx", "position" LIMIT {_BATCH}
    ) AS "oldest"
    WHERE "time" < $1 OR "position" <= (SELECT max("position") FROM "_changes" WHERE "collection" <> '') - $2
) RETURNING "tx"::text::numeric
"""


async def prune(db: Database, days: int, most: int) -> int:
    """Deletes what is older than so many days, and all but the newest `most` (0: however many there are).

    The last hour is kept in any case, whatever `days` says. Returns how many went.
    """
    oldest = int(unix_time() * 1000) - max(days * DAY, LEAST)
    args = (oldest, most if most > 0 else 1 << 62)
    gone = 0
    while batch := await (_prune_sqlite if db.dialect == "sqlite" else _prune_postgres)(db, args):
        gone += batch
    return gone


async def _prune_sqlite(db: Database, args: tuple[int, int]) -> int:
    return len(await db.rows(_SQLITE, args))


async def _prune_postgres(db: Database, args: tuple[int, int]) -> int:
    """Deletes a batch, and leaves a mark: whoever has not seen the transactions up to it has missed something."""
    async with db.transaction():
        gone = await db.rows(_POSTGRES, args)
        if gone:
            mark = str(max(int(tx) for (tx,) in gone))
            insert = """INSERT INTO "_changes" ("verb", "tx", "record")
                VALUES ('forgotten', $1::text::xid8, pg_current_xact_id()::text)"""
            await db.rows(insert, (mark,))
            await db.rows("""DELETE FROM "_changes" WHERE "collection" = '' AND "tx" < $1::text::xid8""", (mark,))
    return len(gone)
