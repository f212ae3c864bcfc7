"""The dashboard as a browser asks it: with the headers that browsers send, and a jar for the cookie."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from piccolo.table import Table
from tests.asking import SUPERUSER, serving

from piccobase.testing import TestApp

SAME_ORIGIN = {"Accept": "text/html,*/*;q=0.8", "Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "navigate"}


@dataclass(slots=True)
class Visitor:
    """Somebody with a browser. Redirects are not followed."""

    api: TestApp
    headers: dict[str, str] = field(default_factory=lambda: dict(SAME_ORIGIN))

    async def get(self, path: str, **headers: str) -> httpx.Response:
        return await self.api.client.get(path, headers=self.headers | headers)

    async def post(self, path: str, form: dict[str, str] | None = None, **headers: str) -> httpx.Response:
        return await self.api.client.post(path, data=form or {}, headers=self.headers | headers)

    async def sign_in(self, email: str = SUPERUSER[0], password: str = SUPERUSER[1], next: str = "") -> httpx.Response:
        return await self.post("/admin/sign-in", {"identity": email, "password": password, "next": next})


@asynccontextmanager
async def visiting(
    data_dir: Path, tables: Sequence[type[Table]] = (), database_url: str | None = None, *, superuser: bool = True
) -> AsyncIterator[Visitor]:
    """A started app with the dashboard, and a visitor who has not signed in. `superuser`: whether there is one."""
    async with serving(tables, [], database_url, data_dir) as api:
        if superuser:
            await api.superuser()
        yield Visitor(api)
