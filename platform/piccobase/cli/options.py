"""Arguments and options that several commands share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import rich_click as click

Command = TypeVar("Command", bound=Callable[..., Any])


def app_argument(command: Command) -> Command:
    """The positional argument APP."""
    return click.argument("app", default=".", metavar="[APP]")(command)


def database_options(command: Command) -> Command:
    """Where the data is: a data dir, or a database by URL."""
    command = click.option(
        "--database-url", metavar="URL", help="postgresql://… (default: the embedded database in the data dir)"
    )(command)
    return click.option("--data-dir", type=click.Path(path_type=Path), metavar="DIR", help="default: data")(command)


def plugin_option(command: Command) -> Command:
    """Plugins that are not to be loaded."""
    return click.option(
        "--disable-plugin",
        "disabled_plugins",
        multiple=True,
        metavar="NAME",
        help="leave this plugin out; may be given several times",
    )(command)
