"""The migration files of an app, in Piccolo's format: found, read, and added up to the states before and after each."""

import inspect
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any, cast

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.conf.apps import AppConfig
from piccolo.engine.base import Engine

from piccobase.base.errors import PiccobaseError, StartError
from piccobase.migrations.changes import SchemaChange
from piccobase.migrations.folding import Renames, fold
from piccobase.migrations.piccolo_finds import piccolo_finds
from piccobase.migrations.state_tables import tables_of, unregistered
from piccobase.migrations.states import State

_HAS_ID = re.compile(r"^ID\s*(?::\s*str\s*)?=", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class MigrationFile:
    id: str
    path: Path
    module: ModuleType

    @property
    def description(self) -> str:
        return str(getattr(self.module, "DESCRIPTION", "") or "")

    @property
    def accepted_losses(self) -> frozenset[str]:
        """What its author has said may be lost."""
        return frozenset(map(str, getattr(self.module, "ACCEPTED_LOSSES", ())))

    @property
    def does_it_itself(self) -> bool:
        """Whether it changes the database where others say what is to be changed: it makes no manager."""
        return MigrationManager not in vars(self.module).values()


@dataclass(frozen=True, slots=True)
class Migration:
    """A file with the tables of its app before and after it."""

    file: MigrationFile
    before: State
    after: State
    renames: Renames
    manager: MigrationManager | None  # none in a file that does its work itself

    @property
    def id(self) -> str:
        return self.file.id

    @property
    def functions(self) -> Sequence[Any]:
        """What it runs besides, before the tables are changed."""
        return self.manager.raw if self.manager else (self.file.module.forwards,)

    @property
    def functions_back(self) -> Sequence[Any]:
        return self.manager.raw_backwards if self.manager else ()

    @property
    def is_fake(self) -> bool:
        """Whether its author only wants it recorded."""
        return self.manager is not None and self.manager.fake

    def change(self, engine: Any) -> SchemaChange:
        return change_between(self.before, self.after, self.renames, engine)


def change_between(before: State, after: State, renames: Renames, engine: Any) -> SchemaChange:
    """Of the tables that are different, and those that point to them or that they point to."""
    names = _concerned(before, after, renames)
    return SchemaChange(
        before=tables_of(before.only(names), engine, before),
        after=tables_of(after.only(names), engine, after),
        renamed_tables=renames.tables,
        renamed_columns=renames.columns,
    )


def _concerned(before: State, after: State, renames: Renames) -> set[str]:
    """The names of tables by which nothing else is concerned; most changes are of one in many."""
    names = {*renames.tables, *renames.tables.values()}
    names |= {name for name in before.tables.keys() | after.tables if before.tables.get(name) != after.tables.get(name)}
    pointing, pointed = set[str](), set[str]()
    for state in (before, after):
        for name, table in state.tables.items():
            targets = {column.reference.table for column in table.columns if column.reference}
            if targets & names:
                pointing.add(name)
            if name in names:
                pointed |= targets
    return names | pointing | pointed


def migration_paths(app: AppConfig) -> list[Path]:
    """Its files, without running any: those with an ID. The folder may hold other things, or not be there."""
    folder = Path(app.resolved_migrations_folder_path)
    return [path for path in sorted(folder.glob("*.py")) if _HAS_ID.search(path.read_text("utf-8", "replace"))]


def load_files(app: AppConfig) -> list[MigrationFile]:
    """In their order. Raises StartError for a file that cannot be loaded, and for two with one ID."""
    found: dict[str, MigrationFile] = {}
    for path in migration_paths(app):
        module = _load(app, path)
        name = str(module.ID)
        if name in found:
            raise StartError(f"{path} and {found[name].path} have the same ID, {name}. Give one of them a later one.")
        found[name] = MigrationFile(name, path, module)
    return sorted(found.values(), key=lambda file: file.id)


def _load(app: AppConfig, path: Path) -> ModuleType:
    # By its path: Piccolo imports it by its bare name, for which the folder has to be on sys.path.
    name = f"{__name__}.{app.app_name}.{path.stem}"
    spec = spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise StartError(f"{path} is no Python module.")
    module = module_from_spec(spec)
    try:
        with unregistered(name):
            spec.loader.exec_module(module)
    except Exception as error:
        raise StartError(f"The migration {path} cannot be loaded: {error}") from error
    return module


async def read_history(app: AppConfig, files: Sequence[MigrationFile] | None = None) -> list[Migration]:
    """The app's migrations with the states between them. Runs nothing of them. Raises StartError."""
    state, history = State(), []
    for file in load_files(app) if files is None else files:
        manager = await _manager(app, file)
        try:
            after, renames = fold(state, manager) if manager else (state, Renames())
        except PiccobaseError as error:
            raise StartError(f"The migration {file.path} cannot be read: {error.message}") from error
        history.append(Migration(file, state, after, renames, manager))
        state = after
    return history


async def _manager(app: AppConfig, file: MigrationFile) -> MigrationManager | None:
    """What the file wants, found out without a database."""
    if file.does_it_itself:
        return None
    try:
        with piccolo_finds(cast("Engine[Any]", _NoDatabase()), app), unregistered(file.module.__name__):
            manager = file.module.forwards()
            if inspect.isawaitable(manager):
                manager = await manager
    except Exception as error:
        raise StartError(f"The migration {file.path} cannot be read: {error}") from error
    return manager if isinstance(manager, MigrationManager) else None


class _NoDatabase:
    """Stands in while files are read: what a migration does to the database belongs into the functions it adds."""

    def __getattr__(self, name: str) -> Any:
        raise PiccobaseError(
            "it asks the database before it is run. Put what it does into a function, and add that by manager.add_raw."
        )


def last_state(history: Sequence[Migration]) -> State:
    return history[-1].after if history else State()


def newer_than_code(known: Collection[str], done: Collection[str]) -> list[str]:
    """The migrations that were made after this version of the code, if the database has any."""
    return [name for name in done if name not in known]
