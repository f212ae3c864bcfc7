"""Case 45: a superuser's token or password is worth nothing from an address that the settings do not name."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.asking import SUPERUSER, serving
from tests.attacks.test_43_44_45_claimed_addresses import FORWARDED
from tests.dashboard.entering import Visitor

from piccobase.schema.declaration import Collection
from piccobase.schema.rules import Rules
from piccobase.testing import Caller

ENTRANCE = "/api/collections/_superusers/auth-with-password"


class Note(Collection, tablename="notes"):
    rules = Rules(list="", view="")


@pytest.fixture
async def superuser(database_url: str | None, tmp_path: Path) -> AsyncIterator[Caller]:
    """Signed in, and then kept out: requests come from 127.0.0.1."""
    async with serving([Note], [], database_url, tmp_path) as api:
        signed_in = await api.superuser()
        await api.services.settings.update({"superuserIPs": ["203.0.113.0/24"]})
        yield signed_in


async def test_every_door_is_shut(superuser: Caller) -> None:
    client, token = superuser.client, superuser.token
    for spelled in (token, f"Bearer {token}", f"bearer {token}"):
        headers = {"Authorization": spelled}
        for path in ("/api/settings", "/api/openapi.json", "/api/docs", "/api/collections/notes/records", "/nope"):
            assert (await client.get(path, headers=headers)).status_code == 403, path
        assert (await client.head("/api/settings", headers=headers)).status_code == 403
        assert (await client.patch("/api/settings", json={"superuserIPs": []}, headers=headers)).status_code == 403
    visitor = Visitor(superuser)
    assert (await visitor.sign_in()).status_code == 403
    client.cookies.set("piccobase_admin", token, path="/admin")
    for path in ("/admin", "/admin/settings/access", "/admin/tables/", "/admin/sign-in"):
        assert (await visitor.get(path)).status_code == 403, path


async def test_claiming_an_allowed_address_opens_none(superuser: Caller) -> None:
    headers = {"Authorization": superuser.token}
    for name, value in FORWARDED.items():
        assert (await superuser.client.get("/api/settings", headers=headers | {name: value})).status_code == 403, name
    await superuser.services.settings.update({"trustedProxy": {"headers": ["X-Forwarded-For"]}})
    for claim in ("203.0.113.9, 198.51.100.1", "203.0.113.9 198.51.100.1", "::ffff:198.51.100.1", "203.0.113.9:80"):
        answer = await superuser.client.get("/api/settings", headers=headers | {"X-Forwarded-For": claim})
        assert answer.status_code == 403, claim
    allowed = await superuser.client.get("/api/settings", headers=headers | {"X-Forwarded-For": "x, 203.0.113.9"})
    assert allowed.status_code == 200


async def test_nobody_learns_from_elsewhere_whether_a_superusers_password_fits(superuser: Caller) -> None:
    right = {"identity": SUPERUSER[0], "password": SUPERUSER[1]}
    answers = [
        await superuser.client.post(path, json=draft)
        for path in (ENTRANCE, ENTRANCE.replace("_superusers", "pbc_3142635823"), ENTRANCE.replace("_super", "_SUPER"))
        for draft in (right, {**right, "password": "wrong password"}, {"identity": "nobody@example.com"})
    ]
    assert {(answer.status_code, answer.text) for answer in answers} == {(403, answers[0].text)}
