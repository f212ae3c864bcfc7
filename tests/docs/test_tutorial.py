"""The tutorial's page, made of its own blocks, in a real browser with the SDK as npm delivers it."""

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, expect
from tests.browser import PHONE
from tests.docs.pages import ROOT, blocks_of
from tests.process.client import Client
from tests.process.sdk.running import installed_sdk
from tests.process.serving import free_port
from tests.process.watching import Watched, until, watched

TUTORIAL = ROOT / "docs" / "tutorials" / "first-app.md"
WRITTEN_ADDRESS = "http://127.0.0.1:8090"
PASSWORD = "correct horse"


@contextmanager
def served_page(folder: Path, api: str) -> Iterator[str]:
    """The tutorial's three files with the SDK beside them, served as it says; asks the API at `api`."""
    for language, name in (("html", "index.html"), ("javascript", "page.js"), ("css", "page.css")):
        (block,) = [block for block in blocks_of(TUTORIAL) if block.language == language]
        assert (WRITTEN_ADDRESS in block.text) is (language == "javascript")
        (folder / name).write_text(block.text.replace(WRITTEN_ADDRESS, api))
    (folder / "node_modules").symlink_to(installed_sdk() / "node_modules")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1"]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            deadline = time.monotonic() + 20
            while not is_answering(url):
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.02)
            yield url
        finally:
            process.terminate()


def is_answering(url: str) -> bool:
    try:
        return Client(url).send("GET", "/").status == 200
    except OSError:
        return False


def test_the_tutorial_from_its_first_file_to_a_rule_that_refuses(tmp_path: Path, page: Page) -> None:
    first, second = (block.text for block in blocks_of(TUTORIAL) if block.language == "python")
    (tmp_path / "app.py").write_text(first)
    (tmp_path / "page").mkdir()
    with watched(tmp_path) as server, served_page(tmp_path / "page", server.url) as url:
        server.client.ask("POST", "/api/collections/dishes/records", {"name": "Lentil soup", "vegan": True})
        set_up_superuser(page, server)
        told = server.save_and_wait("app.py", second, wait_for="writes it down as a migration")
        [shown] = [block.text for block in blocks_of(TUTORIAL) if block.text.startswith("The code wants")]
        assert set(shown.splitlines()[:-1]) <= set(told.splitlines())
        page.goto(f"{server.url}/admin/")
        before = len(server.told())
        page.get_by_role("button", name="Change the tables").click()
        until(lambda: "Serving on" in server.told()[before:], server.told)
        bring_focaccia(server.client)

        def dishes() -> dict[str, int]:
            found = server.client.ask("GET", "/api/collections/dishes/records")["items"]
            return {dish["name"]: dish["portions"] for dish in found}

        assert dishes() == {"Lentil soup": 4, "Focaccia": 4}
        message, items = page.get_by_role("status"), page.get_by_role("listitem")
        page.goto(url)
        expect(items).to_have_count(2)
        expect(page.get_by_role("button", name="Add")).to_be_hidden()

        page.get_by_label("E-mail").fill("bob@example.com")
        page.get_by_label("Password").fill("short")
        page.get_by_label("Password").evaluate("input => input.removeAttribute('minlength')")
        page.get_by_role("button", name="Sign up").click()
        expect(message).to_have_text("Failed to create record. password: Must be at least 8 character(s).")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign up").click()
        expect(message).to_have_text("Welcome!")
        expect(page.get_by_text("Signed in as bob@example.com")).to_be_visible()

        page.get_by_label("Dish").fill("Dal <b>")
        page.get_by_label("vegan").check()
        page.get_by_role("button", name="Add").click()
        dal, focaccia = items.filter(has_text="Dal <b>"), items.filter(has_text="Focaccia")
        expect(dal).to_contain_text("vegan, yours")
        dal.get_by_label("portions").fill("9")
        dal.get_by_label("portions").press("Enter")
        expect(message).to_have_text("Dal <b>: 9 portions.")
        assert dishes() == {"Lentil soup": 4, "Focaccia": 4, "Dal <b>": 9}

        focaccia.get_by_role("button", name="Remove").click()
        expect(message).to_have_text("The requested resource wasn't found.")
        message.evaluate("element => { element.textContent = '' }")
        focaccia.get_by_label("portions").fill("1")
        focaccia.get_by_label("portions").press("Enter")
        expect(message).to_have_text("The requested resource wasn't found.")
        expect(focaccia.get_by_label("portions")).to_have_value("4")
        page.set_viewport_size(PHONE)
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]

        dal.get_by_role("button", name="Remove").click()
        expect(message).to_have_text("Dal <b> is gone.")
        assert dishes() == {"Lentil soup": 4, "Focaccia": 4}
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_role("button", name="Sign in")).to_be_visible()
        page.close()  # before its server, which it may be asking for the list


def set_up_superuser(page: Page, server: Watched) -> None:
    """Opens the printed link, and sees the collection in the dashboard."""
    link = re.search(r"http\S+/admin/set-up\S+", server.told())
    assert link is not None, server.told()
    page.goto(link[0])
    page.get_by_label("E-mail address").fill("root@example.com")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Password once more").fill(PASSWORD)
    page.get_by_role("button", name="Create superuser").click()
    expect(page.get_by_text("dishes").first).to_be_visible()


def bring_focaccia(guest: Client) -> None:
    """What the tutorial's curl lines do: Ada signs up and in, and adds a dish."""
    ada = {"email": "ada@example.com", "password": PASSWORD, "passwordConfirm": PASSWORD}
    cook = guest.ask("POST", "/api/collections/users/records", ada)["id"]
    draft = {"name": "Focaccia", "vegan": True, "cook": cook}
    guest.sign_in("users", ada["email"], PASSWORD).ask("POST", "/api/collections/dishes/records", draft)
