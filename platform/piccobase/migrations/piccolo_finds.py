"""Takes the place of a project's piccolo_conf while migrations run: Piccolo's code finds its engine and apps here.

A migration's own code asks Piccolo for "the" engine, which looks for a module by the variable PICCOLO_CONF and takes
`DB` and `APP_REGISTRY` from it. This is such a module; its two names depend on who asks, so that migrations of two
databases can run at the same time.
"""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from types import ModuleType
from typing import Any

from piccolo.conf.apps import ENVIRONMENT_VARIABLE, AppConfig, AppRegistry
from piccolo.engine.base import Engine

_running: ContextVar[tuple[Engine[Any], AppRegistry]] = ContextVar("running migrations")
_guests = 0
_before: str | None = None


def __getattr__(name: str) -> Any:
    if name in ("DB", "APP_REGISTRY"):
        engine, registry = _running.get()
        return engine if name == "DB" else registry
    raise AttributeError(name)


@contextmanager
def piccolo_finds(engine: Engine[Any], *apps: AppConfig) -> Iterator[None]:
    """Within the block Piccolo's `engine_finder()` gives `engine`, and its `Finder` knows `apps`."""
    with _registered(apps) as registry, _instead_of_the_project(), _imports_as_before(apps):
        token = _running.set((engine, registry))
        try:
            yield
        finally:
            _running.reset(token)


@contextmanager
def _registered(apps: Sequence[AppConfig]) -> Iterator[AppRegistry]:
    """Piccolo looks for apps by the path of a module that has them, not by the app itself."""
    modules = {f"{__name__}.app_{app.app_name}": app for app in apps}
    for name, app in modules.items():
        sys.modules[name] = module = ModuleType(name)
        vars(module)["APP_CONFIG"] = app  # which is what makes it one
    try:
        yield AppRegistry(apps=list(modules))
    finally:
        for name in modules:
            sys.modules.pop(name, None)


@contextmanager
def _instead_of_the_project() -> Iterator[None]:
    global _guests, _before
    if _guests == 0:
        _before = os.environ.get(ENVIRONMENT_VARIABLE)
    _guests += 1
    os.environ[ENVIRONMENT_VARIABLE] = __name__
    try:
        yield
    finally:
        _guests -= 1
        if _guests == 0:
            os.environ.pop(ENVIRONMENT_VARIABLE)
            if _before is not None:
                os.environ[ENVIRONMENT_VARIABLE] = _before


@contextmanager
def _imports_as_before(apps: Sequence[AppConfig]) -> Iterator[None]:
    """To know how a table looked before, Piccolo imports migrations by their bare names, from the head of sys.path."""
    path, modules = sys.path[:], set(sys.modules)
    folders = {Path(app.resolved_migrations_folder_path) for app in apps}
    try:
        yield
    finally:
        sys.path[:] = path
        for name in set(sys.modules) - modules:
            if Path(getattr(sys.modules[name], "__file__", None) or "").parent in folders:
                del sys.modules[name]
