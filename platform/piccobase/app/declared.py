"""`App`: what a developer declares, and an ASGI application."""

import os
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from litestar.types import ASGIApp, ControllerRouterHandler
from piccolo.table import Table

from piccobase.app.assembly import Assembly, assemble, plugin_app
from piccobase.app.migrating import variables_of
from piccobase.app.mounts import made_mounts
from piccobase.app.observing import observed
from piccobase.app.routes import built_in_routes, routes_of_their_own
from piccobase.app.services import Services, check_assembly, start_services
from piccobase.app.starting import starting, stopping
from piccobase.base.config import Config, load_config
from piccobase.base.errors import Problem, StartError
from piccobase.filters.own_functions import RuleFunction
from piccobase.http.events import AnsweringRequest
from piccobase.http.hooked import HookedRequests
from piccobase.http.recording import Recording
from piccobase.http.router import make_application
from piccobase.migrations.projects import Project, find_project
from piccobase.plugins.bringing import Bringing, Running
from piccobase.plugins.loading import Loaded, load_plugins
from piccobase.plugins.plugin import Plugin
from piccobase.schema.mail_template import MailTemplate
from piccobase.schema.rules import Role


class App(Bringing):
    """A backend: collections and roles, and where it keeps its data.

    `collections` are the classes to serve, `Collection`s or plain Piccolo tables. `data_dir` (default "data", relative
    to the working directory) and `database_url` (default: the embedded database in the data dir) are overridden by the
    environment (`PICCOBASE_DATA_DIR`, `PICCOBASE_DATABASE_URL`) and by the command's options.

    `mails` are templates of the app's own mails by name, for `app.mail.send_own("name", to, values)`. Whatever else a
    plugin may bring an app may bring too, by the same decorators: `@app.hook`, `@app.job`, `@app.command` …

    `plugins` are loaded besides those of the folder `plugins/` beside the app's file and those that are installed: they
    are plugins, texts such as "package.module:plugin", and names of installed ones that wait to be asked for. With
    `installed_plugins=False` no others of installed packages are loaded. `disabled_plugins` are names of plugins that
    are not, overridden by `PICCOBASE_DISABLED_PLUGINS`.

    `routes` are Litestar handlers with paths below `/api/`, to which `actor`, `records`, `context` and `services` are
    given, and `functions` are added to those of rules and filters.

    Migrations of its tables are looked for beside the file that makes it (`file`).

    `synchronous` says when a write to the embedded database is answered: at once with NORMAL, which is the default, and
    when the disk has it with FULL. `PICCOBASE_SYNCHRONOUS` overrides it.

    `cors_origins` are the origins whose pages may read answers (default: all), overridden by `PICCOBASE_CORS_ORIGINS`.

    Serve it with `piccobase serve`, or as an ASGI application with any server that runs lifespans.
    """

    def __init__(
        self,
        collections: Sequence[type[Table]] = (),
        roles: Sequence[Role] = (),
        *,
        mails: Mapping[str, MailTemplate] = MappingProxyType({}),
        plugins: Sequence[Plugin | str] = (),
        routes: Sequence[ControllerRouterHandler] = (),
        functions: Sequence[RuleFunction] = (),
        installed_plugins: bool = True,
        disabled_plugins: Sequence[str] | None = None,
        data_dir: str | Path | None = None,
        database_url: str | None = None,
        cors_origins: Sequence[str] | None = None,
        synchronous: Literal["NORMAL", "FULL"] | None = None,
    ) -> None:
        super().__init__(collections=collections, roles=roles, mails=mails, routes=routes, functions=functions)
        self.plugins = tuple(plugins)
        self.installed_plugins = installed_plugins
        self._declared = {
            "data_dir": data_dir,
            "database_url": database_url,
            "cors_origins": cors_origins,
            "synchronous": synchronous,
            "disabled_plugins": disabled_plugins,
        }
        self.file = _file_that_calls(self)
        self._loaded: tuple[tuple[str, ...], Loaded] | None = None  # with what was disabled
        self._services: Services | None = None
        self._application: Any = None

    def config(
        self,
        options: Mapping[str, Any] = MappingProxyType({}),
        environment: Mapping[str, str] | None = None,
    ) -> Config:
        """The config that options, environment and the App's own arguments make. Raises ConfigError."""
        return load_config(options, os.environ if environment is None else environment, self._declared)

    def check(self, config: Config | None = None) -> list[Problem]:
        """Looks for mistakes in what is declared, by the app and by its plugins, without a database.

        Returns warnings. Raises InvalidDeclaration with all mistakes, each with its id, place and nearest name.
        """
        assembly = self.assembly(config)
        return [*assembly.warnings, *check_assembly(assembly)[1]]

    def assembly(self, config: Config | None = None) -> Assembly:
        """What is declared, with what its plugins bring. Raises InvalidDeclaration where these cannot be loaded."""
        return assemble(self, self.loaded_plugins(config))

    def loaded_plugins(self, config: Config | None = None) -> Loaded:
        """Its plugins, and what is wrong with them. They are imported by the first call."""
        disabled = (config or self.config()).disabled_plugins
        if self._loaded is None or self._loaded[0] != disabled:
            loaded = load_plugins(
                self.plugins, app_file=self.file, with_installed=self.installed_plugins, disabled=disabled
            )
            self._loaded = disabled, loaded
        return self._loaded[1]

    def project(self, config: Config) -> Project:
        """Where its migrations are, and those of its plugins.

        Raises StartError where a Piccolo project's conf cannot be run, or plugins cannot be loaded.
        """
        plugins = self.assembly(config).plugins
        return find_project(
            self.file,
            self.collections,
            variables_of(config),
            plugins=[app for plugin in plugins if (app := plugin_app(plugin))],
            of_plugins=[table for plugin in plugins for table in plugin.collections],
        )

    async def start(self, config: Config | None = None, *, migrate: bool | None = None) -> Services:
        """Opens the database, brings the schema up to date and builds the services.

        Raises StartError, and leaves nothing open then.
        """
        if self._services is None:
            config = config or self.config()
            self._services = await start_services(
                config, self.assembly(config), project=self.project(config), migrate=migrate
            )
            try:
                self._begin(self._services)
                await starting(self._services)
                self._application = self._services.application = self._put_together(self._services)
            except BaseException:
                await self.stop()
                raise
        return self._services

    def _begin(self, services: Services) -> None:
        """Lets the app and its plugins know the running server."""
        running = Running(services.work.jobs, services.mail, services.records)
        for one in services.assembly.bringing:
            for section in one.sections:
                section.begin(services.settings)
            one.begin(running)

    def _put_together(self, services: Services) -> ASGIApp:
        """The whole HTTP side. Raises StartError where an extra is missing that the config asks for."""
        mounts = made_mounts(services)
        application = make_application(
            services.collections_api,
            services.documents,
            {path: mount.app for path, mount in mounts.items()},
            [*built_in_routes(services), *routes_of_their_own(services, mounts)],
            guard=services.guard,
            unguarded=[path for path, mount in mounts.items() if not mount.guarded],
            origins=services.config.cors_origins,
        )
        application = observed(application, services, mounts)
        if (around := services.hooks.around(AnsweringRequest)) is not None:
            application = HookedRequests(application, around, services.actors, services.guard.addresses)
        return Recording(application, services.request_log, services.guard.addresses)

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """Runs jobs and schedules as long as the block lasts, unless the config says that this process does not."""
        services = await self.start()
        if services.config.run_jobs:
            async with services.work.worker.running():
                yield
        else:
            yield

    async def stop(self) -> None:
        """Gives back what `start` opened."""
        services, self._services, self._application = self._services, None, None
        if services is not None:
            await stopping(services, services.close)
            for one in services.assembly.bringing:
                one.end()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif self._application is None:
            raise StartError("The app was not started: use a server that runs ASGI lifespans, or call app.start().")
        else:
            await self._application(scope, receive, send)

    async def _lifespan(self, receive: Any, send: Any) -> None:
        await receive()
        try:
            await self.start()
        except StartError as error:
            await send({"type": "lifespan.startup.failed", "message": error.message})
            return
        async with self.working():
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await self.stop()
        await send({"type": "lifespan.shutdown.complete"})


def _file_that_calls(made: App) -> Path | None:
    """The file in which an App is made; None in an interactive session."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_locals.get("self") is made:  # `__init__`, also that of a derived class
        frame = frame.f_back
    file = frame.f_globals.get("__file__")
    return Path(file).resolve() if file else None
