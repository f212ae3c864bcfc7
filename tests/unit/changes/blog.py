"""The tables that the change log is tried with, and a way to look into it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from piccolo.columns import ForeignKey, Integer, Numeric, Serial, Text, Varchar
from piccolo.columns.base import OnDelete
from piccolo.table import Table
from tests.asking import serving

from piccobase import App, AuthCollection, Collection, Role, Rules, View
from piccobase.app.services import Services
from piccobase.changes.opening import change_log
from piccobase.changes.reading import Change
from piccobase.testing import TestApp


class Writers(AuthCollection, tablename="writers"):
    about = Text()
    rules = Rules(list="", view="", create="", update="id = @request.auth.id", delete="id = @request.auth.id")


class Posts(Collection, tablename="posts"):
    title = Varchar(unique=True)
    views = Integer()
    rules = Rules(list="", view="", create="@request.auth.id != ''", update="@request.auth.id != ''", delete="")


class Remarks(Collection, tablename="remarks"):
    text = Text()
    post = ForeignKey(Posts, on_delete=OnDelete.cascade)
    rules = Rules(list="", view="", create="", update="", delete="")


class Shelves(Table, tablename="shelves"):
    """A plain table, whose key is a number called otherwise."""

    number = Serial(primary_key=True)
    label = Varchar()
    width = Numeric(null=True, default=None)


class Counts(View, query="SELECT id, title FROM posts"):
    pass


TABLES = (Writers, Posts, Remarks, Shelves)


@asynccontextmanager
async def blog(database_url: str | None, folder: Path, **config: Any) -> AsyncIterator[TestApp]:
    async with serving(TABLES, (Role("editor"),), database_url, folder, **config) as api:
        yield api


@asynccontextmanager
async def not_migrated(database_url: str, folder: Path) -> AsyncIterator[Services]:
    """As a server starts on PostgreSQL, where it changes no schema."""
    app = App(collections=TABLES, roles=(Role("editor"),))
    config = app.config({"database_url": database_url, "data_dir": folder}, environment={})
    services = await app.start(config, migrate=False)
    try:
        yield services
    finally:
        await app.stop()


async def told(api: TestApp, after: str = "") -> list[Change]:
    """All changes after a position."""
    log, found = change_log(api.services.engine), []
    while more := await log.after(after):
        found += more
        after = more[-1].position
    return found


async def since(api: TestApp, position: str) -> list[tuple[Any, ...]]:
    """What has happened since, without who and when: `("update", "posts", id, ("title",))`.

    Without `updated`, too, which stays as it was within a millisecond.
    """
    names = {one.id: one.name for one in api.services.registry.collections.values()}
    found = []
    for it in await told(api, position):
        fields = tuple(name for name in it.fields if name != "updated")
        found.append((it.verb, names[it.collection], it.record, *([fields] if fields else [])))
    return found


async def now(api: TestApp) -> str:
    return await change_log(api.services.engine).last()
