"""API pages of a real server: all code runs as it is offered, and a browser finds its way around.

Dart's code is not run: there is no Dart here. Its form is proven in `tests/unit/dashboard/test_api_literals.py`.
"""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect
from tests.browser import PHONE
from tests.dashboard.api_code import Dashboard, run_curl, run_javascript, run_python, sign_in
from tests.process.serving import SUPERUSER, running_piccobase

SHOP = Path(__file__).with_name("shop.py")
PASSWORD = "YOUR_PASSWORD"  # what the code has in its place
USER = "user@example.com"
OPERATIONS = {
    "things": ("list", "view", "create", "update", "delete"),
    "customers": (
        "auth-methods", "auth-with-password", "auth-refresh", "list", "view", "create", "update", "roles", "set-roles",
        "delete",
    ),
    "loose": ("list", "view", "create", "update", "delete"),
    "old": ("list", "view", "create", "update", "delete"),
    "numbered": ("list", "view", "create", "update", "delete"),
}  # fmt: skip


@dataclass
class Shop:
    """The running server: the superuser's API, and the dashboard."""

    url: str
    api: httpx.Client
    dashboard: Dashboard

    def create(self, collection: str, **body: Any) -> Any:
        answer = self.api.post(f"/api/collections/{collection}/records", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def fill(self) -> None:
        """One record in each collection, those that have an owner of the user's that the code signs in."""
        for collection in ("things", "old", "numbered", "loose", "customers"):
            while items := self.api.get(f"/api/collections/{collection}/records").json()["items"]:
                for one in items:
                    self.api.delete(f"/api/collections/{collection}/records/{one['id']}").raise_for_status()
        user = self.create("customers", email=USER, nick="it's $me", password=PASSWORD, passwordConfirm=PASSWORD)
        self.create("old", id="one", text="x")
        self.create("numbered", id="1", text="x")
        self.create("loose", title='it\'s "1" $x', number=1)
        self.create("things", **THING, buyer=user["id"])


THING = {
    "title": "mine", "code": "ABCD", "serial": 1, "mail": "a@example.com", "link": "https://example.org/",
    "body": "<p>x</p>", "size": 10, "big": 1, "price": 1, "ratio": 1, "single": 1, "flag": True, "at": "2026-01-01",
    "local": "2026-01-01", "day": "2026-01-01", "clock": "09:30:00", "span": 60,
    "uid": "8f14e45f-ceea-467f-a7e1-0d3a5c0b1c11", "facts": {"a": 1}, "plain": [1], "raw": "eA==", "words": ["a"],
    "numbers": [[1]], "colour": "red", "marks": ["a", "b"], "place": {"lon": 1, "lat": 2}, "pin": "1234",
    "kind": "AA", "kinds": ["AA", "BB"],
}  # fmt: skip


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with running_piccobase(SHOP, tmp_path_factory.mktemp("shop")) as server:
        me = server.superuser.ask("GET", "/api/collections/_superusers/records")["items"][0]["id"]
        change = {"password": PASSWORD, "passwordConfirm": PASSWORD}
        server.superuser.ask("PATCH", f"/api/collections/_superusers/records/{me}", change)
        with httpx.Client(base_url=server.url) as api, httpx.Client(base_url=server.url) as browser:
            api.headers["Authorization"] = sign_in(api, "_superusers", SUPERUSER[0], PASSWORD)["TOKEN"]
            browser.headers["Sec-Fetch-Site"] = "same-origin"
            browser.post("/admin/sign-in", data={"identity": SUPERUSER[0], "password": PASSWORD})
            shop = Shop(server.url, api, Dashboard(browser))
            for kind in ("AA", "BB"):
                shop.create("kinds", id=kind, name=kind)
            yield shop


@pytest.mark.parametrize("language", ["JavaScript", "Python", "curl"])
def test_all_code_runs_as_it_is_offered(shop: Shop, language: str, tmp_path: Path) -> None:
    shop.fill()
    snippets = {
        f"{collection}-{operation}": shop.dashboard.code(collection, operation)[language]
        for collection, operations in OPERATIONS.items()
        for operation in operations
    }
    assert all(shop.url in code for code in snippets.values())
    folder = tmp_path / "code"
    match language:
        case "JavaScript":
            problems = run_javascript(snippets, folder)
        case "Python":
            problems = run_python(snippets, folder)
        case _:
            if shutil.which("curl") is None:
                pytest.skip("no curl on this machine")
            people = {
                "customers": sign_in(shop.api, "customers", USER, PASSWORD),
                "_superusers": sign_in(shop.api, "_superusers", SUPERUSER[0], PASSWORD),
            }
            problems = run_curl(snippets, folder, people)
    assert problems == ""
    # What was there has been deleted, what the code created is still there; things went with the buyer they all had.
    assert shop.api.get("/api/collections/things/records").json()["items"] == []
    for collection in ("customers", "loose", "old", "numbered"):
        items = shop.api.get(f"/api/collections/{collection}/records").json()["items"]
        assert len(items) == 1, collection
        assert items[0].get("email") != USER


def test_a_browser_finds_its_way_around(shop: Shop, page: Page) -> None:
    shop.fill()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.goto(f"{shop.url}/admin/sign-in?next=/admin/collections")
    page.get_by_label("E-mail address").fill(SUPERUSER[0])
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()

    # from the index to an operation, by links
    page.get_by_role("main").get_by_role("link", name="things").click()
    expect(page.get_by_role("heading", name="things")).to_be_visible()
    page.get_by_role("navigation", name="Operations").get_by_role("link", name="List").click()
    expect(page.get_by_text("GET", exact=True).first).to_be_visible()

    # one language at a time, remembered; copied as it stands there
    expect(page.get_by_role("tab", name="JavaScript")).to_have_attribute("aria-selected", "true")
    page.get_by_role("tab", name="Python").click()
    expect(page.get_by_text("import httpx")).to_be_visible()
    expect(page.get_by_text('import PocketBase from "pocketbase"')).to_be_hidden()
    page.reload()
    shown = page.get_by_role("tabpanel", name="Python")
    shown.get_by_role("button", name="Copy").click()
    expect(shown.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == shop.dashboard.code("things", "list")["Python"]
    page.get_by_role("tab", name="Python").press("ArrowRight")
    expect(page.get_by_role("tab", name="curl")).to_be_focused()

    # a guest sees nothing of somebody's own, that somebody does
    answer = page.locator("#try-answer")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(answer.locator("[data-status]")).to_have_text("200 OK")
    expect(answer.get_by_text('"items": []')).to_be_visible()
    page.get_by_text("Somebody else").click()
    with page.expect_response("**/admin/collections/-/askers*"):
        page.get_by_label("Find by e-mail, name or id").press_sequentially("it's $")
    page.get_by_role("radio", name=USER).check()
    page.get_by_role("button", name="Send", exact=True).click()
    expect(answer.get_by_text('"title": "mine"')).to_be_visible()
    expect(answer.get_by_text("Records where whoever asks is the record's buyer, or public is true.")).to_be_visible()

    # a write is asked back, and then done
    page.goto(f"{shop.url}/admin/collections/loose/update")
    page.get_by_role("radio", name="yourself").check()
    page.get_by_label("Body (JSON)").fill('{"title": "<i>new</i>"}')
    page.get_by_role("button", name="Send", exact=True).click()
    expect(answer.get_by_text("This changes data")).to_be_visible()
    answer.get_by_role("button", name="Send it").click()
    expect(answer.get_by_text('"title": "<i>new</i>"')).to_be_visible()

    # what htmx itself would pass over in silence
    page.route("**/admin/collections/-/try", lambda route: route.fulfill(status=500))
    page.get_by_role("button", name="Send", exact=True).click()
    expect(answer.get_by_role("alert")).to_contain_text("The dashboard could not do it (status 500).")
    complaints.clear()  # the browser's own about that answer

    for path in ("", "/things", "/things/create", "/customers/auth-with-password"):
        page.set_viewport_size({"width": PHONE["width"], "height": PHONE["height"]})
        page.goto(f"{shop.url}/admin/collections{path}")
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], path
    assert complaints == []
