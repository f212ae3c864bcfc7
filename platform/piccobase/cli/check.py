"""`piccobase check`: mistakes in what is declared, without touching a database."""

from collections.abc import Sequence

import rich_click as click

from piccobase.app.loading import load_app
from piccobase.cli.mistakes import check_app
from piccobase.cli.options import app_argument, plugin_option


@click.command()
@app_argument
@plugin_option
def check(app: str, disabled_plugins: Sequence[str]) -> None:
    """Look for mistakes in collections, rules, roles and plugins; exit 1 if there are any.

    Each has a stable id, and its file and line where they are known. Warnings (W) do not fail.
    """
    loaded = load_app(app)
    config = loaded.config({"disabled_plugins": disabled_plugins or None})
    warnings = check_app(loaded, config)
    for warning in warnings:
        click.echo(f"warning: {warning}")
    count = len(loaded.assembly(config).collections)
    click.echo(f"{count} collection{'s' if count != 1 else ''}, no mistakes, {len(warnings)} warning(s).")
