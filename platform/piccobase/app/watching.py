"""Sees to it that the change log has what happens in the collections."""

import logging

from piccobase.changes.triggers import attach_triggers, unwatched
from piccobase.changes.watching import store_watched, watched_tables
from piccobase.db.embedded import EmbeddedEngine
from piccobase.db.postgres import PostgresEngine
from piccobase.schema.registry import Registry

log = logging.getLogger("piccobase")


async def watch_changes(
    engine: EmbeddedEngine | PostgresEngine, registry: Registry, *, may_change_schema: bool
) -> frozenset[str]:
    """The ids of the collections that are watched from now on.

    On PostgreSQL those are not whose triggers are missing, and may not be attached now: a line on the log names them.
    """
    tables = watched_tables(registry)
    missing: set[str] = set()
    if isinstance(engine, PostgresEngine):
        if may_change_schema:
            await attach_triggers(engine, tables)
        elif missing_tables := await unwatched(engine, tables):
            missing = {table.collection for table in missing_tables}
            names = ", ".join(table.table for table in missing_tables)
            log.warning("The change log does not have what happens in %s. Attach it with: piccobase migrate", names)
    else:
        await store_watched(engine, tables)
        await engine.watch(tables)
    return frozenset(table.collection for table in tables) - missing
