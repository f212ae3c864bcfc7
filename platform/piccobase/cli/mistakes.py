"""Mistakes that keep an app from starting, as a person looks for them: what is wrong, and in which line of a file."""

import inspect
import linecache
import os
import sysconfig
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from piccolo.table import Table

from piccobase.app.declared import App
from piccobase.base.config import Config
from piccobase.base.errors import InvalidDeclaration, PiccobaseError, Problem
from piccobase.cli.places import place_of

_AROUND = 2  # lines of the file that are shown before and after
_FOLDERS = (*(sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")), Path(__file__).parents[1])
_NOT_THEIRS = tuple(f"{folder}{os.sep}" for folder in _FOLDERS)


@dataclass(frozen=True, slots=True)
class Mistake:
    """One mistake: `kind` is the id of a problem or the type of an exception; `line` is 0 where no file is known."""

    kind: str
    text: str
    place: str = ""  # within the declaration: "posts, list"
    file: str = ""  # relative to the working directory where it lies below it
    line: int = 0
    excerpt: tuple[tuple[int, str], ...] = ()  # some lines of the file, by number

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}: " if self.line else ""
        return f"{where}{self.kind}{' ' + self.place if self.place else ''}: {self.text}"


def check_app(app: App, config: Config | None = None) -> list[Mistake]:
    """As `App.check`, but with file and line of each warning, and of each mistake in InvalidDeclaration's message."""
    try:
        return [_of_problem(warning, _tables_of(app, config)) for warning in app.check(config)]
    except InvalidDeclaration as error:
        error.message = "\n".join(map(str, mistakes_of(error, _tables_of(app, config))))
        raise


def _tables_of(app: App, config: Config | None) -> list[type[Table]]:
    """Those of plugins too, as far as they could be loaded."""
    plugins = app.loaded_plugins(config).plugins
    return [*(table for plugin in plugins for table in plugin.collections), *app.collections]


def mistakes_of(error: Exception, tables: Sequence[object] = ()) -> list[Mistake]:
    """All that an error says, one by one. `tables` are those of the app, as far as it could be loaded."""
    if isinstance(error, InvalidDeclaration):
        classes = [table for table in tables if inspect.isclass(table) and issubclass(table, Table)]
        return sorted(
            (_of_problem(problem, classes) for problem in error.problems), key=lambda one: (one.file, one.line)
        )
    cause = error.__cause__ if isinstance(error, PiccobaseError) else error
    if isinstance(cause, Exception) and (raised := _raised_in(cause)):
        return [_at(*raised, kind=type(cause).__name__, text=_text(cause))]
    if isinstance(error, PiccobaseError):
        return [Mistake(error.code, error.message)]
    return [Mistake(type(error).__name__, _text(error))]


def _of_problem(problem: Problem, classes: Sequence[type[Table]]) -> Mistake:
    found = place_of(problem, classes)
    if found is None:
        return Mistake(problem.id, problem.text, problem.place)
    return _at(*found, kind=problem.id, text=problem.text, place=problem.place)


def _raised_in(error: BaseException) -> tuple[str, int] | None:
    """File and line of a developer's own code: the innermost, since what lies deeper was only told there."""
    if isinstance(error, SyntaxError) and error.filename and error.lineno:
        return error.filename, error.lineno
    own = [(frame.filename, frame.lineno) for frame in traceback.extract_tb(error.__traceback__) if _is_own(frame)]
    filename, line = own[-1] if own else ("", None)
    return (filename, line) if line else None


def _is_own(frame: traceback.FrameSummary) -> bool:
    return not frame.filename.startswith((*_NOT_THEIRS, "<"))


def _text(error: BaseException) -> str:
    if isinstance(error, SyntaxError):
        return error.msg
    return "".join(traceback.format_exception_only(error)).partition(": ")[2].strip() or "no more was told"


def _at(filename: str, line: int, *, kind: str, text: str, place: str = "") -> Mistake:
    path = Path(filename).resolve()
    here = Path.cwd()
    shown = str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
    return Mistake(kind, text, place, shown, line, tuple(_lines(str(path), line)))


def _lines(filename: str, line: int) -> Iterator[tuple[int, str]]:
    for number in range(max(1, line - _AROUND), line + _AROUND + 1):
        if text := linecache.getline(filename, number):
            yield number, text.rstrip("\n")
