"""Functions that apps and plugins add to the filter language: typed, bound, the same on both databases."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from piccolo.columns import JSONB, Array, Date, DoublePrecision, ForeignKey, Integer, Numeric, Timestamptz, Varchar

from piccobase import App, Collection, Plugin, RuleFunction, Rules
from piccobase.columns import MultiSelect
from piccobase.extending import BadRequest, StartError
from piccobase.testing import TestApp

LONGEST = 20


def initials(text: str | None) -> str | None:
    if text is None:
        return None
    if len(text) > LONGEST:
        raise BadRequest("initials takes a text of at most 20 characters.")
    return "".join(word[0] for word in text.split())


plugin = Plugin("texts", "1.0")
plugin.functions += [
    RuleFunction(
        "beginning", {"text": "text", "count": "number"}, "text", *["substr({text}, 1, CAST({count} AS integer))"] * 2
    ),
    RuleFunction(
        "initials",
        {"text": "text"},
        "text",
        postgres="(SELECT string_agg(left(word, 1), '') FROM regexp_split_to_table({text}, ' ') AS word)",
        python=initials,
    ),
]
FUNCTIONS = [
    RuleFunction("half", {"number": "number"}, "number", sqlite="{number} / 2", postgres="{number} / 2"),
    RuleFunction("same", {"a": "text", "b": "text"}, "boolean", sqlite="{a} = {b}", postgres="{a} = {b}"),
    RuleFunction(
        "hours",
        {"since": "instant", "until": "instant"},
        "number",
        sqlite="round((julianday({until}) - julianday({since})) * 24, 6)",
        postgres="round(extract(epoch FROM {until} - {since}) / 3600, 6)",
    ),
    RuleFunction(
        "entries",
        {"list": "list"},
        "number",
        sqlite="json_array_length({list})",
        postgres="jsonb_array_length({list})",
    ),
    RuleFunction("stored", {"field": "field"}, "text", sqlite="typeof({field})", postgres="pg_typeof({field})::text"),
    RuleFunction("braces", {}, "text", sqlite="'{{}}'", postgres="'{{}}'"),
]


class Author(Collection, tablename="authors"):
    name = Varchar()
    rules = Rules(list="", view="", create="")


class Post(Collection, tablename="posts"):
    title = Varchar()
    num = Integer()
    price = Numeric(digits=(8, 2))
    ratio = DoublePrecision(null=True, default=None)
    day = Date()
    at = Timestamptz(null=True, default=None)
    tags = MultiSelect(["a", "b", "c"])
    words = Array(base_column=Varchar())
    js = JSONB(null=True, default=None)
    author = ForeignKey(Author)
    secret = Varchar(secret=True)
    rules = Rules(
        list="same(title, 'hidden') = false",
        view="initials(title) != 'h'",
        create="initials(@request.body.title) = 'ot' || half(num) > 1",
        update="hours(@now, '2000-01-01') < 0 && same(@request.query.key, 'open') = true",
    )


app = App([Author, Post], plugins=[plugin], functions=FUNCTIONS)


@pytest.fixture
async def api(database_url: str | None, tmp_path: Path) -> AsyncIterator[TestApp]:
    async with TestApp(app, database_url=database_url, data_dir=tmp_path) as guest:
        ann, bob = await guest.make("authors", name="Ann Lee"), await guest.make("authors", name="Bob")
        await guest.make(
            "posts", title="one two", num=3, price=1.5, ratio=0.5, day="2026-11-01", at="2026-11-01 12:00:00.000Z",
            tags=["a", "b"], words=["x"], js={"n": 8, "l": [1, 2, 3]}, author=ann["id"], secret="s",
        )  # fmt: skip
        await guest.make(
            "posts", title="three", num=10, price=20, ratio=None, day="2026-11-02", at=None, tags=[], words=[],
            js=[1, 2], author=bob["id"], secret="t",
        )  # fmt: skip
        await guest.make("posts", title="hidden", num=0, price=0, day="2026-11-03", js=None)
        yield guest


async def found(api: TestApp, filter: str, sort: str = "num") -> list[Any]:
    answer = await api.get("/api/collections/posts/records", query={"filter": filter, "sort": sort})
    assert answer.status_code == 200, answer.text
    return [one["title"] for one in answer.json()["items"]]


ONE, THREE = "one two", "three"


ANSWERS = [
    ("half(num) = 5", [THREE]),
    ("half(num) < 2", [ONE]),
    ("half(price) = 0.75", [ONE]),
    ("half(ratio) = 0.25", [ONE]),
    ("half(ratio) = null", [THREE]),
    ("half(half(num)) = 2.5", [THREE]),
    ("half(js.n) = 4", [ONE]),
    ("half(3) = 1.5", [ONE, THREE]),
    ("half(tags:length) = 1", [ONE]),
    ("beginning(title, 2) = 'th'", [THREE]),
    ("beginning(title:lower, 3) ~ 'ON'", [ONE]),
    ("beginning(num, 1) = '1'", [THREE]),
    ("beginning(author.name, 3) = 'Ann'", [ONE]),
    ("beginning('\\'; DROP TABLE posts; --', 1) = '\\''", [ONE, THREE]),
    ("initials(title) = 'ot'", [ONE]),
    ("initials(author.name) = 'AL'", [ONE]),
    ("initials(title) > 'p'", [THREE]),
    ("same(title, 'three') = true", [THREE]),
    ("same(title, author.name) = true", []),
    ("hours(day, at) = 12", [ONE]),
    ("hours(at, '2026-11-01 13:00:00.000Z') = 1", [ONE]),
    ("hours(at, null) = null", [ONE, THREE]),
    ("hours(day, '2026-11-03') = 24", [THREE]),
    ("entries(tags) = 2", [ONE]),
    ("entries(words) = 0", [THREE]),
    ("entries(js) = 2", [THREE]),
    ("stored(title) != ''", [ONE, THREE]),
    ("braces() = '{}'", [ONE, THREE]),
]


async def test_they_answer_alike_on_both_databases(api: TestApp) -> None:
    assert [(filter, await found(api, filter)) for filter, _ in ANSWERS] == ANSWERS


async def test_of_related_records_they_are_asked_of_all_or_of_some(api: TestApp) -> None:
    for filter, names in (
        ("half(posts_via_author.num) ?= 5", ["Bob"]),
        ("half(posts_via_author.num) > 1", ["Ann Lee", "Bob"]),
        ("half(posts_via_author.num) > 2", ["Bob"]),
        ("same(posts_via_author.title, 'hidden') ?= true", []),  # no client gets at them by a filter
    ):
        answer = await api.get("/api/collections/authors/records", query={"filter": filter, "sort": "name"})
        assert [one["name"] for one in answer.json()["items"]] == names, filter


async def test_they_serve_in_rules_of_every_verb(api: TestApp) -> None:
    hidden = (await api.rows("posts"))[2]["id"]
    assert (await api.get(api.records("posts", hidden))).status_code == 404
    assert (await api.post(api.records("posts"), {"title": "no", "num": 1})).status_code == 400
    assert (await api.post(api.records("posts"), {"title": "of two", "num": 1})).status_code == 200
    assert (await api.post(api.records("posts"), {"title": "no", "num": 3})).status_code == 200
    one = api.records("posts", (await api.rows("posts"))[0]["id"])
    assert (await api.patch(one, {"num": 5})).status_code == 404
    assert (await api.patch(one + "?key=open", {"num": 5})).status_code == 200


REFUSALS = [
    ("halve(num) = 1", 'There is no function halve. Did you mean "half"?'),
    ("half(num, 2) = 1", "half is called as half(number)."),
    ("half(title) = 1", "half(number) takes a number as number."),
    ("half('2') = 1", "half(number) takes a number as number."),
    ("hours(title, @now) = 1", "hours(since, until) takes a date or time as since."),
    ("hours('soon', @now) = 1", "hours(since, until) takes a date or time as since."),
    ("entries(title) = 1", "entries(list) takes a list as list."),
    ("stored('a') = 1", "stored(field) takes a field as field."),
    ("initials(secret) = 's'", 'posts has no field "secret"'),
]


async def test_what_they_do_not_take_is_said(api: TestApp) -> None:
    for filter, message in REFUSALS:
        answer = await api.get("/api/collections/posts/records", query={"filter": filter})
        assert (answer.status_code, message in answer.json()["message"]) == (400, True), answer.text


async def test_what_python_refuses_is_a_bad_request(api: TestApp) -> None:
    filter = "initials('a text of more than 20 characters') = 'a'"
    answer = await api.get("/api/collections/posts/records", query={"filter": filter})
    if api.services.config.embedded:  # PostgreSQL has SQL for it, which takes any
        assert answer.json()["message"] == "initials takes a text of at most 20 characters."
    assert answer.status_code == (400 if api.services.config.embedded else 200)


@pytest.mark.parametrize(
    ("functions", "problem"),
    [
        ([RuleFunction("strftime", {}, "text", "1", "1")], "function.E002 strftime: strftime is a function of the"),
        ([FUNCTIONS[0], FUNCTIONS[0]], 'plugin.E006 App: it brings the rule function "half" twice'),
        ([RuleFunction("a-b", {}, "text", "1", "1")], "function.E001 a-b: a function's name has letters"),
        ([RuleFunction("f", {"x": "money"}, "text", "1", "1")], "function.E003 f: an argument is one of text, "),  # type: ignore[dict-item]
        ([RuleFunction("f", {}, "instant", "1", "1")], "function.E003 f: it gives one of text, number"),  # type: ignore[arg-type]
        ([RuleFunction("f", {}, "text")], "function.E004 f: give its SQL"),
        ([RuleFunction("f", {}, "text", "{x}", "1")], "function.E004 f: its SQL for sqlite names {x}"),
        ([RuleFunction("f", {}, "text", "1", "{")], "function.E004 f: its SQL for postgres cannot be read"),
        ([RuleFunction("f", {}, "text", postgres="1")], "function.E005 f: this app runs on SQLite, for which f has no"),
    ],
)
async def test_a_mistake_in_one_is_told_at_the_start(functions: list[RuleFunction], problem: str) -> None:
    with pytest.raises(StartError) as caught:
        async with TestApp(App(functions=functions)):
            pass
    assert problem in caught.value.message


async def test_a_rule_that_misuses_one_is_told_at_the_start() -> None:
    class Wrong(Collection, tablename="wrong"):
        name = Varchar()
        rules = Rules(list="half(name) = 1", view="halve(1) = 1")

    with pytest.raises(StartError) as caught:
        App([Wrong], functions=FUNCTIONS).check()
    assert "half(number) takes a number as number." in caught.value.message
    assert 'There is no function halve. Did you mean "half"?' in caught.value.message
