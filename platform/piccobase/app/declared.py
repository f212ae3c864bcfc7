"""`App`: what a developer declares, and an ASGI application."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from piccolo.table import Table

from piccobase.app.mounts import installed_mounts
from piccobase.app.services import Services, check_declaration, start_services
from piccobase.base.config import Config, load_config
from piccobase.base.errors import Problem, StartError
from piccobase.http.router import make_application
from piccobase.schema.rules import Role


class App:
    """A backend: collections and roles, and where it keeps its data.

    `collections` are the classes to serve, `Collection`s or plain Piccolo tables. `data_dir` (default "data", relative
    to the working directory) and `database_url` (default: the embedded database in the data dir) are overridden by the
    environment (`PICCOBASE_DATA_DIR`, `PICCOBASE_DATABASE_URL`) and by the command's options.

    Serve it with `piccobase serve`, or as an ASGI application with any server that runs lifespans.
    """

    def __init__(
        self,
        collections: Sequence[type[Table]] = (),
        roles: Sequence[Role] = (),
        *,
        data_dir: str | Path | None = None,
        database_url: str | None = None,
    ) -> None:
        self.collections = tuple(collections)
        self.roles = tuple(roles)
        self._declared = {"data_dir": data_dir, "database_url": database_url}
        self._services: Services | None = None
        self._application: Any = None

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
        return check_declaration(self.collections, self.roles)[1]

    async def start(self, config: Config | None = None, *, migrate: bool | None = None) -> Services:
        """Opens the database, brings the schema up to date and builds the services. Raises StartError."""
        if self._services is None:
            self._services = await start_services(
                config or self.config(), self.collections, self.roles, migrate=migrate
            )
            self._application = make_application(
                self._services.collections_api, self._services.documents, installed_mounts(self._services)
            )
            self._services.application = self._application
        return self._services

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
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.stop()
        await send({"type": "lifespan.shutdown.complete"})
