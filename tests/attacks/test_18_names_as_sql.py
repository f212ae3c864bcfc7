"""Case 18: a name is looked up and never written into SQL: of fields, parameters, collections, records, paths, keys."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from piccolo.columns import JSONB, Integer, Varchar
from piccolo.table import Table
from tests.asking import serving

from piccobase import App, Collection, Role, Rules
from piccobase.base.errors import InvalidDeclaration
from piccobase.columns import MultiSelect
from piccobase.testing import Caller, TestApp


class Note(Collection, tablename="notes"):
    title = Varchar()
    num = Integer()
    tags = MultiSelect(["a", "b"])
    js = JSONB()
    rules = Rules(list="title = 'public'", view="title = 'public'", create="", update="title = 'public'")


PAYLOADS = [
    'title"; DROP TABLE notes; --',
    "title\" = '' OR \"title",
    "title' OR '1'='1",
    "title) OR (1=1",
    "title] OR [1=1",
    "title` OR `1=1",
    "r.title",
    '"r"."title"',
    "notes.title",
    "sqlite_schema.name",
    "pg_catalog.pg_user.usename",
    "rowid",
    "_rowid_",
    "ctid",
    "xmin",
    "title::text",
    "title COLLATE NOCASE",
    "(SELECT 1)",
    "pg_sleep(9)",
    "randomblob(999999999)",
    "title--",
    "title/**/",
    "title;",
    "title\x00",
    "js.a' || 'b",
    "js.$.a",
    'js.a"b',
    "js.{a,b}",
    "js.a->>b",
    "js.*",
    "js.#",
    "js[0]",
    "@request.query.x') OR ('1'='1",
    "1",
    "$1",
    "?1",
    ":title",
    "%(title)s",
    "{0}",
    "title LIMIT 1 OFFSET 0; --",
    "CASE WHEN 1=1 THEN title ELSE num END",
]


@pytest.fixture
async def api(database_url: str | None, tmp_path: Path) -> AsyncIterator[TestApp]:
    async with serving([Note], [], database_url, tmp_path) as guest:
        root = await guest.superuser()
        for title in ("public", "private"):
            await root.create("notes", title=title, js={"a": {"b": title}})
        yield guest


async def assert_unharmed(api: Caller) -> None:
    rows = await api.services.engine.rows('SELECT title FROM "notes" ORDER BY title')
    assert [row[0] for row in rows] == ["private", "public"]


async def test_a_name_in_a_parameter_finds_no_more_than_the_rule_lets_through(api: Caller) -> None:
    answered = {}
    for payload in PAYLOADS:
        for query in (
            {"sort": payload},
            {"sort": f"-{payload}:lower"},
            {"filter": f"{payload} = 'private'"},
            {"filter": f"'private' ~ {payload}"},
            {"filter": f"title = '' || {payload} != ''"},
            {"fields": payload},
            {payload: "x"},
            {"page": payload},
        ):
            answer = await api.ask("GET", api.records("notes"), query=query)
            if answer.status_code not in (200, 400, 403) or "private" in json.dumps(answer.json().get("items", "")):
                answered[str(query)] = answer.text
    assert answered == {}
    await assert_unharmed(api)


async def test_a_name_in_a_body_or_path_changes_nothing(api: Caller) -> None:
    [public] = (await api.ask("GET", api.records("notes"))).json()["items"]
    path = api.records("notes", public["id"])
    for payload in PAYLOADS:
        for key in (payload, f"{payload}+", f"+{payload}", f"{payload}-", f"{payload}:autogenerate"):
            changed = await api.ask("PATCH", path, {key: "private"})
            assert (changed.status_code, changed.json()["title"]) == (200, "public"), key
        in_path = "".join(f"%{byte:02x}" for byte in payload.encode())
        for wrong in (f"/api/collections/{in_path}/records", api.records("notes", in_path)):
            for method in ("GET", "PATCH", "DELETE"):
                status = (await api.ask(method, wrong)).status_code
                assert status in ((404,) if method == "GET" else (403, 404)), (method, wrong)
    await assert_unharmed(api)


QUOTED = ['a"b', "a'b", "a b", "a]b", "a;b", "a\0b", "a-b", "ä", "1a", "a`b", ""]


@pytest.mark.parametrize("name", QUOTED, ids=repr)
def test_a_name_that_needs_quoting_is_refused_at_start(name: str) -> None:
    class Odd(Table, tablename=name or " "):
        field = Varchar(db_column_name=name or " ")

    with pytest.raises(InvalidDeclaration) as found:
        App(collections=[Odd], roles=[Role(name)]).check()
    assert [problem.id for problem in found.value.problems] == ["collection.E002", "field.E006", "role.E002"]
