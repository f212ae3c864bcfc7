"""Sees to it that the change log has what happens in the collections, and does not grow without end."""

import logging
from typing import Annotated

from piccobase.changes.pruning import prune
from piccobase.changes.triggers import attach_triggers, unwatched
from piccobase.changes.watching import store_watched, watched_tables
from piccobase.db.embedded import EmbeddedEngine
from piccobase.db.postgres import PostgresEngine
from piccobase.db.watched import WatchedTable
from piccobase.jobs.declaring import JobRegistry
from piccobase.schema.registry import Registry
from piccobase.settings import checks
from piccobase.settings.checks import found
from piccobase.settings.section import Mistakes, Section, says
from piccobase.settings.service import SettingsService

log = logging.getLogger("piccobase")


class ChangeSettings(Section, frozen=True):
    """How much is kept of the change log. What is deleted is missed only by readers who stayed away for longer."""

    max_days: Annotated[int, says("Days", "How long changes are kept; 0: for an hour.")] = 7
    max_changes: Annotated[int, says("Most changes", "How many are kept; 0: however many there are.")] = 5_000_000

    def check(self) -> Mistakes:
        return found(maxDays=checks.at_least(self.max_days, 0), maxChanges=checks.at_least(self.max_changes, 0))


async def watch_changes(
    engine: EmbeddedEngine | PostgresEngine, registry: Registry, *, may_change_schema: bool
) -> frozenset[str]:
    """The ids of the collections that are watched from now on.

    On PostgreSQL those are not whose triggers are missing, and may not be attached now: a line on the log names them.
    """
    tables = watched_tables(registry)
    missing: list[WatchedTable] = []
    if isinstance(engine, PostgresEngine):
        if may_change_schema:
            await attach_triggers(engine, tables)
        if missing := await unwatched(engine, tables):
            names = ", ".join(table.table for table in missing)
            log.warning("The change log does not have what happens in %s. Attach it with: piccobase migrate", names)
    else:
        await store_watched(engine, tables)
        await engine.watch(tables)
    return frozenset(table.collection for table in tables) - {table.collection for table in missing}


def keep_changes_bounded(
    registry: JobRegistry, engine: EmbeddedEngine | PostgresEngine, settings: SettingsService
) -> None:
    """Adds the settings, and the schedule that goes by them."""
    section = settings.section("changes", ChangeSettings, "Change log")

    @registry.schedule("40 * * * *", id="__pbChangesCleanup__")
    async def clean_up_changes() -> None:
        await prune(engine, section.value.max_days, section.value.max_changes)
