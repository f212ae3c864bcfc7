"""From the link that `serve` prints to the home page and out again, in a real browser with a real server."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect
from tests.browser import DESKTOP, PHONE
from tests.process.test_serve import APP, served

EMAIL, PASSWORD = "root@example.com", "correct horse battery"
HOSTILE = "<img src=x onerror=\"document.title='taken'\">"


@pytest.fixture
def running(tmp_path: Path) -> "Iterator[tuple[str, str]]":
    """The address of a new server, and the link it has printed."""
    (tmp_path / "app.py").write_text(APP)
    with served(tmp_path) as (process, address):
        yield address, printed_link(process, address)


def printed_link(process: "subprocess.Popen[str]", address: str) -> str:
    assert process.stdout is not None
    for line in process.stdout:
        if line.strip().startswith(f"{address}/admin/set-up#"):
            return line.strip()
    raise AssertionError("no link was printed")


def test_from_the_printed_link_to_the_home_page_and_out_again(running: tuple[str, str], page: Page) -> None:
    address, link = running
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if "Content Security Policy" in said.text else None)
    foreign: list[str] = []
    page.on("request", lambda asked: None if asked.url.startswith(address) else foreign.append(asked.url))

    # a stranger without the link gets no further
    page.goto(f"{address}/admin/")
    expect(page.get_by_role("heading", name="This server is not set up yet")).to_be_visible()

    # the link, whose token leaves the address at once and is not typed by anybody
    page.goto(link)
    expect(page.get_by_role("heading", name="Make the first superuser")).to_be_visible()
    assert page.url == f"{address}/admin/set-up"
    expect(page.get_by_label("Token")).to_be_hidden()
    page.get_by_label("E-mail address").fill(EMAIL)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Password once more").fill("something else")
    page.keyboard.press("Enter")
    expect(page.get_by_text("The two passwords differ.")).to_be_visible()
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Password once more").fill(PASSWORD)
    page.keyboard.press("Enter")

    # home, with what is there
    expect(page.get_by_role("heading", name="Home")).to_be_visible()
    expect(page.get_by_role("row", name="notes")).to_contain_text("0")
    assert httpx.post(f"{address}/api/collections/notes/records", json={"text": HOSTILE}).status_code == 200
    page.reload()
    expect(page.get_by_role("link", name=HOSTILE)).to_be_visible()
    assert page.title() == "Home · Piccobase"

    # light and dark: chosen once, kept on the next page
    page.emulate_media(color_scheme="light")
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    page.get_by_role("button", name="Switch between light and dark").click()
    dark = page.evaluate(ground)
    assert light != dark
    page.goto(f"{address}/admin/design")
    assert page.evaluate(ground) == dark
    assert page.evaluate("document.cookie") == ""  # the one there is no script can read

    # on a phone nothing stands out to the side
    page.set_viewport_size(PHONE)
    for path in ("/admin/", "/admin/design", "/admin/nope", "/admin/sign-in"):
        page.goto(address + path)
        assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"], path
    page.set_viewport_size(DESKTOP)

    # by keyboard: the first stop leads past the navigation, and where the focus is can be seen
    page.goto(f"{address}/admin/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"

    # a link on another site leads in, although the cookie is not sent along with it
    page.goto("about:blank")
    page.set_content(f'<a href="{address}/admin/design">a link</a>')
    page.get_by_role("link").click()
    expect(page.get_by_role("heading", name="Design")).to_be_visible()

    # out, and in again to where one was going
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.goto(f"{address}/admin/design")
    page.get_by_label("E-mail address").fill(EMAIL)
    page.get_by_label("Password").fill("wrong password")
    page.keyboard.press("Enter")
    expect(page.get_by_text("The e-mail address or the password is wrong.")).to_be_visible()
    expect(page.get_by_label("E-mail address")).to_have_value(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Design")).to_be_visible()
    assert page.url == f"{address}/admin/design"

    # the link is worth nothing any more
    page.context.clear_cookies()
    page.goto(link)
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert complaints == []
    assert foreign == []
