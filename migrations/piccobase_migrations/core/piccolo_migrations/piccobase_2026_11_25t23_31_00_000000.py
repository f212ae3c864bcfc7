"""Written by hand: indexes of a part of the rows, which Piccolo's own migrations cannot make."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.table import Table

ID = "2026-11-25T23:31:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Indexes of jobs"

INDEXES = (
    # The order in which waiting jobs are claimed.
    """CREATE INDEX "_jobs_waiting" ON "_jobs" ("priority" DESC, "due", "id") WHERE "state" = 'waiting'""",
    """CREATE INDEX "_jobs_delayed" ON "_jobs" ("due", "id") WHERE "state" = 'delayed'""",
    """CREATE INDEX "_jobs_running" ON "_jobs" ("worker") WHERE "state" = 'running'""",
    """CREATE INDEX "_jobs_done" ON "_jobs" ("ended") WHERE "state" = 'done'""",
    """CREATE INDEX "_jobs_dead" ON "_jobs" ("ended") WHERE "state" = 'dead'""",
    # Whether a schedule's job is still at work.
    """CREATE INDEX "_jobs_unfinished" ON "_jobs" ("name") WHERE "state" IN ('delayed', 'waiting', 'running')""",
    """CREATE UNIQUE INDEX "_jobs_key" ON "_jobs" ("key") WHERE "state" IN ('delayed', 'waiting')""",
)


class RawTable(Table):
    """Runs statements."""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="piccobase", description=DESCRIPTION)

    async def create_indexes() -> None:
        for statement in INDEXES:
            await RawTable.raw(statement)

    async def drop_indexes() -> None:
        for statement in INDEXES:
            name = statement.partition("INDEX ")[2].split()[0]
            await RawTable.raw(f"DROP INDEX {name}")

    manager.add_raw(create_indexes)
    manager.add_raw_backwards(drop_indexes)
    return manager
