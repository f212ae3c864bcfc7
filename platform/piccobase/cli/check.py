"""`piccobase check`: mistakes in what is declared, without touching a database."""

import rich_click as click

from piccobase.app.loading import load_app
from piccobase.cli.mistakes import check_app
from piccobase.cli.options import app_argument


@click.command()
@app_argument
def check(app: str) -> None:
    """Look for mistakes in collections, rules and roles; exit 1 if there are any.

    Each has a stable id, and its file and line where they are known. Warnings (W) do not fail.
    """
    loaded = load_app(app)
    warnings = check_app(loaded)
    for warning in warnings:
        click.echo(f"warning: {warning}")
    count = len(loaded.collections)
    click.echo(f"{count} collection{'s' if count != 1 else ''}, no mistakes, {len(warnings)} warning(s).")
