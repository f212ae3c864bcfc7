"""Builds the services of a running server, in the order in which they need each other, and ends them again."""

import asyncio
import logging
import os
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from litestar.types import ASGIApp
from piccolo.table import Table

from piccobase.app.assembly import Assembly
from piccobase.app.drift import Drift
from piccobase.app.identities import settle_collections, tell_of_gone
from piccobase.app.listening import compose_listeners
from piccobase.app.logging import close_request_log, open_request_log
from piccobase.app.mailing import check_mails, compose_mail
from piccobase.app.migrating import prepare_database
from piccobase.app.sql import make_console
from piccobase.app.watching import keep_changes_bounded, watch_changes
from piccobase.app.working import Work, compose_work
from piccobase.auth.first_superuser import FirstSuperuser
from piccobase.auth.impersonation import Impersonation
from piccobase.auth.password import PasswordSignIn
from piccobase.auth.roles import RoleService
from piccobase.base.config import Config
from piccobase.base.errors import InvalidDeclaration, Problem, StartError
from piccobase.db.console import Console
from piccobase.db.embedded import EmbeddedEngine
from piccobase.db.postgres import PostgresEngine
from piccobase.filters.dialects import dialect_of
from piccobase.filters.own_functions import RuleFunction, called_by_sqlite, check_functions, lacking
from piccobase.hooks.declaring import HookRegistry, check_hooks
from piccobase.hooks.dispatcher import Hooks
from piccobase.hooks.listeners import Listeners
from piccobase.http.additions import Additions
from piccobase.http.collections import CollectionsAPI
from piccobase.http.guard import Guard
from piccobase.http.openapi.serving import APIDocuments
from piccobase.http.own_checks import check_routes
from piccobase.http.own_routes import GIVEN, OwnRoutes
from piccobase.http.repeating import Repetitions
from piccobase.identity.actors import Actors
from piccobase.identity.hashing import Hasher
from piccobase.identity.key import load_master_key
from piccobase.identity.roles import Grants
from piccobase.identity.secrets import SecretStore
from piccobase.identity.tokens import Tokens
from piccobase.jobs.declaring import JobRegistry
from piccobase.jobs.tables import JOB_TABLES
from piccobase.logs.recording import RequestLog
from piccobase.mail.sending import Mail
from piccobase.migrations.projects import Project
from piccobase.records.planning import Planner
from piccobase.records.service import Records
from piccobase.records.writing import stored_satisfies
from piccobase.rules.book import RuleBook, check_rules, warn_of_rules
from piccobase.rules.context import RequestContext
from piccobase.rules.fields import FieldAccess, check_field_rules
from piccobase.schema.building import survey
from piccobase.schema.collections import CollectionInfo
from piccobase.schema.registry import Registry
from piccobase.schema.rules import Role
from piccobase.schema.system import SYSTEM_TABLES
from piccobase.settings.service import SettingsService
from piccobase.settings.storing import SettingsStore

log = logging.getLogger("piccobase")
Engine = EmbeddedEngine | PostgresEngine


@dataclass(slots=True)
class Services:
    """What a running server consists of."""

    config: Config
    assembly: Assembly
    engine: Engine
    registry: Registry
    secrets: SecretStore
    hasher: Hasher
    actors: Actors
    password: PasswordSignIn
    first_superuser: FirstSuperuser
    impersonation: Impersonation
    records: Records
    hooks: Hooks
    listeners: Listeners
    collections_api: CollectionsAPI
    documents: APIDocuments
    settings: SettingsService
    guard: Guard
    repetitions: Repetitions
    work: Work
    mail: Mail
    warnings: list[Problem]  # of `piccobase check`
    project: Project = field(init=False)  # where its migrations are
    request_log: RequestLog = field(init=False)
    sql_console: Console | None = None  # where SQL from superusers is allowed
    application: ASGIApp = field(init=False)  # the whole HTTP side, set when it has been put together
    background: list[asyncio.Task[None]] = field(default_factory=list)  # ended when the services are closed

    def run_in_background(self, work: Coroutine[Any, Any, None]) -> None:
        """Runs what goes on as long as the server does. It answers for its own errors."""
        self.background.append(asyncio.create_task(work))

    async def close(self) -> None:
        """Ends what runs in the background, and gives back threads and connections."""
        for task in self.background:
            task.cancel()
        await asyncio.gather(*self.background, return_exceptions=True)
        await self.listeners.stop()
        await close_request_log(self.request_log)
        self.hasher.close()
        await self.engine.close()


def make_engine(config: Config) -> Engine:
    """The engine for a config. Opens nothing yet, but for the data dir, which is made."""
    if not config.embedded:
        return PostgresEngine(config.database_url)
    make_data_dir(config.data_dir)
    return EmbeddedEngine(config.data_dir / "data.db", synchronous=config.synchronous)


