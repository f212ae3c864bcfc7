"""31: a form is opened and saved, and what it cannot hold is something else now: "null", a large number, a secret."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from piccolo.columns import JSONB, BigInt, Secret, Timestamptz, Varchar
from tests.dashboard.rooms import Room, opened

from piccobase import AuthCollection


class User(AuthCollection, tablename="users"):
    name = Varchar()
    nickname = Varchar(null=True, default=None)
    points = BigInt()
    facts = JSONB()
    seen = Timestamptz(null=True, default=None)
    code = Secret()


FILLED = {
    "name": "null",
    "nickname": "NULL",
    "points": 9007199254740993,
    "facts": {"id": 9007199254740993, "none": "null"},
    "seen": "2026-11-23 10:00:00.120Z",
}


@pytest.fixture
async def room(database_url: str | None, tmp_path: Path) -> AsyncIterator[Room]:
    async with opened([User], database_url, tmp_path) as room:
        yield room


async def test_a_saved_form_keeps_what_a_browser_cannot_hold(room: Room) -> None:
    account = {"email": "ada@example.com", "password": "12345678", "passwordConfirm": "12345678"}
    user = await room.root.create("users", code="kept", **account, **FILLED)
    properties = (await room.schema("users"))["properties"]
    row = await room.form("users", user["id"])
    # As the browser reads numbers: as doubles, if they come as numbers.
    row = json.loads(json.dumps(row), parse_int=float)
    saved = await room.save("users", user["id"], room.submitted(properties, row))
    assert saved.status_code == 200, saved.text
    viewed = await room.root.ask("GET", room.root.records("users", user["id"]))
    assert viewed.json() == user
    renamed = await room.save("users", user["id"], room.submitted(properties, row, {"email": "grace@example.com"}))
    assert renamed.status_code == 200, renamed.text
    viewed = await room.root.ask("GET", room.root.records("users", user["id"]))
    assert viewed.json() == {**user, "email": "grace@example.com", "updated": viewed.json()["updated"]}
    assert await room.root.services.engine.rows('SELECT "code" FROM "users"') == [("kept",)]
    await room.guest.signed_in("users", "grace@example.com", "12345678")


async def test_the_word_null_can_be_typed_and_a_nullable_text_can_be_emptied(room: Room) -> None:
    user = {"email": "ada@example.com", "password": "12345678", "nickname": "countess"}
    properties = (await room.schema("users"))["properties"]
    blank = await room.get("/api/tables/users/new/")
    added = await room.add("users", room.submitted(properties, blank, {**user, "name": "null", "code": "null"}))
    record_id = added.json()[0]["id"]
    row = await room.form("users", record_id)
    assert (row["name"], row["nickname"]) == ("null", "countess")
    await room.save("users", record_id, room.submitted(properties, row, {"nickname": ""}))
    viewed = await room.root.ask("GET", room.root.records("users", record_id))
    assert (viewed.json()["name"], viewed.json()["nickname"]) == ("null", None)
    assert await room.root.services.engine.rows('SELECT "code" FROM "users"') == [("null",)]
