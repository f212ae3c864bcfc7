"""What the commands of `piccobase migrate` begin with: the app, its project and its database."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any

from piccolo.conf.apps import AppConfig

from piccobase.app.declared import App
from piccobase.app.loading import load_app
from piccobase.app.migrating import Engine, read_histories
from piccobase.app.services import bind_tables, make_engine
from piccobase.base.config import Config
from piccobase.cli.mistakes import check_app
from piccobase.db.postgres import PostgresEngine
from piccobase.jobs.tables import JOB_TABLES
from piccobase.migrations.files import Migration
from piccobase.migrations.projects import Project
from piccobase.schema.system import SYSTEM_TABLES


@dataclass(frozen=True, slots=True)
class Opened:
    """The histories are those of the system and the project, in the order in which they are applied."""

    app: App
    config: Config
    project: Project
    histories: Sequence[tuple[AppConfig, Sequence[Migration]]]

    def history(self, name: str) -> Sequence[Migration]:
        """Of one app; empty where it has none."""
        return next((history for app, history in self.histories if app.app_name == name), ())


async def open_project(target: str, options: Mapping[str, Any], *, plugin: str | None = None) -> Opened:
    """Loads the app and reads its migrations; with `plugin`, to write those of a plugin and not its own.

    Raises StartError, InvalidDeclaration for mistakes in the code.
    """
    app = load_app(target)
    config = app.config(options)
    check_app(app, config)
    project = app.project(config)
    if plugin is not None:
        project = project.writing_for(plugin)
    return Opened(app, config, project, await read_histories(project))


def has_database(config: Config) -> bool:
    """Whether there is one already; one that is given by its URL is."""
    return not config.embedded or (config.data_dir / "data.db").is_file()


@asynccontextmanager
async def database_of(opened: Opened) -> AsyncIterator[Engine]:
    """The database, which the tables are bound to. The embedded one is made if need be. Raises StartError."""
    engine = make_engine(opened.config)
    try:
        if isinstance(engine, PostgresEngine):
            await engine.check()
        with bound(opened, engine):
            yield engine
    finally:
        await engine.close()


@contextmanager
def bound(opened: Opened, engine: Engine) -> Iterator[None]:
    """Within the block the app's tables are those of `engine`: functions of migrations may use them."""
    tables = [*opened.project.served, *(table for app in opened.project.apps for table in app.tables)]
    before = [(table, table._meta._db) for table in (*SYSTEM_TABLES, *JOB_TABLES, *tables)]
    bind_tables(tables, engine)
    try:
        yield
    finally:
        for table, db in before:
            table._meta._db = db
