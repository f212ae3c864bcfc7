"""Settings as a person changes them, in a real browser with a real server: rules, mistakes, secrets, a phone."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect
from tests.browser import PHONE
from tests.process.commands import command
from tests.process.test_serve import APP, served

EMAIL, PASSWORD = "root@example.com", "correct horse battery"
Running = tuple["subprocess.Popen[str]", str]


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    (tmp_path / "app.py").write_text(APP)
    assert command(tmp_path, "superuser", "upsert", EMAIL, PASSWORD).returncode == 0
    with served(tmp_path) as server:
        yield server


def test_rate_limits_are_set_and_hold(running: Running, page: Page) -> None:
    address = running[1]
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text))
    page.goto(f"{address}/admin/settings/limits")
    page.get_by_label("E-mail address").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Rate limits")).to_be_visible()

    # two rules go, one comes, with a mistake in it
    page.get_by_label("Limit requests").check()
    for _ in range(2):
        page.get_by_role("button", name="Remove this rule").first.click()
    page.get_by_role("button", name="Add a rule").click()
    page.keyboard.type("/api/health now")
    page.get_by_label("Requests").nth(-1).fill("1")
    page.get_by_label("Seconds").nth(-1).fill("600")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("Nothing was saved")
    expect(page.get_by_text("Must be in a valid format.")).to_be_visible()
    assert httpx.get(f"{address}/api/health").status_code == 200

    # mended, it is saved and holds
    page.get_by_label("Label").nth(-1).fill("/api/health")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_contain_text("Saved.")
    labels = page.get_by_label("Label")
    assert [labels.nth(number).input_value() for number in range(labels.count())] == [
        "/api/batch",
        "/api/",
        "/api/health",
    ]
    assert [httpx.get(f"{address}/api/health").status_code for _ in range(2)] == [200, 429]

    # with the keyboard, on a phone, and without anything wider than it
    page.set_viewport_size(PHONE)
    page.get_by_role("link", name="Mail", exact=True).click()
    page.get_by_label("Password").fill("hush-hush")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Saved.")
    expect(page.get_by_label("Password")).to_have_value("")
    expect(page.get_by_label("Remove what is stored")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert [text for text in complaints if "Content Security Policy" in text] == []
