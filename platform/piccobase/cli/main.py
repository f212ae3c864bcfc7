"""The group that holds the commands, and the one place where an error of ours becomes a line and exit status 1."""

import os
import sys
from collections.abc import Mapping
from typing import Any

import rich_click as click

from piccobase.base.errors import PiccobaseError
from piccobase.base.version import __version__
from piccobase.cli.adopt import adopt
from piccobase.cli.check import check
from piccobase.cli.explain import explain
from piccobase.cli.migrate import migrate
from piccobase.cli.new import new
from piccobase.cli.plugin import plugin
from piccobase.cli.plugin_commands import commands_of
from piccobase.cli.plugins import plugins
from piccobase.cli.serve import serve
from piccobase.cli.settings import settings
from piccobase.cli.superuser import superuser
from piccobase.cli.worker import worker

_FOUND = "piccobase.commands"  # what was found of plugins, for one call


class Commands(click.RichGroup):
    """Prints an error of ours as it reads, without a traceback. Anything else is a bug and shows one."""

    def invoke(self, context: click.Context) -> Any:
        if os.environ.get("NO_COLOR"):  # no-color.org
            context.color = False
        try:
            return super().invoke(context)
        except PiccobaseError as error:
            click.echo(f"piccobase: {error.message}", err=True)
            sys.exit(1)

    def list_commands(self, context: click.Context) -> list[str]:
        """Ours, then those of the app and its plugins, as far as these can be loaded."""
        return [*super().list_commands(context), *self._of_plugins(context)]

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        """Only for one that is not ours the app and its plugins are loaded."""
        return super().get_command(context, name) or self._of_plugins(context).get(name)

    def _of_plugins(self, context: click.Context) -> Mapping[str, click.Command]:
        """What cannot be loaded is told, and is no reason to show nothing."""
        if _FOUND not in context.meta:
            context.meta[_FOUND] = {}
            try:
                context.obj, found = commands_of(context.params.get("app") or ".")
                context.meta[_FOUND] = {name: one for name, one in found.items() if name not in self.commands}
            except PiccobaseError as error:
                click.echo(f"piccobase: commands of the app and its plugins are not known: {error.message}", err=True)
        commands: Mapping[str, click.Command] = context.meta[_FOUND]
        return commands


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="piccobase")
@click.option("--app", metavar="APP", is_eager=True, help="whose own commands are meant, and those of its plugins")
def main(app: str | None) -> None:
    """A backend from Piccolo tables: records, auth and rules over PocketBase's protocol.

    APP is file.py, file.py:name, package.module:name, or a folder that holds app.py (the default: this one).
    """


main.add_command(new)
main.add_command(adopt)
main.add_command(serve)
main.add_command(worker)
main.add_command(superuser)
main.add_command(settings)
main.add_command(migrate)
main.add_command(plugins)
main.add_command(plugin)
main.add_command(check)
main.add_command(explain)
