"""The schema at start: migrations where there are any, else the code; and what keeps a server from starting."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from piccolo.conf.apps import AppConfig

from piccobase.app.events import ChangingSchema
from piccobase.base.config import Config
from piccobase.base.errors import StartError
from piccobase.db.embedded import EmbeddedEngine
from piccobase.db.postgres import PostgresEngine
from piccobase.db.setup import SetupPlan, plan_setup, prepare
from piccobase.db.shape import read_shape
from piccobase.hooks.dispatcher import NO_HOOKS, Onions
from piccobase.migrations.changes import MigrationRefused
from piccobase.migrations.differing import Difference, difference
from piccobase.migrations.files import Migration, last_state, read_history
from piccobase.migrations.folding import Renames
from piccobase.migrations.projects import Project, ProjectApp
from piccobase.migrations.record import recorded_names, refuse_newer
from piccobase.migrations.running import Done, apply_histories
from piccobase.migrations.states import state_of
from piccobase_migrations.core.piccolo_app import APP_CONFIG as SYSTEM_MIGRATIONS

Engine = EmbeddedEngine | PostgresEngine
Histories = Sequence[tuple[AppConfig, Sequence[Migration]]]
_SHOWN = 5  # of the things that differ


@dataclass(frozen=True, slots=True)
class BroughtUp:
    """What was done to bring a database up to date."""

    migrations: Sequence[Done] = ()
    followed: SetupPlan = field(default_factory=SetupPlan)  # statements for tables that follow the code

    def __bool__(self) -> bool:
        return bool(self.migrations or self.followed.statements)


async def prepare_database(
    config: Config, engine: Engine, project: Project, *, migrate: bool | None = None, hooks: Onions = NO_HOOKS
) -> None:
    """Brings the schema up to date, or says what is missing.

    What is pending is applied on the embedded database and refused on PostgreSQL, where `piccobase migrate` applies
    it; `migrate` overrides that. Raises StartError.
    """
    if isinstance(engine, PostgresEngine):
        await engine.check()
    histories = await read_histories(project)
    refuse_unwritten(project, histories)
    if config.embedded if migrate is None else migrate:
        try:
            await bring_up_to_date(engine, project, histories, hooks=hooks)
        except MigrationRefused as error:
            error.message += "\nSee all that it does with: piccobase migrate plan"
            if error.losses and not error.problems:
                accepted = " ".join(f"--accept-loss {loss.place}" for loss in error.losses)
                error.message += f"\nApply it all the same with: piccobase migrate apply {accepted}"
            raise
    else:
        await refuse_pending(engine, project, histories)
    await refuse_differing(engine, project)


async def bring_up_to_date(
    engine: Engine,
    project: Project,
    histories: Histories,
    *,
    accepted: Collection[str] = (),
    fake: bool = False,
    hooks: Onions = NO_HOOKS,
) -> BroughtUp:
    """Applies all that is pending, all of it or nothing, then lets the other tables follow the code.

    With `fake` the project's migrations are only recorded; the system's are applied. Raises StartError,
    MigrationRefused for a loss that is not `accepted`, and what hooks around ChangingSchema raise.
    """

    async def step() -> BroughtUp:
        return await _bring_up_to_date(engine, project, histories, accepted=accepted, fake=fake)

    if (around := hooks.around(ChangingSchema)) is None:
        return await step()
    event = ChangingSchema(
        migrations=[migration.id for _, migration in await pending_of(engine, histories)],
        statements=plan_setup(project.following, await read_shape(engine)).statements,
    )
    if not event.migrations and not event.statements:
        return await step()
    brought_up: BroughtUp = await around.run(event, step)
    return brought_up


async def _bring_up_to_date(
    engine: Engine, project: Project, histories: Histories, *, accepted: Collection[str], fake: bool
) -> BroughtUp:
    done: list[Done] = []
    if fake:
        done += await apply_histories(engine, [it for it in histories if it[0] is SYSTEM_MIGRATIONS])
    done += await apply_histories(engine, histories, accepted=accepted, fake=fake)
    return BroughtUp(done, await prepare(engine, project.following))


async def read_histories(project: Project) -> Histories:
    """Of the system and of the project's apps, in the order in which they are migrated.

    Not to be used for another database: a table of a migration's own keeps the engine that it has met first.
    """
    return [(app, await read_history(app)) for app in (SYSTEM_MIGRATIONS, *project.with_history)]


async def pending_of(engine: Engine, histories: Histories) -> list[tuple[AppConfig, Migration]]:
    """What the database has not seen. Raises StartError where it has seen what the code does not know."""
    waiting = []
    for app, history in histories:
        done = await recorded_names(engine, app)
        refuse_newer(app, [migration.id for migration in history], done)
        waiting += [(app, migration) for migration in history if migration.id not in done]
    return waiting


async def refuse_pending(engine: Engine, project: Project, histories: Histories) -> None:
    """Raises StartError where anything is to be done first."""
    if waiting := await pending_of(engine, histories):
        app, first = waiting[0]
        raise StartError(
            f"The database is not up to date: {len(waiting)} migration(s) are pending, the first is {first.id} of "
            f"{'the system' if app is SYSTEM_MIGRATIONS else app.app_name}. Apply them with: piccobase migrate"
        )
    for table in project.following:
        table._meta.db = engine
    plan = plan_setup(project.following, await read_shape(engine))
    if missing := (*plan.problems, *plan.statements):
        raise StartError(
            f"The database does not fit the code yet: {len(missing)} change(s), the first is: {missing[0]}\n"
            "Apply them with: piccobase migrate"
        )


def unwritten(project: Project, histories: Histories) -> Mapping[str, Difference]:
    """What has changed in the code since the last migration of each of the project's own apps, if anything has."""
    return _unwritten(project.own, histories)


