"""The explorer: our own files and no others, what its reader may use, and requests that are really sent."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from tests.browser import PHONE
from tests.dashboard.entering import visiting
from tests.process.serving import SUPERUSER, RunningServer, running_piccobase

from piccobase import Collection, Rules
from piccobase_admin.entrance import CONTENT_SECURITY_POLICY
from piccobase_admin.explorer.application import FILES, address

BLOG = Path(__file__).parents[1] / "process" / "apps" / "blog.py"


class Post(Collection, tablename="posts"):
    rules = Rules(list="")


class Secret(Collection, tablename="secrets"):
    pass


async def test_the_page_and_its_files_are_open_to_all_and_nothing_else_is_there(tmp_path: Path) -> None:
    async with visiting(tmp_path, [Post, Secret]) as visitor:
        for path in ("/api/docs", "/api/docs/"):
            shown = await visitor.get(path)
            assert (shown.status_code, shown.headers["content-type"]) == (200, "text/html; charset=utf-8")
            assert shown.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
            assert "unsafe" not in CONTENT_SECURITY_POLICY
            assert "/admin/" not in shown.text  # which a proxy may keep from the world
        for file in FILES:
            answer = await visitor.get(address(file))
            assert answer.status_code == 200
            assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        for path in ("/api/docs/nope", "/api/docs/static/design.css", "/api/docs/../admin/", "/api/docs/static/..%2f"):
            assert (await visitor.get(path)).status_code in (303, 404)
        assert (await visitor.post("/api/docs")).status_code == 404
        head = await visitor.api.client.head("/api/docs")
        assert (head.status_code, head.content) == (200, b"")


async def test_superusers_read_the_whole_document_in_the_dashboard_and_nobody_else_does(tmp_path: Path) -> None:
    async with visiting(tmp_path, [Post, Secret]) as visitor:
        for path in ("/admin/docs", "/admin/docs/openapi.json"):
            assert (await visitor.get(path)).status_code == 303
        await visitor.sign_in()
        assert "/admin/docs/openapi.json" in (await visitor.get("/admin/docs")).text
        whole = (await visitor.get("/admin/docs/openapi.json")).json()
        assert "/api/collections/secrets/records" in whole["paths"]
        # The API itself takes no cookie.
        public = (await visitor.get("/api/openapi.json")).json()
        assert "/api/collections/secrets/records" not in public["paths"]


@pytest.fixture(scope="module")
def blog(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_piccobase(BLOG, tmp_path_factory.mktemp("blog")) as server:
        account = {"email": "ann@example.com", "password": "12345678", "passwordConfirm": "12345678"}
        server.guest().ask("POST", "/api/collections/users/records", account)
        yield server


def opened(page: Page, tag: str, operation: str) -> None:
    page.locator(f"#operations-tag-{tag} button").click()
    page.locator(f"#operations-{tag}-{operation} .opblock-summary-control").click()


def test_a_guest_reads_signs_in_and_goes_on_as_that_account(blog: RunningServer, page: Page) -> None:
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
    foreign: list[str] = []
    page.on("request", lambda asked: None if asked.url.startswith((blog.url, "data:")) else foreign.append(asked.url))

    page.goto(f"{blog.url}/api/docs")
    expect(page.locator(".opblock-tag")).to_have_count(3)  # posts, users, and the server itself
    expect(page.get_by_text("Requests are sent as a guest")).to_be_visible()
    opened(page, "users", "signInUser")
    page.locator("textarea.body-param__text").fill('{"identity": "ann@example.com", "password": "12345678"}')
    page.get_by_role("button", name="Execute").click()
    expect(page.get_by_text("Requests are sent as the record")).to_be_visible()
    ann = page.locator("[data-explorer-who]").inner_text().removeprefix("the record ")

    # What is tried now carries the token: only who has signed in may create, and only as the own author.
    page.locator("#operations-users-signInUser .opblock-summary-control").click()
    opened(page, "posts", "createPost")
    page.locator("textarea.body-param__text").fill(f'{{"title": "From the explorer", "author": "{ann}"}}')
    page.get_by_role("button", name="Execute").click()
    expect(page.locator(".live-responses-table tbody .response-col_status").first).to_contain_text("200")
    assert blog.superuser.ask("GET", "/api/collections/posts/records")["items"][0]["title"] == "From the explorer"

    # A superuser's token shows the whole document here too.
    token = blog.superuser.token
    assert token
    page.get_by_label("Requests are sent as").fill(token)
    page.get_by_role("button", name="Use this token").click()
    expect(page.locator("#operations-tag-_superusers")).to_be_visible()

    # Light and dark, and on a phone nothing stands out to the side.
    ground = "getComputedStyle(document.querySelector('.opblock')).backgroundColor"
    before = page.evaluate(ground)
    page.get_by_role("button", name="Switch between light and dark").click()
    assert page.evaluate(ground) != before
    page.set_viewport_size(PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert (complaints, foreign) == ([], [])


def test_the_dashboard_shows_a_superuser_everything(blog: RunningServer, page: Page) -> None:
    page.goto(f"{blog.url}/admin/docs")
    page.get_by_label("E-mail address").fill(SUPERUSER[0])
    page.get_by_label("Password", exact=True).fill(SUPERUSER[1])
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="API reference")).to_be_visible()
    expect(page.locator("#operations-tag-_superusers")).to_be_visible()
    expect(page.get_by_role("navigation", name="Main").get_by_role("link", name="Reference")).to_have_attribute(
        "aria-current", "page"
    )
