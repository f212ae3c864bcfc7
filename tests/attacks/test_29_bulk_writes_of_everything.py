"""Case 29: a bulk write never means everything by accident, and reaches nothing that its sender may not reach."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from piccolo.columns import Varchar
from tests.asking import Api, serving

from piccobase import Collection, Rules

PATH = "/api/collections/notes/bulk"
EVERYTHING = "id != ''"


class Note(Collection, tablename="notes"):
    text = Varchar()
    pin = Varchar(secret=True, default="1234")
    rules = Rules(list="text != 'private'", view="text != 'private'", create="", update="text != 'live'", delete="")


@pytest.fixture
async def api(database_url: str | None, tmp_path: Path) -> AsyncIterator[Api]:
    async with serving([Note], [], database_url, tmp_path) as guest:
        for text in ("draft", "live", "private"):
            await guest.create("notes", text=text)
        yield guest


async def left(api: Api) -> list[tuple[Any, ...]]:
    return await api.services.engine.rows("SELECT text, pin FROM notes ORDER BY text")


async def test_a_filter_that_is_missing_empty_or_misspelt_deletes_nothing(api: Api) -> None:
    for form in (
        {},
        {"action": "delete"},
        {"action": "delete", "limit": 1000},
        {"action": "delete", "limit": 1000, "filter": ""},
        {"action": "delete", "limit": 1000, "filter": " \t\n"},
        {"action": "delete", "limit": 1000, "filter": None},
        {"action": "delete", "limit": 1000, "filter": {"$ne": None}},
        {"action": "delete", "limit": 1000, "fliter": EVERYTHING},
        {"action": "delete", "limit": 1000, "filter": EVERYTHING, "dry_run": True},
        {"action": "delete", "limit": -1, "filter": EVERYTHING},
        {"action": "delete", "filter": EVERYTHING},
        {"action": "delete", "limit": 1, "filter": EVERYTHING},
    ):
        assert (await api.ask("POST", PATH, form)).status_code == 400, form
    assert len(await left(api)) == 3


async def test_what_may_not_be_listed_is_neither_counted_nor_touched(api: Api) -> None:
    private = {"action": "delete", "limit": 10, "filter": "text = 'private'"}
    assert (await api.ask("POST", PATH, private)).json() == {"matched": 0, "done": 0, "ids": [], "dryRun": False}
    everything = {"action": "delete", "limit": 10, "filter": EVERYTHING}
    assert (await api.ask("POST", PATH, everything)).json()["matched"] == 2
    assert await left(api) == [("private", "1234")]


async def test_a_bulk_change_is_held_to_the_rule_of_each_record_and_to_the_rights_to_fields(api: Api) -> None:
    change = {"action": "update", "limit": 10, "filter": EVERYTHING, "body": {"text": "mine"}}
    assert (await api.ask("POST", PATH, change)).status_code == 400  # the live one may not be changed, so none is
    narrow = {**change, "filter": "text = 'draft'", "body": {"text": "mine", "pin": "0000"}}
    assert (await api.ask("POST", PATH, narrow)).status_code == 200
    assert await left(api) == [("live", "1234"), ("mine", "1234"), ("private", "1234")]


async def test_hidden_fields_cannot_be_guessed_by_what_matches(api: Api) -> None:
    for text in ("pin = '1234'", "pin ~ '1%'", "text != '' && pin > '1'"):
        form = {"action": "delete", "limit": 10, "filter": text, "dryRun": True}
        assert (await api.ask("POST", PATH, form)).status_code == 400, text
