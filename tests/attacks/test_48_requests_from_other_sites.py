"""Case 48: another site cannot act in the name of a superuser whose browser has the cookie."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.asking import SUPERUSER
from tests.dashboard.entering import Visitor, visiting
from tests.signing_in import Superuser

from piccobase_admin.signing import COOKIE, is_same_origin

FORM = {"identity": SUPERUSER[0], "password": SUPERUSER[1]}
FOREIGN: list[dict[str, str]] = [
    {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
    {"Sec-Fetch-Site": "same-site", "Origin": "http://other.test"},  # a neighbour on the same domain
    {"Sec-Fetch-Site": "none"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "http://test"},
    {"Origin": "https://evil.example"},  # over plain http browsers send no Sec-Fetch-Site
    {"Origin": "null"},
    {"Origin": "http://test.evil.example"},
    {"Origin": "http://test@evil.example"},
    {"Origin": "http://test:81"},
    {"Origin": ""},
    {},
]
OURS: list[dict[str, str]] = [
    {"Sec-Fetch-Site": "same-origin"},
    {"Sec-Fetch-Site": "same-origin", "Origin": "https://behind.a.proxy"},
    {"Origin": "http://test"},
    {"Origin": "http://TEST"},
]


@pytest.fixture
async def visitor(tmp_path: Path) -> AsyncIterator[Visitor]:
    async with visiting(tmp_path) as one:
        one.headers = {"Accept": "text/html"}
        yield one


async def test_nothing_that_changes_something_is_taken_from_elsewhere(visitor: Visitor) -> None:
    """SameSite=Strict keeps the cookie away from such requests; here it comes all the same, as in an old browser."""
    client = visitor.api.client
    visitor.headers["Cookie"] = f"{COOKIE}={(await visitor.api.superuser()).token}"
    for headers in FOREIGN:
        for method, path in (
            ("POST", "/admin/sign-out"),
            ("POST", "/admin/sign-in"),
            ("POST", "/admin/set-up"),
            ("POST", "/admin/nothing/yet"),
            ("PUT", "/admin/tables/api/tables/_superusers/x/"),
            ("PATCH", "/admin/tables/api/tables/_superusers/x/"),
            ("DELETE", "/admin/tables/api/tables/_superusers/"),
        ):
            answer = await client.request(method, path, data=FORM, headers=visitor.headers | headers)
            assert answer.status_code == 403, (path, headers)
            assert "set-cookie" not in answer.headers
        assert (await visitor.get("/admin", **headers)).status_code == 200  # looking is free
    assert await Superuser.count() == 1


async def test_our_own_pages_may(visitor: Visitor) -> None:
    for headers in OURS:
        assert (await visitor.post("/admin/sign-in", FORM, **headers)).status_code == 303, headers
        assert (await visitor.post("/admin/sign-out", **headers)).status_code == 303, headers


def test_without_a_host_no_origin_is_the_same() -> None:
    assert not is_same_origin({"headers": [(b"origin", b"http://")]})
    assert not is_same_origin({"headers": [(b"origin", b"")]})
