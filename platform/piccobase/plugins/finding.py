"""Where plugins are: in installed packages, in a project's folder `plugins/`, and in `App(plugins=[…])`.

Nothing of a plugin is run before somebody calls `load`, so that one that is disabled or that nobody asks for costs
nothing and breaks nothing.
"""

import importlib
import importlib.util
import itertools
import re
import sys
import sysconfig
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

from piccobase.base.ids import new_record_id
from piccobase.migrations.projects import import_root
from piccobase.plugins.blaming import place_of
from piccobase.plugins.plugin import Plugin

GROUP = "piccobase.plugins"  # of entry points: what is loaded because it is installed
ON_REQUEST = "piccobase.plugins.on_request"  # what is loaded where an app or another plugin asks for it by its name
FOLDER = "plugins"  # beside the app's file
_NO_PLUGIN = re.compile(r"_|test_|conftest$")


class NoPlugin(TypeError):
    """What was found is no plugin."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A plugin that could be loaded. `source` tells people where it comes from, `inside` where its own code is."""

    name: str  # as it must be called, so that it can be disabled unseen; empty where only the plugin itself knows
    source: str
    load: Callable[[], Plugin]
    inside: Path | None = None


def installed() -> tuple[list[Candidate], list[Candidate]]:
    """Those of installed packages, by name: what is loaded because it is there, and what waits to be asked for."""
    entries = entry_points()  # which reads a file of each package: once is enough
    return _candidates(entries.select(group=GROUP)), _candidates(entries.select(group=ON_REQUEST))


def in_folder(app_file: Path | None) -> Iterator[Candidate]:
    """Those of the folder `plugins/` beside the app's file: its modules and packages, but what begins with `_`."""
    folder = app_file.parent / FOLDER if app_file else None
    if app_file is None or folder is None or not folder.is_dir():
        return
    package = ".".join(folder.relative_to(import_root(app_file)).parts)
    for path in sorted(folder.iterdir()):
        file = path / "__init__.py" if path.is_dir() else path
        name = path.name.removesuffix(".py")
        if file.suffix == ".py" and file.is_file() and name.isidentifier() and not _NO_PLUGIN.match(name):
            load = _loading_module(f"{package}.{name}", file)
            yield Candidate(name, f"{FOLDER}/{path.name}", load, path.resolve())


def sources_of_installed() -> Iterator[Path]:
    """Where the sources are of installed plugins that somebody works on: those that are not copied when installed."""
    copied = {Path(sysconfig.get_path(kind)).resolve() for kind in ("purelib", "platlib")}
    for candidate in itertools.chain(*installed()):
        place = candidate.inside
        if place is not None and not any(place.is_relative_to(folder) for folder in copied):
            yield place


def given(plugins: Sequence[Plugin | str]) -> Iterator[Candidate]:
    """Those of `App(plugins=[…])`: objects, and texts as `module:name`; a name alone is left to whoever knows names."""
    for one in plugins:
        if isinstance(one, str):
            module, _, attribute = one.partition(":")
            yield Candidate("", f"App, {one}", _loading_text(module, attribute), place_of(module))
        else:
            yield Candidate("", "App", _loading_object(one))


def _candidates(entries: Iterable[EntryPoint]) -> list[Candidate]:
    return [
        Candidate(entry.name, _distribution(entry), _loading_entry(entry), place_of(entry.module))
        for entry in sorted(entries, key=lambda entry: (entry.name, entry.value))
    ]


def _distribution(entry: EntryPoint) -> str:
    return f"{entry.dist.name} {entry.dist.version}" if entry.dist else entry.value


def _loading_object(one: Any) -> Callable[[], Plugin]:
    return lambda: _plugin(one, "what App was given")


def _loading_entry(entry: EntryPoint) -> Callable[[], Plugin]:
    return lambda: _plugin(entry.load(), entry.value)


def _loading_text(module: str, attribute: str) -> Callable[[], Plugin]:
    def load() -> Plugin:
        loaded: Any = importlib.import_module(module)
        for name in attribute.split("."):
            loaded = getattr(loaded, name)
        return _plugin(loaded, f"{module}:{attribute}")

    return load


def _loading_module(name: str, file: Path) -> Callable[[], Plugin]:
    return lambda: _plugin_of(_imported(name, file), file)


def _plugin(found: Any, place: str) -> Plugin:
    """A plugin, or what a function without arguments returns. Raises NoPlugin for anything else."""
    made = found() if callable(found) else found
    if not isinstance(made, Plugin):
        raise NoPlugin(f'{place} is no plugin but of type {type(made).__name__}: make one with Plugin("name", "1.0").')
    return made


def _plugin_of(module: ModuleType, file: Path) -> Plugin:
    """The plugin of a module: what it calls `plugin`, else the one that it makes."""
    if hasattr(module, "plugin"):
        return _plugin(module.plugin, f"plugin, in {file.name},")
    made = {id(one): one for one in vars(module).values() if isinstance(one, Plugin) and one.file == file.resolve()}
    if len(made) != 1:
        raise NoPlugin(
            f"{'No plugin is' if not made else 'Several plugins are'} made in it. "
            f'Write plugin = Plugin("{file.stem}", "1.0"), or begin its name with _ if it is none.'
        )
    return next(iter(made.values()))


def _imported(name: str, file: Path) -> ModuleType:
    """The module as the app's own code imports it, so that nothing is declared twice; under another name if that is
    taken by another file, as it can be where several apps are loaded in one process."""
    known = sys.modules.get(name)
    if known is None and _finds(name) == file.resolve():
        return importlib.import_module(name)
    if known is not None and Path(getattr(known, "__file__", None) or "").resolve() == file.resolve():
        return known
    own_name = name if known is None else f"_{name.replace('.', '_')}_{new_record_id()}"
    spec = importlib.util.spec_from_file_location(own_name, file)
    if spec is None or spec.loader is None:
        raise ImportError(f"{file} is no Python file.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[own_name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[own_name]
        raise
    return module


def _finds(name: str) -> Path | None:
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return None
    return Path(spec.origin).resolve() if spec and spec.origin else None
