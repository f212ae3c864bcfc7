"""`piccobase plugin new`: a plugin to begin with."""

import shlex
from importlib.util import find_spec
from pathlib import Path

import rich_click as click

from piccobase.base.errors import StartError
from piccobase.cli.scaffolding import make_project
from piccobase.plugins.loading import is_plugin_name

_PREFIX = "piccobase-"  # of distributions, which everybody's packages share one index with


@click.group()
def plugin() -> None:
    """Write plugins."""


@plugin.command()
@click.argument("name", type=click.Path(path_type=Path), metavar="NAME")
def new(name: Path) -> None:
    """Make a plugin in a new folder NAME: a package that can be published, with a test that passes.

    NAME is the plugin's name: small letters and digits, with - between them.
    """
    called = name.name.removeprefix(_PREFIX)
    if not is_plugin_name(called):
        raise StartError(
            f'"{name.name or name}" is no name for a plugin. Use small letters and digits, with - between them, '
            "beginning with a letter: piccobase plugin new night-shift"
        )
    word = called.replace("-", "_")
    package = f"piccobase_{word}"
    if find_spec(package) is not None:
        raise StartError(f"There is a package {package} already, and only one can be installed: choose another name.")
    first, *rest = word.split("_")
    section = first + "".join(map(str.capitalize, rest)) + "Remarks"
    make_project("plugin", name, {"name": called, "package": package, "word": word, "section": section})
    click.echo(_MADE.format(name=name, folder=shlex.quote(str(name)), package=package, called=called))


_MADE = """\
Made {name}: the plugin {called}, in the package {package}. Next:

  cd {folder}
  pip install -e '.[test]'           installs it where it is,
  pytest                             runs its test,
  piccobase serve --reload dev       and serves an app that has it

Begin with src/{package}/__init__.py; README.md says what comes next."""
