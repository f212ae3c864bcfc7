"""Makes a new project from the templates in `scaffold/`: all of it or nothing."""

import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from jinja2 import Environment, StrictUndefined

from piccobase.base.errors import StartError
from piccobase.base.version import __version__

NO_VALUES: Mapping[str, str] = MappingProxyType({})
TEMPLATES = Path(__file__).parent / "scaffold"
_SUFFIX = ".jinja"
_NAME = re.compile(r"[A-Za-z](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9])?")


def render_scaffold(kind: str, name: str, values: Mapping[str, str] = NO_VALUES) -> Iterator[tuple[Path, str]]:
    """Path and text of each file of a new project; `kind` is a folder of `scaffold/`.

    `values` are what templates ask for besides the name. `PACKAGE` in a path becomes the value of that name, and
    `dot_gitignore` becomes `.gitignore`: under its own name it would hold for this repository too.
    """
    jinja = Environment(undefined=StrictUndefined, keep_trailing_newline=True, autoescape=False)  # noqa: S701 (no HTML)
    root = TEMPLATES / kind
    for template in sorted(root.rglob("*" + _SUFFIX)):
        path = Path(str(template.relative_to(root)).replace("PACKAGE", values.get("package", "")))
        file = path.name.removesuffix(_SUFFIX)
        if file.startswith("dot_"):
            file = "." + file.removeprefix("dot_")
        yield (
            path.with_name(file),
            jinja.from_string(template.read_text("utf-8")).render({"name": name, "version": __version__, **values}),
        )


def make_project(kind: str, target: Path, values: Mapping[str, str] = NO_VALUES) -> None:
    """Writes the project beside its place and moves it there in one step. `values` as for `render_scaffold`.

    Raises StartError where the name is none, the folder holds something, or it cannot be written; nothing is left then.
    """
    if not _NAME.fullmatch(target.name):
        raise StartError(
            f'"{target.name or target}" is no name for a project. Use letters, digits, - and _, beginning with a '
            "letter, at most 63 of them: piccobase new tool-library"
        )
    if target.is_symlink() or (target.exists() and (not target.is_dir() or any(target.iterdir()))):
        raise StartError(f"{target} is already there, and not an empty folder. Choose another name, or move it away.")
    if not target.parent.is_dir():
        raise StartError(f"There is no folder {target.parent} to make {target.name} in.")
    try:
        _write(kind, target, values)
    except OSError as error:
        raise StartError(f"{target} cannot be made: {error.strerror or error}.") from error


def _write(kind: str, target: Path, values: Mapping[str, str]) -> None:
    fresh = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        project = fresh / target.name  # made with the usual mode, other than the folder around it
        for path, text in render_scaffold(kind, target.name, values):
            file = project / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, "utf-8")
        if os.name == "nt" and target.exists():
            target.rmdir()  # an empty folder is in the way only there
        project.rename(target)
    finally:
        shutil.rmtree(fresh)
