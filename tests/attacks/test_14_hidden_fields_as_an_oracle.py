"""Case 14: what a caller cannot read cannot be found out by filter, sort, path, modifier or excerpt either."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from piccolo.columns import ForeignKey, Integer, Varchar
from tests.asking import serving

from piccobase import AuthCollection, Collection, FieldRules, Rules, role
from piccobase.schema.rules import Role
from piccobase.testing import Caller, TestApp


class Owner(AuthCollection, tablename="owners"):
    pin = Varchar(secret=True)
    rules = Rules(list="", view="", create="")


class Diary(Collection, tablename="diaries"):
    """Cannot be listed by anyone."""

    text = Varchar()


class Note(Collection, tablename="notes"):
    title = Varchar()
    secret = Varchar(secret=True)
    rank = Integer()
    owner = ForeignKey(Owner)
    diary = ForeignKey(Diary)
    rules = Rules(list="", view="", fields={"rank": FieldRules(read=role("editor"))})


@pytest.fixture
async def api(database_url: str | None, tmp_path: Path) -> AsyncIterator[TestApp]:
    async with serving([Owner, Diary, Note], [Role("editor")], database_url, tmp_path) as guest:
        yield guest


QUERIES = [
    {"filter": "secret = 'x'"},
    {"filter": "secret ~ 'x%'"},
    {"filter": "secret > 'a'"},
    {"filter": "'x' = secret"},
    {"filter": "title = secret"},
    {"filter": "secret:lower = 'x'"},
    {"filter": "secret:length = 1"},
    {"filter": "title = 'x' || secret != ''"},
    {"filter": "rank > 0"},
    {"filter": "owner.pin = '1'"},
    {"filter": "owner.password ~ '%'"},
    {"filter": "owner.tokenKey ~ 'a%'"},
    {"filter": "diary.text ~ 'x'"},
    {"sort": "secret"},
    {"sort": "-rank"},
    {"sort": "owner.pin"},
    {"sort": "owner.tokenKey"},
    {"sort": "diary.text"},
]


@pytest.mark.parametrize("query", QUERIES, ids=[str(query) for query in QUERIES])
async def test_a_question_about_what_cannot_be_read_is_refused_and_names_nothing(
    api: TestApp, query: dict[str, str]
) -> None:
    root = await api.superuser()
    await root.create("notes", title="x", secret="x", rank=5)
    answer = await api.ask("GET", api.records("notes"), query=query)
    assert (answer.status_code, answer.json()["data"]) == (400, {})
    assert (await root.ask("GET", root.records("notes"), query=query)).status_code == 200


async def test_a_near_miss_is_not_helped_to_a_hidden_name(api: Caller) -> None:
    for wrong in ("secre = 1", "ranc = 1", "owner.pins = 1", "owner.tokenKe = 1"):
        message = (await api.ask("GET", api.records("notes"), query={"filter": wrong})).json()["message"]
        assert "Did you mean" not in message


async def test_no_excerpt_and_no_pick_brings_a_hidden_field(api: TestApp) -> None:
    root = await api.superuser()
    made = await root.create("notes", title="x", secret="TOP", rank=5)
    for fields in ("*", "secret", "rank,secret", "*:excerpt(9)", "secret:excerpt(9)"):
        for path in (api.records("notes"), api.records("notes", made["id"])):
            assert "TOP" not in (await api.ask("GET", path, query={"fields": fields})).text
