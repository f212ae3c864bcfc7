"""Runs the migrations that are pending, and their ways back: all of it or nothing, under a lock, with the record.

Other than Piccolo's command this prints nothing and needs no piccolo_conf. What a migration does to the tables is
worked out from the states before and after it (`changes`), not by its statements.
"""

import inspect
import io
import logging
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from typing import Any, cast

from piccolo.conf.apps import AppConfig
from piccolo.engine.base import Engine

from piccobase.base.errors import PiccobaseError, StartError
from piccobase.db.engine import Database
from piccobase.db.setup import SchemaDatabase
from piccobase.migrations.applying import apply_change
from piccobase.migrations.changes import ChangePlan, MigrationRefused, SchemaChange
from piccobase.migrations.files import Migration, change_between, load_files, read_history
from piccobase.migrations.folding import Renames
from piccobase.migrations.piccolo_finds import piccolo_finds
from piccobase.migrations.record import create_record, forget, record, recorded, recorded_names, refuse_newer
from piccobase.migrations.taking_up import take_up

log = logging.getLogger("piccobase.db")


@dataclass(frozen=True, slots=True)
class Done:
    """A migration that was run. `seconds` without the commit, which is that of all of them."""

    app: str
    migration: Migration
    plan: ChangePlan
    seconds: float


async def pending(db: Database, app: AppConfig) -> list[str]:
    """The names of the app's migrations that the database has not seen, in their order.

    Raises StartError where it has seen one that the code does not know.
    """
    known = [file.id for file in load_files(app)]
    done = await recorded_names(db, app)
    refuse_newer(app, known, done)
    return [name for name in known if name not in done]


async def apply(db: SchemaDatabase, app: AppConfig) -> list[str]:
    """Runs what is pending in one app. Returns the names of what was run. Raises StartError, as `apply_all`."""
    return [done.migration.id for done in await apply_all(db, [app])]


async def apply_all(
    db: SchemaDatabase, apps: Sequence[AppConfig], *, accepted: Collection[str] = (), fake: bool = False
) -> list[Done]:
    """Runs what is pending in the apps, in their order.

    Servers that start at once do it one after another, and the second finds nothing to do. `accepted` are places whose
    values may be lost, besides those that a file itself accepts; with `fake` the migrations are only recorded. Raises
    StartError for a migration that fails, for a database that has seen one that the code does not know, and
    MigrationRefused for a loss that nobody has accepted.
    """
    return await apply_histories(db, [(app, await read_history(app)) for app in apps], accepted=accepted, fake=fake)


async def apply_histories(
    db: SchemaDatabase,
    histories: Sequence[tuple[AppConfig, Sequence[Migration]]],
    *,
    accepted: Collection[str] = (),
    fake: bool = False,
) -> list[Done]:
    """As `apply_all`, of files that were read already."""
    if not await _anything(db, histories):
        return []
    ran: list[Done] = []
    apps = [app for app, _ in histories]
    async with db.schema_transaction():
        await create_record(db)
        for app, history in histories:
            done = await recorded_names(db, app)
            refuse_newer(app, [migration.id for migration in history], done)
            if not done and not fake and (known := await take_up(db, app, history)):
                await record(db, app, known)
                done = known
            for group in _groups([migration for migration in history if migration.id not in done]):
                ran += await _forwards(db, app, group, accepted, apps, fake=fake)
                await record(db, app, [migration.id for migration in group])
    return ran


def _groups(todo: Sequence[Migration]) -> list[list[Migration]]:
    """What is done in one go: on an empty database a history's beginning, as long as it runs no functions."""
    groups: list[list[Migration]] = []
    for migration in todo:
        if groups and not groups[-1][0].before.tables and not migration.functions and not migration.is_fake:
            groups[-1].append(migration)
        else:
            groups.append([migration])
    return groups


