"""The room with the tables, asked as its page asks it: with a superuser's cookie, from our own site."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import httpx
from piccolo.table import Table
from tests.asking import serving

from piccobase import Role
from piccobase.testing import Caller, TestApp
from piccobase_admin.signing import COOKIE

PATH = "/admin/tables"
HEADERS = {"Accept": "application/json, text/plain, */*", "Sec-Fetch-Site": "same-origin"}


@dataclass(slots=True)
class Room:
    """`root` asks the API as the same superuser, `guest` as nobody."""

    root: Caller
    guest: TestApp

    async def ask(
        self, method: str, path: str, body: Any = None, *, query: Any = None, headers: Mapping[str, str] = HEADERS
    ) -> httpx.Response:
        """One request below the room's path."""
        sent = dict(headers) | {"Cookie": f"{COOKIE}={self.root.token}"}
        return await self.guest.client.request(method, PATH + path, json=body, headers=sent, params=query)

    async def get(self, path: str, query: Any = None) -> Any:
        """What a GET must answer with."""
        answer = await self.ask("GET", path, query=query)
        assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text}"
        return answer.json()

    async def schema(self, collection: str) -> Any:
        return await self.get(f"/api/tables/{collection}/schema/")

    async def form(self, collection: str, record_id: str) -> Any:
        """A record as its form shows it."""
        return await self.get(f"/api/tables/{collection}/{record_id}/", {"__readable": "true"})

    async def list(self, collection: str, **query: Any) -> list[dict[str, Any]]:
        found = await self.get(f"/api/tables/{collection}/", {"__readable": "true"} | query)
        rows: list[dict[str, Any]] = found["rows"]
        return rows

    async def save(self, collection: str, record_id: str, sent: Mapping[str, Any]) -> httpx.Response:
        return await self.ask("PATCH", f"/api/tables/{collection}/{record_id}/", sent)

    async def add(self, collection: str, sent: Mapping[str, Any]) -> httpx.Response:
        return await self.ask("POST", f"/api/tables/{collection}/", sent)

    def submitted(
        self, properties: Mapping[str, Any], row: Mapping[str, Any], typed: Mapping[str, Any] = MappingProxyType({})
    ) -> dict[str, Any]:
        """What the page sends for a form that shows `row`, in which `typed` was typed in."""
        return {
            name: sent
            for name, of_field in properties.items()
            if (sent := as_submitted(of_field, typed.get(name, row.get(name, ABSENT)))) is not ABSENT
        }


ABSENT = object()


def as_submitted(of_field: Mapping[str, Any], value: Any) -> Any:
    """One field as the page sends it: inputs hold texts, and what reads "null" or may be empty becomes null.

    This is `convertFormValue` of Piccolo Admin, together with what its inputs do to a value.
    """
    extra = of_field["extra"]
    if of_field["type"] == "array":
        if value is ABSENT:
            return None
        return [entry if isinstance(entry, str) else str(entry).lower() for entry in value]
    if extra["choices"] and not any(choice["value"] == value for choice in extra["choices"].values()):
        return None if extra["nullable"] and value in (None, "") else ABSENT  # nothing is selected
    if of_field["type"] == "boolean":
        return None if value is None else str(value).lower()
    text = "" if value is None or value is ABSENT else str(value)
    if extra["widget"] == "text-area":
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    else:
        text = text.replace("\r", "").replace("\n", "")
    if text == "null" or (extra["nullable"] and text == ""):
        return None
    return text


@asynccontextmanager
async def opened(
    tables: Sequence[type[Table]], database_url: str | None, data_dir: Path, roles: Sequence[Role] = ()
) -> AsyncIterator[Room]:
    """The room of an app with these collections, and a superuser in it."""
    async with serving(tables, roles, database_url, data_dir) as guest:
        yield Room(await guest.superuser(), guest)
