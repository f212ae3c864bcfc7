"""Requests put together by chance: none fails on our side, each error has the one shape, nothing is half-written."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from piccolo.columns import (
    JSONB,
    BigInt,
    Boolean,
    Bytea,
    Date,
    DoublePrecision,
    Email,
    ForeignKey,
    Numeric,
    Text,
    Varchar,
)
from tests.api.chance import Chance
from tests.asking import serving

from piccobase import AuthCollection, Collection, Role, Rules
from piccobase.columns import GeoPoint, MultiSelect, Relations, Select
from piccobase.testing import TestApp

REQUESTS = 400  # of each seed
OPEN = Rules(list="", view="", create="", update="", delete="")


class User(AuthCollection, tablename="users"):
    name = Varchar(length=20)
    rules = OPEN


class Strict(Collection, tablename="strict"):
    title = Varchar(length=30, required=True)
    body = Text(unique=True, null=True, default=None)
    num = DoublePrecision(default=0)
    whole = BigInt(null=True, default=None)
    exact = Numeric((10, 2), null=True, default=None)
    flag = Boolean(default=False)
    day = Date(null=True, default=None)
    mail = Email(null=True, default=None)
    raw = Bytea(null=True, default=None)
    js = JSONB(null=True, default=None)
    place = GeoPoint()
    sel = Select(["a", "b"])
    tags = MultiSelect(["a", "b"], max_select=2)
    user = ForeignKey(User)
    friends = Relations(User, max_select=3)
    rules = OPEN


class Lenient(Collection, tablename="lenient", lenient=True):
    title = Text()
    num = DoublePrecision(default=0)
    whole = BigInt(default=0)
    exact = Numeric(null=True, default=None)
    flag = Boolean(default=False)
    day = Date(null=True, default=None)
    js = JSONB(null=True, default=None)
    place = GeoPoint()
    tags = MultiSelect(["a", "b"], max_select=2)
    user = ForeignKey(User)
    rules = Rules(
        list="@request.query.x:isset = false || @request.query.x != title || num > @request.headers.x_n",
        view="",
        create="@request.body.num != 13 && @request.body.title:isset = true || @request.auth.id = ''",
        update="",
        delete="@request.auth.id != ''",
    )


@pytest.fixture
async def api(database_url: str | None, tmp_path: Path) -> AsyncIterator[TestApp]:
    async with serving([User, Strict, Lenient], [Role("editor")], database_url, tmp_path) as guest:
        yield guest


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_whatever_comes_is_answered_and_what_was_written_can_be_read(api: TestApp, seed: int) -> None:
    chance = Chance(seed)
    root = await api.superuser()
    chance.tokens += [root.token] * 3
    statuses = set()
    for _ in range(REQUESTS):
        method = chance.one_of(["GET", "GET", "GET", "POST", "POST", "POST", "PATCH", "PATCH", "DELETE", "PUT", "HEAD"])
        kind, body = chance.body() if method in ("POST", "PATCH", "PUT") else ("application/json", b"")
        url = httpx.URL("http://test", raw_path=chance.path(method).encode() + b"?" + chance.query())
        headers = {"Content-Type": kind, "Authorization": chance.one_of(chance.tokens), "X-N": str(chance.value(3))}
        sent = [(name.encode(), value.encode(errors="replace").replace(b"\n", b"")) for name, value in headers.items()]
        answer = await api.client.request(method, url, content=body, headers=sent)
        told = (seed, method, str(url), body, answer.text)
        statuses.add(answer.status_code)
        assert answer.status_code < 500, told
        if answer.status_code >= 400 and method != "HEAD":
            assert set(answer.json()) == {"data", "message", "status"}, told
            assert not any(word in answer.text for word in ("Traceback", "SELECT ", "INSERT ", "asyncpg", "apsw")), told
        elif answer.status_code == 200 and method == "POST" and {"id", "collectionName"} <= set(answer.json()):
            chance.ids.append((answer.json()["collectionName"], answer.json()["id"]))
    assert {200, 204, 400, 404} <= statuses
    for collection in ("users", "strict", "lenient"):
        listed = (await root.ask("GET", root.records(collection), query={"perPage": "1000"})).json()
        for record in listed["items"]:
            assert (await root.ask("GET", root.records(collection, record["id"]))).json() == record
