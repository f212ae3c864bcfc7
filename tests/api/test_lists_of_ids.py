"""`:each` on lists of values and of ids, and `owner("f")` of a relation to many (protocol.md §3.7)."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from piccolo.columns import Varchar
from tests.asking import serving

from piccobase import AuthCollection, Collection, Rules, owner
from piccobase.columns import MultiSelect, Relations
from piccobase.testing import Caller, TestApp


class Member(AuthCollection, tablename="members"):
    rules = Rules(create="")


class Board(Collection, tablename="boards"):
    name = Varchar()
    tags = MultiSelect(["a", "b", "c"])
    people = Relations(Member)
    rules = Rules(list="", view=owner("people"), create=owner("people"), update=owner("people"))


@pytest.fixture
async def api(database_url: str | None, tmp_path: Path) -> AsyncIterator[TestApp]:
    async with serving([Member, Board], [], database_url, tmp_path) as guest:
        yield guest


async def joined(api: TestApp, name: str) -> tuple[Caller, str]:
    address = f"{name}@example.com"
    created = await api.create("members", email=address, password="12345678", passwordConfirm="12345678")
    return await api.signed_in("members", address, "12345678"), created["id"]


async def test_whoever_is_among_many_owns_the_record_and_nobody_else(api: Caller) -> None:
    ada, ada_id = await joined(api, "ada")
    bob, bob_id = await joined(api, "bob")
    eve, _ = await joined(api, "eve")
    board = await ada.create("boards", name="both", people=[ada_id, bob_id])
    path = api.records("boards", board["id"])
    statuses = [(await who.ask("GET", path)).status_code for who in (ada, bob, eve, api)]
    assert statuses == [200, 200, 404, 404]
    assert (await bob.ask("PATCH", path, {"people-": bob_id})).json()["people"] == [ada_id]
    assert (await bob.ask("GET", path)).status_code == 404
    assert (await eve.ask("POST", api.records("boards"), {"people": [ada_id]})).status_code == 400
    assert (await api.ask("POST", api.records("boards"), {"people": []})).status_code == 400


CASES = [
    ("tags:each = 'b'", ["02"]),
    ("tags:each ?= 'b'", ["01", "02", "04"]),
    ("tags:each != 'b'", ["03", "05"]),
    ("tags:each ?!= 'b'", ["01", "03", "04", "05"]),
    ("tags:each ?~ 'C'", ["04"]),
    ("tags:each !~ 'c'", ["01", "02"]),
    ("tags:each = ''", ["03", "05"]),
    ("'b' ?= tags:each && name != '02'", ["01", "04"]),
]


@pytest.mark.parametrize(("text", "names"), CASES, ids=[text for text, _ in CASES])
async def test_each_element_is_compared(api: TestApp, text: str, names: list[str]) -> None:
    root = await api.superuser()
    for name, tags in {"01": ["a", "b"], "02": ["b"], "03": [], "04": ["a", "b", "c"], "05": []}.items():
        await root.create("boards", name=name, tags=tags)
    answer = await api.ask("GET", api.records("boards"), query={"filter": text, "sort": "name"})
    assert [board["name"] for board in answer.json()["items"]] == names


async def test_two_comparisons_of_one_list_speak_of_the_same_element(api: TestApp) -> None:
    root = await api.superuser()
    await root.create("boards", name="both", tags=["a", "b"])
    for text, found in {"tags:each ?= 'a' && tags:each ?= 'b'": 0, "tags:each ?= 'a' && tags ~ 'b'": 1}.items():
        answer = await api.ask("GET", api.records("boards"), query={"filter": text})
        assert (answer.status_code, answer.json()["totalItems"]) == (200, found)
