"""`piccobase adopt`: an app for a database that is there already."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import rich_click as click

from piccobase.app.declared import App
from piccobase.app.loading import load_app
from piccobase.base.errors import StartError
from piccobase.cli.migrate_saying import shown
from piccobase.cli.mistakes import check_app
from piccobase.db.embedded import EmbeddedEngine
from piccobase.db.postgres import PostgresEngine, address
from piccobase.migrations.adopting import postgres, sqlite
from piccobase.migrations.adopting.declaration import Declaration, LeftOut
from piccobase.migrations.adopting.declaring import declare
from piccobase.migrations.adopting.found import FoundTable
from piccobase.migrations.adopting.source import write_app
from piccobase.migrations.drafting import draft_migrations
from piccobase.migrations.renaming import Answers


@click.command()
@click.argument("url", metavar="URL")
@click.option(
    "--output", type=click.Path(path_type=Path, dir_okay=False), default="app.py", show_default=True, metavar="FILE"
)
@click.option("--schema", default="public", show_default=True, help="of a PostgreSQL database")
@click.option("--table", "tables", multiple=True, metavar="NAME", help="only this one; may be given several times")
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path),
    default="data",
    show_default=True,
    metavar="DIR",
    help="where the copy of a SQLite database goes",
)
def adopt(url: str, output: Path, schema: str, tables: tuple[str, ...], data_dir: Path) -> None:
    """Write an app for an existing database: postgresql://…, or the path of a SQLite file.

    Its tables become collections that superusers alone may use until you open them. The database itself is only read:
    PostgreSQL is served where it is, a SQLite file is copied into the data dir. What cannot be served is said.
    """
    if output.exists():
        raise StartError(f"{output} is there already. Name another file with --output.")
    on_postgres = url.startswith(("postgres://", "postgresql://"))
    if on_postgres:
        what = f"The database {address(url)}" + (f", schema {schema}." if schema != "public" else ".")
        declaration = _declaration(asyncio.run(_read_postgres(url, schema)), tables)
    else:
        source = sqlite.path_of(url)
        what = f"The database {source.name}."
        database = sqlite.copy(source, data_dir)
        try:
            declaration = _declaration(asyncio.run(_fit(database)), tables)
        except BaseException:
            sqlite.remove(database)
            raise
    output.write_text(write_app(declaration, what))
    for line in _told(declaration):
        click.echo(line)
    loaded = load_app(str(output))
    for warning in check_app(loaded):
        click.echo(f"warning: {warning}")
    first = asyncio.run(_first_migration(loaded))
    count = len(declaration.tables)
    click.echo(f"Made {output}: {count} collection{'s' if count != 1 else ''}, which superusers alone may use.")
    click.echo(first)
    click.echo("Next:\n")
    where = "--database-url URL" if on_postgres else f"--data-dir {data_dir}"
    if on_postgres:
        click.echo(f"  piccobase migrate {output} {where}      adds the server's own tables, whose names begin with _")
    click.echo(f"  piccobase superuser upsert EMAIL PASSWORD {output} {where}")
    click.echo(f"  piccobase serve {output} {where}")


async def _first_migration(app: App) -> str:
    """Writes what the tables are now as the first migration, which changes nothing. Returns what there is to say."""
    project = app.project(app.config({}))
    if any(one.has_history for one in project.own):
        return "There are migrations already: what is new is written down with piccobase migrate new."
    drafts = await draft_migrations(project, Answers())
    paths = [await draft.write("The tables as they were adopted") for draft in drafts]
    return "\n".join(f"Wrote {shown(path)}: the tables as they are, for migrations to go on from." for path in paths)


async def _read_postgres(url: str, schema: str) -> list[FoundTable]:
    engine = PostgresEngine(url)
    try:
        await engine.check()
        return await postgres.read_tables(engine, schema)
    finally:
        await engine.close()


async def _fit(database: Path) -> list[FoundTable]:
    engine = EmbeddedEngine(database)
    try:
        return await sqlite.fit_tables(engine)
    finally:
        await engine.close()


def _declaration(found: Sequence[FoundTable], names: Sequence[str]) -> Declaration:
    """Raises StartError where nothing could be served."""
    declaration = declare(_chosen(found, names))
    if not declaration.tables:
        raise StartError("\n".join(["There is no table that could be served.", *_told(declaration)]))
    return declaration


def _chosen(found: Sequence[FoundTable], names: Sequence[str]) -> list[FoundTable]:
    """All of them, or those that were named. Raises StartError for a name that is not there."""
    there = {table.name for table in found}
    if missing := [name for name in names if name not in there]:
        raise StartError(f"There is no table {missing[0]}. There are: {', '.join(sorted(there)) or 'none'}")
    return [table for table in found if not names or table.name in names]


def _told(declaration: Declaration) -> list[str]:
    """What is not served, and what of the tables that are is not declared."""
    items: list[LeftOut] = [
        *declaration.left_out,
        *(item for table in declaration.tables for item in table.left_out),
    ]
    notes = [
        f"note: {table.found.shape_name}.{member.attribute}: {member.remark}"
        for table in declaration.tables
        for member in table.members
        if member.remark
    ]
    return [*(f"not {'declared' if item.stays else 'served'}: {item}" for item in items), *notes]
