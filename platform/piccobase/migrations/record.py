"""Piccolo's record of migrations: the table `migration`, which its own commands go on with."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from piccolo.apps.migrations.tables import Migration as MigrationRow
from piccolo.conf.apps import AppConfig
from piccolo.engine.base import Engine

from piccobase.base.errors import StartError
from piccobase.db.engine import Database
from piccobase.db.placeholders import in_dialect
from piccobase.db.setup import SchemaDatabase
from piccobase.migrations.files import newer_than_code


@dataclass(frozen=True, slots=True)
class Recorded:
    """A migration that the database has seen. `ran_on` as the database tells it."""

    name: str
    app: str
    ran_on: str


async def recorded(db: Database) -> list[Recorded]:
    """All that the database has seen, of all apps, in the order in which it has."""
    if not await _exists(db):
        return []
    rows = await db.rows("SELECT name, app_name, ran_on FROM migration ORDER BY ran_on, id")
    return [Recorded(name, app, str(ran_on)[:19]) for name, app, ran_on in rows]


async def recorded_names(db: Database, app: AppConfig) -> list[str]:
    """The names of the app's migrations that were run, in the order of their names."""
    return sorted(row.name for row in await recorded(db) if row.app == app.app_name)


async def create_record(db: SchemaDatabase) -> None:
    """Piccolo's table of migrations, by Piccolo's own statement."""
    if await _exists(db):
        return
    before, MigrationRow._meta._db = MigrationRow._meta._db, cast("Engine[Any]", db)
    try:
        statements = MigrationRow.create_table(if_not_exists=True).ddl
    finally:
        MigrationRow._meta._db = before
    for statement in statements:
        await db.run_ddl(statement)


async def record(db: Database, app: AppConfig, names: Sequence[str]) -> None:
    """In their order: the clock of a transaction may stand still, the numbers of the rows do not."""
    for name in names:
        sql = in_dialect("INSERT INTO migration (name, app_name) VALUES (?, ?)", db.dialect)
        await db.rows(sql, (name, app.app_name))


async def forget(db: Database, app: AppConfig, name: str) -> None:
    sql = in_dialect("DELETE FROM migration WHERE name = ? AND app_name = ?", db.dialect)
    await db.rows(sql, (name, app.app_name))


def refuse_newer(app: AppConfig, known: Sequence[str], done: Sequence[str]) -> None:
    """Raises StartError where the database has seen a migration that the code does not know."""
    if newer := newer_than_code(known, done):
        raise StartError(
            f"The database was made by a newer version: it has seen the migration {newer[-1]} of {app.app_name}, which "
            "this version does not know. Start that version, or restore a backup of this one."
        )


async def _exists(db: Database) -> bool:
    sql = (
        "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'migration'"
        if db.dialect == "sqlite"
        else "SELECT 1 WHERE to_regclass('migration') IS NOT NULL"
    )
    return bool(await db.rows(sql))
