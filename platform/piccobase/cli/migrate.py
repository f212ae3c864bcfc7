"""`piccobase migrate`: brings the database up to date."""

import asyncio
from pathlib import Path

import rich_click as click

from piccobase.app.loading import load_app
from piccobase.cli.options import app_argument, database_options


class AppliesByDefault(click.RichGroup):
    """`piccobase migrate [APP]` is `piccobase migrate apply [APP]`."""

    def parse_args(self, context: click.Context, args: list[str]) -> list[str]:
        named = args[:1]
        if not named or (named[0] not in self.commands and named[0] not in context.help_option_names):
            args = ["apply", *args]
        return super().parse_args(context, args)


@click.group(cls=AppliesByDefault)
def migrate() -> None:
    """Bring the database up to date: the system's migrations, then the app's tables."""


@migrate.command()
@app_argument
@database_options
def apply(app: str, data_dir: Path | None, database_url: str | None) -> None:
    """Apply everything that is pending (the default)."""
    asyncio.run(_apply(app, {"data_dir": data_dir, "database_url": database_url}))
    click.echo("The database is up to date.")


async def _apply(target: str, options: dict[str, object]) -> None:
    app = load_app(target)
    try:
        await app.start(app.config(options), migrate=True)
    finally:
        await app.stop()
