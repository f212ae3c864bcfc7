"""Filters that the evaluator of tests/reference once answered differently, each as small as it was found.

Who was right was decided by the protocol's text, and where that is silent by asking the reference.
"""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from piccolo.columns import JSONB, DoublePrecision, ForeignKey, Numeric, Timestamptz, Varchar
from tests.asking import serving

from piccobase import Collection, Rules
from piccobase.columns import GeoPoint, MultiSelect, Relations, Select
from piccobase.testing import Caller, TestApp

OPEN = Rules(list="", view="", create="")


class Cat(Collection, tablename="cats", lenient=True):
    name = Varchar()
    tags = MultiSelect(["a", "b", "c"])
    geo = GeoPoint()
    day = Timestamptz(null=True, default=None)
    other = ForeignKey("self")
    rules = Rules(list="name != 'hidden'", view="", create="")


class Post(Collection, tablename="posts", lenient=True):
    title = Varchar()
    num = DoublePrecision()
    exact = Numeric(digits=(12, 2))
    day = Timestamptz(null=True, default=None)
    sel = Select(["a", "b"])
    tags = MultiSelect(["a", "b", "c"])
    js = JSONB(null=True, default=None)
    geo = GeoPoint()
    cat = ForeignKey(Cat)
    cats = Relations(Cat)
    rules = OPEN


class Ruled(Collection, tablename="ruled", lenient=True):
    cats = Relations(Cat)
    rules = Rules(list="cats.name ?= 'red'", view="", create="")


@pytest.fixture
async def api(database_url: str | None, tmp_path: Path) -> AsyncIterator[TestApp]:
    async with serving([Cat, Post, Ruled], [], database_url, tmp_path) as guest:
        yield guest


async def fill(api: TestApp) -> None:
    root = await api.superuser()
    ids = {}
    for name, tags in (("red", ["a", "b"]), ("blue", ["b"]), ("hidden", [])):
        ids[name] = (await root.create("cats", name=name, tags=tags))["id"]
    posts: list[dict[str, Any]] = [
        {"title": "1", "num": 5, "exact": 5, "day": "2024-01-01", "sel": "a", "tags": ["a", "b"], "js": "X",
         "geo": {"lon": 2.5, "lat": 48}, "cat": ids["red"], "cats": [ids["red"], ids["blue"]]},
        {"title": "2", "num": 1.5, "tags": ["a"], "js": {"a": 5}, "cat": ids["blue"],
         "cats": [ids["blue"], ids["hidden"]]},
        {"title": "3"},
        {"title": "4", "exact": 1234567.25, "cat": ids["hidden"], "cats": [ids["hidden"]]},
    ]  # fmt: skip
    for post in posts:
        await root.create("posts", **post)
    await root.create("ruled", cats=[ids["red"], ids["blue"]])


async def found(api: Caller, text: str, collection: str = "posts", body: Any = None) -> str:
    query = {"filter": text}
    answer = await api.ask("GET", api.records(collection), body, query=query)
    if answer.status_code != 200:
        return str(answer.status_code)
    return "".join(sorted(record.get("title", "x") for record in answer.json()["items"]))


