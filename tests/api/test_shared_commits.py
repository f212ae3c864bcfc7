"""Requests whose writes share a commit: each is answered as if it had been alone.

They do where each waits for the disk ("FULL"), and where none does and they have come together ("NORMAL").
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from piccolo.columns import Integer, Varchar
from tests.asking import serving
from tests.unit.cli.wire import connected
from tests.unit.db.embedded.seen import interrupted
from uvicorn.server import ServerState

from piccobase import AuthCollection, Collection, Rules
from piccobase.base.company import COMPANY
from piccobase.db import group_commit
from piccobase.db.embedded import EmbeddedEngine
from piccobase.db.errors import SerializationFailed
from piccobase.testing import TestApp

ENDLESS = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x FROM c"


class Ware(Collection, tablename="wares"):
    name = Varchar(unique=True)
    stock = Integer()
    rules = Rules(list="", view="", create="", update="stock > 0", delete="stock = 0")


class Box(Collection, tablename="boxes"):
    stock = Integer()
    rules = Rules(create="", update="")  # so that all of an update is one transaction


class Clerk(AuthCollection, tablename="clerks"):
    rules = Rules(create="")


@pytest.fixture(autouse=True)
def no_group_gets_old(monkeypatch: pytest.MonkeyPatch) -> None:
    """However slow the machine is: so that it is known who is in one."""
    monkeypatch.setattr(group_commit, "OLDEST", 60)


@pytest.fixture(params=["FULL", "NORMAL"])
async def api(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[TestApp]:
    if request.param == "NORMAL":
        monkeypatch.setattr(COMPANY, "waiting", 1)  # there is always one more to come
    async with serving([Ware, Box, Clerk], [], None, tmp_path, synchronous=request.param) as guest:
        yield guest


@pytest.mark.parametrize("collection", ["wares", "boxes"])
async def test_they_do_share_it(api: TestApp, collection: str) -> None:
    one = await api.create(collection, stock=10)
    engine = api.services.engine
    assert isinstance(engine, EmbeddedEngine)
    writer = await engine.take_writer()
    writer.lock.release()
    for asked in (
        [api.ask("POST", api.records(collection), {"name": f"ware {number}"}) for number in range(30)],
        [api.ask("PATCH", api.records(collection, one["id"]), {"stock+": 1}) for _ in range(30)],
    ):
        before = writer.commits
        answers = await asyncio.gather(*asked)
        assert {answer.status_code for answer in answers} == {200}
        assert writer.commits - before < 10
    assert (await api.rows(collection))[0]["stock"] == 10 + 30


async def test_a_rule_is_asked_of_what_the_writes_before_in_the_same_commit_have_left(api: TestApp) -> None:
    ware = await api.create("wares", stock=10)
    path = api.records("wares", ware["id"])
    answers = await asyncio.gather(*(api.ask("PATCH", path, {"stock-": 1}) for _ in range(30)))
    assert Counter(answer.status_code for answer in answers) == {200: 10, 404: 20}
    assert sorted(answer.json()["stock"] for answer in answers if answer.status_code == 200) == list(range(10))
    deleted = await asyncio.gather(*(api.ask("DELETE", path) for _ in range(3)))
    assert Counter(answer.status_code for answer in deleted) == {204: 1, 404: 2}


async def test_one_name_is_given_once_and_the_change_log_has_what_was_kept_in_order(api: TestApp) -> None:
    asked = [api.ask("POST", api.records("wares"), {"name": f"ware {number // 2}"}) for number in range(60)]
    answers = await asyncio.gather(*asked)
    assert Counter(answer.status_code for answer in answers) == {200: 30, 400: 30}
    made = [answer.json()["id"] for answer in answers if answer.status_code == 200]
    assert [change.record for change in await api.changes() if change.collection == "wares"] == made


async def test_the_change_log_names_for_each_who_has_made_it(api: TestApp) -> None:
    clerks = [await api.user(Clerk, email=f"{name}@example.com") for name in "abc"]
    names = [f"ware {number}" for number in range(30)]
    asked = [clerks[at % 3].ask("POST", api.records("wares"), {"name": name}) for at, name in enumerate(names)]
    made = [answer.json()["id"] for answer in await asyncio.gather(*asked)]
    actors = {change.record: change.actor for change in await api.changes() if change.collection == "wares"}
    assert [actors[record] for record in made] == [clerks[at % 3].id for at in range(30)]


async def test_a_write_is_done_again_when_another_of_the_same_commit_is_interrupted(api: TestApp) -> None:
    engine = api.services.engine
    assert isinstance(engine, EmbeddedEngine)
    writer = await engine.take_writer()
    writer.lock.release()
    undone = 0
    how_many = "SELECT count(*) FROM wares"

    async def interrupt() -> None:
        nonlocal undone
        async with asyncio.timeout(5):
            while not writer.group.members:  # noqa: ASYNC110  # nothing tells of it
                await asyncio.sleep(0)
        with suppress(SerializationFailed):
            async with engine.brief_transaction():
                [[inside]] = await engine.rows(how_many)
                [[outside]] = await engine.committed_rows(how_many)
                undone += inside - outside
                await engine.rows("INSERT INTO wares (id) VALUES ('interrupted')")
                await interrupted(engine, f"INSERT INTO wares (id) {ENDLESS}")

    rounds = 0
    while not undone and rounds < 20:
        path, names = api.records("wares"), [f"ware {rounds} {number}" for number in range(10)]
        answers = await asyncio.gather(interrupt(), *(api.ask("POST", path, {"name": name}) for name in names))
        assert {answer.status_code for answer in answers[1:] if answer is not None} == {200}
        rounds += 1
    assert undone > 0
    assert len(await api.rows("wares")) == rounds * 10


async def test_requests_that_the_server_has_read_together_share_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(COMPANY, "waiting", 0)
    async with serving([Ware], [], None, tmp_path) as api:
        await api.create("wares", name="before")
        engine = api.services.engine
        assert isinstance(engine, EmbeddedEngine)
        writer = await engine.take_writer()
        writer.lock.release()
        state, told = ServerState(), list[tuple[str, Any]]()
        clients = connected(api.declared, state, told, "abcdef")
        before = writer.commits
        for client in clients:
            body = b'{"name": "ware %d"}' % id(client)
            head = b"POST /api/collections/wares/records HTTP/1.1\r\nHost: here\r\nContent-Type: application/json\r\n"
            client.data_received(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        clients[1].connection_lost(ConnectionResetError())
        while state.tasks:
            await asyncio.gather(*state.tasks)
        assert (COMPANY.waiting, writer.commits - before) == (0, 1)
        assert len(await api.rows("wares")) == 1 + 5
        await asyncio.sleep(0)  # so that the answers leave
        assert [answer.split(b"\r\n")[0] for _, answer in told] == [b"HTTP/1.1 200 OK"] * 5
        for client in clients:
            client.connection_lost(None)
