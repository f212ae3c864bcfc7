"""The first path through the house: sign up, sign in, write, read, under rules and roles."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from piccolo.columns import Boolean, ForeignKey, Integer, Text, Varchar
from tests.asking import serving

from piccobase import AuthCollection, Collection, Role, Rules, owner, role, rule, signed_in
from piccobase.testing import Caller, TestApp


class User(AuthCollection, tablename="users"):
    name = Varchar()
    rules = Rules(list=signed_in, view=signed_in, create="", update=owner, delete=owner)


class Post(Collection, tablename="posts"):
    title = Varchar(length=200, required=True)
    body = Text()
    published = Boolean(default=False)
    views = Integer(default=0)
    author = ForeignKey(User)
    rules = Rules(
        list="published = true || author = @request.auth.id",
        view=rule("published = true") | owner("author") | role("editor"),
        create=signed_in & "author = @request.auth.id",
        update=owner("author") | role("editor"),
        delete=role("admin"),
    )


ROLES = [Role("editor"), Role("admin", includes=["editor"], may_grant=["editor"])]


@pytest.fixture
async def api(database_url: str | None, tmp_path: Path) -> AsyncIterator[TestApp]:
    async with serving([User, Post], ROLES, database_url, tmp_path) as guest:
        yield guest


async def sign_up(api: TestApp, name: str) -> tuple[Caller, str]:
    address = f"{name}@example.com"
    created = await api.create("users", email=address, password="12345678", passwordConfirm="12345678", name=name)
    return await api.signed_in("users", address, "12345678"), created["id"]


async def test_whoever_signs_up_writes_and_reads_and_roles_open_more(api: TestApp) -> None:
    ada, ada_id = await sign_up(api, "ada")
    bob, bob_id = await sign_up(api, "bob")
    post = await ada.create("posts", title="Hello", author=ada_id, views=3)
    path = api.records("posts", post["id"])

    assert (await ada.ask("GET", path)).json() == post
    assert (await bob.ask("GET", path)).status_code == 404
    assert (await api.ask("GET", path)).status_code == 404
    assert (await bob.ask("POST", api.records("posts"), {"title": "Not mine", "author": ada_id})).status_code == 400

    root = await api.superuser()
    granted = await root.ask("PUT", api.records("users", bob_id) + "/roles", {"roles": ["admin"]})
    assert granted.json() == {"roles": ["admin"], "effective": ["admin", "editor"]}
    assert (await bob.ask("GET", path)).json() == post
    assert (await bob.ask("PATCH", path, {"views+": 2})).json()["views"] == 5
    assert (await ada.ask("DELETE", path)).status_code == 404
    assert (await bob.ask("DELETE", path)).status_code == 204
    assert (await root.ask("GET", api.records("posts"))).json()["totalItems"] == 0
