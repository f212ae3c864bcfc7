"""`piccobase plugins`: what is there, where it comes from, what it brings, and why it is not loaded."""

from collections.abc import Iterator, Sequence

import rich_click as click

from piccobase.app.declared import App
from piccobase.app.loading import AppNotFound, app_file, load_app
from piccobase.base.errors import InvalidDeclaration
from piccobase.cli.options import app_argument, plugin_option
from piccobase.plugins.brought import clashes, counts
from piccobase.plugins.loading import Found

_HEAD = ("Name", "Version", "From", "State", "Brings")
_COLOURS = {"on": "green", "broken": "red"}


@click.command()
@app_argument
@plugin_option
def plugins(app: str, disabled_plugins: Sequence[str]) -> None:
    """List the plugins of an app, in the order in which they are loaded; without an app, those that are installed.

    Ends with status 1 where one of them keeps a server from starting, and says why.
    """
    loaded = app_of(app)
    found = loaded.loaded_plugins(loaded.config({"disabled_plugins": disabled_plugins or None}))
    for line in table_lines([_HEAD, *(_row(one) for one in found.found)]):
        click.echo(line)
    for warning in found.warnings:
        click.echo(f"warning: {warning}", err=True)
    if problems := [*found.problems, *clashes((*found.plugins, loaded))]:
        raise InvalidDeclaration(sorted(problems))


def table_lines(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """The rows with their columns in line, the first one as their heads; what is coloured stays in line too."""
    widths = [max(len(click.unstyle(row[place])) for row in rows) for place in range(len(rows[0]))]
    for number, row in enumerate(rows):
        cells = [cell + " " * (width - len(click.unstyle(cell))) for cell, width in zip(row, widths, strict=True)]
        line = "  ".join(cells).rstrip()
        yield click.style(line, bold=True) if number == 0 else line


def app_of(target: str) -> App:
    """The app; where none was named and none is here, one that has nothing but what is installed."""
    try:
        app_file(target)
    except AppNotFound:
        if target != ".":
            raise
        app = App()
        app.file = None  # it is this one
        return app
    return load_app(target)


def _row(found: Found) -> tuple[str, str, str, str, str]:
    version = found.plugin.version if found.plugin else "-"
    brings = ", ".join(counts(found.plugin)) if found.plugin else ""
    return found.name, version, found.source, click.style(found.state, fg=_COLOURS.get(found.state, "yellow")), brings
