"""Every kind of column over the API: what is stored, what is refused, and that what is stored can be asked for."""

import json
from collections.abc import AsyncIterator
from decimal import Decimal
from functools import partial
from pathlib import Path
from types import new_class
from typing import Any

import pytest
from piccolo.columns import JSON, Boolean, Integer, Numeric, Text, Timestamptz
from tests.api.value_table import ACCEPTED_AND_REFUSED, OPEN, Target, every_column
from tests.asking import serving

from piccobase import Collection
from piccobase.columns import GeoPoint, MultiSelect, Relations
from piccobase.testing import Caller


def declare(name: str, columns: dict[str, Any], *, lenient: bool) -> type[Collection]:
    keywords = {"tablename": name, "lenient": lenient}
    return new_class(name.title(), (Collection,), keywords, lambda members: members.update(columns, rules=OPEN))


def required_columns() -> dict[str, Any]:
    return {
        "text": Text(required=True),
        "number": Integer(required=True),
        "exact": Numeric(required=True),
        "flag": Boolean(required=True),
        "day": Timestamptz(required=True, null=True, default=None),
        "several": MultiSelect(["a"], required=True),
        "targets": Relations(Target, required=True),
        "any": JSON(required=True),
        "place": GeoPoint(required=True),
    }


COLLECTIONS = [
    Target,
    declare("strict", every_column(), lenient=False),
    declare("lenient", every_column(), lenient=True),
    declare("demanding", required_columns(), lenient=False),
    declare("demanding_lenient", required_columns(), lenient=True),
]
# What a filter does not compare, and what is never sent out.
NOT_ASKED = frozenset({"bytea", "nbytes", "password", "secret"})


@pytest.fixture
async def root(database_url: str | None, tmp_path: Path) -> AsyncIterator[Caller]:
    async with serving(COLLECTIONS, [], database_url, tmp_path) as guest:
        yield await guest.superuser()


exact_json = partial(json.loads, parse_float=Decimal)
JSON_TYPE = {"Content-Type": "application/json"}


async def write(api: Caller, method: str, path: str, field: str, sent: str) -> tuple[Any, dict[str, Any]]:
    """What the field holds afterwards, or its error as the table writes it; and the record."""
    answer = await api.ask(method, path, content=f'{{"{field}":{sent}}}', headers=JSON_TYPE)
    body = exact_json(answer.text)
    if answer.status_code == 200:
        return body[field], body
    assert answer.status_code == 400, answer.text
    assert list(body["data"]) == [field], answer.text
    error = body["data"][field]
    code = error["code"].removeprefix("validation_")
    return (f"{code} {json.dumps(error['params'])}" if "params" in error else code), {}


def table(field: str, strictness: str) -> list[tuple[str, Any]]:
    """The lines of one field: what is sent, and what must come back."""
    lines = []
    for line in ACCEPTED_AND_REFUSED[field].strip().splitlines():
        sent, strict, *lenient = (part.strip() for part in line.split(" | "))
        expected = lenient[0] if lenient and strictness == "lenient" else strict
        lines.append((sent, _expected(expected)))
    return lines


def _expected(written: str) -> Any:
    try:
        return exact_json(written)
    except ValueError:
        return written


def literal(value: Any) -> str | None:
    """How a filter writes the value; None for what has no literal."""
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case int() | Decimal():
            return format(Decimal(value), "f")
        case str():
            return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return None


@pytest.mark.parametrize("strictness", ["strict", "lenient"])
async def test_a_new_record_holds_what_the_table_says_wherever_it_is_read(root: Caller, strictness: str) -> None:
    wrong = []
    for field in ACCEPTED_AND_REFUSED:
        for sent, expected in table(field, strictness):
            got, record = await write(root, "POST", root.records(strictness), field, sent)
            if got != expected:
                wrong.append(f"{field} = {sent} became {got}, not {expected}")
            elif record:
                wrong += await not_found(root, strictness, field, record)
    assert wrong == []


async def not_found(root: Caller, collection: str, field: str, record: dict[str, Any]) -> list[str]:
    """Looks for the record by its id and, where its value can be written in a filter, by that."""
    viewed = await root.ask("GET", root.records(collection, record["id"]))
    wrong = [] if exact_json(viewed.text) == record else [f"{field} is viewed as {viewed.text}"]
    wanted = f"id = '{record['id']}'"
    value = None if field in NOT_ASKED else literal(record[field])
    if value is not None and (collection == "strict" or is_double(record[field])):
        wanted += f" && {field} = {value}"
    listed = await root.ask("GET", root.records(collection), query={"filter": wanted})
    return wrong if exact_json(listed.text).get("items") == [record] else [*wrong, f"{wanted} finds {listed.text}"]


@pytest.mark.parametrize("strictness", ["strict", "lenient"])
async def test_a_stored_record_takes_and_refuses_the_same_values(root: Caller, strictness: str) -> None:
    created = await root.create(strictness)
    path = root.records(strictness, created["id"])
    wrong = []
    for field in ACCEPTED_AND_REFUSED:
        before = created[field]
        for sent, expected in table(field, strictness):
            got, record = await write(root, "PATCH", path, field, sent)
            before = record[field] if record else before
            stored = exact_json((await root.ask("GET", path)).text)[field]
            if (got, stored) != (expected, before):
                wrong.append(f"{field} = {sent} became {got} and {stored}, not {expected}")
    assert wrong == []


