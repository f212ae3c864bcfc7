"""`piccobase migrate`: the schema over time. Without another word it brings the database up to date."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import rich_click as click

from piccobase.app.migrating import BroughtUp, bring_up_to_date, refuse_unwritten
from piccobase.cli.migrate_looking import check, plan, status
from piccobase.cli.migrate_new import new
from piccobase.cli.migrate_opening import Opened, database_of, open_project
from piccobase.cli.migrate_reverting import revert
from piccobase.cli.migrate_saying import done_lines, faint
from piccobase.cli.migrate_trash import purge, trash
from piccobase.cli.options import app_argument, database_options, plugin_option
from piccobase.hooks.dispatcher import Hooks


class AppliesByDefault(click.RichGroup):
    """`piccobase migrate [APP]` is `piccobase migrate apply [APP]`."""

    def parse_args(self, context: click.Context, args: list[str]) -> list[str]:
        named = args[:1]
        if not named or (named[0] not in self.commands and named[0] not in context.help_option_names):
            args = ["apply", *args]
        return super().parse_args(context, args)


@click.group(cls=AppliesByDefault)
def migrate() -> None:
    """Change the schema over time: write migrations, look at them, apply them, go back.

    Without a command everything that is pending is applied: the system's migrations, then the app's. An app without
    migrations needs none as long as it only gets new tables and columns: those follow the code.
    """


@migrate.command()
@app_argument
@click.option("--accept-loss", multiple=True, metavar="posts.body", help="values that may go into the trash")
@click.option("--fake", is_flag=True, help="only record what is pending as done: the database is so already")
@database_options
@plugin_option
def apply(
    app: str,
    accept_loss: Sequence[str],
    fake: bool,
    data_dir: Path | None,
    database_url: str | None,
    disabled_plugins: Sequence[str],
) -> None:
    """Apply everything that is pending (the default): all of it or nothing.

    A migration that would lose values is refused, unless that is accepted; then they are kept in the trash.
    """
    disabled = disabled_plugins or None
    options = {"data_dir": data_dir, "database_url": database_url, "disabled_plugins": disabled}
    brought_up = asyncio.run(_apply(app, options, accept_loss, fake=fake))
    for line in done_lines(brought_up.migrations, "Recorded" if fake else "Applied"):
        click.echo(line)
    for statement in brought_up.followed.statements:
        click.echo(f"Ran {faint(statement)}")
    click.echo("The database is up to date.")


async def _apply(target: str, options: Mapping[str, Any], accepted: Collection[str], *, fake: bool) -> BroughtUp:
    opened: Opened = await open_project(target, options)
    refuse_unwritten(opened.project, opened.histories)
    hooks = Hooks.of(opened.app.assembly(opened.config).hooks.hooks, None)
    async with database_of(opened) as engine:
        brought_up = await bring_up_to_date(
            engine, opened.project, opened.histories, accepted=accepted, fake=fake, hooks=hooks
        )
    # What else a server makes at its start, and whether it would start.
    try:
        await opened.app.start(opened.config, migrate=True)
    finally:
        await opened.app.stop()
    return brought_up


for command in (new, plan, revert, status, check, trash, purge):
    migrate.add_command(command)
