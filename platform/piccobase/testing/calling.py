"""Who asks the app under test: a guest, or somebody with a token."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from piccobase.app.services import Services
    from piccobase.testing.app import TestApp

PASSWORD = "correct horse battery"  # noqa: S105 (of all whom the test kit makes)
ADDRESS = "127.0.0.1"


class Caller:
    """Somebody who asks the app. `record` is the auth record, empty for a guest and for superusers.

    Answers are `httpx.Response`s: `answer.status_code`, `answer.json()`, `answer.text`, `answer.headers`.
    """

    app: "TestApp"
    client: httpx.AsyncClient

    def __init__(
        self,
        app: "TestApp",
        token: str = "",
        record: Mapping[str, Any] | None = None,
        client: httpx.AsyncClient | None = None,
    ) -> None:
        self.app = app
        self.client = client or app.client
        self.token = token
        self.record: Mapping[str, Any] = record or {}

    @property
    def id(self) -> str:
        """The id of the auth record, empty where there is none."""
        return str(self.record.get("id", ""))

    @property
    def services(self) -> "Services":
        """What the running app consists of."""
        return self.app.services

    async def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        content: bytes | str | None = None,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """One request. `body` travels as JSON, None as no body at all; `content` travels as it is."""
        sent = dict(headers or {})
        if self.token:
            sent.setdefault("Authorization", self.token)
        answer = await self.client.request(method, path, json=body, content=content, headers=sent, params=query)
        for check in self.app.checks:
            await check(self, answer)
        return answer

    async def get(
        self, path: str, *, query: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        """`await app.get("/api/collections/posts/records", query={"filter": "views > 3"})`."""
        return await self.ask("GET", path, query=query, headers=headers)

    async def post(self, path: str, body: Any = None, **more: Any) -> httpx.Response:
        """`await app.post("/api/collections/posts/records", {"title": "Hi"})`. `more` are arguments of `ask`."""
        return await self.ask("POST", path, body, **more)

    async def put(self, path: str, body: Any = None, **more: Any) -> httpx.Response:
        """The same with PUT."""
        return await self.ask("PUT", path, body, **more)

    async def patch(self, path: str, body: Any = None, **more: Any) -> httpx.Response:
        """The same with PATCH."""
        return await self.ask("PATCH", path, body, **more)

    async def delete(self, path: str, **more: Any) -> httpx.Response:
        """The same with DELETE."""
        return await self.ask("DELETE", path, **more)

    def records(self, collection: str, record_id: str = "") -> str:
        """The path of a collection's records, or of one of them."""
        return f"/api/collections/{collection}/records" + (f"/{record_id}" if record_id else "")

    async def create(self, collection: str, **body: Any) -> dict[str, Any]:
        """Creates a record over the API, as this caller. Raises AssertionError unless it is accepted."""
        answer = await self.post(self.records(collection), body)
        assert answer.status_code == 200, f"{collection} takes no such record: {answer.status_code} {answer.text}"
        created: dict[str, Any] = answer.json()
        return created

    def at(self, address: str) -> "Caller":
        """The same caller with another IP address (this one has 127.0.0.1)."""
        return Caller(self.app, self.token, self.record, self.app.client_at(address))

    def with_token(self, token: str) -> "Caller":
        """Whoever this token belongs to, at the same address."""
        return Caller(self.app, token, client=self.client)
