"""Lists: order, pages, totals, and which keys of the answer are wanted (protocol.md §1.7, §1.8, §2.3)."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from piccolo.columns import JSONB, Boolean, ForeignKey, Integer, Text, Timestamptz, Varchar
from tests.asking import serving

from piccobase import AuthCollection, Collection, Rules
from piccobase.base import clock
from piccobase.columns import GeoPoint, MultiSelect, Relations
from piccobase.db.embedded import EmbeddedEngine
from piccobase.db.postgres import PostgresEngine
from piccobase.testing import Caller, TestApp

OPEN = Rules(list="", view="", create="", update="", delete="")


class Person(AuthCollection, tablename="people"):
    rules = OPEN


class Locked(Collection, tablename="locked"):
    name = Varchar()
    rules = Rules()


class Cat(Collection, tablename="cats"):
    name = Varchar()
    rules = OPEN


class Post(Collection, tablename="posts"):
    title = Varchar()
    body = Text()
    num = Integer()
    flag = Boolean(default=False)
    day = Timestamptz(null=True, default=None)
    tags = MultiSelect(["a", "b", "c"])
    js = JSONB()
    geo = GeoPoint()
    cat = ForeignKey(Cat)
    cats = Relations(Cat)
    shut = ForeignKey(Locked)
    hidden = Varchar(secret=True)
    rules = OPEN


HTML = "<p>Hello <b>wor</b>ld</p><script>x</script><ul><li>one</li><li>two</li></ul> &amp; tail   spaces<br>x"
POINT = {"lon": 5, "lat": 1}
POSTS: list[dict[str, Any]] = [
    {"title": "Beta", "num": 3, "day": "2024-01-02", "tags": ["a", "b"], "js": {"a": {"b": 2}}, "geo": POINT},
    {"title": "alpha", "num": 1, "flag": True, "tags": ["b"], "js": {"a": {"b": 10}}, "geo": {"lon": -5, "lat": 2}},
    {"title": "", "num": 2, "day": "2023-12-31", "js": {"a": {}}},
    {"title": "Ärger", "num": 3, "flag": True, "day": "2024-01-01", "tags": ["a", "b", "c"], "js": {"a": {"b": 1}}},
]  # fmt: skip
START = datetime(2024, 1, 1, tzinfo=UTC)
INSERTED = ["Beta", "alpha", "", "Ärger"]


@pytest.fixture
async def api(database_url: str | None, tmp_path: Path) -> AsyncIterator[TestApp]:
    async with serving([Person, Locked, Cat, Post], [], database_url, tmp_path) as guest:
        yield guest


async def fill(api: Caller) -> None:
    red, blue = await api.create("cats", name="red"), await api.create("cats", name="Blue")
    cats = (red["id"], blue["id"], None, red["id"])
    for second, (post, cat) in enumerate(zip(POSTS, cats, strict=True)):
        with clock.frozen(START + timedelta(seconds=second)):
            await api.create("posts", **post, cat=cat, body=HTML)


async def titles(api: Caller, **query: str) -> list[str]:
    answer = await api.ask("GET", api.records("posts"), query=query)
    assert answer.status_code == 200, answer.text
    return [post["title"] for post in answer.json()["items"]]


SORTS: list[tuple[str, list[str]]] = [
    ("@rowid", INSERTED),
    ("-@rowid", INSERTED[::-1]),
    ("title", ["", "Beta", "alpha", "Ärger"]),
    ("-title", ["Ärger", "alpha", "Beta", ""]),
    ("title:lower", ["", "alpha", "Beta", "Ärger"]),
    ("+num,title", ["alpha", "", "Beta", "Ärger"]),
    (" num , -title ", ["alpha", "", "Ärger", "Beta"]),
    ("-num,title", ["Beta", "Ärger", "", "alpha"]),
    ("flag,-title", ["Beta", "", "Ärger", "alpha"]),
    ("day,title", ["alpha", "", "Ärger", "Beta"]),
    ("-day,title", ["Beta", "Ärger", "", "alpha"]),
    ("tags:length,title", ["", "alpha", "Beta", "Ärger"]),
    ("js.a.b,title", ["", "Ärger", "Beta", "alpha"]),
    ("-geo.lon,title", ["Beta", "", "Ärger", "alpha"]),
    ("cat.name,title", ["", "alpha", "Beta", "Ärger"]),
    ("-cat.name,title", ["Beta", "Ärger", "alpha", ""]),
    ("-created", INSERTED[::-1]),
    ("num,title,flag,day,id,created,updated,geo", ["alpha", "", "Beta", "Ärger"]),
]  # fmt: skip


async def test_a_sort_orders_by_each_of_its_items_in_turn(api: Caller) -> None:
    await fill(api)
    wrong = {sort: found for sort, order in SORTS if (found := await titles(api, sort=sort)) != order}
    assert wrong == {}
    assert sorted(await titles(api, sort="@random")) == sorted(INSERTED)


REFUSED_SORTS = [
    "nope", "num,", ",num", "num,,title", "Num", "hidden", "-hidden", "hidden:lower", "'x'", "1", "null", "true",
    "@now", "@year", "-", "cat.nope", "cat.name.x", "title.x", "shut.name", "collectionId", "title:nope", "num title",
    "num,title,flag,day,id,created,updated,geo,cat", "x" * 256, "num;title",
]  # fmt: skip


async def test_a_sort_that_makes_no_sense_is_400_and_by_the_request_403(api: TestApp) -> None:
    taken = []
    for sort in REFUSED_SORTS:
        answer = await api.ask("GET", api.records("posts"), query={"sort": sort})
        if (answer.status_code, answer.json().get("data")) != (400, {}):
            taken.append(sort)
    assert taken == []
    for sort in ("@request.auth.id", "@collection.cats.name"):
        assert (await api.ask("GET", api.records("posts"), query={"sort": sort})).status_code == 403
    root = await api.superuser()
    assert (await root.ask("GET", api.records("posts"), query={"sort": "hidden,shut.name"})).status_code == 200


async def test_pages_follow_each_other_without_gap_or_overlap(api: Caller) -> None:
    for number in range(25):
        await api.create("posts", title=f"{number:02}", num=number % 3)
    for sort in ("", "num", "-num,title"):
        seen: list[str] = []
        for page in range(1, 5):
            query = {"page": str(page), "perPage": "7", "sort": sort}
            answer = (await api.ask("GET", api.records("posts"), query=query)).json()
            assert (answer["totalItems"], answer["totalPages"], answer["page"]) == (25, 4, page)
            seen += [post["title"] for post in answer["items"]]
        assert sorted(seen) == [f"{number:02}" for number in range(25)], sort
    beyond = (await api.ask("GET", api.records("posts"), query={"page": "9007199254740993"})).json()
    assert (beyond["items"], beyond["totalItems"]) == ([], 25)


async def test_totals_are_left_out_on_demand_and_count_what_rule_and_filter_let_through(api: Caller) -> None:
    await fill(api)
    for query, total in (
        ({"filter": "num = 3"}, 2),
        ({"filter": "num = 3", "perPage": "1"}, 2),
        ({"filter": "cat.name = 'red'"}, 2),
        ({"filter": "num = 9"}, 0),
        ({"skipTotal": "1"}, -1),
    ):
        answer = (await api.ask("GET", api.records("posts"), query=query)).json()
        pages = -1 if total < 0 else -(-total // answer["perPage"])
        assert (answer["totalItems"], answer["totalPages"]) == (total, pages), query


async def test_a_total_knows_what_another_process_has_written(api: Caller, database_url: str | None) -> None:
    await fill(api)

    async def total() -> int:
        counted: int = (await api.ask("GET", api.records("posts"))).json()["totalItems"]
        return counted

    assert [await total(), await total()] == [4, 4]
    other: EmbeddedEngine | PostgresEngine
    if database_url is None:
        other = EmbeddedEngine(api.services.config.data_dir / "data.db")
    else:
        other = PostgresEngine(database_url)
    try:
        async with other.transaction():
            await other.rows("DELETE FROM posts WHERE num = 3")
            assert await total() == 4
        assert await total() == 2
    finally:
        await other.close()


FIELDS: list[tuple[str, dict[str, Any]]] = [
    ("title", {"title": "Beta"}),
    (" title , num ", {"title": "Beta", "num": 3}),
    ("nope", {}),
    ("TITLE", {}),
    ("title,nope", {"title": "Beta"}),
    ("js", {"js": {"a": {"b": 2}}}),
    ("js.a", {"js": {"a": {"b": 2}}}),
    ("js.a.b,js.nope", {"js": {"a": {"b": 2}}}),
    ("js.*", {"js": {"a": {"b": 2}}}),
    ("js.*.b", {"js": {}}),
    ("title.x", {"title": "Beta"}),
    ("tags.x", {"tags": ["a", "b"]}),
    ("geo.lon", {"geo": {"lon": 5}}),
    ("title:excerpt(2)", {"title": "Be"}),
    ("title:excerpt(2,true)", {"title": "Be..."}),
    ("title:excerpt(4,true)", {"title": "Beta"}),
    ("num:excerpt(1),title", {"num": 3, "title": "Beta"}),
    ("collectionName,hidden", {"collectionName": "posts"}),
    ("body:excerpt(200)", {"body": "Hello world one two & tail spacesx"}),
    ("body:excerpt(8,true)", {"body": "Hello wo..."}),
    ("page", {}),
]


async def test_fields_picks_keys_of_records_wherever_they_are_answered(api: Caller) -> None:
    await fill(api)
    [beta] = (await api.ask("GET", api.records("posts"), query={"filter": "title = 'Beta'"})).json()["items"]
    path, wrong = api.records("posts", beta["id"]), {}
    for fields, picked in FIELDS:
        answers = [
            (await api.ask("GET", path, query={"fields": fields})).json(),
            (await api.ask("PATCH", path, {}, query={"fields": fields})).json(),
        ]
        page = (await api.ask("GET", api.records("posts"), query={"fields": fields, "filter": "title = 'Beta'"})).json()
        if [*answers, page["items"][0]] != [picked] * 3:
            wrong[fields] = (answers, page["items"][0])
        assert (page["totalItems"], page["page"], page["perPage"], page["totalPages"]) == (1, 1, 30, 1)
    assert wrong == {}
    everything = (await api.ask("GET", path, query={"fields": "*"})).json()
    assert everything == (await api.ask("GET", path)).json()
    rest = (await api.ask("GET", path, query={"fields": "*,geo.lon"})).json()
    assert rest == everything | {"geo": {"lon": 5}}


async def test_an_error_is_whole_whatever_fields_are_asked_for(api: Caller) -> None:
    answer = await api.ask("GET", api.records("posts", "nope"), query={"fields": "status"})
    assert answer.json() == {"data": {}, "message": "The requested resource wasn't found.", "status": 404}


async def test_private_addresses_are_sorted_by_and_never_matched(api: Caller) -> None:
    for name, shown in (("b", True), ("a", False), ("c", True)):
        account = {"email": f"{name}@b.co", "password": "12345678", "passwordConfirm": "12345678"}
        await api.create("people", **account, emailVisibility=shown)

    async def asked(**query: str) -> list[str | None]:
        found = await api.ask("GET", api.records("people"), query=query)
        return [record.get("email") for record in found.json()["items"]]

    assert await asked(sort="email") == [None, "b@b.co", "c@b.co"]
    for text in (
        "email = 'a@b.co'",
        "email ~ 'a@'",
        "email != 'b@b.co' && email != 'c@b.co'",
        "email:lower = 'a@b.co'",
    ):
        assert await asked(filter=text) == [], text
    assert await asked(filter="email != 'b@b.co'") == ["c@b.co"]
