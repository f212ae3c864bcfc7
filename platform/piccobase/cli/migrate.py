"""`piccobase migrate`: brings the database up to date."""

import asyncio
from pathlib import Path

import rich_click as click

from piccobase.app.loading import load_app
from piccobase.cli.options import app_argument, database_options


@click.group(invoke_without_command=True)
@click.pass_context
def migrate(context: click.Context) -> None:
    """Bring the database up to date: the system's migrations, then the app's tables."""
    if context.invoked_subcommand is None:
        context.invoke(apply)


@migrate.command()
@app_argument
@database_options
def apply(app: str = ".", data_dir: Path | None = None, database_url: str | None = None) -> None:
    """Apply everything that is pending (the default)."""
    asyncio.run(_apply(app, {"data_dir": data_dir, "database_url": database_url}))
    click.echo("The database is up to date.")


async def _apply(target: str, options: dict[str, object]) -> None:
    app = load_app(target)
    try:
        await app.start(app.config(options), migrate=True)
    finally:
        await app.stop()