def unwritten_of_plugins(project: Project, histories: Histories) -> Mapping[str, Difference]:
    """The same of plugins, by their names."""
    return _unwritten([app for app in project.of_plugins if not app.own], histories)


def _unwritten(apps: Sequence[ProjectApp], histories: Histories) -> Mapping[str, Difference]:
    read = {app.app_name: history for app, history in histories}
    found = {
        app.name: difference(last_state(read[app.name]), state_of(app.tables), Renames())
        for app in apps
        if app.name in read
    }
    return {name: changes for name, changes in found.items() if changes}


def refuse_unwritten(project: Project, histories: Histories) -> None:
    """Raises StartError where the code has changed since the last migration."""
    changes = unwritten(project, histories)
    lines = [line for found in changes.values() for line in found.lines()]
    if lines:
        raise StartError(
            "The code has changed since the last migration:\n"
            + "\n".join(f"  {line}" for line in shortened(lines))
            + "\nWrite it down with: piccobase migrate new"
        )
    for name, found in unwritten_of_plugins(project, histories).items():
        raise StartError(
            f"The plugin {name} has changed since its last migration:\n"
            + "\n".join(f"  {line}" for line in shortened(list(found.lines())))
            + f"\nWhoever writes the plugin writes it down with: piccobase migrate new --plugin {name}"
        )


async def refuse_differing(engine: Engine, project: Project) -> None:
    """Raises StartError where tables are not as their migrations have left them: somebody else was there."""
    if lines := await differing(engine, project):
        raise StartError(
            "All migrations are applied, but the database is not as they have left it:\n"
            + "\n".join(f"  {line}" for line in shortened(lines))
            + "\nChange it back by hand, or write a migration that says so: piccobase migrate new --empty"
        )


async def differing(engine: Engine, project: Project) -> list[str]:
    """In what the database is not as the migrations say that are applied, a line each. Binds the tables."""
    tables = [table for app in project.apps if _is_kept(app) for table in app.tables]
    if not tables:
        return []
    for table in tables:
        table._meta.db = engine
    plan = plan_setup(tables, await read_shape(engine))
    return [*plan.problems, *(f"Missing: {statement}" for statement in plan.statements)]


def _is_kept(app: ProjectApp) -> bool:
    """Whether its tables must be as its migrations have left them; those of foreign apps may be anything."""
    return app.has_history and (app.own or app.of_plugin)


def shortened(lines: Sequence[str]) -> list[str]:
    """The first few, and how many more there are."""
    left = len(lines) - _SHOWN
    return [*lines[:_SHOWN], *([f"… and {left} more"] if left > 0 else [])]


def variables_of(config: Config) -> dict[str, str]:
    """The environment in which `piccobase.engine()` gives the database of this config."""
    url = {"PICCOBASE_DATABASE_URL": config.database_url} if config.database_url else {}
    return {"PICCOBASE_DATA_DIR": str(Path(config.data_dir).absolute()), **url}


def own_histories(project: Project, histories: Histories) -> list[tuple[ProjectApp, Sequence[Migration]]]:
    """Those of the project, without the system's."""
    read = {app.app_name: history for app, history in histories}
    return [(app, read[app.name]) for app in project.apps if app.name in read]
