"""The one door to Piccolo's own commands: while an engine is ours, `MigrationManager.run` runs what we would.

So `piccolo migrations forwards`, `backwards` and `--preview` change tables as `piccobase migrate` does, on SQLite as on
PostgreSQL, and lose nothing that nobody has given up. Piccolo runs one migration after the other, each in a transaction
of its own, and records it afterwards. With any other engine everything is as Piccolo has it.
"""

import inspect
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from typing import Any

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.conf.apps import Finder
from piccolo.engine import engine_finder

from piccobase.base.errors import PiccobaseError, StartError
from piccobase.db.embedded import EmbeddedEngine
from piccobase.db.postgres import PostgresEngine
from piccobase.migrations.applying import apply_change, plan_change
from piccobase.migrations.files import Migration, read_history

_piccolos_own: Callable[..., Coroutine[Any, Any, None]] = MigrationManager.run


def open_door() -> None:
    """Has Piccolo's commands run our code from now on, in this process."""
    MigrationManager.run = run  # type: ignore[method-assign, assignment]


async def run(manager: MigrationManager, backwards: bool = False) -> None:
    """In place of Piccolo's method. Raises StartError, MigrationRefused for losses that the file does not accept."""
    engine = engine_finder()
    if not isinstance(engine, EmbeddedEngine | PostgresEngine):
        await _piccolos_own(manager, backwards=backwards)
        return
    direction = ("preview " if manager.preview else "") + ("backwards" if backwards else "forwards")
    print(f"  - {manager.migration_id} [{direction}]... ", end="")
    migration = await _migration_of(manager)
    change = migration.change(engine)
    if backwards:
        change = change.reversed()
    if manager.preview:
        plan = await plan_change(engine, change)
        print("", *(f"{step.sql};" for step in plan.steps), sep="\n")
        return
    try:
        async with AsyncExitStack() as stack:
            if manager.wrap_in_transaction:
                await stack.enter_async_context(engine.schema_transaction())
            await _call(manager.raw_backwards if backwards else manager.raw)
            if not manager.wrap_in_transaction:
                await stack.enter_async_context(engine.schema_transaction())
            await apply_change(
                engine,
                change,
                accepted=migration.file.accepted_losses,
                migration=migration.id,
                restore=backwards,
            )
    except StartError:
        raise
    except PiccobaseError as error:
        raise StartError(f"{migration.id} failed: {error.__cause__ or error}") from error


async def _migration_of(manager: MigrationManager) -> Migration:
    app = Finder().get_app_config(app_name=manager.app_name)
    for migration in await read_history(app):
        if migration.id == manager.migration_id:
            return migration
    raise StartError(
        f"The app {manager.app_name} has no migration with the ID {manager.migration_id}: a file's ID and the "
        "migration_id of its manager must be the same."
    )


async def _call(functions: list[Any]) -> None:
    for function in functions:
        result = function()
        if inspect.isawaitable(result):
            await result
