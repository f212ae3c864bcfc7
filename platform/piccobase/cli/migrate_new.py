"""`piccobase migrate new`: writes down what has changed in the code."""

import asyncio
import sys
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import rich_click as click

from piccobase.base.errors import StartError
from piccobase.cli.migrate_opening import database_of, has_database, open_project
from piccobase.cli.migrate_saying import faint, shown
from piccobase.cli.options import app_argument, database_options
from piccobase.migrations.drafting import Draft, draft_migrations
from piccobase.migrations.renaming import Answers, Question
from piccobase.migrations.writing import write_empty


@click.command()
@app_argument
@click.option("--name", default="", metavar="TEXT", help="what the migration does (default: what has changed)")
@click.option("--rename", multiple=True, metavar="posts.title=headline", help="a column that has another name now")
@click.option("--rename-table", multiple=True, metavar="posts=articles", help="a table that has another name now")
@click.option("--drop", multiple=True, metavar="posts.body", help="a column or a table that is gone, not renamed")
@click.option("--accept-loss", multiple=True, metavar="posts.body", help="values that may go into the trash, wherever")
@click.option("--plugin", metavar="NAME", help="write it for this plugin of the app, instead of the app")
@click.option("--empty", is_flag=True, help="a migration with a function to fill in")
@database_options
def new(
    app: str,
    name: str,
    rename: Sequence[str],
    rename_table: Sequence[str],
    drop: Sequence[str],
    accept_loss: Sequence[str],
    plugin: str | None,
    empty: bool,
    data_dir: Path | None,
    database_url: str | None,
) -> None:
    """Write a migration of what has changed in the code since the last one.

    What is gone and what is new may be the same under another name: a terminal is asked, elsewhere options say so. The
    first migration of an app whose database has its tables already says what is there, and the second what is to be
    changed. Nothing is changed in the database: that does piccobase migrate.
    """
    options = {"data_dir": data_dir, "database_url": database_url}
    if empty:
        asyncio.run(_empty(app, options, name, plugin))
        return
    answers = Answers(
        tables=_pairs("--rename-table", rename_table),
        columns=_pairs("--rename", rename),
        dropped=drop,
        ask=_ask if sys.stdin.isatty() and sys.stderr.isatty() else None,
    )
    written = asyncio.run(_new(app, options, answers, name, accept_loss, plugin))
    if not written:
        click.echo("Nothing has changed since the last migration.")
        return
    for draft, path in written:
        click.echo(f"Wrote {shown(path)}")
        for line in draft.difference.lines():
            click.echo(f"  {line}")
        if draft.is_there:
            click.echo(faint("  The database is so already: recorded as done."))
    if any(not draft.is_there for draft, _ in written):
        click.echo("See what it does with piccobase migrate plan, apply it with piccobase migrate.")


async def _new(
    target: str, options: Mapping[str, Any], answers: Answers, name: str, accepted: Sequence[str], plugin: str | None
) -> list[tuple[Draft, Path]]:
    opened = await open_project(target, options, plugin=plugin)
    async with AsyncExitStack() as stack:
        db = await stack.enter_async_context(database_of(opened)) if has_database(opened.config) else None
        drafts = await draft_migrations(opened.project, answers, db)
        return [(draft, await draft.write(name, accepted, db)) for draft in drafts]


async def _empty(target: str, options: Mapping[str, Any], name: str, plugin: str | None) -> None:
    opened = await open_project(target, options, plugin=plugin)
    apps = opened.project.own
    if len(apps) != 1:
        names = ", ".join(app.name for app in apps) or "none"
        raise StartError(
            f"The project has several apps ({names}). Make it with Piccolo's command: piccolo migrations new NAME"
        )
    path = await write_empty(apps[0].config, name)
    click.echo(f"Wrote {shown(path)}\nFill in its functions, then apply it with piccobase migrate.")


def _ask(question: Question) -> bool:
    return click.confirm(str(question), default=False, err=True)


def _pairs(option: str, values: Sequence[str]) -> dict[str, str]:
    """Raises StartError for one that is no pair."""
    pairs = {}
    for value in values:
        old, equals, new_name = value.partition("=")
        if not (old and equals and new_name) or ("." in new_name and option == "--rename"):
            example = "posts.title=headline" if option == "--rename" else "posts=articles"
            raise StartError(f"{option} {value}: write it as {option} {example}")
        pairs[old] = new_name
    return pairs
