"""29: a bulk delete whose filter is empty, misspelt or overlooked takes everything with it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from piccolo.columns import Varchar
from tests.dashboard.rooms import Room, opened

from piccobase import Collection


class Note(Collection, tablename="notes"):
    text = Varchar()


@pytest.fixture
async def room(database_url: str | None, tmp_path: Path) -> AsyncIterator[Room]:
    async with opened([Note], database_url, tmp_path) as room:
        yield room


QUERIES = ({}, {"text": "nothing"}, {"txet": "a"}, {"id": ""}, {"__page_size": "1"})


async def test_nothing_deletes_more_than_the_one_record_it_names(room: Room) -> None:
    notes = [await room.root.create("notes", text=text) for text in "abc"]
    for path in ("/api/tables/notes/", "/api/tables/notes", "/api/tables/notes//", "/api/tables/notes/ids/"):
        for query in QUERIES:
            answer = await room.ask("DELETE", path, query=query)
            assert answer.status_code == 404, (path, query)
    assert len(await room.list("notes")) == 3
    gone = await room.ask("DELETE", f"/api/tables/notes/{notes[0]['id']}/", query={"text": "b"})
    assert gone.status_code == 204
    assert {row["text"] for row in await room.list("notes")} == {"b", "c"}
