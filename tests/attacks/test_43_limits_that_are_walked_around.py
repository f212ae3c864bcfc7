"""Case 43: whose requests are counted together, and as what, is not for the client to say."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.asking import serving
from tests.attacks.test_43_44_45_claimed_addresses import FORWARDED

from piccobase.schema.declaration import AuthCollection
from piccobase.schema.rules import Rules
from piccobase.testing import Caller, TestApp

SIGN_IN = "/api/collections/members/auth-with-password"


class Member(AuthCollection, tablename="members"):
    rules = Rules(list="", view="", create="")


@pytest.fixture
async def guest(database_url: str | None, tmp_path: Path) -> AsyncIterator[TestApp]:
    async with serving([Member], [], database_url, tmp_path) as api:
        yield api


async def limit(api: Caller, label: str, most: int = 1, **more: Any) -> None:
    rules = [{"label": label, "maxRequests": most, "duration": 60, "audience": ""}]
    await api.services.settings.update({"rateLimits": {"enabled": True, "rules": rules}, **more})


async def test_no_header_and_no_body_makes_another_client(guest: Caller) -> None:
    await limit(guest, "*:auth", 2)
    refused = 0
    for number, headers in enumerate(({}, *({name: value} for name, value in FORWARDED.items()))):
        body = {"identity": f"{number}@example.com", "password": "x", "email": f"{number}@example.com", "ip": number}
        refused += (await guest.client.post(SIGN_IN, json=body, headers=headers)).status_code == 429
    assert refused == len(FORWARDED) + 1 - 2


async def test_no_spelling_of_a_path_makes_another_path(guest: Caller) -> None:
    registry = guest.services.registry
    collection = registry.find("members")
    assert collection is not None
    spellings = [
        SIGN_IN,
        SIGN_IN + "?x=1",
        SIGN_IN.replace("members", "MEMBERS"),
        SIGN_IN.replace("members", collection.id),
        SIGN_IN.replace("members", "m%65mbers"),
        SIGN_IN.replace("auth-with", "auth%2Dwith"),
        SIGN_IN.replace("password", "p%61ssword"),
    ]
    for label in (
        "members:authWithPassword",
        "*:auth",
        SIGN_IN,
        f"POST {SIGN_IN}",
        SIGN_IN.replace("members", collection.id),
        "/api/collections/members/",
        "/api/",
    ):
        await limit(guest, label)
        answers = [await guest.client.post(spelling, json={"identity": "a", "password": "b"}) for spelling in spellings]
        assert [answer.status_code for answer in answers] == [400] + [429] * (len(spellings) - 1), label
    await limit(guest, SIGN_IN)
    for other in (SIGN_IN + "/", SIGN_IN.replace("/auth-with", "//auth-with"), SIGN_IN.replace("/api", "/API")):
        answer = await guest.client.post(other, json={"identity": "a", "password": "b"})
        assert answer.status_code == 404  # not counted there, and nothing is checked either


async def test_no_method_stands_in_for_another(guest: Caller) -> None:
    await limit(guest, "GET /api/health")
    override = {"X-HTTP-Method-Override": "POST", "X-Method-Override": "POST"}
    answers = [
        await guest.client.request(method, "/api/health", headers=override) for method in ("HEAD", "GET", "HEAD")
    ]
    assert [answer.status_code for answer in answers] == [200, 429, 429]


async def test_who_has_a_network_of_ipv6_has_one_address(guest: Caller) -> None:
    await limit(guest, "/api/")
    found = [
        (await guest.at(address).get("/api/health")).status_code
        for address in ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", "2001:db8:1:3::1", "::ffff:192.0.2.1", "192.0.2.1")
    ]
    assert found == [200, 429, 200, 200, 429]


async def test_what_a_client_puts_before_the_proxys_word_counts_for_nothing(guest: Caller) -> None:
    await limit(guest, "/api/", trustedProxy={"headers": ["X-Forwarded-For"], "useLeftmostIP": False})
    claims = ["203.0.113.1, 192.0.2.1", "203.0.113.2,192.0.2.1", "192.0.2.1", "2001:db8::1, 192.0.2.1, unknown"]
    found = [
        (await guest.client.get("/api/health", headers={"X-Forwarded-For": claim})).status_code for claim in claims
    ]
    assert found == [200, 429, 429, 429]
    twice = [("X-Forwarded-For", "203.0.113.9"), ("X-Forwarded-For", "192.0.2.1")]
    assert (await guest.client.get("/api/health", headers=twice)).status_code == 429


async def test_a_token_that_does_not_hold_makes_nobody_a_superuser(guest: TestApp) -> None:
    superuser = await guest.superuser()
    await limit(guest, "/api/")
    head, claims, signature = superuser.token.split(".")
    for token in (f"{head}.{claims}.{signature[::-1]}", f"{head}.{claims}.", "Bearer " + superuser.token[:-1]):
        answers = [await guest.client.get("/api/health", headers={"Authorization": token}) for _ in range(2)]
        assert answers[-1].status_code == 429
