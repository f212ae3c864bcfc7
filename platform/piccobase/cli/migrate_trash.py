"""`piccobase migrate trash` and `purge`: the values that migrations have taken away."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import rich_click as click

from piccobase.base.errors import StartError
from piccobase.cli.migrate_opening import database_of, open_project
from piccobase.cli.migrate_saying import count, heading
from piccobase.cli.options import app_argument, database_options
from piccobase.migrations.trash import Trash, list_trash, purge_trash

_AGE = re.compile(r"(\d+)([dhm])")
_UNITS = {"d": "days", "h": "hours", "m": "minutes"}


@click.command()
@app_argument
@database_options
def trash(app: str, data_dir: Path | None, database_url: str | None) -> None:
    """Show what migrations have taken away: it comes back when they are reverted, until it is purged."""
    found = asyncio.run(_list(app, {"data_dir": data_dir, "database_url": database_url}))
    for line in _lines(found):
        click.echo(line)
    if not found:
        click.echo("The trash is empty.")


@click.command()
@click.argument("id_", default="", metavar="[ID]")
@app_argument
@click.option("--older-than", metavar="30d", help="what is older: days (d), hours (h) or minutes (m)")
@click.option("--all", "everything", is_flag=True, help="everything")
@database_options
def purge(
    id_: str, app: str, older_than: str | None, everything: bool, data_dir: Path | None, database_url: str | None
) -> None:
    """Throw away for good: what has the ID, what is older than an age, or everything."""
    if id_ and (older_than or everything) and app == ".":
        id_, app = "", id_  # piccobase migrate purge app.py --all
    if [bool(id_), bool(older_than), everything].count(True) != 1:
        raise click.UsageError("Say what: an ID, --older-than 30d, or --all. See: piccobase migrate trash")
    age = _age(older_than) if older_than else None
    options = {"data_dir": data_dir, "database_url": database_url}
    gone = asyncio.run(_purge(app, options, [id_] if id_ else [], age, everything=everything))
    for line in _lines(gone):
        click.echo(line)
    click.echo(f"Purged {count(len(gone), 'entry').replace('entrys', 'entries')}.")


def _lines(found: Sequence[Trash]) -> list[str]:
    return [
        f"{it.id}  {heading(it.place)}  {it.kind}, {count(it.rows, 'row')}, "
        f"{datetime.fromtimestamp(it.created / 1000):%Y-%m-%d %H:%M}, by {it.migration}"
        for it in found
    ]


def _age(text: str) -> timedelta:
    found = _AGE.fullmatch(text)
    if found is None:
        raise StartError(f"--older-than {text}: write 30d, 12h or 45m")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


async def _list(target: str, options: Mapping[str, Any]) -> list[Trash]:
    opened = await open_project(target, options)
    async with database_of(opened) as engine:
        return await list_trash(engine)


async def _purge(
    target: str, options: Mapping[str, Any], ids: Sequence[str], age: timedelta | None, *, everything: bool
) -> list[Trash]:
    opened = await open_project(target, options)
    async with database_of(opened) as engine:
        return await purge_trash(engine, ids, older_than=age, everything=everything)
