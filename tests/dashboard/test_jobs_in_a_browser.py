"""The page of jobs in a real browser: a schedule is run, the page follows by itself, and it fits a phone."""

from pathlib import Path

from playwright.sync_api import Page, expect
from tests.browser import PHONE
from tests.process.commands import command
from tests.process.test_serve import served

APP = """
import pathlib, time
from piccobase import App

app = App()

@app.schedule("0 0 1 1 *")
def yearly() -> None:
    while not pathlib.Path("go on").exists():
        time.sleep(0.01)

@app.schedule("0 0 1 2 *")
async def broken() -> None:
    raise ValueError("nothing to do with <b>it</b>")
"""
EMAIL, PASSWORD = "root@example.com", "correct horse battery"


def test_a_schedule_is_run_and_the_page_follows_by_itself(tmp_path: Path, page: Page) -> None:
    (tmp_path / "app.py").write_text(APP)
    assert command(tmp_path, "superuser", "upsert", EMAIL, PASSWORD).returncode == 0
    with served(tmp_path) as (_, address):
        page.goto(f"{address}/admin/jobs")
        page.get_by_label("E-mail address").fill(EMAIL)
        page.get_by_label("Password").fill(PASSWORD)
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Schedules")).to_be_visible()

        # a failure is told in a line, with its traceback behind it
        page.get_by_role("button", name="Run now broken").click()
        row = page.get_by_role("row", name="broken 0 0 1 2 *")
        expect(row).to_contain_text("ValueError: nothing to do with <b>it</b>")
        page.get_by_text("ValueError: nothing to do").first.click()
        expect(row).to_contain_text('raise ValueError("nothing to do')

        page.get_by_role("button", name="Run now yearly").click()
        expect(page.get_by_role("status")).to_contain_text("It begins now")
        # Of the schedules: once it is under way there is a row of its job as well.
        row = page.locator("table").first.get_by_role("row", name="yearly")
        expect(row).to_contain_text("under way")
        expect(row.get_by_role("button")).to_be_disabled()
        page.get_by_text("ValueError: nothing to do").first.click()
        (tmp_path / "go on").touch()
        expect(row).to_contain_text("done")  # without a click
        expect(page.get_by_text("Traceback (most recent call last)").first).to_be_visible()  # what is open stays so

        # the dead one is deleted
        page.get_by_role("link", name="Dead 1").click()
        page.get_by_text("Delete all …").click()
        page.get_by_role("button", name="Yes, delete all dead jobs").click()
        expect(page.get_by_role("heading", name="No job is dead")).to_be_visible()

        page.set_viewport_size(PHONE)  # type: ignore[arg-type]
        assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
        expect(page.get_by_role("button", name="Run now yearly")).to_be_in_viewport()
