"""Piccolo Admin in Chromium: its forms, as a browser holds and sends them, damage nothing and say what is wrong."""

import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect
from tests.browser import PHONE
from tests.process.serving import SUPERUSER, RunningServer, running_piccobase

APP = Path(__file__).with_name("everything.py")
OWNER = "owneraaaaaaaaaa"
FILLED = {
    "id": "filledaaaaaaaaa",
    "name": "null",
    "body": " two\r\nlines\n",
    "html": "<P>Not <b>as</b>\nan editor writes it",
    "link": "https://example.com/?a=1&b=2",
    "nickname": "NULL",
    "amount": -5,
    "big": 9007199254740993,
    "double": 0.1,
    "price": 12345678901234567.25,
    "flag": True,
    "maybe": False,
    "at": "2026-10-25 00:30:00.120Z",
    "naive": "2026-03-29 02:30:00.000Z",
    "day": "2026-11-23",
    "clock": "09:30:00.123456",
    "span": 93784.5,
    "code": "6b3f1a2e-1111-4222-8333-444455556666",
    "raw": "aGk=",
    "facts": {"id": 9007199254740993, "list": [1, "null", None], "a": 1.5},
    "place": {"lon": 2.35, "lat": 48.86},
    "size": 2,
    "mood": "loud",
    "several": ["b", "a"],
    "owner": OWNER,
    "owners": [OWNER],
    "texts": ["same", "same", "null", ""],
    "numbers": [9007199254740993, 1],
    "grid": [[1, 2], [3, 4]],
    "secret": "kept",
}
EMPTY = {"id": "emptyaaaaaaaaaa", "name": "Empty"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("everything")


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[RunningServer]:
    """The app with an owner, a thing that has all and one that has next to nothing."""
    with running_piccobase(APP, folder) as server:
        account = {"email": "ada@example.com", "password": "12345678", "passwordConfirm": "12345678"}
        server.superuser.ask("POST", "/api/collections/owners/records", {"id": OWNER, "name": "Ada", **account})
        for thing in (FILLED, EMPTY):
            server.superuser.ask("POST", "/api/collections/things/records", thing)
        yield server


@pytest.fixture
def room(page: Page, server: RunningServer) -> Page:
    """The page of the room, after signing in."""
    page.goto(f"{server.url}/admin/tables/")
    page.fill("[name=identity]", SUPERUSER[0])
    page.fill("[name=password]", SUPERUSER[1])
    page.click("button[type=submit]")
    page.wait_for_url("**/admin/tables/")
    return page


def thing(server: RunningServer, record_id: Any) -> Any:
    return server.superuser.ask("GET", f"/api/collections/things/records/{record_id}")


def open_form(room: Page, server: RunningServer, record_id: Any) -> None:
    room.goto(f"{server.url}/admin/tables/#/things/{record_id}/")
    expect(room.locator("form:not([inert]) input[name=id]")).to_have_value(str(record_id))


def save(room: Page, message: str = "Successfully saved row") -> None:
    room.click("[data-uitest=save_button]")
    expect(room.locator("#message_popup")).to_contain_text(message)


def test_a_form_that_is_opened_and_saved_in_a_browser_changes_nothing(room: Page, server: RunningServer) -> None:
    for record_id in (FILLED["id"], EMPTY["id"]):
        before = thing(server, record_id)
        open_form(room, server, record_id)
        expect(room.locator("input[name=updated]")).to_have_js_property("readOnly", True)
        save(room)
        assert thing(server, record_id) == before
        room.reload()


TYPED = {
    "body": ("textarea", "one\ntwo", "one\ntwo"),
    "nickname": ("input", "", None),
    "amount": ("input", "7", 7),
    "big": ("input", "9223372036854775807", 9223372036854775807),
    "at": ("input", "2026-01-02T03:04:05.600", "2026-01-02 03:04:05.600Z"),
    "naive": ("input", "", None),
    "day": ("input", "2026-01-02", "2026-01-02 00:00:00.000Z"),
    "facts": ("textarea", '{"b": 9007199254740993}', {"b": 9007199254740993}),
    "flag": ("select", "false", False),
    "maybe": ("select", "null", None),
    "size": ("select", "1", 1),
    "mood": ("select", "", ""),
}


def test_what_is_typed_in_arrives_and_secrets_survive(room: Page, server: RunningServer, folder: Path) -> None:
    record = {**FILLED, "id": "typedaaaaaaaaaa"}
    server.superuser.ask("POST", "/api/collections/things/records", record)
    before = thing(server, record["id"])
    open_form(room, server, record["id"])
    assert room.locator("input[name=at]").get_attribute("type") == "datetime-local"
    assert room.locator("input[name=secret]").input_value() == ""
    for name, (kind, typed, _) in TYPED.items():
        field = room.locator(f"form {kind}[name={name}]").first
        field.select_option(typed) if kind == "select" else field.fill(typed)
    room.locator("[data-uitest=texts_array_widget] li input").first.fill("other")
    room.locator("[data-uitest=texts_array_widget] li input").first.blur()
    save(room)
    after = thing(server, record["id"])
    expected = {name: value for name, (_, _, value) in TYPED.items()} | {"texts": ["other", "same", "null", ""]}
    assert after == before | expected | {"updated": after["updated"]}
    with closing(sqlite3.connect(folder / "data" / "data.db")) as database:
        found = database.execute("SELECT secret FROM things WHERE id = ?", (record["id"],)).fetchall()
    assert found == [("kept",)]


def test_a_new_record_is_made_with_another_one_picked_by_its_name(room: Page, server: RunningServer) -> None:
    room.goto(f"{server.url}/admin/tables/#/things/add/")
    room.fill("form:not([inert]) input[name=name]", "New")
    room.locator(".key_search input[type=text]").first.focus()
    room.get_by_placeholder("Type here to filter").first.fill("ad")
    room.locator(".results_list a", has_text="Ada").click()
    room.click("[data-uitest=create_button]")
    expect(room.locator("#message_popup")).to_contain_text("Successfully added row")
    (made,) = server.superuser.ask("GET", "/api/collections/things/records?filter=name=%22New%22")["items"]
    assert (made["owner"], made["size"], made["grid"]) == (OWNER, 1, [])


def test_what_is_wrong_is_told(room: Page, server: RunningServer) -> None:
    open_form(room, server, EMPTY["id"])
    room.fill("form input[name=amount]", "much")
    room.fill("form input[name=name]", "")
    save(room, "The form has errors.")
    errors = room.locator("div.errors li")
    expect(errors).to_have_text(
        ["name field - Cannot be blank.", "amount field - The submitted number is not properly formatted."]
    )
    room.on("dialog", lambda dialog: dialog.accept())
    room.goto(f"{server.url}/admin/tables/#/_superusers/")
    room.locator(".table_wrapper td:last-child a.subtle").click()
    room.click("[data-uitest=delete_row_button]")
    expect(room.locator("#note")).to_contain_text("the only existing superuser")
    room.goto(f"{server.url}/admin/tables/#/things/")
    expect(room.locator("#note")).to_be_hidden()
    room.click("[data-uitest=filter_button]")
    room.fill(".right_column input[name=amount]", "many")
    room.click("[data-uitest=submit_filter_button]")
    expect(room.locator("#note")).to_contain_text("amount is compared with a number")
    room.fill(".right_column input[name=amount]", "-5")
    room.click("[data-uitest=submit_filter_button]")
    expect(room.locator("#result_count")).to_contain_text("Showing 1 of 1")
    expect(room.locator("#note")).to_be_hidden()


def test_it_looks_like_the_dashboard_light_and_dark_and_fits_a_phone(room: Page, server: RunningServer) -> None:
    room.goto(f"{server.url}/admin/tables/#/things/")
    expect(room.locator("#to-api")).to_have_attribute("href", "/admin/collections/things")
    expect(room.locator("[data-uitest=nav_dropdown_button]")).to_be_hidden()  # its own sign-out, password and MFA
    colours = []
    for theme in ("light", "dark"):
        if room.locator(f"#app.{theme}_mode").count() == 0:
            room.click("[data-theme-toggle]")
        expect(room.locator(f"#app.{theme}_mode")).to_be_visible()
        colours.append(room.evaluate("getComputedStyle(document.querySelector('#app #app')).backgroundColor"))
    assert len(set(colours)) == 2
    room.reload()
    expect(room.locator("#app.dark_mode")).to_be_visible()
    room.set_viewport_size({"width": PHONE["width"], "height": PHONE["height"]})
    for place in ("#/", "#/things/", f"#/things/{FILLED['id']}/", "#/things/add/"):
        room.goto(f"{server.url}/admin/tables/{place}")
        expect(room.locator(".welcome, .title_bar, form").first).to_be_visible()
        assert room.evaluate("document.documentElement.scrollWidth") == PHONE["width"], place
    room.goto(f"{server.url}/admin/tables/#/")
    expect(room.get_by_role("heading", name="Welcome")).to_be_visible()
    room.click("#burger_menu a")
    room.locator("#sidebar_overlay a", has_text="things").click()
    expect(room.locator("h1", has_text="things")).to_be_visible()


def test_who_is_no_longer_signed_in_is_sent_to_sign_in(room: Page, server: RunningServer) -> None:
    room.wait_for_load_state("networkidle")  # else an answer to what it has asked before would lead it away first
    room.context.clear_cookies()
    room.goto(f"{server.url}/admin/tables/#/things/")
    room.wait_for_url("**/admin/sign-in?next=**")


def held_back(room: Page, pattern: str) -> list[Route]:
    """The requests that fit `pattern`, which wait for `release`."""
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    room.route(pattern, hold)
    return held


def release(room: Page, held: list[Route]) -> None:
    """Lets the first of them go, as soon as it is there."""
    patience = time.monotonic() + 10
    while not held and time.monotonic() < patience:
        room.evaluate("0")  # whose way there and back lets Playwright tell of it
    held[0].continue_()


def test_an_answer_that_comes_late_takes_no_other_records_place(room: Page, server: RunningServer) -> None:
    address = f"{server.url}/admin/tables/#/things/"
    reads = re.compile(r"/api/tables/things/(\w+)/\?__readable")
    answered: list[str] = []
    room.on("response", lambda answer: answered.extend(reads.findall(answer.url)))
    held = held_back(room, f"**/api/tables/things/{FILLED['id']}/*")
    with room.expect_request(f"**/api/tables/things/{FILLED['id']}/*"):
        room.goto(f"{address}{FILLED['id']}/")
    room.goto(f"{address}{EMPTY['id']}/")
    room.evaluate("() => fetch('./api/links/').then((answer) => answer.text())")  # time for the other's answer
    release(room, held)
    expect(room.locator("form:not([inert]) input[name=id]")).to_have_value(EMPTY["id"])
    assert answered == [FILLED["id"], EMPTY["id"]]


def test_a_form_is_still_as_long_as_something_of_it_is_to_come(room: Page, server: RunningServer) -> None:
    room.goto(f"{server.url}/admin/tables/#/things/")
    expect(room.locator("h1", has_text="things")).to_be_visible()
    held = held_back(room, "**/api/tables/things/schema/")
    room.locator(".title_bar a", has_text="Add Row").click()
    expect(room.locator("form[inert] input[name=name]")).to_be_visible()
    release(room, held)
    expect(room.locator("form:not([inert]) input[name=name]")).to_be_visible()


def test_a_refusal_is_told_until_the_same_is_answered(room: Page, server: RunningServer) -> None:
    room.goto(f"{server.url}/admin/tables/#/things/?amount=many")
    expect(room.locator("#note")).to_contain_text("amount is compared with a number")
    room.evaluate("""() => new Promise((done) => {
        const other = new XMLHttpRequest();
        other.onload = done;
        other.open("GET", "./api/tables/things/schema/");
        other.send();
    })""")
    expect(room.locator("#note")).to_be_visible()


def test_who_leaves_a_list_before_it_has_come_is_not_sent_home(room: Page, server: RunningServer) -> None:
    refused: list[str] = []
    room.on("response", lambda answer: refused.append(answer.url) if answer.status == 404 else None)
    held = held_back(room, "**/api/tables/things/schema/")
    with room.expect_request("**/api/tables/things/schema/"):
        room.goto(f"{server.url}/admin/tables/#/things/")
    room.goto(f"{server.url}/admin/tables/#/")
    expect(room.get_by_role("heading", name="Welcome")).to_be_visible()
    release(room, held)
    room.locator(".sidebar a", has_text="owners").click()
    expect(room.locator("h1", has_text="owners")).to_be_visible()
    assert refused == []
