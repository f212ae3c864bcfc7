"""Cases 14 and 15, beyond one record: no path to others tells of what may not be listed or read, by no operator, by no
order, by no total, nor by what a list rule makes of the same path."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from piccolo.columns import Boolean, ForeignKey, Integer, Varchar
from tests.asking import serving

from piccobase import AuthCollection, Collection, FieldRules, Role, Rules, role
from piccobase.columns import Relations
from piccobase.testing import Caller, TestApp

PUBLIC = "open = true"


class Member(AuthCollection, tablename="members"):
    name = Varchar()
    pin = Varchar(secret=True)
    rank = Integer(default=0)
    rules = Rules(list="", view="", create="", fields={"rank": FieldRules(read=role("editor"))})


class Diary(Collection, tablename="diaries"):
    """Nobody may list it."""

    text = Varchar()


class Tag(Collection, tablename="tags"):
    name = Varchar()
    open = Boolean(default=True)
    rules = Rules(list=PUBLIC)


class Post(Collection, tablename="posts"):
    title = Varchar()
    author = ForeignKey(Member)
    readers = Relations(Member)
    tags = Relations(Tag)
    diaries = Relations(Diary)
    rules = Rules(list="", view="")


class Comment(Collection, tablename="comments"):
    text = Varchar()
    number = Integer(default=0)
    post = ForeignKey(Post)
    also = Relations(Post)
    open = Boolean(default=True)
    rules = Rules(list=PUBLIC)


class Note(Collection, tablename="notes"):
    """Its relation to posts is hidden."""

    text = Varchar()
    post = ForeignKey(Post, secret=True)
    rules = Rules(list="")


class Draft(Collection, tablename="drafts"):
    """Guests may list those that no comment objects to; they do not see all comments."""

    title = Varchar()
    rules = Rules(list="objections_via_draft.id = ''")


class Objection(Collection, tablename="objections"):
    draft = ForeignKey(Draft)
    open = Boolean(default=True)
    rules = Rules(list=PUBLIC)


TABLES = [Member, Diary, Tag, Post, Comment, Note, Draft, Objection]


@pytest.fixture
async def api(database_url: str | None, tmp_path: Path) -> AsyncIterator[TestApp]:
    async with serving(TABLES, [Role("editor")], database_url, tmp_path) as guest:
        yield guest


async def titles(api: Caller, collection: str = "posts", **query: str) -> list[str]:
    answer = await api.ask("GET", api.records(collection), query=query)
    assert answer.status_code == 200, (query, answer.text)
    page = answer.json()
    assert page["totalItems"] == len(page["items"])
    return [record["title"] for record in page["items"]]


# Three pairs of posts. Of a pair, one has a related record more, which guests may not list.
SECRETS = ["tags.name", "comments_via_post.text", "comments_via_also.text", "comments_via_post.number"]


async def fill(api: TestApp, secret: str, number: int) -> None:
    root = await api.superuser()
    shown = await root.create("tags", name="shown")
    hidden = await root.create("tags", name=secret, open=False)
    for title, tags in (("plain", [shown]), ("secret", [shown, hidden])):
        post = await root.create("posts", title=title, tags=[tag["id"] for tag in tags])
        await root.create("comments", text="shown", number=5, post=post["id"], also=[post["id"]])
        if title == "secret":
            await root.create("comments", text=secret, number=number, post=post["id"], also=[post["id"]], open=False)
    await root.create("posts", title="alone")
    lonely = await root.create("posts", title="lonely")
    await root.create("comments", text=secret, number=number, post=lonely["id"], also=[lonely["id"]], open=False)


OPERATORS = ("=", "!=", ">", ">=", "<", "<=", "~", "!~")


@pytest.mark.parametrize(("secret", "number"), [("aaa", 1), ("zzz", 9)])
async def test_records_that_differ_in_what_is_hidden_are_found_together_or_not_at_all(
    api: Caller, secret: str, number: int
) -> None:
    await fill(api, secret, number)
    told = []
    for path in SECRETS:
        values = ["'shown'", "'zzz'", "''", "null", "5", path]
        for operator in OPERATORS:
            for some in ("", "?"):
                for value in values:
                    for text in (f"{path} {some}{operator} {value}", f"{value} {some}{operator} {path}:lower"):
                        found = await titles(api, filter=text, sort="title")
                        pairs = [("plain", "secret")] + [("alone", "lonely")] * ("via" in path)
                        told += [text for one, other in pairs if (one in found) != (other in found)]
    assert told == []


async def test_no_order_tells_of_what_is_hidden(api: Caller) -> None:
    for secret, number in (("aaa", 1), ("zzz", 9)):
        await fill(api, secret, number)
    for path in SECRETS:
        for sort in (f"{path},@rowid", f"-{path},@rowid", f"{path}:lower,@rowid"):
            found = await titles(api, sort=sort)
            without = [title for title in found if title in ("plain", "secret")]
            assert without == ["plain", "secret", "plain", "secret"], sort


async def test_a_private_address_is_found_by_nothing_and_sorts_as_none(api: TestApp) -> None:
    root = await api.superuser()
    people = {}
    for name, shown in (("ann", True), ("zoe", False)):
        account = {"email": f"{name}@x.io", "password": "12345678", "passwordConfirm": "12345678"}
        people[name] = (await root.create("members", name=name, emailVisibility=shown, **account))["id"]
    await root.create("posts", title="ann", author=people["ann"], readers=[people["ann"]])
    await root.create("posts", title="zoe", author=people["zoe"], readers=[people["zoe"]])
    await root.create("posts", title="both", readers=[people["zoe"], people["ann"]])
    for path in ("author.email", "readers.email"):
        for operator in OPERATORS:
            for some in ("", "?"):
                for value in ("'zoe@x.io'", "'zoe'", "'%'", "''", "'m'", "title"):
                    found = await titles(api, filter=f"{path} {some}{operator} {value}")
                    assert "zoe" not in found, (path, operator, value)
    assert await titles(api, filter="readers.email = 'ann@x.io'", sort="title") == ["ann", "both"]
    assert await titles(api, sort="-readers.email,@rowid") == ["ann", "zoe", "both"]
    answer = await api.ask("GET", api.records("members"), query={"sort": "-email"})
    assert [record["name"] for record in answer.json()["items"]] == ["ann", "zoe"]


REFUSED = [
    "diaries.text ?= 'x'",
    "diaries.id ?= 'x'",
    "diaries.nope ?= 'x'",
    "comments_via_post.post.diaries.text ?= 'x'",
    "notes_via_post.text ?= 'x'",
    "notes_via_nope.text ?= 'x'",
    "readers.pin ?= '1'",
    "readers.pin:length ?= 1",
    "readers.password ?~ '%'",
    "readers.tokenKey ?~ 'a%'",
    "author.rank > 0",
    "readers.rank ?> 0",
    "geoDistance(readers.rank, 1, 2, 3) > 1",
    "strftime('%Y', readers.rank) = ''",
    "strftime('%Y', readers.pin) = ''",
    "title = '' || (title != '' && readers.pin ?= '1')",
    "title ?= readers.pin",
]


@pytest.mark.parametrize("text", REFUSED)
async def test_a_path_into_the_forbidden_is_refused_and_named_by_nothing(api: Caller, text: str) -> None:
    path = text.split(" ")[0]
    for query in ({"filter": text}, *([] if "(" in path or path == "title" else [{"sort": path}])):
        answer = await api.ask("GET", api.records("posts"), query=query)
        assert (answer.status_code, answer.json()["data"]) == (400, {}), answer.text
        assert "Did you mean" not in answer.json()["message"]


async def test_a_near_miss_gives_no_name_away(api: Caller) -> None:
    for wrong in ("readers.pinn = 1", "readers.ranc = 1", "notes_via_pots.text = ''", "diarys_via_post.x = 1"):
        answer = await api.ask("GET", api.records("posts"), query={"filter": wrong})
        assert answer.status_code == 400
        assert "Did you mean" not in answer.json()["message"]


async def test_a_filter_does_not_make_the_rule_blind(api: TestApp) -> None:
    """The list rule asks for objections that the guest does not see. A filter by the same path must not change that."""
    root = await api.superuser()
    await root.create("drafts", title="fine")
    refused = await root.create("drafts", title="objected")
    await root.create("objections", draft=refused["id"], open=False)
    for query in ({}, {"filter": "objections_via_draft.id = ''"}, {"sort": "objections_via_draft.id"}):
        assert await titles(api, "drafts", **query) == ["fine"]


BOMBS: list[dict[str, Any]] = [
    {"filter": "||".join(["readers.name?='x'"] * 180)},
    {"filter": "&&".join(["readers.name='x'"] * 180)},
    {"filter": "&&".join(f"comments_via_post.post.tags.name?='{number}'" for number in range(60))},
    {"filter": "comments_via_post.post." * 40 + "title = 'x'"},
    {"filter": "comments_via_post.post.comments_via_post.post.comments_via_post.post.title = 'x'"},
    {"filter": "_via_" * 600 + ".x = 1"},
    {"filter": "comments_via_post" + "_via_post" * 300 + ".x = 1"},
    {"filter": "strftime('" + "%Y" * 1600 + "', @now) != ''"},
    {"sort": ",".join(["comments_via_post.post.comments_via_post.post.comments_via_post.text"] * 8)},
]


@pytest.mark.parametrize("query", BOMBS, ids=range(len(BOMBS)))
async def test_a_bomb_of_relations_is_answered_and_so_is_the_next_request(api: Caller, query: dict[str, str]) -> None:
    await fill(api, "aaa", 1)
    answer = await api.ask("GET", api.records("posts"), query=query)
    assert answer.status_code in (200, 400), answer.text
    assert "sqlite" not in answer.text.lower()
    assert (await api.ask("GET", "/api/health")).status_code == 200
