"""Finds the App a command is for: `file.py`, `file.py:name`, `package.module:name`, or a folder that holds `app.py`."""

import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

from piccobase.app.declared import App
from piccobase.base.errors import PiccobaseError, StartError


class AppNotFound(StartError):
    """What was named as APP is not there, or is no App."""

    code = "start.app_not_found"


def load_app(target: str = ".") -> App:
    """The App that `target` names. Raises AppNotFound, or StartError where its module cannot be run."""
    place, name = _split(target)
    module = _import_file(place) if isinstance(place, Path) else _import_module(place)
    if name:
        found = getattr(module, name, None)
        if found is None:
            there = ", ".join(key for key, value in vars(module).items() if isinstance(value, App)) or "none"
            raise AppNotFound(f'{target}: there is no "{name}" in it; its Apps: {there}.')
        if not isinstance(found, App):
            raise AppNotFound(f"{target}: {name} is no App but of type {type(found).__name__}.")
        return found
    apps = {key: value for key, value in vars(module).items() if isinstance(value, App)}
    if isinstance(apps.get("app"), App):
        return apps["app"]
    if len(set(map(id, apps.values()))) == 1:
        return next(iter(apps.values()))
    if not apps:
        raise AppNotFound(f"{target}: no App in it. Write `app = App(collections=[…])`, or name it: {target}:name")
    raise AppNotFound(f"{target}: several Apps ({', '.join(apps)}). Name one: {target}:{next(iter(apps))}")


def app_file(target: str = ".") -> Path | None:
    """The file of an APP argument, where it names one; for messages and for watching."""
    place, _ = _split(target)
    return place if isinstance(place, Path) else None


def _split(target: str) -> tuple[Path | str, str]:
    path = Path(target)
    if path.is_dir():
        if not (path / "app.py").is_file():
            raise AppNotFound(f"{path.resolve()}: no app.py here. Name the file: piccobase serve path/to/app.py")
        return path / "app.py", ""
    if path.is_file():
        return path, ""
    before, colon, name = target.rpartition(":")
    if colon and Path(before).is_file():
        return Path(before), name
    if colon and before and all(part.isidentifier() for part in before.split(".")):
        return before, name
    if not colon and "." in target and not target.endswith(".py") and all(map(str.isidentifier, target.split("."))):
        return target, ""
    raise AppNotFound(f"{target}: no such file or folder, nor a module written as package.module:name.")


def _import_file(path: Path) -> ModuleType:
    """Runs the file as a module named after it; its folder is importable, as it is for `python file.py`."""
    path = path.resolve()
    if str(path.parent) not in sys.path:
        sys.path.insert(0, str(path.parent))
    known = sys.modules.get(path.stem)
    if known is not None and getattr(known, "__file__", None) == str(path):
        return known
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise AppNotFound(f"{path} is no Python file.")
    module = importlib.util.module_from_spec(spec)
    # Under its own name only if nothing else has it: an app in json.py must not take the standard library's place.
    shadowed = path.stem in sys.modules
    if not shadowed:
        sys.modules[path.stem] = module
    try:
        spec.loader.exec_module(module)
    except BaseException as error:
        if not shadowed:
            del sys.modules[path.stem]
        raise _failed(str(path), error) from error
    return module


def _import_module(name: str) -> ModuleType:
    if "" not in sys.path and str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        return importlib.import_module(name)
    except Exception as error:
        raise _failed(name, error) from error


def _failed(place: str, error: BaseException) -> BaseException:
    """A mistake in the app's own code: its type, text and line; ours are told as they are."""
    if isinstance(error, PiccobaseError) or not isinstance(error, Exception):
        return error
    line = ""
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == place:
            line = f":{trace.tb_lineno}"
        trace = trace.tb_next
    if isinstance(error, SyntaxError) and error.lineno:
        line = f":{error.lineno}"
    return StartError(f"{place}{line}: {type(error).__name__}: {error}")
