"""`piccobase migrate revert`: back over the last migrations."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import rich_click as click
from piccolo.conf.apps import AppConfig

from piccobase.app.migrating import Engine, own_histories
from piccobase.base.errors import StartError
from piccobase.cli.migrate_opening import Opened, database_of, open_project
from piccobase.cli.migrate_saying import count, done_lines, shown
from piccobase.cli.options import app_argument, database_options
from piccobase.migrations.files import Migration
from piccobase.migrations.record import recorded
from piccobase.migrations.running import Done, revert_all


@click.command()
@click.argument("what", default="1", metavar="[N|ID]")
@app_argument
@click.option("--accept-loss", multiple=True, metavar="posts.body", help="values that may go into the trash")
@database_options
def revert(what: str, app: str, accept_loss: Sequence[str], data_dir: Path | None, database_url: str | None) -> None:
    """Go back over the last N migrations (default: one), or over all from the one with the ID on.

    Values that a migration has put into the trash come back. What would lose values is refused, as on the way forward.
    """
    if not what.isdigit() and "T" not in what and app == ".":
        what, app = "1", what  # piccobase migrate revert app.py
    done = asyncio.run(_revert(app, what, {"data_dir": data_dir, "database_url": database_url}, accept_loss))
    for line in done_lines(done, "Reverted"):
        click.echo(line)
    files = " and ".join(shown(one.migration.file.path) for one in done)
    click.echo(f"The next start would apply it again: change the code back, and remove {files}.")


async def _revert(target: str, what: str, options: Mapping[str, Any], accepted: Collection[str]) -> list[Done]:
    opened = await open_project(target, options)
    async with database_of(opened) as engine:
        return await revert_all(engine, await _steps(opened, engine, what), accepted=accepted)


async def _steps(opened: Opened, engine: Engine, what: str) -> list[tuple[AppConfig, Migration]]:
    """The migrations to go back over, the last one first. Raises StartError where there are none such."""
    known = {
        (app.name, migration.id): (app.config, migration)
        for app, history in own_histories(opened.project, opened.histories)
        for migration in history
    }
    names = {app for app, _ in known}
    done = [(row.app, row.name) for row in await recorded(engine) if row.app in names]
    done.reverse()
    if missing := next((row for row in done if row not in known), None):
        raise StartError(f"The database has seen the migration {missing[1]} of {missing[0]}, whose file is not there.")
    if not done:
        raise StartError("No migration was applied, so there is none to revert.")
    if what.isdigit():
        number = int(what)
        if not 1 <= number <= len(done):
            raise StartError(f"{what}: {count(len(done), 'migration')} can be reverted. See: piccobase migrate status")
    else:
        number = next((position for position, row in enumerate(done, 1) if row[1] == what), 0)
        if not number:
            raise StartError(f"{what}: no such migration was applied. See: piccobase migrate status")
    return [known[row] for row in done[:number]]