def is_double(value: Any) -> bool:
    """What a lenient collection can be asked for: it compares numbers as the reference does."""
    return not isinstance(value, int | Decimal) or Decimal(value) == Decimal(repr(float(Decimal(value))))


BLANK = {
    "text": ['""', "null"],
    "number": ["null", "0"],
    "exact": ["null", "0"],
    "flag": ["null", "false"],
    "day": ["null", '""'],
    "several": ["[]", "null"],
    "targets": ["[]", "null"],
    "any": ["null", '""', "[]", "{}"],
    "place": ["null", '{"lon":0,"lat":0}'],
}
# A strict collection wants a value, and a text or list with something in it; 0, false and {} are values.
ENOUGH_FOR_STRICT = {
    ("number", "0"),
    ("exact", "0"),
    ("flag", "false"),
    ("any", '""'),
    ("any", "[]"),
    ("any", "{}"),
    ("place", '{"lon":0,"lat":0}'),
}


@pytest.mark.parametrize(("collection", "enough"), [("demanding", ENOUGH_FOR_STRICT), ("demanding_lenient", set())])
async def test_a_required_field_is_not_blank(root: Caller, collection: str, enough: set[tuple[str, str]]) -> None:
    target = await root.create("targets")
    full = {
        "text": "x",
        "number": 1,
        "exact": 1,
        "flag": True,
        "day": "2024-01-01",
        "several": ["a"],
        "targets": [target["id"]],
        "any": {"a": 1},
        "place": {"lon": 1, "lat": 1},
    }
    record = await root.create(collection, **full)
    everything_missing = await root.ask("POST", root.records(collection), {})
    assert set(everything_missing.json()["data"]) == set(full)
    for field, blanks in BLANK.items():
        for sent in blanks:
            got, _ = await write(root, "PATCH", root.records(collection, record["id"]), field, sent)
            expected = exact_json(sent) if (field, sent) in enough else "required"
            assert got == expected, f"{field} = {sent}"


TWINS = ["fi", "\ufb01", "\u00e9", "e\u0301", "\u00c5", "A\u030a", "\u212b", "null", "NULL", " null", "null ", "İ", "i"]


async def test_texts_that_only_look_alike_are_different(root: Caller) -> None:
    for text in TWINS:
        await root.create("strict", text=text)
    for text in TWINS:
        found = await root.ask("GET", root.records("strict"), query={"filter": f"text = {literal(text)}"})
        assert [record["text"] for record in found.json()["items"]] == [text]


async def test_integers_and_decimals_are_compared_exactly_in_strict_collections(root: Caller) -> None:
    for number in (2**53, 2**53 + 1, 2**63 - 1, 2**63 - 2):
        await root.create("strict", big=number)
    found = await root.ask("GET", root.records("strict"), query={"filter": f"big = {2**53 + 1}"})
    assert [record["big"] for record in found.json()["items"]] == [2**53 + 1]
    found = await root.ask("GET", root.records("strict"), query={"filter": f"big > {2**63 - 2}"})
    assert [record["big"] for record in found.json()["items"]] == [2**63 - 1]
    for digits in ("0.1000000000000000000001", "0.1"):
        answer = await root.ask("POST", root.records("strict"), content=f'{{"decimal":{digits}}}', headers=JSON_TYPE)
        assert f'"decimal":{digits}' in answer.text
    found = await root.ask("GET", root.records("strict"), query={"filter": "decimal > 0.1"})
    assert found.json()["totalItems"] == 1


async def test_every_mistake_is_told_at_once(root: Caller) -> None:
    body = {"varchar": 5, "small": "x", "boolean": 1, "url": "x", "fk": "nope", "multi": ["q"], "unknown": 1}
    answer = await root.ask("POST", root.records("strict"), body)
    assert answer.status_code == 400
    assert {field: error["code"] for field, error in answer.json()["data"].items()} == {
        "varchar": "validation_invalid_value",
        "small": "validation_not_a_number",
        "boolean": "validation_invalid_value",
        "url": "validation_invalid_url",
        "fk": "validation_missing_rel_records",
        "multi": "validation_invalid_value",
    }
    assert answer.json()["message"] == "Failed to create record."


async def test_what_nobody_can_write_is_passed_over(root: Caller) -> None:
    old = "2001-01-01 00:00:00.000Z"
    ignored = {"created": old, "updated": old, "collectionId": "x", "collectionName": "y", "expand": {}, "TEXT": "x"}
    created = await root.create("strict", **ignored)
    path = root.records("strict", created["id"])
    changed = (await root.ask("PATCH", path, ignored)).json()
    for record in (created, changed):
        assert record["created"] > old
        assert record["updated"] > old
        assert record["collectionName"] == "strict"
        assert record["text"] == ""
        assert "expand" not in record
