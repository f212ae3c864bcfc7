"""The group that holds the commands, and the one place where an error of ours becomes a line and exit status 1."""

import os
import sys
from typing import Any

import rich_click as click

from piccobase.base.errors import PiccobaseError
from piccobase.base.version import __version__
from piccobase.cli.adopt import adopt
from piccobase.cli.check import check
from piccobase.cli.explain import explain
from piccobase.cli.migrate import migrate
from piccobase.cli.new import new
from piccobase.cli.serve import serve
from piccobase.cli.settings import settings
from piccobase.cli.superuser import superuser
from piccobase.cli.worker import worker


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


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="piccobase")
def main() -> None:
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
main.add_command(check)
main.add_command(explain)
