"""Case 34: a batch is no way around rate limits, rules and rights, and nothing of one that fails stays."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from piccolo.columns import Integer, Varchar
from tests.asking import serving

from piccobase import AuthCollection, Collection, FieldRules, Role, Rules, owner, role
from piccobase.testing import Caller, TestApp

NOTES, USERS = "/api/collections/notes/records", "/api/collections/users/records"
FORM = {"password": "12345678", "passwordConfirm": "12345678"}


class User(AuthCollection, tablename="users"):
    rules = Rules(list="", view="", create="", update=owner)


class Note(Collection, tablename="notes"):
    text = Varchar(length=20)
    secret = Varchar(secret=True, default="hush")
    stars = Integer()
    rules = Rules(
        list="text != 'private'",
        view="text != 'private'",
        create="",
        update="text != 'private'",
        fields={"stars": FieldRules(write=role("editor"))},
    )


@pytest.fixture
async def api(database_url: str | None, tmp_path: Path) -> AsyncIterator[TestApp]:
    async with serving([User, Note], [Role("editor")], database_url, tmp_path) as guest:
        root = await guest.superuser()
        limits = {"enabled": True, "rules": [{"label": "*:create", "maxRequests": 5, "duration": 60}]}
        changes = {"batch": {"enabled": True}, "rateLimits": limits}
        assert (await root.ask("PATCH", "/api/settings", changes)).status_code == 200
        yield guest


async def batch(api: Caller, *requests: tuple[str, str, Any]) -> tuple[int, Any]:
    sent = [{"method": method, "url": url, "body": body} for method, url, body in requests]
    answer = await api.ask("POST", "/api/batch", {"requests": sent})
    return answer.status_code, answer.json()


async def test_fifty_guesses_in_a_batch_are_fifty_guesses(api: Caller) -> None:
    status, answer = await batch(api, *[("POST", NOTES, {"text": "x"})] * 6)
    assert (status, answer["data"]["requests"]["5"]["response"]["status"]) == (400, 429)
    assert (await api.ask("POST", NOTES, {"text": "x"})).status_code == 429  # what was refused has counted


async def test_nothing_is_hashed_for_those_who_may_not(api: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed = []
    hasher = api.services.hasher
    real = type(hasher).hash

    async def counting(self: Any, password: str) -> str:
        hashed.append(password)
        return await real(self, password)

    monkeypatch.setattr(type(hasher), "hash", counting)
    sign_up = ("POST", USERS, {"email": "a@b.co", **FORM})
    locked = ("POST", "/api/collections/_superusers/records", {"email": "b@b.co", **FORM})
    assert (await batch(api, sign_up, locked))[0] == 400
    assert hashed == []
    assert (await batch(api, sign_up))[0] == 200
    assert hashed == ["12345678"]


async def test_what_is_hidden_alone_is_hidden_in_a_batch(api: Caller) -> None:
    status, answer = await batch(api, ("POST", NOTES, {"id": "n" * 15, "text": "private", "stars": 9, "secret": "x"}))
    assert (status, answer[0]["body"]["stars"]) == (200, 0)
    assert "secret" not in answer[0]["body"]
    assert (await api.services.engine.rows("SELECT secret FROM notes")) == [("hush",)]
    for method, url in (("PATCH", f"{NOTES}/{'n' * 15}"), ("PUT", NOTES)):
        status, answer = await batch(api, (method, url, {"id": "n" * 15, "text": "mine"}))
        assert (status, answer["data"]["requests"]["0"]["response"]["status"]) == (400, 404)
    status, answer = await batch(api, ("DELETE", f"{NOTES}/{'n' * 15}", None))
    assert answer["data"]["requests"]["0"]["response"]["status"] == 403


async def test_a_batch_gives_nobody_rights(api: Caller) -> None:
    status, _ = await batch(api, ("POST", USERS, {"id": "u" * 15, "email": "a@b.co", **FORM, "roles": ["editor"]}))
    assert status == 200
    status, answer = await batch(api, ("PUT", f"{USERS}/{'u' * 15}/roles", {"roles": ["editor"]}))
    assert (status, answer["data"]["requests"]["0"]["response"]["status"]) == (400, 400)
    assert await api.services.engine.rows("SELECT role FROM _roles") == []
    status, answer = await batch(api, ("POST", USERS, {"email": "c@b.co", **FORM, "verified": True}))
    refused = answer["data"]["requests"]["0"]["response"]["data"]
    assert refused["verified"]["code"] == "validation_values_mismatch"
