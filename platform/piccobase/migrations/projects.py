"""Where an app's migrations are: in a folder beside its file, or in the apps of a Piccolo project."""

import importlib.util
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from types import ModuleType

from piccolo.conf.apps import AppConfig, AppRegistry
from piccolo.table import Table

from piccobase.base.errors import PiccobaseError, StartError
from piccobase.migrations.files import migration_paths
from piccobase.schema.declaration import View

SINGLE_FILE_APP = "app"  # how the record calls the app of a single file
CONF = "piccolo_conf"
_OUTSIDE = {"piccobase"}  # apps that are migrated before any project's


@dataclass(frozen=True, slots=True)
class ProjectApp:
    """A Piccolo app. We write into those that are the project's `own`; others come from packages, and are applied."""

    config: AppConfig
    own: bool

    @property
    def name(self) -> str:
        return self.config.app_name

    @property
    def tables(self) -> list[type[Table]]:
        return [table for table in self.config.table_classes if not issubclass(table, View)]

    @property
    def has_history(self) -> bool:
        """Whether a first migration was written. Until then the database follows the code."""
        return bool(migration_paths(self.config))


@dataclass(frozen=True, slots=True)
class Project:
    """The apps in the order in which they are migrated, and the tables that are served."""

    apps: tuple[ProjectApp, ...]
    served: tuple[type[Table], ...]

    @property
    def with_history(self) -> list[AppConfig]:
        return [app.config for app in self.apps if app.has_history]

    @property
    def following(self) -> list[type[Table]]:
        """The tables that follow the code: those of no app with migrations."""
        migrated = {table for app in self.apps if app.has_history for table in app.tables}
        return [table for table in self.served if table not in migrated and not issubclass(table, View)]

    @property
    def own(self) -> list[ProjectApp]:
        return [app for app in self.apps if app.own]


def find_project(
    file: Path | None, served: Sequence[type[Table]], environment: Mapping[str, str] | None = None
) -> Project:
    """The project of the app that `file` makes, without running any migration.

    It is a Piccolo project where a piccolo_conf.py stands beside it (or, in a package, beside the package) whose
    registry has tables that are served. That file is run with the variables of `environment` in place, by which
    `piccobase.engine()` gives the database that is meant. Raises StartError where it cannot be run.
    """
    if file is not None and (conf := import_root(file) / f"{CONF}.py").is_file():
        module = _run(conf, environment or {})
        registry = getattr(module, "APP_REGISTRY", None)
        if isinstance(registry, AppRegistry):
            apps = [app for app in _ordered(registry) if app.app_name not in _OUTSIDE]
            if any(table in served for app in apps for table in app.table_classes):
                return Project(tuple(ProjectApp(app, _lies_in(app, conf.parent)) for app in apps), tuple(served))
    if file is None:
        return Project((), tuple(served))
    single = AppConfig(
        app_name=SINGLE_FILE_APP, migrations_folder_path=file.parent / "migrations", table_classes=list(served)
    )
    return Project((ProjectApp(single, own=True),), tuple(served))


def import_root(file: Path) -> Path:
    """The folder from which the module is imported: above the package that it is in, if it is in one."""
    folder = file.resolve().parent
    while (folder / "__init__.py").is_file():
        folder = folder.parent
    return folder


def _lies_in(app: AppConfig, folder: Path) -> bool:
    place = Path(app.resolved_migrations_folder_path).resolve()
    return place.is_relative_to(folder.resolve()) and "site-packages" not in place.parts


def _run(conf: Path, environment: Mapping[str, str]) -> ModuleType:
    """As the module that Piccolo would find, unless another one of that name is there already."""
    known = sys.modules.get(CONF)
    if known is not None and Path(getattr(known, "__file__", None) or "").resolve() == conf:
        return known
    if str(conf.parent) not in sys.path:
        sys.path.insert(0, str(conf.parent))
    name = CONF if known is None else f"{__name__}.{CONF}"
    spec = importlib.util.spec_from_file_location(name, conf)
    if spec is None or spec.loader is None:
        raise StartError(f"{conf} is no Python file.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        with _variables(environment):
            spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        if isinstance(error, PiccobaseError):
            raise
        raise StartError(f"{conf}: {type(error).__name__}: {error}") from error
    return module


@contextmanager
def _variables(environment: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in environment}
    os.environ.update(environment)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _ordered(registry: AppRegistry) -> list[AppConfig]:
    """As Piccolo: an app after those that it names as its dependencies, else in the order of the registry."""
    by_module = dict(zip(registry.apps, registry.app_configs.values(), strict=True))
    names = {app.app_name: app for app in registry.app_configs.values()}
    graph: dict[str, set[str]] = {}

    def add(app: AppConfig) -> None:
        if app.app_name in graph:
            return
        needed = app.migration_dependency_app_configs
        graph[app.app_name] = {it.app_name for it in needed}
        names.update({it.app_name: it for it in needed})
        for it in needed:
            add(it)

    for app in by_module.values():
        add(app)
    try:
        return [names[name] for name in TopologicalSorter(graph).static_order()]
    except CycleError as error:
        circle = " -> ".join(error.args[1])
        raise StartError(f"{circle}: these apps wait for each other's migrations (migration_dependencies).") from error
