"""An app under test: started in this process, without a port, on an empty database that is gone afterwards."""

import tempfile
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self

import httpx
from piccolo.table import Table

from piccobase.app.declared import App
from piccobase.app.services import Services
from piccobase.auth.superusers import upsert_superuser
from piccobase.base.errors import StartError
from piccobase.identity.hashing import CHEAPEST
from piccobase.mail.collecting import Collector
from piccobase.mail.message import Message
from piccobase.plugins.plugin import Plugin
from piccobase.schema.collections import CollectionInfo
from piccobase.schema.rules import Role
from piccobase.testing import looking
from piccobase.testing.calling import ADDRESS, PASSWORD, Caller
from piccobase.testing.factories import Counter, Factory
from piccobase.testing.watching import CountedDatabase, Event, EventWatch

SUPERUSER = "root@example.com"
Check = Callable[[Caller, httpx.Response], Awaitable[None]]


class TestApp(Caller):
    """A started app, to be used as `async with TestApp(app) as api:`. Asked directly it is asked as by a guest.

    `app` is an App, with all plugins that it loads; or a Plugin, or the tables that an app is made of with `roles` and
    `plugins`, where no plugin is loaded that is not named or needed: neither installed ones nor the dashboard. It runs
    on an embedded database in a temporary folder, or on `database_url` (an empty PostgreSQL database), and keeps its
    files in `data_dir` if that is given. Variables of the environment (`PICCOBASE_…`) do not count; `config` are
    options by the same names: `sql=True`.

    Passwords are hashed as cheaply as can be. Mails are collected. Jobs wait for `run_jobs`. The requests are logged
    unless `logs` is false, and with `events` those are kept that there are. Each answer is given to the `checks`,
    which may raise.
    """

    __test__ = False  # or pytest would take it for a class of tests

    def __init__(
        self,
        app: App | Plugin | Sequence[type[Table]],
        *,
        roles: Sequence[Role] = (),
        plugins: Sequence[Plugin | str] = (),
        database_url: str | None = None,
        data_dir: Path | str | None = None,
        logs: bool = True,
        events: bool = False,
        checks: Sequence[Check] = (),
        config: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        self.app = self
        self.declared = _app_of(app, roles, plugins)
        self.token = ""
        self.record = {}
        self.checks = list(checks)
        self.counter = Counter()
        self._options = {**config, "database_url": database_url, "data_dir": data_dir}
        self._logs = logs
        self._watch = EventWatch() if events else None
        self._open = AsyncExitStack()
        self._clients: dict[str, httpx.AsyncClient] = {}
        self._services: Services | None = None
        self._mailbox = Collector()

    async def __aenter__(self) -> Self:
        """Starts it. Raises StartError as a server would."""
        async with AsyncExitStack() as opening:
            if self._options["data_dir"] is None:
                folder = opening.enter_context(tempfile.TemporaryDirectory(prefix="piccobase-test-"))
                self._options["data_dir"] = Path(folder) / "data"
            if self._watch is not None:
                opening.enter_context(self._watched(self._watch))
            config = self.declared.config(self._options, environment={})
            self._services = await self.declared.start(config, migrate=True)
            opening.push_async_callback(self.declared.stop)
            self._services.hasher.set_cost(CHEAPEST)
            self._services.mail.mailer = lambda: self._mailbox
            self._services.request_log.keeping = self._logs
            self._counted = CountedDatabase(self._services.engine)
            self._services.records.db = self._counted
            self._open = opening.pop_all()
        self.client = self.client_at(ADDRESS)
        return self

    @contextmanager
    def _watched(self, watch: EventWatch) -> Iterator[None]:
        """Within the block the app has the hooks and listeners of the watch as well."""
        declared = self.declared.hooks
        hooks, listeners = list(declared.hooks), list(declared.listeners)
        declared.hooks += watch.hooks
        declared.listeners += watch.listeners
        try:
            yield
        finally:
            declared.hooks[:], declared.listeners[:] = hooks, listeners

    async def __aexit__(self, *failure: object) -> None:
        for client in self._clients.values():
            await client.aclose()
        self._clients.clear()
        self._services = None
        await self._open.aclose()

    @property
    def services(self) -> Services:
        """What the running app consists of. Raises StartError before its start."""
        if self._services is None:
            raise StartError("The app under test was not started: use `async with TestApp(app) as api:`.")
        return self._services

    def client_at(self, address: str) -> httpx.AsyncClient:
        """The HTTP client of whoever asks from an IP address."""
        if address not in self._clients:
            transport = httpx.ASGITransport(self.declared, client=(address, 1))
            self._clients[address] = httpx.AsyncClient(transport=transport, base_url="http://test")
        return self._clients[address]

    # --- who asks

    async def superuser(self, email: str = SUPERUSER) -> Caller:
        """The app asked by a superuser, who is made at the first call with this address."""
        if email not in {one["email"] for one in await self.rows("_superusers")}:
            await upsert_superuser(self.services.engine, self.services.hasher, email, PASSWORD)
        (found,) = [one for one in await self.rows("_superusers") if one["email"] == email]
        return await self.acting_as(found)

    async def user(self, collection: str | type[Table], **values: Any) -> Caller:
        """The app asked by a new record of an auth collection, made as by `make`. The password is PASSWORD."""
        return await self.acting_as(await self.make(collection, **values))

    async def acting_as(self, record: Mapping[str, Any] | Table | str, record_id: str = "") -> Caller:
        """The app asked by an auth record that is there.

        It is one of Piccolo, one as the API answers it, or the name of a collection with a `record_id`. Nobody signs in
        for that, so no rule is asked. Raises NotFound where there is no such record.
        """
        if isinstance(record, str):
            record = {"collectionName": record, "id": record_id}
        collection, seen = await looking.auth_record(self.services, record)
        token = await self.services.impersonation.token(collection, seen["id"], 0, refreshable=True)
        return Caller(self, token, seen)

    async def signed_in(self, collection: str, identity: str, password: str = PASSWORD) -> Caller:
        """The app asked by somebody who signs in over the API. Raises AssertionError unless that is allowed."""
        path = f"/api/collections/{collection}/auth-with-password"
        answer = await self.post(path, {"identity": identity, "password": password})
        assert answer.status_code == 200, f"{identity} may not sign in: {answer.status_code} {answer.text}"
        return Caller(self, answer.json()["token"], answer.json()["record"])

    # --- what is put there

    async def make(self, collection: str | type[Table] | Factory, **values: Any) -> dict[str, Any]:
        """A new record with these values, and plausible ones for whatever else is required; as a superuser sees it.

        No rule is asked, but values are validated and passwords hashed. Raises InvalidRecord.
        """
        factory = collection if isinstance(collection, Factory) else Factory(collection)
        return await factory.make(self, **values)

    async def make_many(
        self, collection: str | type[Table] | Factory, count: int, **values: Any
    ) -> list[dict[str, Any]]:
        """So many of them."""
        return [await self.make(collection, **values) for _ in range(count)]

    async def run_jobs(self) -> None:
        """Runs all jobs that are due, mails among them, until none is left that is."""
        await self.services.work.worker.drain()

    # --- what there is

    def collection(self, name: str | type[Table]) -> CollectionInfo:
        """A collection by its name, its id or its class. Raises LookupError with the nearest name."""
        return looking.collection_of(self.services.registry, name)

    async def rows(self, collection: str | type[Table]) -> list[dict[str, Any]]:
        """All records of a collection or view, as a superuser sees them, in the order in which they came."""
        return await looking.records(self.services, self.collection(collection))

    async def log(self) -> list[dict[str, Any]]:
        """The requests that were logged, in the order in which they were answered: `method`, `url`, `status` …"""
        return await looking.logged(self.services)

    async def changes(self) -> list[looking.Changed]:
        """What the change log has, from its beginning."""
        return await looking.changed(self.services)

    @property
    def events(self) -> list[Event]:
        """The events so far, in the order in which they began; wait with `settled` for those after a commit.

        Raises AssertionError unless the app was made with `events=True`.
        """
        assert self._watch is not None, "To keep events is asked for when the app is made: TestApp(app, events=True)."
        return self._watch.seen

    @property
    def queries(self) -> int:
        """How many statements the records have run so far: those of signing in, of limits and the log do not count."""
        return self._counted.asked

    async def settled(self) -> None:
        """Returns when the listeners have heard of everything that was committed. Durable ones are jobs."""
        await self.services.listeners.settled()

    @property
    def mails(self) -> list[Message]:
        """The mails that were sent, the oldest first: `to`, `subject`, `html`, `text`. They are sent by jobs."""
        return self._mailbox.sent


def _app_of(given: App | Plugin | Sequence[type[Table]], roles: Sequence[Role], plugins: Sequence[Plugin | str]) -> App:
    """Raises TypeError where an App is given, and something that it should have declared itself."""
    if isinstance(given, App):
        if roles or plugins:
            raise TypeError("An App declares its roles and plugins itself: give it these, or give TestApp the tables.")
        return given
    alone = (given,) if isinstance(given, Plugin) else ()
    made = App(() if isinstance(given, Plugin) else given, roles, plugins=[*alone, *plugins], installed_plugins=False)
    made.file = None  # it is this one, beside which there are neither migrations nor plugins of theirs
    return made
