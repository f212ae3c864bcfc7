"""Case 27: roles, verification, token keys, ids and dates are beyond what a body can set."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from piccolo.columns import Varchar
from tests.asking import serving

from piccobase import AuthCollection, Role, Rules, owner
from piccobase.testing import Caller, TestApp


class User(AuthCollection, tablename="users"):
    name = Varchar()
    rules = Rules(list="", view="", create="", update=owner)


@pytest.fixture
async def api(database_url: str | None, tmp_path: Path) -> AsyncIterator[TestApp]:
    async with serving([User], [Role("admin", may_grant=["admin"])], database_url, tmp_path) as guest:
        yield guest


async def test_a_body_sets_only_what_its_sender_may(api: TestApp) -> None:
    greedy = {
        "tokenKey": "k" * 50,
        "roles": ["admin"],
        "role": "admin",
        "_roles": ["admin"],
        "superuser": True,
        "collectionId": "pbc_3142635823",
        "collectionName": "_superusers",
        "created": "2001-01-01 00:00:00Z",
        "updated": "2001-01-01 00:00:00Z",
        "password_hash": "x",
    }
    form = {"email": "a@b.co", "password": "12345678", "passwordConfirm": "12345678"}
    made = await api.create("users", **form, **greedy)
    assert made["collectionName"] == "users"
    assert not made["created"].startswith("2001")
    me = await api.signed_in("users", "a@b.co", "12345678")
    path = api.records("users", made["id"])
    assert (await me.ask("PATCH", path, greedy)).status_code == 200
    assert (await me.ask("POST", "/api/collections/users/auth-refresh")).status_code == 200  # the token key is the old
    [stored] = await api.services.engine.rows('SELECT "tokenKey" FROM "users"')
    assert stored[0] != "k" * 50
    assert (await me.ask("GET", path + "/roles")).json() == {"roles": [], "effective": []}
    for who in (api, me):
        granted = await who.ask("PUT", path + "/roles", {"roles": ["admin"]})
        assert granted.status_code in (401, 403)


@pytest.mark.parametrize("collection", ["_superusers", "_roles", "_secrets", "_collections", "migration"])
async def test_the_system_s_tables_cannot_be_reached(api: Caller, collection: str) -> None:
    """Case 7: through the generic routes."""
    form = {"email": "a@b.co", "password": "12345678", "passwordConfirm": "12345678"}
    statuses = {
        (await api.ask(method, path, form if method != "GET" else None)).status_code
        for method, path in (
            ("GET", api.records(collection)),
            ("POST", api.records(collection)),
            ("GET", api.records(collection, "x")),
            ("DELETE", api.records(collection, "x")),
        )
    }
    assert statuses == ({403} if collection == "_superusers" else {404})


async def test_a_new_record_does_not_inherit_the_roles_of_one_that_went_by_another_way(api: TestApp) -> None:
    """Case 8: an id can be chosen, and plain SQL deletes a record without its roles."""
    form = {"email": "a@b.co", "password": "12345678", "passwordConfirm": "12345678", "id": "abcdefghij12345"}
    made = await api.create("users", **form)
    root = await api.superuser()
    path = api.records("users", made["id"])
    await root.ask("PUT", path + "/roles", {"roles": ["admin"]})
    await api.services.engine.rows('DELETE FROM "users"')
    await api.create("users", **form)
    assert (await root.ask("GET", path + "/roles")).json() == {"roles": [], "effective": []}
