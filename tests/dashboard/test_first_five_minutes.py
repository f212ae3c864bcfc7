"""The whole way: from the link that `serve` prints to a city edited in the atlas, which the API then shows."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from tests.process.serving import RunningServer, free_port, running_server

ATLAS = Path(__file__).parents[2] / "examples" / "atlas"
PARIS = "/api/collections/cities/records/2988507"


@pytest.fixture
def atlas(tmp_path: Path) -> Iterator[RunningServer]:
    """The demo without its data and without anybody who could sign in."""
    port = free_port()
    program = Path(sys.executable).with_name("piccobase")
    command = [program, "serve", ATLAS, "--data-dir", tmp_path / "data", "--port", str(port)]
    with running_server("piccobase", command, port, tmp_path, accounts=False) as server:
        yield server


def test_from_the_printed_link_to_an_edited_city(atlas: RunningServer, tmp_path: Path, page: Page) -> None:
    printed = (tmp_path / "piccobase.log").read_text()
    found = re.search(r"http://\S+/admin/set-up#\S+", printed)
    assert found, printed
    page.goto(found[0])
    page.fill("[name=email]", "ada@example.com")
    for name in ("password", "confirmation"):
        page.fill(f"[name={name}]", "correct horse battery")
    page.click("button[type=submit]")
    page.wait_for_url(f"{atlas.url}/admin/")

    page.get_by_role("link", name="Records").click()
    for table, typed in (
        ("continents", {"id": "6255148", "code": "EU", "name": "Europe"}),
        ("countries", {"id": "FR", "name": "France", "iso3": "FRA", "continent": "Europe"}),
        ("cities", {"id": "2988507", "name": "Lutetia", "country": "France", "population": "8000"}),
    ):
        add(page, table, typed)

    guest = atlas.guest()
    assert guest.ask("GET", PARIS)["name"] == "Lutetia"
    page.locator(".table_wrapper a", has_text="Lutetia").click()
    page.fill("form:not([inert]) input[name=name]", "Paris")
    page.fill("form input[name=population]", "2138551")
    # The popup would go with the last one's, if that is still there.
    with page.expect_response(lambda answer: answer.request.method == "PATCH"):
        page.click("[data-uitest=save_button]")
    city = guest.ask("GET", PARIS)
    assert (city["name"], city["population"], city["country"]) == ("Paris", 2138551, "FR")
    page.get_by_role("link", name="Home").click()
    expect(page.locator("main")).to_contain_text("cities")


def add(page: Page, table: str, typed: dict[str, str]) -> None:
    """Adds a record from its table's list and looks for it there; relations are picked by their names."""
    page.locator(".sidebar a", has_text=re.compile(f"^ *{table}$")).click()
    page.locator(".title_bar a", has_text="Add Row").click()
    form = page.locator("form:not([inert])", has=page.locator("[data-uitest=create_button]"))
    for name, text in typed.items():
        field = form.locator(f"[name={name}]").first
        if field.get_attribute("type") == "hidden":
            form.locator(f".key_search:has([name={name}]) input[type=text]").focus()
            page.locator(".results_list a:visible", has_text=text).click()
        else:
            field.fill(text)
    with page.expect_response(lambda answer: answer.request.method == "POST"):  # the popup may be the last one's
        form.locator("[data-uitest=create_button]").click()
    expect(page.locator("#message_popup")).to_contain_text("Successfully added row")
    page.get_by_role("link", name="Back").click()
    expect(page.locator(".table_wrapper tbody")).to_contain_text(typed["name"])