def make_data_dir(path: Path) -> None:
    """Raises StartError where the data dir cannot be made or written."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StartError(
            f"The data dir {path} cannot be made: {error.strerror}. Choose one with --data-dir."
        ) from error
    if not path.is_dir() or not os.access(path, os.W_OK | os.X_OK):
        raise StartError(f"The data dir {path} cannot be written. Choose one with --data-dir.")


def check_declaration(
    tables: Sequence[type[Table]],
    roles: Sequence[Role],
    work: JobRegistry | None = None,
    hooks: HookRegistry | None = None,
    routes: Sequence[OwnRoutes] = (),
    functions: Sequence[RuleFunction] = (),
    others: Sequence[Problem] = (),
) -> tuple[Registry, list[Problem]]:
    """The registry and the warnings.

    Raises InvalidDeclaration with all mistakes: those in rules, jobs, hooks, routes and functions, and `others`.
    """
    registry, problems = survey(tables, roles)
    problems += others
    # Where a field could not be built, each rule that names it would seem to be wrong as well.
    if all(problem.id.startswith(("rule.", "role.")) or problem in others for problem in problems):
        known = {function.name: function for function in functions}
        problems += [*check_rules(registry, known), *check_field_rules(registry), *check_mails(registry)]
    problems += work.problems if work else ()
    problems += check_hooks(hooks, registry) if hooks else ()
    problems += check_routes(routes, {**GIVEN, "services": Services})
    problems += check_functions(functions)
    if problems:
        raise InvalidDeclaration(sorted(problems))
    return registry, warn_of_rules(registry)


def check_assembly(assembly: Assembly) -> tuple[Registry, list[Problem]]:
    """As `check_declaration`, of everything that is declared."""
    return check_declaration(
        assembly.collections,
        assembly.roles,
        assembly.work,
        assembly.hooks,
        assembly.routes,
        assembly.functions,
        assembly.problems,
    )


def bind_tables(tables: Sequence[type[Table]], engine: Engine) -> None:
    """Gives the tables their database, so that Piccolo queries in hooks and commands need no piccolo_conf."""
    for table in (*SYSTEM_TABLES, *JOB_TABLES, *tables):
        table._meta.db = engine


async def start_services(
    config: Config, assembly: Assembly, *, project: Project, migrate: bool | None = None
) -> Services:
    """Everything from the config to the API. Raises StartError, and leaves nothing open then."""
    tables = assembly.collections
    warnings = check_assembly(assembly)[1]
    engine = make_engine(config)
    if problems := [*lacking(assembly.functions, engine.dialect)]:
        raise InvalidDeclaration(problems)
    if isinstance(engine, EmbeddedEngine):
        engine.functions = called_by_sqlite(assembly.functions)
    try:
        bind_tables(tables, engine)
        of_the_server = Hooks.of(assembly.hooks.hooks, None)
        await prepare_database(config, engine, project, migrate=migrate, hooks=of_the_server)
        make_data_dir(config.data_dir)
        secrets = SecretStore(engine, load_master_key(config.data_dir, config.secret_key or None))
        await secrets.check()
        registry = await settle_collections(engine, tables, assembly.roles, secrets)
        if not project.with_history:
            await tell_of_gone(engine, registry)
        may_change_schema = config.embedded if migrate is None else migrate
        watched = await watch_changes(engine, registry, may_change_schema=may_change_schema)
        settings = SettingsService(SettingsStore(engine, secrets))
        await settings.load()
        working = compose_work(config, engine, assembly.work, of_the_server)
        keep_changes_bounded(working.registry, engine, settings)
        mail = compose_mail(config, settings, registry, secrets, working.jobs, assembly.mails, of_the_server)
        services = _compose(config, engine, assembly, registry, watched, secrets, settings, working, mail, warnings)
        services.project = project
        services.run_in_background(settings.watch())
        services.run_in_background(Drift(engine, tables, services.collections_api.refuse).watch())
        services.run_in_background(services.guard.keep_tidy())
        services.run_in_background(services.repetitions.keep_tidy())
        services.request_log = open_request_log(config, settings)
        services.sql_console = make_console(config, engine, registry)
        services.run_in_background(services.request_log.run())
        return services
    except BaseException:
        await engine.close()
        raise


def _compose(
    config: Config,
    engine: Engine,
    assembly: Assembly,
    registry: Registry,
    watched: frozenset[str],
    secrets: SecretStore,
    settings: SettingsService,
    work: Work,
    mail: Mail,
    warnings: list[Problem],
) -> Services:
    book = RuleBook(registry)
    access = FieldAccess(registry)
    dialect = dialect_of(engine.dialect, {function.name: function for function in assembly.functions})
    hasher = Hasher()
    hooks = Hooks.of(assembly.hooks.hooks, registry)
    listeners = compose_listeners(assembly.hooks.listeners, registry, work.jobs)
    records = Records(
        db=engine,
        registry=registry,
        book=book,
        access=access,
        planner=Planner(registry, book, access, dialect, watched),
        hasher=hasher,
        hooks=hooks,
        listeners=listeners if assembly.hooks.listeners else None,
    )

    async def may_sign_in(collection: CollectionInfo, record_id: str) -> bool:
        key = records.planner.key_value(collection, record_id)
        return await stored_satisfies(records, RequestContext(method="POST"), collection, "auth", key, {})

    actors = Actors(engine, registry, secrets)
    password = PasswordSignIn(engine, hasher, Tokens(secrets), may_sign_in, records)
    guard = Guard(settings, engine, registry, actors)
    repetitions = Repetitions(engine)
    api = CollectionsAPI(
        records=records,
        actors=actors,
        password=password,
        roles=RoleService(engine, registry.roles, Grants(engine)),
        guard=guard,
        additions=Additions(repetitions),
    )
    return Services(
        config=config,
        assembly=assembly,
        engine=engine,
        registry=registry,
        secrets=secrets,
        hasher=hasher,
        actors=actors,
        password=password,
        first_superuser=FirstSuperuser(engine, hasher, secrets),
        impersonation=Impersonation(engine, password.tokens),
        records=records,
        hooks=hooks,
        listeners=listeners,
        collections_api=api,
        documents=APIDocuments(registry, access),
        settings=settings,
        guard=guard,
        repetitions=repetitions,
        work=work,
        mail=mail,
        warnings=warnings,
    )
