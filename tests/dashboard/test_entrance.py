"""The door of the dashboard: who gets in, what every answer carries, and what a mistake looks like."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from litestar import Litestar
from tests.asking import SUPERUSER
from tests.dashboard.entering import Visitor, visiting

from piccobase import AuthCollection
from piccobase.auth.superusers import upsert_superuser
from piccobase.base.clock import frozen, now
from piccobase_admin.application import make_application
from piccobase_admin.attempts import MOST_FOR_ONE_ACCOUNT, PERIOD
from piccobase_admin.entrance import CONTENT_SECURITY_POLICY, OPEN_PAGES, Entrance
from piccobase_admin.signing import COOKIE


class Reader(AuthCollection, tablename="readers"):
    """Somebody who can sign in, but not here."""


ADMIN = Path(__file__).parents[2] / "admin" / "piccobase_admin"


@pytest.fixture
async def visitor(tmp_path: Path) -> AsyncIterator[Visitor]:
    async with visiting(tmp_path) as one:
        yield one


def pages_of(visitor: Visitor) -> list[tuple[str, str]]:
    """Method and path of every page there is."""
    application: Any = make_application(visitor.api.services)
    pages: Litestar = application._pages
    return [
        (method, re.sub(r"\{.*?\}", "x", route.path))
        for route in pages.routes
        for method in sorted(getattr(route, "methods", ()))
        if method != "OPTIONS"
    ]


async def test_every_page_but_the_open_ones_sends_a_stranger_to_sign_in(visitor: Visitor) -> None:
    pages = [page for page in pages_of(visitor) if page[1] not in OPEN_PAGES]
    assert ("GET", "/admin") in pages
    for method, path in [*pages, ("GET", "/admin/tables/"), ("GET", "/admin/nothing/here"), ("GET", "/admin//")]:
        answer = await visitor.api.client.request(method, path, headers=visitor.headers)
        assert answer.status_code == 303, (method, path)
        assert answer.headers["location"].startswith("/admin/sign-in?next=/admin"), (method, path)
        assert answer.text == ""


async def test_signing_in_leads_back_to_where_one_was_going(visitor: Visitor) -> None:
    sent_away = await visitor.get("/admin/design?part=1")
    assert sent_away.headers["location"] == "/admin/sign-in?next=/admin/design%3Fpart%3D1"
    form = await visitor.get(sent_away.headers["location"])
    assert 'name="next" value="/admin/design?part=1"' in form.text
    signed_in = await visitor.sign_in(next="/admin/design?part=1")
    assert (signed_in.status_code, signed_in.headers["location"]) == (303, "/admin/design?part=1")
    assert (await visitor.get("/admin/design")).status_code == 200
    assert (await visitor.get("/admin/sign-in")).headers["location"] == "/admin/"


async def test_htmx_is_told_to_take_the_browser_to_the_sign_in_page_and_a_program_gets_401(visitor: Visitor) -> None:
    asked = {"HX-Request": "true", "HX-Current-URL": "http://test/admin/design?a=1"}
    answer = await visitor.get("/admin/overview", **asked)
    assert answer.status_code == 401
    assert answer.headers["hx-redirect"] == "/admin/sign-in?next=/admin/design%3Fa%3D1"
    program = await visitor.get("/admin/overview", Accept="application/json")
    assert (program.status_code, program.json()["status"]) == (401, 401)


async def test_a_link_on_another_site_is_followed_although_the_cookie_stays_behind(visitor: Visitor) -> None:
    """SameSite=Strict: so the page is asked for again by a page of ours, which then has the cookie along."""
    again = await visitor.get("/admin/design", **{"Sec-Fetch-Site": "cross-site"})
    assert again.status_code == 200
    assert '<meta http-equiv="refresh" content="0; url=/admin/design">' in again.text
    assert "Colour" not in again.text


@pytest.mark.parametrize(
    ("headers", "secure"),
    [({}, False), ({"Origin": "https://admin.example"}, True), ({"Origin": "http://test"}, False)],
)
async def test_the_cookie_is_for_the_dashboard_alone(visitor: Visitor, headers: dict[str, str], secure: bool) -> None:
    form = {"identity": SUPERUSER[0], "password": SUPERUSER[1]}
    cookie = (await visitor.post("/admin/sign-in", form, **headers)).headers["set-cookie"]
    parts = cookie.split("; ")
    assert {"Path=/admin", "HttpOnly", "SameSite=Strict", "Max-Age=86400"} <= set(parts)
    assert ("Secure" in parts) is secure
    assert "Domain" not in cookie


async def test_the_cookie_opens_nothing_of_the_api(visitor: Visitor) -> None:
    await visitor.sign_in()
    token = visitor.api.client.cookies[COOKIE]
    cookie = {"Cookie": f"{COOKIE}={token}; token={token}; pb_auth={token}"}
    for path in ("/api/collections/_superusers/records", "/api/collections/_superusers/auth-refresh"):
        method = "POST" if "refresh" in path else "GET"
        assert (await visitor.api.client.request(method, path, headers=cookie)).status_code in (401, 403)
    health = await visitor.api.client.get("/api/health", headers=cookie)
    assert health.json()["data"] == {}


async def test_signing_out_takes_the_cookie_away(visitor: Visitor) -> None:
    await visitor.sign_in()
    left = await visitor.post("/admin/sign-out")
    assert (left.status_code, left.headers["location"]) == (303, "/admin/sign-in")
    assert COOKIE not in visitor.api.client.cookies
    assert (await visitor.get("/admin")).status_code == 303


async def test_a_new_password_ends_what_was_signed_in_before(visitor: Visitor) -> None:
    await visitor.sign_in()
    assert (await visitor.get("/admin")).status_code == 200
    services = visitor.api.services
    await upsert_superuser(services.engine, services.hasher, SUPERUSER[0], "another password")
    assert (await visitor.get("/admin")).status_code == 303


async def test_only_a_superusers_token_opens_the_dashboard(tmp_path: Path) -> None:
    async with visiting(tmp_path, [Reader]) as visitor:
        root = await visitor.api.superuser()
        await root.create("readers", email="ada@example.com", password="12345678", passwordConfirm="12345678")
        reader = await visitor.api.signed_in("readers", "ada@example.com", "12345678")
        for token, status in ((root.token, 200), (reader.token, 303), ("", 303), ("x.y.z", 303), ("é", 303)):
            # Beside it, what other servers on the same host may have set: browsers do not tell ports apart.
            cookie = f'a b=c"; {{"x"}}; =; {COOKIE}={token};é=1'.encode()
            answer = await visitor.api.client.get("/admin", headers=[(b"cookie", cookie)])
            assert answer.status_code == status, token


async def test_unknown_address_and_wrong_password_read_the_same(visitor: Visitor) -> None:
    def told(answer: httpx.Response, email: str) -> str:
        assert answer.status_code == 400
        assert "set-cookie" not in answer.headers
        assert "The e-mail address or the password is wrong." in answer.text
        return answer.text.replace(email, "…")

    wrong = told(await visitor.sign_in(SUPERUSER[0], "wrong password"), SUPERUSER[0])
    unknown = told(await visitor.sign_in("nobody@example.com", "wrong password"), "nobody@example.com")
    assert wrong == unknown
    assert "wrong password" not in wrong
    told(await visitor.sign_in(SUPERUSER[0], ""), SUPERUSER[0])


@pytest.mark.parametrize("password", ["12345678", "true false", "  blanks  ", "a+b=c&d;%41", "pässwörd 🦉"])
async def test_a_password_arrives_as_it_was_typed(visitor: Visitor, password: str) -> None:
    services = visitor.api.services
    await upsert_superuser(services.engine, services.hasher, "typed@example.com", password)
    assert (await visitor.sign_in("typed@example.com", password)).status_code == 303


async def test_guessing_is_stopped_for_a_while_and_not_for_others(visitor: Visitor) -> None:
    for _ in range(MOST_FOR_ONE_ACCOUNT):
        assert (await visitor.sign_in(SUPERUSER[0], "wrong password")).status_code == 400
    stopped = await visitor.sign_in(SUPERUSER[0].upper())
    assert stopped.status_code == 429
    assert "Try again in 15 minutes." in stopped.text
    assert (await visitor.sign_in()).status_code == 429  # the right password too, or guessing would go on
    services = visitor.api.services
    await upsert_superuser(services.engine, services.hasher, "other@example.com", SUPERUSER[1])
    assert (await visitor.sign_in("other@example.com")).status_code == 303
    with frozen(now() + timedelta(seconds=PERIOD + 1)):
        assert (await visitor.sign_in()).status_code == 303


async def test_every_answer_carries_the_security_headers(visitor: Visitor) -> None:
    answers = [await visitor.get("/admin"), await visitor.get("/admin/sign-in")]
    await visitor.sign_in()
    answers += [await visitor.get(path) for path in ("/admin", "/admin/design", "/admin/nope", "/admin/set-up")]
    answers += [await visitor.post("/admin/sign-out", **{"Sec-Fetch-Site": "cross-site"})]
    for answer in answers:
        headers = answer.headers
        assert headers["content-security-policy"] == CONTENT_SECURITY_POLICY
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
        assert headers["referrer-policy"] == "same-origin"
        assert headers["x-frame-options"] == "DENY"
    assert "unsafe" not in CONTENT_SECURITY_POLICY
    assert "frame-ancestors 'none'" in CONTENT_SECURITY_POLICY


@pytest.mark.parametrize("template", sorted((ADMIN / "templates").rglob("*.html")), ids=lambda path: path.name)
def test_templates_have_neither_scripts_nor_styles_inline(template: Path) -> None:
    html = template.read_text()
    assert not re.search(
        r"\sstyle\s*=|\son\w+=.|<style|<script(?![^>]*\s(?:src=|type=.application/json.))|javascript:|\|\s*safe\b",
        html,
    )


async def test_what_is_not_there_is_a_page_with_a_way_back(visitor: Visitor) -> None:
    await visitor.sign_in()
    for path in ("/admin/nope", "/admin//", "/admin/design/"):
        answer = await visitor.get(path)
        if path == "/admin/design/":
            assert answer.status_code == 200  # a slash more is no mistake
            continue
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert "There is no page at this address." in answer.text
        assert 'href="/admin/"' in answer.text
    assert (await visitor.post("/admin/design")).status_code == 404
    heavy = await visitor.post("/admin/sign-in", {"identity": "x" * 20_000})
    assert heavy.status_code == 413
    assert "Too large" in heavy.text


async def test_an_unexpected_error_is_a_page_that_names_the_incident(
    visitor: Visitor, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(scope: Any, receive: Any, send: Any) -> None:
        raise RuntimeError("the reason, for the log alone")

    await visitor.sign_in()
    entrance = Entrance(visitor.api.services, broken, {})
    cookie = {"Cookie": f"{COOKIE}={visitor.api.client.cookies[COOKIE]}"}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(entrance), base_url="http://test") as client:
        answer = await client.get("/admin/broken", headers=cookie | visitor.headers)
    assert answer.status_code == 500
    incident = re.search(r"name (\w{15})\.", answer.text)
    assert incident is not None
    assert incident[1] in caplog.text
    assert "the reason" in caplog.text
    assert "the reason" not in answer.text


async def test_head_is_get_without_the_body(visitor: Visitor) -> None:
    for path in ("/admin/sign-in", "/admin", "/admin/static/tokens.css"):
        got, asked = await visitor.get(path), await visitor.api.client.head(path, headers=visitor.headers)
        assert (asked.status_code, asked.content) == (got.status_code, b"")
        assert asked.headers == got.headers


async def test_files_are_kept_by_browsers_until_they_change(visitor: Visitor) -> None:
    address = re.search(r'href="(/admin/static/tokens\.css\?v=\w+)"', (await visitor.get("/admin/sign-in")).text)
    assert address is not None
    kept = await visitor.get(address[1])
    assert kept.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert kept.headers["content-type"] == "text/css; charset=utf-8"
    for path in ("/admin/static/tokens.css", "/admin/static/tokens.css?v=old"):
        asked = await visitor.get(path)
        assert (asked.status_code, asked.headers["cache-control"]) == (200, "no-cache")
        unchanged = await visitor.get(path, **{"If-None-Match": f'W/"x", {asked.headers["etag"]}'})
        assert (unchanged.status_code, unchanged.content) == (304, b"")


@pytest.mark.parametrize(
    "path",
    [
        "/admin/static/",
        "/admin/static",
        "/admin/static/../signing.py",
        "/admin/static/%2e%2e/signing.py",
        "/admin/static/..%2fsigning.py",
        "/admin/static//etc/passwd",
        "/admin/static/%2fetc/passwd",
        "/admin/static/tokens.css/",
        "/admin/static/tokens.css%00",
        "/admin/vendor/..\\..\\signing.py",
        "/admin/templates/base.html",
    ],
)
async def test_no_path_leads_out_of_the_folders_of_files(visitor: Visitor, path: str) -> None:
    await visitor.sign_in()
    url = httpx.URL("http://test").copy_with(raw_path=path.encode())
    answer = await visitor.api.client.send(httpx.Request("GET", url, headers=visitor.headers))
    assert answer.status_code in (303, 404)
    assert "superuser_of" not in answer.text
