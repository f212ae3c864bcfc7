"""An app under test, asked over its ASGI interface as a client would ask it over HTTP."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from piccolo.table import Table
from tests.described import check_described

from piccobase import App, MailTemplate, Role
from piccobase.app.services import Services
from piccobase.auth.superusers import upsert_superuser
from piccobase.http.openapi.document import Reader

SUPERUSER = ("root@example.com", "correct horse battery")


@dataclass(slots=True)
class Api:
    """A started app and a client for it. `token` goes along with every request of this value."""

    client: httpx.AsyncClient
    services: Services
    token: str = ""

    async def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        content: bytes | str | None = None,
        headers: dict[str, str] | None = None,
        query: dict[str, str] | None = None,
    ) -> httpx.Response:
        """One request. `body` travels as JSON, `content` as it is. The answer must be as the OpenAPI document says."""
        sent = dict(headers or {})
        if self.token:
            sent.setdefault("Authorization", self.token)
        answer = await self.client.request(method, path, json=body, content=content, headers=sent, params=query)
        actor = await self.services.actors.actor(sent.get("Authorization", ""))
        reader = Reader(self.services.records.access.key(actor), actor.superuser)
        check_described(self.services.registry, reader, answer)
        return answer

    def records(self, collection: str, record_id: str = "") -> str:
        """The path of a collection's records, or of one of them."""
        return f"/api/collections/{collection}/records" + (f"/{record_id}" if record_id else "")

    async def create(self, collection: str, **body: Any) -> dict[str, Any]:
        """Creates a record that must be accepted."""
        answer = await self.ask("POST", self.records(collection), body)
        assert answer.status_code == 200, answer.text
        created: dict[str, Any] = answer.json()
        return created

    async def signed_in(self, collection: str, identity: str, password: str) -> "Api":
        """The same app, asked by somebody who has signed in."""
        path = f"/api/collections/{collection}/auth-with-password"
        answer = await self.ask("POST", path, {"identity": identity, "password": password})
        assert answer.status_code == 200, answer.text
        return Api(self.client, self.services, answer.json()["token"])

    async def superuser(self) -> "Api":
        """The same app, asked by a superuser."""
        await upsert_superuser(self.services.engine, self.services.hasher, *SUPERUSER)
        return await self.signed_in("_superusers", *SUPERUSER)


@asynccontextmanager
async def serving(
    tables: Sequence[type[Table]],
    roles: Sequence[Role],
    database_url: str | None,
    data_dir: Path,
    *,
    logs: bool = False,
    mails: Mapping[str, MailTemplate] | None = None,
    **config: Any,
) -> AsyncIterator[Api]:
    """A started app on an empty database, asked as a guest. Only with `logs` it keeps a log of its requests."""
    app = App(collections=tables, roles=roles, mails=mails or {})
    async with serving_app(app, database_url, data_dir, logs=logs, **config) as api:
        yield api


@asynccontextmanager
async def serving_app(
    app: App, database_url: str | None, data_dir: Path, *, logs: bool = False, **config: Any
) -> AsyncIterator[Api]:
    """The same for an app that is there already, with its migrations if it has any."""
    services = await app.start(
        app.config({"database_url": database_url, "data_dir": data_dir, **config}, environment={}), migrate=True
    )
    services.request_log.keeping = logs
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=True)
    try:
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            yield Api(client, services)
    finally:
        await app.stop()
