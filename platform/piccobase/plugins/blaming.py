"""Where the code of a plugin has failed: its own line, whatever it was that it called there."""

import importlib.util
import os
import sysconfig
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from piccobase.base.errors import PiccobaseError, StartError

_NOBODYS = ("<", f"{Path(__file__).parents[1]}{os.sep}", f"{sysconfig.get_path('stdlib')}{os.sep}")
Result = TypeVar("Result")


def told(error: BaseException, inside: Path | None = None) -> str:
    """`stamp.py:12: KeyError: 'x'`, with the innermost line in `inside` (a folder, or a file), else in anybody's code.

    Errors of ours are told as they read.
    """
    if isinstance(error, PiccobaseError):
        return error.message
    text = f"{type(error).__name__}: {error}".removesuffix(": ")
    if isinstance(error, SyntaxError) and error.filename and error.lineno:
        return f"{_short(error.filename)}:{error.lineno}: {type(error).__name__}: {error.msg}"
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if inside is not None and Path(frame.filename).is_relative_to(inside)]
    anybodys = [frame for frame in frames if not frame.filename.startswith(_NOBODYS)]
    if not (own or anybodys):
        return text
    place = (own or anybodys)[-1]
    return f"{_short(place.filename)}:{place.lineno}: {text}"


def blamed(whose: str, what: str, call: Callable[[], Result], inside: Path | None = None) -> Result:
    """What `call` returns. Raises StartError with the plugin and its line where it fails: `what` is what it was for."""
    try:
        return call()
    except (Exception, SystemExit) as error:
        raise StartError(f"{whose[0].upper()}{whose[1:]} {what}: {told(error, inside)}") from error


def place_of(module: str) -> Path | None:
    """The folder of a module's package, or its file where it stands alone; nothing is run of it."""
    try:
        spec = importlib.util.find_spec(module.partition(".")[0])
    except (ImportError, ValueError):
        return None
    if spec is None:
        return None
    if spec.submodule_search_locations:
        return Path(next(iter(spec.submodule_search_locations))).resolve()
    return Path(spec.origin).resolve() if spec.origin and spec.has_location else None


def _short(filename: str) -> str:
    """Relative to the working directory where it lies below it."""
    path, here = Path(filename), Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
