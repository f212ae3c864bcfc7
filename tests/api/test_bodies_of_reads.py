"""A GET may have a body, and rules and superusers' filters see it (protocol.md §1.3, §3.2)."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from piccolo.columns import Varchar
from tests.asking import serving

from piccobase import Collection, Rules
from piccobase.testing import Caller, TestApp


class Note(Collection, tablename="notes"):
    title = Varchar()
    rules = Rules(list="@request.body.title = title", view="@request.body.title = title", create="")


@pytest.fixture
async def api(database_url: str | None, tmp_path: Path) -> AsyncIterator[TestApp]:
    async with serving([Note], [], database_url, tmp_path) as guest:
        yield guest


async def test_a_rule_sees_it_on_a_list_and_on_a_view(api: Caller) -> None:
    made = {title: (await api.create("notes", title=title))["id"] for title in ("a", "b")}
    answer = await api.ask("GET", api.records("notes"), {"title": "a"})
    assert ([note["title"] for note in answer.json()["items"]], answer.json()["totalItems"]) == (["a"], 1)
    assert (await api.ask("GET", api.records("notes"))).json()["totalItems"] == 0
    statuses = [(await api.ask("GET", api.records("notes", id), {"title": "a"})).status_code for id in made.values()]
    assert statuses == [200, 404]


async def test_a_superusers_filter_sees_it_and_the_total_follows_it(api: TestApp) -> None:
    await api.create("notes", title="a")
    root = await api.superuser()
    for body, total in (({"n": 5}, 1), ({"n": 6}, 0), ({}, 0), ({"n": 5}, 1)):
        query = {"filter": "@request.body.n = 5 && @request.body.nope:isset = false"}
        assert (await root.ask("GET", root.records("notes"), body, query=query)).json()["totalItems"] == total, body


async def test_isset_looks_at_the_whole_path(api: TestApp) -> None:
    await api.create("notes", title="a")
    root = await api.superuser()
    body = {"n": {"a": [5, None], "b": None}, "t": "x"}
    for path, is_set in {"n.a": True, "n.b": True, "n.c": False, "n.a.1": True, "n.a.2": False, "t.x": False}.items():
        query = {"filter": f"@request.body.{path}:isset = true"}
        total = (await root.ask("GET", root.records("notes"), body, query=query)).json()["totalItems"]
        assert total == int(is_set), path
