"""Forms of every kind of column: opened and saved they change nothing, typed into they change what was typed."""

import json
from collections.abc import AsyncIterator
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from tests.api.test_values import declare
from tests.api.value_table import ACCEPTED_AND_REFUSED, Target, every_column
from tests.dashboard.rooms import Room, opened

TARGET = "targetaaaaaaaaa"
UNSEEN = {"password": "correct horse", "secret": "kept"}  # what no answer shows
exact_json = partial(json.loads, parse_float=Decimal)


@pytest.fixture
async def room(database_url: str | None, tmp_path: Path) -> AsyncIterator[Room]:
    collections = [
        Target,
        *(declare(name, every_column(), lenient=name == "lenient") for name in ("strict", "lenient")),
    ]
    async with opened(collections, database_url, tmp_path) as room:
        await room.root.create("targets", id=TARGET, name="A target")
        yield room


async def stored(room: Room, collection: str, record_id: str) -> Any:
    """The record as the API shows it, with all digits, and what it does not show."""
    answer = await room.root.ask("GET", room.root.records(collection, record_id))
    rows = await room.root.services.engine.rows(f'SELECT "password", "secret" FROM "{collection}" ORDER BY "id"')
    return exact_json(answer.text), [tuple(row) for row in rows]


@pytest.mark.parametrize("collection", ["strict", "lenient"])
async def test_a_form_that_is_opened_and_saved_changes_nothing_whatever_a_field_holds(
    room: Room, collection: str
) -> None:
    properties = (await room.schema(collection))["properties"]
    wrong = []
    for field, lines in ACCEPTED_AND_REFUSED.items():
        for line in lines.strip().splitlines():
            sent = line.split(" | ")[0].strip()
            body = f"{{{json.dumps(field)}: {sent}}}"
            made = await room.root.ask(
                "POST", room.root.records(collection), content=body, headers={"Content-Type": "application/json"}
            )
            if made.status_code != 200:
                continue
            record_id = made.json()["id"]
            before = await stored(room, collection, record_id)
            submitted = room.submitted(properties, await room.form(collection, record_id))
            saved = await room.save(collection, record_id, submitted)
            after = await stored(room, collection, record_id)
            if saved.status_code != 200 or after != before:
                wrong.append(f"{field} = {sent}: {saved.status_code} {saved.text}, {before} became {after}")
    assert wrong == []


FILLED = {
    "varchar": "null",
    "text": "two\nlines",
    "big": 9007199254740993,
    "numeric": 1.5,
    "timestamptz": "2026-11-23 10:00:00.120Z",
    "date": "2026-11-23",
    "time": "09:30:00.123456",
    "interval": 90.5,
    "json": {"a": [1, "null", 1.25]},
    "jsonb": "null",
    "texts": ["a", "a", "null", ""],
    "ints": [1, 2147483647],
    "moments": ["2026-11-23 10:00:00.000Z"],
    "grid": [[1, 2], [3, 4]],
    "fk": TARGET,
    "size": 2,
    "color": "r",
    "multi": ["b", "a"],
    "rels": [TARGET],
    "geo": {"lon": 2.35, "lat": 48.86},
    "bytea": "aGk=",
    "uuid": "6b3f1a2e-1111-4222-8333-444455556666",
    "prices": [1.5],
    "flags": [True, False],
    "ntext": "null",
    "nbool": True,
} | UNSEEN

