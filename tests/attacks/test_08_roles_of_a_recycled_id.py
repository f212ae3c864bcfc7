"""Case 8: who registers under the id of somebody deleted does not get that one's roles, whatever the key's type is."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from piccolo.columns import UUID
from tests.asking import serving

from piccobase import AuthCollection, Role, Rules, owner
from piccobase.testing import Caller, TestApp


class User(AuthCollection, tablename="users"):
    rules = Rules(create="", view=owner, delete=owner)


class Member(AuthCollection, tablename="members"):
    id = UUID(primary_key=True)
    rules = Rules(create="", view=owner, delete=owner)


IDS = {"users": "thisidischosen1", "members": "11111111-2222-3333-4444-555555555555"}
PASSWORD = "correct horse"


@pytest.fixture
async def api(database_url: str | None, tmp_path: Path) -> AsyncIterator[TestApp]:
    async with serving([User, Member], [Role("admin")], database_url, tmp_path) as guest:
        yield guest


async def registered(api: TestApp, collection: str) -> Caller:
    account: dict[str, Any] = {"email": "a@b.co", "password": PASSWORD, "passwordConfirm": PASSWORD}
    created = await api.create(collection, id=IDS[collection], **account)
    assert created["id"] == IDS[collection]
    return await api.signed_in(collection, "a@b.co", PASSWORD)


@pytest.mark.parametrize("collection", IDS)
async def test_a_recycled_id_comes_without_the_roles_of_the_deleted_record(api: TestApp, collection: str) -> None:
    root, path = await api.superuser(), api.records(collection, IDS[collection])
    first = await registered(api, collection)
    granted = await root.ask("PUT", f"{path}/roles", {"roles": ["admin"]})
    assert granted.json() == {"roles": ["admin"], "effective": ["admin"]}
    assert (await first.ask("GET", f"{path}/roles")).json() == granted.json()
    assert (await first.ask("DELETE", path)).status_code == 204

    second = await registered(api, collection)
    assert (await second.ask("GET", f"{path}/roles")).json() == {"roles": [], "effective": []}


@pytest.mark.parametrize("collection", IDS)
async def test_one_sees_ones_own_address_and_nobody_elses(api: Caller, collection: str) -> None:
    me = await registered(api, collection)
    own = (await me.ask("GET", api.records(collection, IDS[collection]))).json()
    assert own["email"] == "a@b.co"
    assert "email" not in await api.create(collection, email="c@d.ef", password=PASSWORD, passwordConfirm=PASSWORD)
