"""Rate limits, clients' addresses and where superusers may come from (protocol.md §9), asked over the API."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.asking import SUPERUSER, serving

from piccobase.schema.declaration import AuthCollection, Collection
from piccobase.schema.rules import Rules
from piccobase.testing import Caller, TestApp

SIGN_IN = "/api/collections/members/auth-with-password"
WRONG = {"identity": "m@example.com", "password": "wrong"}


class Member(AuthCollection, tablename="members"):
    rules = Rules(list="", view="", create="")


class Note(Collection, tablename="notes"):
    rules = Rules(list="", view="", create="")


@pytest.fixture
async def guest(database_url: str | None, tmp_path: Path) -> AsyncIterator[TestApp]:
    async with serving([Member, Note], [], database_url, tmp_path) as api:
        yield api


async def limit(api: Caller, *rules: tuple[str, int] | tuple[str, int, str], **more: Any) -> None:
    """Lets these rules hold from now on, for windows of a minute."""
    listed = [
        {"label": label, "maxRequests": most, "duration": 60, "audience": audience[0] if audience else ""}
        for label, most, *audience in rules
    ]
    await api.services.settings.update({"rateLimits": {"enabled": True, "rules": listed, **more}})


async def statuses(api: Caller, count: int, method: str, path: str, body: Any = None, **options: Any) -> list[int]:
    return [(await api.ask(method, path, body, **options)).status_code for _ in range(count)]


async def test_one_rule_applies_and_the_answer_is_the_documented_one(guest: Caller) -> None:
    await limit(guest, ("/api/health", 2))
    assert await statuses(guest, 2, "GET", "/api/health?x=1") == [200, 200]
    refused = await guest.ask("GET", "/api/health")
    assert (refused.status_code, refused.json()) == (429, {"data": {}, "message": "Too Many Requests.", "status": 429})
    assert "retry-after" not in refused.headers
    assert refused.headers["x-frame-options"] == "SAMEORIGIN"
    assert refused.headers["x-error-code"] == "request.too_many"
    assert await statuses(guest, 2, "HEAD", "/api/health") == [429, 429]
    assert await statuses(guest, 2, "OPTIONS", "/api/health") == [204, 204]
    assert await statuses(guest, 3, "GET", "/api/collections/notes/records") == [200, 200, 200]


async def test_rules_are_looked_for_in_the_documented_order(guest: Caller) -> None:
    notes, health = "/api/collections/notes/records", "/api/health"
    cases: list[tuple[list[tuple[str, int]], str, int]] = [
        ([("*:list", 3), ("notes:list", 1)], notes, 1),
        ([("/api/", 1), ("*:list", 3)], notes, 3),
        ([(notes, 3), (f"GET {notes}", 1)], notes, 1),
        ([(notes, 3), ("/api/", 1)], notes, 3),
        ([("/api/", 2), ("/api/collections/", 1)], notes, 2),
        ([("/api/collections/", 1), ("/api/", 2)], notes, 1),
        ([("/api/", 3), ("get /api/", 1)], notes, 1),
        ([(health, 3), ("GET /api/", 1)], health, 1),
        ([("/api/health/", 2)], health, 2),
        ([("POST /api/health", 1), ("members:list", 1), ("list", 1)], notes, 4),
        ([("/", 2)], "/nowhere", 2),
    ]
    for rules, path, most in cases:
        await limit(guest, *rules)
        counted = await statuses(guest, 4, "GET", path)
        assert counted.count(429) == 4 - most, (rules, path)


async def test_each_action_of_a_collection_has_counts_of_its_own_and_other_paths_share_one(guest: Caller) -> None:
    await limit(guest, ("/api/", 2))
    for method, path, body, answer in (
        ("GET", "/api/collections/notes/records", None, 200),
        ("GET", "/api/collections/notes/records/unknown", None, 404),
        ("POST", "/api/collections/notes/records", {}, 200),
        ("GET", "/api/collections/members/records", None, 200),
        ("GET", "/api/health", None, 200),
    ):
        assert await statuses(guest, 3, method, path, body) == [answer, answer, 429]
    assert await statuses(guest, 2, "GET", "/api/nowhere") == [429, 429]


async def test_signing_in_is_counted_under_its_own_tag_first_and_before_anything_is_hashed(guest: Caller) -> None:
    await limit(guest, ("*:auth", 1), ("members:authWithPassword", 3))
    assert await statuses(guest, 5, "POST", SIGN_IN, WRONG) == [400, 400, 400, 429, 429]
    await limit(guest, ("*:auth", 2))
    assert await statuses(guest, 3, "POST", SIGN_IN, WRONG) == [400, 400, 429]
    assert await statuses(guest, 2, "GET", "/api/collections/members/auth-methods") == [200, 200]


async def test_an_audience_without_a_rule_of_its_own_falls_under_the_next(guest: TestApp) -> None:
    await guest.create("members", email="m@example.com", password="12345678", passwordConfirm="12345678")
    member = await guest.signed_in("members", "m@example.com", "12345678")
    path = "/api/collections/notes/records"
    await limit(guest, ("notes:list", 1, "@auth"), ("*:list", 2))
    assert await statuses(guest, 3, "GET", path) == [200, 200, 429]
    assert await statuses(member, 2, "GET", path) == [200, 429]
    await limit(guest, ("notes:list", 1, "@guest"))
    assert await statuses(member, 3, "GET", path) == [200, 200, 200]
    forged = guest.with_token(member.token[:-3] + "abc")
    assert await statuses(forged, 2, "GET", path) == [200, 429]


async def test_superusers_and_excluded_addresses_are_not_counted(guest: TestApp) -> None:
    superuser = await guest.superuser()
    await limit(guest, ("/api/", 1))
    assert await statuses(superuser, 3, "GET", "/api/health") == [200, 200, 200]
    await limit(guest, ("/api/", 1), excludedIPs=["10.0.0.1", "127.0.0.0/8"])
    assert await statuses(guest, 3, "GET", "/api/health") == [200, 200, 200]


async def test_counts_begin_anew_when_the_limits_change_and_only_then(guest: Caller) -> None:
    await limit(guest, ("/api/", 1))
    assert await statuses(guest, 2, "GET", "/api/health") == [200, 429]
    await guest.services.settings.update({"meta": {"appName": "Other"}})
    assert await statuses(guest, 1, "GET", "/api/health") == [429]
    await limit(guest, ("/api/", 2))
    assert await statuses(guest, 3, "GET", "/api/health") == [200, 200, 429]
    await guest.services.settings.update({"rateLimits": {"enabled": False}})
    assert await statuses(guest, 3, "GET", "/api/health") == [200, 200, 200]


async def test_each_client_has_counts_of_its_own(guest: Caller) -> None:
    await limit(guest, ("/api/", 1))
    one, other = guest.at("192.0.2.1"), guest.at("192.0.2.2")
    assert await statuses(one, 2, "GET", "/api/health") == [200, 429]
    assert await statuses(other, 2, "GET", "/api/health") == [200, 429]


async def real_ip(superuser: Caller, headers: Mapping[str, str]) -> str:
    answer = await superuser.ask("GET", "/api/health", headers=dict(headers))
    ip: str = answer.json()["data"]["realIP"]
    return ip


async def test_an_address_is_the_sockets_unless_a_header_is_trusted(guest: TestApp) -> None:
    superuser = await guest.superuser()
    forwarded = {"X-A": "1.1.1.1, 2.2.2.2", "X-B": "3.3.3.3"}
    assert await real_ip(superuser, forwarded) == "127.0.0.1"
    assert await real_ip(superuser.at("::1"), forwarded) == "0000:0000:0000:0000:0000:0000:0000:0001"
    for leftmost in (False, True):
        trusted = {"headers": ["X-A", "x-b"], "useLeftmostIP": leftmost}
        await guest.services.settings.update({"trustedProxy": trusted})
        for headers, expected in (
            (forwarded, "1.1.1.1" if leftmost else "2.2.2.2"),
            ({"X-B": "3.3.3.3"}, "3.3.3.3"),
            ({"X-A": "nobody", "X-B": "3.3.3.3"}, "3.3.3.3"),
            ({"X-A": "1.1.1.1, nobody"}, "1.1.1.1"),
            ({"X-A": "nobody,1.1.1.1"}, "1.1.1.1"),
            ({"X-A": "1.1.1.1:80"}, "127.0.0.1"),
            ({"X-A": "01.1.1.1"}, "127.0.0.1"),
            ({"X-A": "::ffff:1.2.3.4"}, "0000:0000:0000:0000:0000:ffff:0102:0304"),
            ({}, "127.0.0.1"),
        ):
            assert await real_ip(superuser, headers) == expected, headers
        twice = [("Authorization", superuser.token), ("X-A", "1.1.1.1"), ("X-A", "4.4.4.4, 5.5.5.5")]
        answer = await superuser.client.get("/api/health", headers=twice)
        assert answer.json()["data"]["realIP"] == ("4.4.4.4" if leftmost else "5.5.5.5")


async def test_superusers_come_from_where_the_settings_let_them(guest: TestApp) -> None:
    await guest.create("members", email="m@example.com", password="12345678", passwordConfirm="12345678")
    superuser = await guest.superuser()
    member = await guest.signed_in("members", "m@example.com", "12345678")
    entrance = "/api/collections/_superusers/auth-with-password"
    draft = {"identity": SUPERUSER[0], "password": SUPERUSER[1]}
    await guest.services.settings.update({"superuserIPs": ["192.0.2.0/24", "2001:db8::/32"]})
    for method, path, body in (
        ("GET", "/api/health", None),
        ("GET", "/api/nowhere", None),
        ("GET", "/api/settings", None),
        ("GET", "/api/collections/notes/records", None),
        ("POST", "/api/collections/_superusers/auth-refresh", {}),
        ("POST", entrance, draft),
    ):
        refused = await superuser.ask(method, path, body)
        assert (refused.status_code, refused.json()["message"]) == (
            403,
            "You are not allowed to perform this request.",
        ), path
    assert await statuses(guest, 1, "POST", entrance, draft) == [403]
    assert await statuses(guest, 1, "POST", "/api/collections/pbc_3142635823/auth-with-password", WRONG) == [403]
    assert await statuses(member, 1, "GET", "/api/collections/notes/records") == [200]
    assert await statuses(guest, 1, "POST", SIGN_IN, {**WRONG, "password": "12345678"}) == [200]
    for address in ("192.0.2.77", "2001:db8::1", "::ffff:192.0.2.1"):
        assert await statuses(superuser.at(address), 1, "GET", "/api/settings") == [200]
        assert await statuses(guest.at(address), 1, "POST", entrance, draft) == [200]
    assert await statuses(superuser.at("2001:db9::1"), 1, "GET", "/api/settings") == [403]