# What is typed into a field, and what the API shows then.
TYPED: dict[str, tuple[Any, Any]] = {
    "varchar": ("plain", "plain"),
    "text": ("one\nmore", "one\nmore"),
    "email": ("ada@example.com", "ada@example.com"),
    "uuid": ("6B3F1A2E-1111-4222-8333-444455556677", "6b3f1a2e-1111-4222-8333-444455556677"),
    "small": ("-5", -5),
    "big": ("9223372036854775807", 9223372036854775807),
    "double": ("0.1", Decimal("0.1")),
    "numeric": ("12345678901234567890.0123456789", Decimal("12345678901234567890.0123456789")),
    "boolean": ("true", True),
    "timestamp": ("2026-01-02T03:04", "2026-01-02 03:04:00.000Z"),
    "timestamptz": ("2026-01-02T03:04:05.678", "2026-01-02 03:04:05.678Z"),
    "date": ("2026-01-02", "2026-01-02 00:00:00.000Z"),
    "time": ("23:59:59.999999", "23:59:59.999999"),
    "interval": ("1.5", Decimal("1.5")),
    "json": ('{"b": 9007199254740993}', {"b": 9007199254740993}),
    "jsonb": ('"x"', "x"),
    "texts": (["b", "null"], ["b", "null"]),
    "ints": (["3", "-4"], [3, -4]),
    "grid": ("[[5]]", [[5]]),
    "prices": (["2.25"], [Decimal("2.25")]),
    "flags": (["false"], [False]),
    "ids": (["6b3f1a2e-1111-4222-8333-444455556666"], ["6b3f1a2e-1111-4222-8333-444455556666"]),
    "fk": (None, None),
    "size": ("1", 1),
    "select": ("b", "b"),
    "multi": (["c"], ["c"]),
    "rels": ([], []),
    "url": ("https://example.com/x", "https://example.com/x"),
    "editor": ("<p>b</p>", "<p>b</p>"),
    "geo": ('{"lon": -1, "lat": 0.5}', {"lon": -1, "lat": Decimal("0.5")}),
    "bytea": ("aG8=", "aG8="),
    "ntext": ("", None),
    "nint": ("0", 0),
    "nbool": (None, None),
    "njson": ("[null]", [None]),
}


async def test_what_is_typed_in_is_stored_and_every_other_field_stays_as_it_was(room: Room) -> None:
    record = await room.root.create("strict", **FILLED)
    properties = (await room.schema("strict"))["properties"]
    wrong = []
    for field, (typed, expected) in TYPED.items():
        before, unseen = await stored(room, "strict", record["id"])
        submitted = room.submitted(properties, await room.form("strict", record["id"]), {field: typed})
        saved = await room.save("strict", record["id"], submitted)
        after, unseen_after = await stored(room, "strict", record["id"])
        changed = {name: value for name, value in after.items() if before[name] != value and name != "updated"}
        if saved.status_code != 200 or changed != {field: expected} or unseen != unseen_after:
            wrong.append(f"{field} typed {typed!r}: {saved.status_code} {saved.text} {changed}")
    assert wrong == []


async def test_a_new_record_gets_what_was_typed_in_and_defaults_for_the_rest(room: Room) -> None:
    properties = (await room.schema("strict"))["properties"]
    typed = {field: typed for field, (typed, _) in TYPED.items() if typed is not None} | UNSEEN
    blank = await room.get("/api/tables/strict/new/")
    added = await room.add("strict", room.submitted(properties, blank, typed))
    assert added.status_code == 201, added.text
    (record,) = (await room.root.ask("GET", room.root.records("strict"))).json()["items"]
    assert added.json() == [{"id": record["id"]}]
    record, ((password, secret),) = await stored(room, "strict", record["id"])
    expected = {field: expected for field, (typed, expected) in TYPED.items() if typed is not None}
    assert {field: record[field] for field in expected} == expected
    assert (record["integer"], record["decimal"], record["ndec"]) == (0, 0, None)
    assert password.startswith("$argon2id$")
    assert secret == "kept"


REFUSED = [
    ("integer", "much", "The submitted number is not properly formatted."),
    ("integer", "", "Cannot be blank."),
    ("json", '{"a": 1', "Must be JSON: Expecting ',' delimiter (character 8)."),
    ("date", "soon", "Must be a date such as 2026-11-23."),
    ("email", "ada", "Must be a valid email address."),
    ("multi", ["a", "b", "c"], "Select no more than 2."),
    ("fk", "nobody", "Failed to find all relation records with the provided ids."),
    ("password", "short", "Must be at least 8 character(s)."),
    ("id", "another", "The record primary key cannot be changed."),
]


async def test_what_is_refused_is_told_beside_the_field(room: Room) -> None:
    record = await room.root.create("strict", **FILLED)
    properties = (await room.schema("strict"))["properties"]
    row = await room.form("strict", record["id"])
    told = []
    for field, typed, _ in REFUSED:
        saved = await room.save("strict", record["id"], room.submitted(properties, row, {field: typed}))
        assert saved.status_code == 422, field
        told.append([(entry["loc"][-1], entry["msg"]) for entry in saved.json()["detail"]])
    assert told == [[(field, message)] for field, _, message in REFUSED]
    assert await room.form("strict", record["id"]) == row
