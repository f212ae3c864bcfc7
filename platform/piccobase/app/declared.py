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

from piccobase.app.assembly import Assembly, assemble
from piccobase.app.migrating import variables_of
from piccobase.app.mounts import installed_mounts
from piccobase.app.observing import observed
from piccobase.app.routes import built_in_routes
from piccobase.app.services import Services, check_assembly, start_services
from piccobase.base.config import Config, load_config
from piccobase.base.errors import Problem, StartError
from piccobase.hooks.declaring import HookRegistry
from piccobase.http.recording import Recording
from piccobase.http.router import make_application
from piccobase.jobs.adding import Jobs
from piccobase.jobs.declaring import JobRegistry
from piccobase.mail.sending import Mail
from piccobase.migrations.projects import Project, find_project
from piccobase.plugins.plugin import Plugin
from piccobase.schema.mail_template import MailTemplate
from piccobase.schema.rules import Role


class App:
    """A backend: collections and roles, and where it keeps its data.

    `collections` are the classes to serve, `Collection`s or plain Piccolo tables. `data_dir` (default "data", relative
    to the working directory) and `database_url` (default: the embedded database in the data dir) are overridden by the
    environment (`PICCOBASE_DATA_DIR`, `PICCOBASE_DATABASE_URL`) and by the command's options.

    `mails` are templates of the app's own mails by name, for `app.mail.send_own("name", to, values)`.

    `plugins` are loaded besides those that are found, and `routes` are Litestar handlers with paths below `/api/`.

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
        plugins: Sequence[Plugin] = (),
        routes: Sequence[ControllerRouterHandler] = (),
        data_dir: str | Path | None = None,
        database_url: str | None = None,
        cors_origins: Sequence[str] | None = None,
        synchronous: Literal["NORMAL", "FULL"] | None = None,
    ) -> None:
        self.collections = tuple(collections)
        self.roles = tuple(roles)
        self.mails = dict(mails)
        self.plugins = tuple(plugins)
        self.routes = list(routes)
        self._hooks = HookRegistry()
        self.hook = self._hooks.hook
        self.listen = self._hooks.listen
        self._work = JobRegistry()
        self.job = self._work.job
        self.schedule = self._work.schedule
        self._declared = {
            "data_dir": data_dir,
            "database_url": database_url,
            "cors_origins": cors_origins,
            "synchronous": synchronous,
        }
        self.file = _file_that_calls(self)
        self._services: Services | None = None
        self._application: Any = None

    @property
    def jobs(self) -> Jobs:
        """Adds jobs: `await app.jobs.add("name", {…})`. Raises StartError before the app was started."""
        if self._services is None:
            raise StartError("Jobs can be added once the app was started: use a server, or call app.start().")
        return self._services.work.jobs

    @property
    def mail(self) -> Mail:
        """Sends mails: `await app.mail.send_own("name", "a@example.com", {…})`. Raises StartError before the start."""
        if self._services is None:
            raise StartError("Mails can be sent once the app was started: use a server, or call app.start().")
        return self._services.mail

    def config(
        self,
        options: Mapping[str, Any] = MappingProxyType({}),
        environment: Mapping[str, str] | None = None,
    ) -> Config:
        """The config that options, environment and the App's own arguments make. Raises ConfigError."""
        return load_config(options, os.environ if environment is None else environment, self._declared)

    def check(self) -> list[Problem]:
        """Looks for mistakes in what is declared, without a database.

        Returns warnings. Raises InvalidDeclaration with all mistakes, each with its id, place and nearest name.
        """
        return check_assembly(self.assembly())[1]

    def assembly(self) -> Assembly:
        """What is declared, with what its plugins bring."""
        return assemble(
            self.plugins,
            collections=self.collections,
            roles=self.roles,
            mails=self.mails,
            work=self._work,
            hooks=self._hooks,
            routes=self.routes,
        )

    def project(self, config: Config) -> Project:
        """Where its migrations are. Raises StartError where a Piccolo project's conf cannot be run."""
        return find_project(self.file, self.collections, variables_of(config))

    async def start(self, config: Config | None = None, *, migrate: bool | None = None) -> Services:
        """Opens the database, brings the schema up to date and builds the services.

        Raises StartError, and leaves nothing open then.
        """
        if self._services is None:
            config = config or self.config()
            self._services = await start_services(
                config, self.assembly(), project=self.project(config), migrate=migrate
            )
            try:
                self._application = self._services.application = self._put_together(self._services)
            except BaseException:
                await self.stop()
                raise
        return self._services

    def _put_together(self, services: Services) -> ASGIApp:
        """The whole HTTP side. Raises StartError where an extra is missing that the config asks for."""
        mounts = installed_mounts(services)
        application = make_application(
            services.collections_api,
            services.documents,
            {path: mount.app for path, mount in mounts.items()},
            built_in_routes(services),
            guard=services.guard,
            unguarded=[path for path, mount in mounts.items() if not mount.guarded],
            origins=services.config.cors_origins,
        )
        application = observed(application, services, mounts)
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
            await services.close()

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
