"""Where an app's migrations are: in a folder beside its file, or in the apps of a Piccolo project."""

import importlib.util
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
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
_INSTALLED = "site-packages"
_OUTSIDE = {"piccobase"}  # apps that are migrated before any project's


@dataclass(frozen=True, slots=True)
class ProjectApp:
    """A Piccolo app. We write into those that are the project's `own`; others come from packages, and are applied.

    One that a plugin brings has its name, and is never the project's own, wherever it lies.
    """

    config: AppConfig
    own: bool
    of_plugin: bool = False

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

    @property
    def of_plugins(self) -> list[ProjectApp]:
        return [app for app in self.apps if app.of_plugin]

    def writing_for(self, plugin: str) -> "Project":
        """The same where a plugin's migrations are what is written. Raises StartError where it has no place for any."""
        app = next((app for app in self.of_plugins if app.name == plugin), None)
        if app is None:
            there = ", ".join(app.name for app in self.of_plugins) or "none"
            raise StartError(
                f"No plugin {plugin} that could have migrations is loaded (there are: {there}). It needs collections, "
                "and to be a package: plugins/name/__init__.py, not plugins/name.py."
            )
        if _INSTALLED in _folder(app.config).parts:
            raise StartError(
                f"The plugin {plugin} is installed: its author writes its migrations, where its source is."
            )
        apps = tuple(replace(one, own=one is app) for one in self.apps)
        return replace(self, apps=apps)


def find_project(
    file: Path | None,
    own: Sequence[type[Table]],
    environment: Mapping[str, str] | None = None,
    *,
    plugins: Sequence[ProjectApp] = (),
    of_plugins: Sequence[type[Table]] = (),
) -> Project:
    """The project of the app that `file` makes, without running any migration.

    The app serves its `own` tables, and those `of_plugins`. The `plugins` that could have migrations come first, in the
    order that they are given in.

    It is a Piccolo project where a piccolo_conf.py stands beside it (or, in a package, beside the package) whose
    registry has tables that are served. That file is run with the variables of `environment` in place, by which
    `piccobase.engine()` gives the database that is meant. Raises StartError where it cannot be run.
    """
    served = (*of_plugins, *own)
    if file is not None and (conf := import_root(file) / f"{CONF}.py").is_file():
        module = _run(conf, environment or {})
        registry = getattr(module, "APP_REGISTRY", None)
        if isinstance(registry, AppRegistry):
            apps = [app for app in _ordered(registry) if app.app_name not in _OUTSIDE]
            apps = _without(plugins, apps, conf)
            if any(table in own for app in apps for table in app.table_classes):
                return Project((*plugins, *(ProjectApp(app, _lies_in(app, conf.parent)) for app in apps)), served)
    if file is None:
        return Project(tuple(plugins), served)
    single = AppConfig(
        app_name=SINGLE_FILE_APP, migrations_folder_path=file.parent / "migrations", table_classes=list(own)
    )
    return Project((*plugins, ProjectApp(single, own=True)), served)


def _without(plugins: Sequence[ProjectApp], apps: Sequence[AppConfig], conf: Path) -> list[AppConfig]:
    """The apps that are no plugin's: a registry may list one for Piccolo's own commands. Raises StartError for two."""
    by_name = {plugin.name: plugin for plugin in plugins}
    by_folder = {_folder(plugin.config): plugin for plugin in plugins}
    kept = []
    for app in apps:
        plugin = by_folder.get(_folder(app)) or by_name.get(app.app_name)
        if plugin is None:
            kept.append(app)
        elif plugin.name != app.app_name:
            raise StartError(
                f"{conf}: the app {app.app_name} has the migrations of the plugin {plugin.name}. "
                f'Call it "{plugin.name}" in its piccolo_app.py, so that they are recorded once.'
            )
        elif _folder(plugin.config) != _folder(app):
            raise StartError(f"{conf}: the app {app.app_name} is called like a plugin. Give one of them another name.")
    return kept


def import_root(file: Path) -> Path:
    """The folder from which the module is imported: above the package that it is in, if it is in one."""
    folder = file.resolve().parent
    while (folder / "__init__.py").is_file():
        folder = folder.parent
    return folder


def _lies_in(app: AppConfig, folder: Path) -> bool:
    place = _folder(app)
    return place.is_relative_to(folder.resolve()) and _INSTALLED not in place.parts


def _folder(app: AppConfig) -> Path:
    return Path(app.resolved_migrations_folder_path).resolve()


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
