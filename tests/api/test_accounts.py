"""Accounts over the API: whose address is shown, ids across collections, roles from grant to loss (§2.2, §2.8)."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from piccolo.columns import Varchar
from tests.asking import serving

from piccobase import AuthCollection, Collection, FieldRules, Role, Rules, owner, role, signed_in
from piccobase.testing import Caller, TestApp


class User(AuthCollection, tablename="users"):
    name = Varchar()
    note = Varchar()
    inner = Varchar()
    rules = Rules(
        list="",
        view="",
        create="",
        update=owner | role("keeper"),
        delete=owner,
        manage=role("keeper"),
        fields={"note": FieldRules(read=signed_in, write=role("keeper")), "inner": FieldRules(read=None, write=None)},
    )


class Member(AuthCollection, tablename="members"):
    rules = Rules(view="", create="", update=owner)


class Page(Collection, tablename="pages"):
    title = Varchar()
    rules = Rules(view="", create=role("writer"), update=role("writer"), delete=role("chief"))


ROLES = [
    Role("writer"),
    Role("keeper"),
    Role("chief", includes=["writer"], may_grant=["writer"]),
]


@pytest.fixture
async def api(database_url: str | None, tmp_path: Path) -> AsyncIterator[TestApp]:
    async with serving([User, Member, Page], ROLES, database_url, tmp_path) as guest:
        yield guest


def account(address: str, **more: Any) -> dict[str, Any]:
    return {"email": f"{address}@b.co", "password": "12345678", "passwordConfirm": "12345678", **more}


async def sign_up(api: TestApp, name: str, *roles: str) -> tuple[Caller, str]:
    created = await api.create("users", **account(name, name=name))
    if roles:
        root = await api.superuser()
        await grant(root, created["id"], *roles)
    return await api.signed_in("users", f"{name}@b.co", "12345678"), created["id"]


async def grant(by: Caller, record_id: str, *roles: str) -> int:
    answer = await by.ask("PUT", by.records("users", record_id) + "/roles", {"roles": list(roles)})
    return answer.status_code


async def test_the_answer_to_a_write_shows_an_address_to_whom_a_view_would(api: TestApp) -> None:
    keeper, _ = await sign_up(api, "kim", "keeper")
    root = await api.superuser()
    assert "email" not in await api.create("users", **account("one"))
    assert (await api.create("users", **account("two", emailVisibility=True)))["email"] == "two@b.co"
    assert (await keeper.create("users", **account("three")))["email"] == "three@b.co"
    assert (await root.create("users", **account("four")))["email"] == "four@b.co"
    ada, ada_id = await sign_up(api, "ada")
    path = api.records("users", ada_id)
    assert (await ada.ask("PATCH", path, {"name": "x"})).json()["email"] == "ada@b.co"
    assert (await keeper.ask("PATCH", path, {"name": "y"})).json()["email"] == "ada@b.co"
    member = await api.create("members", **account("ada"))
    as_member = await api.signed_in("members", "ada@b.co", "12345678")
    assert "email" not in (await as_member.ask("GET", path)).json()
    assert (await as_member.ask("GET", api.records("members", member["id"]))).json()["email"] == "ada@b.co"


async def test_neither_password_nor_token_key_is_answered_to_anybody(api: TestApp) -> None:
    ada, ada_id = await sign_up(api, "ada")
    root = await api.superuser()
    for who in (api, ada, root):
        for path in (api.records("users"), api.records("users", ada_id), api.records("users", ada_id) + "?fields=*"):
            text = (await who.ask("GET", path)).text
            assert "password" not in text
            assert "tokenKey" not in text
            assert "$argon2" not in text


async def test_a_manager_does_what_needs_no_old_password_and_no_more(api: TestApp) -> None:
    _, ada_id = await sign_up(api, "ada")
    keeper, _ = await sign_up(api, "kim", "keeper")
    path = api.records("users", ada_id)
    changed = await keeper.ask(
        "PATCH", path, {"email": "new@b.co", "verified": True, "password": "87654321", "passwordConfirm": "87654321"}
    )
    assert (changed.json()["email"], changed.json()["verified"]) == ("new@b.co", True)
    await api.signed_in("users", "new@b.co", "87654321")
    before = await api.services.engine.rows('SELECT "tokenKey", "inner" FROM "users" WHERE email = \'new@b.co\'')
    assert (await keeper.ask("PATCH", path, {"tokenKey": "x" * 40, "inner": "x"})).status_code == 200
    after = await api.services.engine.rows('SELECT "tokenKey", "inner" FROM "users" WHERE email = \'new@b.co\'')
    assert [tuple(row) for row in before] == [tuple(row) for row in after]
    assert (await keeper.ask("DELETE", path)).status_code == 404
    unconfirmed = await keeper.ask("PATCH", path, {"password": "12345678"})
    assert unconfirmed.json()["data"]["passwordConfirm"]["code"] == "validation_required"


async def test_a_field_rule_of_none_is_the_superusers(api: TestApp) -> None:
    ada, ada_id = await sign_up(api, "ada")
    keeper, _ = await sign_up(api, "kim", "keeper")
    root = await api.superuser()
    path = api.records("users", ada_id)
    await root.ask("PATCH", path, {"inner": "seen"})
    await keeper.ask("PATCH", path, {"inner": "changed", "note": "noted"})
    await ada.ask("PATCH", path, {"note": "dropped"})
    seen = [(await who.ask("GET", path)).json() for who in (api, ada, keeper, root)]
    assert ["inner" in record for record in seen] == [False, False, False, True]
    assert ["note" in record for record in seen] == [False, True, True, True]
    assert (seen[3]["inner"], seen[3]["note"]) == ("seen", "noted")
    for who, status in ((ada, 400), (keeper, 400), (root, 200)):
        assert (await who.ask("GET", api.records("users"), query={"filter": "inner = 'seen'"})).status_code == status


async def test_an_id_stands_for_one_account_in_all_collections(api: Caller) -> None:
    await api.create("users", **account("ada", id="sharedid0000001"))
    taken = await api.ask("POST", api.records("members"), account("ada", id="sharedid0000001"))
    assert taken.json()["data"]["id"]["code"] == "validation_invalid_auth_id"
    again = await api.ask("POST", api.records("users"), account("bob", id="sharedid0000001"))
    assert again.json()["data"]["id"]["code"] == "validation_not_unique"
    twice = await api.ask("POST", api.records("users"), account("ada"))
    assert twice.json()["data"] == {"email": {"code": "validation_not_unique", "message": "Value must be unique."}}
    assert (await api.ask("POST", api.records("members"), account("ada"))).status_code == 200


async def test_roles_open_and_close_with_the_next_request(api: TestApp) -> None:
    ada, ada_id = await sign_up(api, "ada")
    chief, chief_id = await sign_up(api, "bob", "chief")
    path = api.records("users", ada_id) + "/roles"

    async def may_write() -> bool:
        return (await ada.ask("POST", api.records("pages"), {"title": "x"})).status_code == 200

    assert not await may_write()
    assert await grant(ada, ada_id, "writer") == 403
    assert await grant(api, ada_id, "writer") == 401
    assert await grant(chief, ada_id, "chief") == 403
    assert await grant(chief, ada_id, "writer", "nope") == 400
    assert not await may_write()
    assert await grant(chief, ada_id, "writer") == 200
    assert await may_write()
    assert (await ada.ask("GET", path)).json() == {"roles": ["writer"], "effective": ["writer"]}
    [page] = (await (await api.superuser()).ask("GET", api.records("pages"))).json()["items"]
    assert (await ada.ask("DELETE", api.records("pages", page["id"]))).status_code == 404
    assert (await chief.ask("DELETE", api.records("pages", page["id"]))).status_code == 204
    assert await grant(chief, ada_id) == 200
    assert not await may_write()
    root = await api.superuser()
    assert await grant(root, chief_id) == 200
    assert await grant(chief, ada_id, "writer") == 403


async def test_a_token_dies_with_the_address_and_with_the_account(api: TestApp) -> None:
    ada, ada_id = await sign_up(api, "ada")
    root = await api.superuser()
    refresh = "/api/collections/users/auth-refresh"
    assert (await ada.ask("POST", refresh)).status_code == 200
    await root.ask("PATCH", api.records("users", ada_id), {"email": "ada@b.co"})  # the same: nothing has changed
    assert (await ada.ask("POST", refresh)).status_code == 200
    await root.ask("PATCH", api.records("users", ada_id), {"email": "new@b.co"})
    assert (await ada.ask("POST", refresh)).status_code == 401
    again = await api.signed_in("users", "new@b.co", "12345678")
    assert (await again.ask("DELETE", api.records("users", ada_id))).status_code == 204
    assert (await again.ask("POST", refresh)).status_code == 401
