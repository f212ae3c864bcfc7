"""Apps under test as our own tests ask them: every answer is held against the OpenAPI document."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
from piccolo.table import Table
from tests.described import check_described

from piccobase import App, MailTemplate, Role
from piccobase.http.openapi.document import Reader
from piccobase.testing import PASSWORD, Caller, TestApp

Api = Caller  # until nobody calls it so

SUPERUSER = ("root@example.com", PASSWORD)


async def as_described(caller: Caller, answer: httpx.Response) -> None:
    """An answer must be as the document says that whoever asked may read."""
    services = caller.services
    actor = await services.actors.actor(answer.request.headers.get("Authorization", ""))
    check_described(services.registry, Reader(services.records.access.key(actor), actor.superuser), answer)


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
) -> AsyncIterator[TestApp]:
    """A started app on an empty database. Only with `logs` it keeps a log of its requests."""
    app = App(collections=tables, roles=roles, mails=mails or {})
    async with serving_app(app, database_url, data_dir, logs=logs, **config) as api:
        yield api


@asynccontextmanager
async def serving_app(
    app: App, database_url: str | None, data_dir: Path, *, logs: bool = False, **config: Any
) -> AsyncIterator[TestApp]:
    """The same for an app that is there already, with its migrations if it has any."""
    async with TestApp(
        app, database_url=database_url, data_dir=data_dir, logs=logs, checks=[as_described], config=config
    ) as api:
        yield api