async def _anything(db: Database, histories: Sequence[tuple[AppConfig, Sequence[Migration]]]) -> bool:
    """Whether there is anything to do, asked without a lock: most starts find nothing."""
    seen = {(row.app, row.name) for row in await recorded(db)}
    for app, history in histories:
        refuse_newer(app, [it.id for it in history], sorted(name for of, name in seen if of == app.app_name))
    return any((app.app_name, migration.id) not in seen for app, history in histories for migration in history)


async def _forwards(
    db: SchemaDatabase,
    app: AppConfig,
    group: Sequence[Migration],
    accepted: Collection[str],
    apps: Sequence[AppConfig],
    *,
    fake: bool,
) -> list[Done]:
    began = time.perf_counter()
    first, last = group[0], group[-1]
    plan = ChangePlan()
    if not fake and not first.is_fake:
        await run_functions(db, app, first, first.functions, apps)
        # Most data migrations of an app change no table.
        if first.before != last.after:
            accepted = {*accepted, *first.file.accepted_losses}
            change = first.change(db) if first is last else change_between(first.before, last.after, Renames(), db)
            plan = await _changed(db, app, last, change, accepted)
    seconds = time.perf_counter() - began
    for migration in group:
        log.info("Migration %s of %s is done.", migration.id, app.app_name)
    return [Done(app.app_name, migration, plan, seconds / len(group)) for migration in group]


async def revert_all(
    db: SchemaDatabase, steps: Sequence[tuple[AppConfig, Migration]], *, accepted: Collection[str] = ()
) -> list[Done]:
    """Goes back over migrations that were run, in the order given. Raises StartError, and has changed nothing then.

    Values that they have put into the trash come back from there.
    """
    for _, migration in steps:
        if migration.manager is None:
            raise StartError(
                f"The migration {migration.id} does its work itself and says no way back. Nothing was reverted."
            )
    ran: list[Done] = []
    apps = list({app.app_name: app for app, _ in steps}.values())
    async with db.schema_transaction():
        for app, migration in steps:
            began = time.perf_counter()
            await run_functions(db, app, migration, migration.functions_back, apps)
            plan = ChangePlan()
            if migration.before != migration.after:
                change = migration.change(db).reversed()
                plan = await _changed(db, app, migration, change, accepted, back=True)
            await forget(db, app, migration.id)
            ran.append(Done(app.app_name, migration, plan, time.perf_counter() - began))
            log.info("Migration %s of %s is undone.", migration.id, app.app_name)
    return ran


async def _changed(
    db: SchemaDatabase,
    app: AppConfig,
    migration: Migration,
    change: SchemaChange,
    accepted: Collection[str],
    *,
    back: bool = False,
) -> ChangePlan:
    try:
        return await apply_change(db, change, accepted=accepted, migration=migration.id, restore=back)
    except MigrationRefused:
        raise
    except PiccobaseError as error:
        raise _failed(app, migration, error.__cause__ or error) from error


async def run_functions(
    db: SchemaDatabase,
    app: AppConfig,
    migration: Migration,
    functions: Sequence[Callable[[], Any]],
    apps: Sequence[AppConfig],
) -> None:
    """What a migration runs besides, which may ask for tables of all `apps`. What it prints goes to the log.

    Raises StartError for one that fails.
    """
    printed = io.StringIO()
    try:
        with piccolo_finds(cast("Engine[Any]", db), *apps), redirect_stdout(printed):
            for function in functions:
                result = function()
                if inspect.isawaitable(result):
                    await result
    except PiccobaseError as error:
        raise _failed(app, migration, error.__cause__ or error) from error
    except Exception as error:
        raise _failed(app, migration, error) from error
    if said := printed.getvalue().strip():
        log.info("Migration %s of %s says:\n%s", migration.id, app.app_name, said)


def _failed(app: AppConfig, migration: Migration, error: BaseException) -> StartError:
    return StartError(f"The migration {migration.id} of {app.app_name} failed: {error}")
