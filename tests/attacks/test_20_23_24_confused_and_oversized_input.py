"""Cases 20, 23 and 24: values of another type where a text is meant, bombs, and the database's own words."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from piccolo.columns import Integer, Varchar
from tests.asking import serving

from piccobase import AuthCollection, Collection, Rules
from piccobase.testing import Caller, TestApp


class User(AuthCollection, tablename="users"):
    rules = Rules(create="")


class Note(Collection, tablename="notes"):
    title = Varchar(length=20)
    num = Integer()
    rules = Rules(list="", view="", create="", update="")


@pytest.fixture
async def api(database_url: str | None, tmp_path: Path) -> AsyncIterator[TestApp]:
    async with serving([User, Note], [], database_url, tmp_path) as guest:
        yield guest


WRONG: list[Any] = [{"$ne": None}, {}, [], ["x"], True, 5, 1.5, None]


@pytest.mark.parametrize("value", WRONG, ids=repr)
@pytest.mark.parametrize("key", ["identity", "password", "identityField"])
async def test_no_value_but_a_text_signs_anybody_in(api: Caller, key: str, value: Any) -> None:
    await api.create("users", email="a@b.co", password="12345678", passwordConfirm="12345678")
    body = {"identity": "a@b.co", "password": "12345678", key: value}
    answer = await api.ask("POST", "/api/collections/users/auth-with-password", body)
    # An absent identityField is no field at all, and null is the same as absent.
    assert answer.status_code == (200 if (key, value) == ("identityField", None) else 400), answer.text


@pytest.mark.parametrize("value", [{"$gt": 0}, ["x"], 5, True], ids=repr)
async def test_a_strict_field_takes_no_value_of_another_type(api: Caller, value: Any) -> None:
    answer = await api.ask("POST", api.records("notes"), {"title": value})
    assert answer.json()["data"]["title"]["code"] == "validation_invalid_value"


BOMBS = [
    "(" * 3000,
    "(" * 1500 + "num=1" + ")" * 1500,
    "||".join(["num=1"] * 201),
    "title ~ '" + "%a" * 1700 + "'",
    "title=" + "'" * 3001,
    "//" * 1700,
    "num=" + "9" * 3400,
    "a." * 1700 + "b=1",
]


@pytest.mark.parametrize("bomb", BOMBS, ids=[bomb[:20] for bomb in BOMBS])
async def test_a_bomb_is_answered_and_so_is_the_next_request(api: Caller, bomb: str) -> None:
    answer = await api.ask("GET", api.records("notes"), query={"filter": bomb})
    assert answer.status_code in (200, 400)
    assert (await api.ask("GET", "/api/health")).status_code == 200


HOSTILE = [
    "x'; DROP TABLE notes; --",
    'x"; DROP TABLE notes; --',
    "\\",
    "%",
    "_",
    "$1",
    "?",
    "{}",
    "\u0000",
    "{0.__class__}",
]


@pytest.mark.parametrize("text", HOSTILE, ids=repr)
async def test_hostile_texts_are_values_wherever_they_stand_and_the_database_says_nothing(
    api: Caller, text: str
) -> None:
    made = await api.ask("POST", api.records("notes"), {"title": text[:20]})
    assert made.status_code in (200, 400)
    for query in ({"filter": f"title = '{text}'"}, {"sort": text}, {"fields": text}, {text: text}, {"page": text}):
        answer = await api.ask("GET", api.records("notes"), query=query)
        assert answer.status_code in (200, 400), answer.text
        assert not any(word in answer.text for word in ("SELECT", "sqlite", "syntax error", "asyncpg", "Traceback"))
    path = f"/api/collections/{text.replace('/', '')}/records".replace("\u0000", "%00").replace("?", "%3F")
    assert (await api.ask("GET", path.replace("%;", "%25;"))).status_code in (200, 404)
    assert (await api.ask("GET", api.records("notes"))).status_code == 200
