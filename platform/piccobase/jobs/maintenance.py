"""The schedules that every server has: the database's own upkeep, and the end of old jobs."""

import logging

from piccobase.db.engine import Database
from piccobase.db.placeholders import in_dialect
from piccobase.jobs.declaring import JobRegistry
from piccobase.jobs.tables import now_ms

log = logging.getLogger("piccobase.jobs")

DAY = 86_400_000  # milliseconds
KEPT_DONE = 1 * DAY
KEPT_DEAD = 30 * DAY
FORGOTTEN = 400 * DAY
MOST_DONE = MOST_DEAD = 10_000  # the newest of each are kept
_BATCH = 1_000  # rows that are deleted in one transaction: others want to write, too


def register_maintenance(registry: JobRegistry, db: Database) -> None:
    """Adds them to the registry. Their names are the protocol's (§8.4), where it has one."""

    @registry.schedule("0 0 * * *", id="__pbDBOptimize__", timeout=3600)
    async def optimize() -> None:
        """Brings up to date what the database knows of its data when it plans queries."""
        await db.rows("PRAGMA optimize" if db.dialect == "sqlite" else "ANALYZE")

    @registry.schedule("*/10 * * * *", id="__pbJobsCleanup__")
    async def clean_up() -> None:
        await delete_old_jobs(db)


async def delete_old_jobs(db: Database) -> int:
    """Deletes jobs that were done a day ago, dead ones of a month, and what is more than 10,000 of either.

    Also what is known of schedules that have not fired for more than a year: nobody declares them any more. Returns
    how many jobs went.
    """
    gone = 0
    for state, kept, most in (("done", KEPT_DONE, MOST_DONE), ("dead", KEPT_DEAD, MOST_DEAD)):
        oldest = now_ms() - kept
        beyond = f"""SELECT "ended" FROM "_jobs" WHERE "state" = '{state}' ORDER BY "ended" DESC LIMIT 1 OFFSET ?"""
        if rows := await db.rows(in_dialect(beyond, db.dialect), (most,)):
            oldest = max(oldest, int(rows[0][0]) + 1)
        delete = f"""DELETE FROM "_jobs" WHERE "id" IN
        (SELECT "id" FROM "_jobs" WHERE "state" = '{state}' AND "ended" < ? LIMIT {_BATCH}) RETURNING 1"""
        while batch := await db.rows(in_dialect(delete, db.dialect), (oldest,)):
            gone += len(batch)
    forgotten = 'DELETE FROM "_schedules" WHERE "fired" < ?'
    await db.rows(in_dialect(forgotten, db.dialect), (now_ms() - FORGOTTEN,))
    return gone
