"""`piccobase new`: a project to begin with. Asks nothing."""

import shlex
from pathlib import Path

import rich_click as click

from piccobase.cli.scaffolding import make_project


@click.command()
@click.argument("name", type=click.Path(path_type=Path), metavar="NAME")
@click.option("--minimal", is_flag=True, help="a single app.py instead of a Piccolo project with tests")
def new(name: Path, minimal: bool) -> None:
    """Make a project that runs, in a new folder NAME: collections, rules, tests and a README.

    Also an empty folder will do. The project is a tool library of a neighbourhood, or with --minimal a reading list;
    change it into yours.
    """
    make_project("minimal" if minimal else "project", name)
    click.echo((_MINIMAL if minimal else _PROJECT).format(name=name, folder=shlex.quote(str(name))))


_PROJECT = """\
Made {name}: a neighbourhood that lends tools. Next:

  cd {folder}
  piccobase serve --reload      serves it, and starts anew whenever you save a file
  pip install pytest httpx      for its tests,
  pytest                        which show what the rules promise

Begin with lending/collections.py; README.md says where everything is."""

_MINIMAL = """\
Made {name}: reading lists, in one file. Next:

  cd {folder}
  piccobase serve --reload      serves it, and starts anew whenever you save app.py"""
