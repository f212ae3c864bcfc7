"""Runs migrations in Piccolo's own format, and keeps its record of them: `piccolo migrations` goes on with the same.

Other than Piccolo's command this runs all that is pending in one transaction, together with the rows that record it,
under a lock, prints nothing and needs no piccolo_conf.
"""

import io
import logging
from collections.abc import Collection
from contextlib import redirect_stdout
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any, cast

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.apps.migrations.tables import Migration
from piccolo.conf.apps import AppConfig
from piccolo.engine.base import Engine

from piccobase.base.errors import PiccobaseError, StartError
from piccobase.db.engine import Database
from piccobase.db.migration_conf import piccolo_finds
from piccobase.db.setup import SchemaDatabase, lock_schema

log = logging.getLogger("piccobase.db")


async def pending(db: Database, app: AppConfig) -> list[str]:
    """The names of the app's migrations that the database has not seen, in their order.

    Raises StartError where it has seen one that the code does not know.
    """
    known, done = load(app), await _recorded(db, app)
    _refuse_newer(app, newer_than_code(known, done))
    return [name for name in known if name not in done]


async def apply(db: SchemaDatabase, app: AppConfig) -> list[str]:
    """Runs what is pending, all of it or nothing. Returns the names of what was run.

    Servers that start at once do it one after another, and the second finds nothing to do. Raises StartError for a
    migration that fails, and as `pending` does.
    """
    known = load(app)
    async with db.transaction():
        await lock_schema(db)
        await _create_record(db)
        done = await _recorded(db, app)
        _refuse_newer(app, newer_than_code(known, done))
        todo = [name for name in known if name not in done]
        for name in todo:
            await _run(db, app, name, known[name])
            values = ", ".join(_placeholders(db, 2))
            await db.rows(f"INSERT INTO migration (name, app_name) VALUES ({values})", (name, app.app_name))
    return todo


def newer_than_code(known: Collection[str], done: Collection[str]) -> list[str]:
    """The migrations that were made after this version of the code, if the database has any."""
    return [name for name in done if name not in known]


def _refuse_newer(app: AppConfig, newer: list[str]) -> None:
    if newer:
        raise StartError(
            f"The database was made by a newer version: it has seen the migration {newer[-1]} of {app.app_name}, which "
            "this version does not know. Start that version, or restore a backup of this one."
        )


def load(app: AppConfig) -> dict[str, ModuleType]:
    """The app's migration modules by name, in their order. Raises StartError for a file that cannot be loaded."""
    modules: dict[str, ModuleType] = {}
    for file in sorted(Path(app.resolved_migrations_folder_path).glob("*.py")):
        module = _load_file(app, file)
        if name := getattr(module, "ID", ""):
            modules[name] = module
    return dict(sorted(modules.items()))


def _load_file(app: AppConfig, file: Path) -> ModuleType:
    # By its path: Piccolo imports it by its bare name, for which the folder has to be on sys.path.
    spec = spec_from_file_location(f"{__name__}.{app.app_name}.{file.stem}", file)
    if spec is None or spec.loader is None:
        raise StartError(f"{file} is no Python module.")
    module = module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise StartError(f"The migration {file} cannot be loaded: {error}") from error
    return module


async def _run(db: SchemaDatabase, app: AppConfig, name: str, module: ModuleType) -> None:
    printed = io.StringIO()
    try:
        with piccolo_finds(cast("Engine[Any]", db), app), redirect_stdout(printed):
            manager = await module.forwards()
            if isinstance(manager, MigrationManager) and not manager.fake:
                await manager.run()
    except PiccobaseError as error:
        raise StartError(f"The migration {name} of {app.app_name} failed: {error.__cause__ or error}") from error
    except Exception as error:
        raise StartError(f"The migration {name} of {app.app_name} failed: {error}") from error
    log.info("Migration %s of %s is done.\n%s", name, app.app_name, printed.getvalue().strip())


async def _recorded(db: Database, app: AppConfig) -> list[str]:
    """The names of the migrations that were run, in their order."""
    exists = (
        "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'migration'"
        if db.dialect == "sqlite"
        else "SELECT 1 WHERE to_regclass('migration') IS NOT NULL"
    )
    if not await db.rows(exists):
        return []
    [placeholder] = _placeholders(db, 1)
    rows = await db.rows(f"SELECT name FROM migration WHERE app_name = {placeholder} ORDER BY name", (app.app_name,))
    return [name for (name,) in rows]


async def _create_record(db: SchemaDatabase) -> None:
    """Piccolo's table of migrations, by Piccolo's own statement."""
    before, Migration._meta._db = Migration._meta._db, cast("Engine[Any]", db)
    statements = Migration.create_table(if_not_exists=True).ddl
    Migration._meta._db = before
    for statement in statements:
        await db.run_ddl(statement)


def _placeholders(db: Database, count: int) -> list[str]:
    return ["?"] * count if db.dialect == "sqlite" else [f"${number}" for number in range(1, count + 1)]