ALL = "1234"
# Asked by a superuser.
CASES = [
    # Numbers that are no columns: less than every text, and texts beside a column of texts.
    ("geoDistance(geo.lon, geo.lat, 1, 2) < '5'", ALL),
    ("geoDistance(geo.lon, geo.lat, 1, 2) > '5'", ""),
    ("'0' >= geoDistance(geo.lon, geo.lat, 1, 2)", ALL),
    ("geoDistance(1, 2, 3, 4) < day", ""),  # 314… is after 2024… and after no date at all
    ("cats:length < '0'", ALL),
    ("cats:length > '0'", ""),
    ("cats:length = '2'", ""),
    ("title < cats:length", "1"),
    ("day > cats:length", "1"),
    ("title:lower < cats:length", ""),
    ("@year = '2026'", ""),
    # JSON null has no text.
    ("js:lower !~ 'y'", "12"),
    ("js:lower ~ ''", "12"),
    # JSON stays null-safe in lower case; a point is a text, and empty where there is none.
    ("js:lower != ''", ALL),
    ("js:lower = ''", ""),
    ("js:lower = null", "34"),
    ("js.b:lower != 'x'", ALL),
    ("js:lower != @request.body.nope", "12"),
    ("js:lower = @request.body.nope", "34"),
    ("js:lower != @request.body.n", ALL),
    ("cat.geo = ''", "3"),
    ("cat.geo != ''", "124"),
    ("cat.geo = @request.body.nope", "3"),
    ("cat.geo != @request.body.empty", "124"),
    ("title != cat.geo", ALL),
    # A number in a path may have zeros before it.
    ("js.a.00 = 5", ""),
    (f"js.{'0' * 40} = null", ALL),
    # An empty date in lower case is the empty text, where the field itself is.
    ("day:lower ~ ''", ALL),
    ("day:lower >= 100", ALL),
    # Values of the request have no affinity, and take that of a field.
    ("@request.body.n < title:lower", ALL),
    ("title:lower > @request.body.yes", ALL),
    ("title:lower < @request.body.n", ""),
    ("num = @request.body.five", "1"),
    ("exact != @request.body.five", "234"),
    ("tags:each > 5", "12"),
    ("tags:each < 5", ""),
    ("tags:each > @request.body.n", "12"),
    # What a relation in the body leads to is a record like any other.
    ("@request.body.cat.id = @request.body.cat", ALL),
    ("@request.body.cat.day:lower ~ ''", ALL),
    ("@request.body.cat.other <= 'x'", ALL),
    ("@request.body.cat.other !~ 0", ALL),
    ("@request.body.cat.other.day ~ ''", ""),
    # A single value is a list of one, also where it is empty.
    ("sel:each ~ ''", ALL),
    ("sel:each > 0", ALL),
    ("sel:length = 0", "234"),
    # Numbers as texts.
    ("5 ~ exact", "123"),  # a literal on the left is the double 5.0, the fields are 5 and 0
    ("exact ~ '0'", "23"),
    ("exact !~ 5", "23"),
    ("num ~ 5.0", "12"),
    # Numbers beyond 64 bits.
    (f"strftime('%Y', {'9' * 30}) = ''", ALL),
    ("strftime('%Y', num) != ''", ALL),
    # Who matches none is matched by nothing, whatever the pattern.
    ("title ~ null", ""),
    ("title !~ null", ""),
    ("null ~ ''", ""),
    # One element of a list has one id, one name and one place.
    ("cats:each ?= cat && cats.name ?= 'blue'", "2"),
]
# Asked by a guest, to whom the cat called hidden is nothing.
OF_GUESTS = [
    ("cats.name ?!= 'x'", "123"),
    ("cats.name = ''", "3"),
    ("cats.name = '' || title != ''", "123"),
    ("cats.name = 'blue'", "2"),  # the reference looks at the hidden name too, and so tells that it is another one
    ("cat.name ?= null || title = '4'", "3"),
    ("cat.name != 'x' || title != ''", "123"),
]
BODY = "@request.body.cats.tags"


async def test_both_databases_answer_as_the_evaluator(api: TestApp) -> None:
    await fill(api)
    root = await api.superuser()
    [cat] = (await root.ask("GET", root.records("cats"), query={"filter": "name = 'red'"})).json()["items"]
    body = {"n": 5, "five": "5", "yes": True, "empty": "", "cat": cat["id"]}
    wrong = {text: ids for text, expected in CASES if (ids := await found(root, text, body=body)) != expected}
    wrong |= {text: ids for text, expected in OF_GUESTS if (ids := await found(api, text)) != expected}
    assert wrong == {}


async def test_list_rule_and_filter_speak_of_the_same_related_record(api: Caller) -> None:
    await fill(api)
    assert await found(api, "cats.name ?= 'red'", "ruled") == "x"
    assert await found(api, "cats.name ?= 'blue'", "ruled") == ""
    assert await found(api, "cats.tags:each ?= 'b'", "ruled") == "x"


@pytest.mark.parametrize("sent", ["", "nobody000000000", None])
async def test_a_relation_in_the_body_that_leads_nowhere_leads_to_nothing(api: TestApp, sent: str | None) -> None:
    await fill(api)
    root = await api.superuser()
    for text, ids in (
        ("@request.body.cat.id ~ ''", ""),
        ("@request.body.cat.id = ''", ALL),
        ("@request.body.cat.day ~ ''", ""),
    ):
        assert await found(root, text, body={"cat": sent}) == ids, text


async def test_a_list_sees_the_body_of_its_request(api: TestApp) -> None:
    await fill(api)
    root = await api.superuser()
    seen = await root.ask("GET", root.records("cats"), query={"filter": "name != 'hidden'"})
    body = {"n": 5, "cats": [cat["id"] for cat in seen.json()["items"]]}
    for text in ("@request.body.n = 5", f"{BODY}:length ?= 2", f"{BODY}:each ?= 'a'", f"{BODY}:length ?= 1"):
        assert await found(root, text, body=body) == ALL, text
    assert await found(root, f"{BODY}:each = 'a'", body=body) == ""
