"""14: what is hidden is asked for by a filter, a sort, a list of columns or a search. In the dashboard too."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from piccolo.columns import Secret, Text, Varchar
from piccolo.columns.readable import Readable
from tests.dashboard.rooms import Room, opened

from piccobase import AuthCollection


class User(AuthCollection, tablename="users"):
    name = Varchar()
    recovery = Text(secret=True)
    code = Secret()

    @classmethod
    def get_readable(cls) -> Readable:
        return Readable(template="%s %s", columns=[cls.name, cls.recovery])


SECRETS = ("password", "tokenKey", "recovery", "code")
HIDDEN = ("$argon2id$", "a recovery phrase", "door 4711")


@pytest.fixture
async def room(database_url: str | None, tmp_path: Path) -> AsyncIterator[Room]:
    async with opened([User], database_url, tmp_path) as room:
        await room.root.create(
            "users",
            email="ada@example.com",
            password="12345678",
            passwordConfirm="12345678",
            recovery="a recovery phrase",
            code="door 4711",
            name="Ada",
        )
        yield room


async def test_no_answer_of_the_room_holds_a_secret(room: Room) -> None:
    (token_key,) = (await room.root.services.engine.rows('SELECT "tokenKey" FROM "users"'))[0]
    (user,) = await room.list("users")
    answers = [
        await room.ask(method, path, sent)
        for method, path, sent in (
            ("GET", "/api/tables/users/", None),
            ("GET", "/api/tables/users/?__readable=true&__page_size=1000", None),
            ("GET", f"/api/tables/users/{user['id']}/?__readable=true", None),
            ("GET", "/api/tables/users/ids/", None),
            ("GET", "/api/tables/users/new/", None),
            ("GET", "/api/tables/users/schema/", None),
            ("GET", "/api/tables/_superusers/", None),
            ("PATCH", f"/api/tables/users/{user['id']}/", {"name": "Grace"}),
            ("PATCH", f"/api/tables/users/{user['id']}/", {"password": "12"}),
            ("POST", "/api/tables/users/", {"email": "eve@example.com", "password": "87654321"}),
        )
    ]
    assert [answer.status_code for answer in answers] == [200] * 8 + [422, 201]
    for answer in answers:
        assert not [hidden for hidden in (*HIDDEN, token_key) if hidden in answer.text], answer.text


@pytest.mark.parametrize("name", SECRETS)
async def test_no_list_can_be_asked_by_a_secret(room: Room, name: str) -> None:
    queries = (
        {name: "a"},
        {name: "a%", f"{name}__match": "starts"},
        {f"{name}__operator": "is_null"},
        {f"{name}[]": "a"},
        {"__order": name},
        {"__order": f"-{name}"},
        {"__visible_fields": name},
        {"__visible_fields": f"users.{name}"},
        {"__order": f"id,{name}:lower"},
    )
    for query in queries:
        answer = await room.ask("GET", "/api/tables/users/", query=query)
        assert answer.status_code == 400, query
    for query in queries[:4]:
        assert (await room.ask("GET", "/api/tables/users/count/", query=query)).status_code == 400, query
    assert await room.get("/api/tables/users/ids/", {"search": "a recovery"}) == {}
