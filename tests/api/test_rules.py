"""Rules of the five verbs, asked by everyone: the table of protocol.md §2.1, and what design adds."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from piccolo.columns import Boolean, ForeignKey, Integer, Varchar
from piccolo.table import Table
from tests.asking import serving

from piccobase import AuthCollection, Collection, FieldRules, Role, Rules, owner, role, signed_in
from piccobase.testing import Caller, TestApp


class User(AuthCollection, tablename="users"):
    name = Varchar()
    rules = Rules(list=signed_in, view="", create="", update=owner, delete=owner, manage=role("keeper"))


class Locked(Collection, tablename="locked"):
    title = Varchar()


class Open(Collection, tablename="open"):
    title = Varchar()
    rules = Rules(list="", view="", create="", update="", delete="")


class Mine(Collection, tablename="mine"):
    title = Varchar(required=True)
    public = Boolean(default=False)
    level = Integer()
    author = ForeignKey(User)
    note = Varchar()
    hidden = Varchar(secret=True)
    rules = Rules(
        list="public = true || (@request.auth.id != '' && author = @request.auth.id)",
        view="public = true || (@request.auth.id != '' && author = @request.auth.id)",
        create=owner("author"),
        update=owner("author") | role("editor"),
        delete="author.name = 'ada' && @request.auth.id = author",
        fields={"note": FieldRules(read=role("editor"), write=role("editor"))},
    )


class Asking(Collection, tablename="asking"):
    title = Varchar()
    level = Integer()
    hidden = Varchar(secret=True)
    rules = Rules(
        list="@request.query.pass = 'yes'",
        view="@request.headers.x_pass = 'yes'",
        create="@request.body.title:isset = true && @request.body.hidden:isset = false && level > 2",
        update="@request.body.level > level",
        delete="@request.method = 'DELETE' && level = 5",
    )


TABLES: list[type[Table]] = [User, Locked, Open, Mine, Asking]
ROLES = [Role("editor"), Role("keeper")]


@pytest.fixture
async def api(database_url: str | None, tmp_path: Path) -> AsyncIterator[TestApp]:
    async with serving(TABLES, ROLES, database_url, tmp_path) as guest:
        yield guest


async def sign_up(api: TestApp, name: str, *roles: str) -> tuple[Caller, str]:
    address = f"{name}@example.com"
    created = await api.create("users", email=address, password="12345678", passwordConfirm="12345678", name=name)
    if roles:
        root = await api.superuser()
        await root.ask("PUT", api.records("users", created["id"]) + "/roles", {"roles": list(roles)})
    return await api.signed_in("users", address, "12345678"), created["id"]


async def statuses(who: Caller, collection: str, record_id: str, body: dict[str, Any]) -> list[int]:
    """list, view, create, update, delete."""
    one = who.records(collection, record_id)
    return [
        (await who.ask("GET", who.records(collection))).status_code,
        (await who.ask("GET", one)).status_code,
        (await who.ask("POST", who.records(collection), body)).status_code,
        (await who.ask("PATCH", one, body)).status_code,
        (await who.ask("DELETE", one)).status_code,
    ]


async def test_a_locked_verb_is_403_for_all_but_superusers_even_where_there_is_no_record(api: TestApp) -> None:
    ada, _ = await sign_up(api, "ada", "editor")
    root = await api.superuser()
    for who in (api, ada):
        assert await statuses(who, "locked", "nosuchrecord000", {"title": "x"}) == [403] * 5
    made = await root.create("locked", title="x")
    assert await statuses(root, "locked", made["id"], {"title": "y"}) == [200, 200, 200, 200, 204]


async def test_an_empty_rule_lets_everyone_through(api: Caller) -> None:
    made = await api.create("open", title="x")
    assert await statuses(api, "open", made["id"], {"title": "y"}) == [200, 200, 200, 200, 204]


async def test_an_expression_that_does_not_hold_hides_the_record_and_a_create_is_400_without_data(api: Caller) -> None:
    ada, ada_id = await sign_up(api, "ada")
    bob, _ = await sign_up(api, "bob")
    made = await ada.create("mine", title="x", author=ada_id)
    body = {"title": "y", "author": ada_id}
    for who in (api, bob):
        assert await statuses(who, "mine", made["id"], body) == [200, 404, 400, 404, 404]
        assert (await who.ask("GET", who.records("mine"))).json()["items"] == []
        assert (await who.ask("POST", who.records("mine"), {**body, "title": ""})).json()["data"] == {}
    assert await statuses(ada, "mine", made["id"], body) == [200, 200, 200, 200, 204]


async def test_a_guest_is_not_the_author_of_a_record_without_one(api: TestApp) -> None:
    root = await api.superuser()
    made = await root.create("mine", title="nobody's")
    assert await statuses(api, "mine", made["id"], {"title": "taken"}) == [200, 404, 400, 404, 404]


async def test_a_role_opens_what_its_rule_says_and_closes_again_when_it_is_taken_away(api: TestApp) -> None:
    ada, ada_id = await sign_up(api, "ada")
    eve, eve_id = await sign_up(api, "eve", "editor")
    made = await ada.create("mine", title="x", author=ada_id)
    path = api.records("mine", made["id"])
    assert (await eve.ask("PATCH", path, {"title": "edited"})).json()["title"] == "edited"
    root = await api.superuser()
    await root.ask("PUT", api.records("users", eve_id) + "/roles", {"roles": []})
    assert (await eve.ask("PATCH", path, {"title": "again"})).status_code == 404


async def test_rules_read_query_headers_body_and_method(api: TestApp) -> None:
    root = await api.superuser()
    made = await root.create("asking", title="x", level=3)
    path, all_ = api.records("asking", made["id"]), api.records("asking")
    assert (await api.ask("GET", all_)).json()["items"] == []
    assert len((await api.ask("GET", all_, query={"pass": "yes"})).json()["items"]) == 1
    assert (await api.ask("GET", path)).status_code == 404
    assert (await api.ask("GET", path, headers={"X-Pass": "yes"})).status_code == 200
    creates = [
        {"level": 3},
        {"title": "", "level": 3},
        {"title": "a", "level": 2},
        {"title": "a", "level": 3, "hidden": "x"},
    ]
    assert [(await api.ask("POST", all_, body)).status_code for body in creates] == [400, 200, 400, 200]
    updates = [{"level": 2}, {"title": "b"}, {"level": 4}, {"level+": 1}]
    assert [(await api.ask("PATCH", path, body)).status_code for body in updates] == [404, 404, 200, 200]
    assert (await api.ask("DELETE", path)).status_code == 204


async def test_a_field_rule_makes_a_field_absent_unusable_and_unwritable(api: Caller) -> None:
    ada, ada_id = await sign_up(api, "ada")
    eve, _ = await sign_up(api, "eve", "editor")
    made = await ada.create("mine", title="x", author=ada_id, note="mine", public=True)
    path, all_ = api.records("mine", made["id"]), api.records("mine")
    assert "note" not in made
    assert (await eve.ask("PATCH", path, {"note": "seen"})).json()["note"] == "seen"
    assert "note" not in (await ada.ask("GET", path)).json()
    for asked in ({"filter": "note ~ 's'"}, {"sort": "note"}, {"filter": "note:lower = 'seen'"}):
        assert (await ada.ask("GET", all_, query=asked)).status_code == 400
        assert (await eve.ask("GET", all_, query=asked)).status_code == 200
    assert (await ada.ask("GET", all_, query={"fields": "id,note"})).json()["items"] == [{"id": made["id"]}]


async def test_a_hidden_field_is_the_superusers_alone(api: TestApp) -> None:
    ada, ada_id = await sign_up(api, "ada")
    root = await api.superuser()
    made = await ada.create("mine", title="x", author=ada_id, hidden="dropped", public=True)
    path, all_ = api.records("mine", made["id"]), api.records("mine")
    assert "hidden" not in made
    assert (await root.ask("GET", path)).json()["hidden"] == ""
    assert (await root.ask("PATCH", path, {"hidden": "TOP"})).json()["hidden"] == "TOP"
    for text in ("hidden = 'TOP'", "hidden ~ 'T'", "hidden:lower = 'top'"):
        assert (await ada.ask("GET", all_, query={"filter": text})).status_code == 400
        assert len((await root.ask("GET", all_, query={"filter": text})).json()["items"]) == 1
    message = (await ada.ask("GET", all_, query={"filter": "hiden = 1"})).json()["message"]
    assert "hidden" not in message


async def test_an_address_is_seen_by_its_owner_superusers_managers_and_where_it_is_shown(api: TestApp) -> None:
    ada, ada_id = await sign_up(api, "ada")
    bob, bob_id = await sign_up(api, "bob")
    keeper, _ = await sign_up(api, "kim", "keeper")
    root = await api.superuser()
    path = api.records("users", ada_id)

    async def shown(who: Caller) -> bool:
        return "email" in (await who.ask("GET", path)).json()

    assert [await shown(who) for who in (api, bob, ada, keeper, root)] == [False, False, True, True, True]
    listed = (await bob.ask("GET", api.records("users"), query={"sort": "name"})).json()["items"]
    assert [record["name"] for record in listed if "email" in record] == ["bob"]
    masked = await bob.ask("GET", api.records("users"), query={"filter": "email = 'ada@example.com'"})
    assert masked.json()["items"] == []
    await ada.ask("PATCH", path, {"emailVisibility": True})
    assert [await shown(who) for who in (api, bob)] == [True, True]
    found = await bob.ask("GET", api.records("users"), query={"filter": "email = 'ada@example.com'"})
    assert [record["id"] for record in found.json()["items"]] == [ada_id]
    assert bob_id != ada_id


FORMS: list[tuple[str, dict[str, Any], dict[str, str]]] = [
    ("nothing", {}, {"password": "validation_required", "passwordConfirm": "validation_required"}),
    (
        "another confirmation",
        {"email": "a@b.co", "password": "12345678", "passwordConfirm": "1234567"},
        {"passwordConfirm": "validation_values_mismatch"},
    ),
    (
        "verified by oneself",
        {"email": "a@b.co", "password": "12345678", "passwordConfirm": "12345678", "verified": True},
        {"verified": "validation_values_mismatch"},
    ),
    (
        "too short, and no address",
        {"password": "1234567", "passwordConfirm": "1234567"},
        {"password": "validation_min_text_constraint", "email": "validation_required"},
    ),
    (
        "72 characters",
        {"email": "a@b.co", "password": "x" * 72, "passwordConfirm": "x" * 72},
        {"password": "validation_max_text_constraint"},
    ),
    (
        "no dotted domain",
        {"email": "a@b", "password": "12345678", "passwordConfirm": "12345678"},
        {"email": "validation_is_email"},
    ),
]


@pytest.mark.parametrize(("body", "codes"), [case[1:] for case in FORMS], ids=[case[0] for case in FORMS])
async def test_signing_up_says_what_is_wrong_by_field(api: Caller, body: dict[str, Any], codes: dict[str, str]) -> None:
    answer = await api.ask("POST", api.records("users"), body)
    assert answer.status_code == 400
    assert {name: error["code"] for name, error in answer.json()["data"].items()} == codes


async def test_an_account_changes_its_password_with_the_old_one_and_all_its_tokens_die(api: TestApp) -> None:
    ada, ada_id = await sign_up(api, "ada")
    path = api.records("users", ada_id)
    new = {"password": "87654321", "passwordConfirm": "87654321"}

    async def codes(body: dict[str, Any]) -> dict[str, str]:
        answer = await ada.ask("PATCH", path, body)
        return {name: error["code"] for name, error in answer.json()["data"].items()}

    assert await codes(new) == {"oldPassword": "validation_required"}
    assert await codes({**new, "oldPassword": "wrong"}) == {"oldPassword": "validation_invalid_old_password"}
    assert await codes({"email": "new@example.com"}) == {"email": "validation_values_mismatch"}
    assert await codes({"verified": True}) == {"verified": "validation_values_mismatch"}
    assert await codes({"id": "anotherid000000"}) == {"id": "validation_pk_change"}
    assert (await ada.ask("PATCH", path, {"tokenKey": "x" * 50})).status_code == 200  # dropped: the token still holds
    assert (await ada.ask("PATCH", path, {**new, "oldPassword": "12345678"})).status_code == 200
    assert (await ada.ask("POST", "/api/collections/users/auth-refresh")).status_code == 401
    again = await api.signed_in("users", "ada@example.com", "87654321")
    assert (await again.ask("POST", "/api/collections/users/auth-refresh")).status_code == 200


async def test_a_manager_changes_what_its_owner_may_not(api: TestApp) -> None:
    _, ada_id = await sign_up(api, "ada")
    root = await api.superuser()
    path = api.records("users", ada_id)
    changed = await root.ask("PATCH", path, {"email": "new@example.com", "verified": True})
    assert (changed.json()["email"], changed.json()["verified"]) == ("new@example.com", True)
    unconfirmed = await root.ask("PATCH", path, {"password": "87654321"})
    assert unconfirmed.json()["data"]["passwordConfirm"]["code"] == "validation_required"
