"""Modifiers become the values they lead to: protocol.md §2.5 as a table."""

from decimal import Decimal
from typing import Any

import pytest
from piccolo.columns import BigInt, DoublePrecision, ForeignKey, Numeric, Varchar

from piccobase.columns import MultiSelect, Select
from piccobase.records.modifiers import modified_fields, resolve
from piccobase.schema.building import build_registry
from piccobase.schema.collections import CollectionInfo
from piccobase.schema.declaration import Collection


class Cat(Collection, tablename="cats"):
    name = Varchar()


class Thing(Collection, tablename="things", lenient=True):
    num = DoublePrecision()
    whole = BigInt()
    price = Numeric()
    title = Varchar()
    sel = Select(["a", "b"])
    msel = MultiSelect(["a", "b", "c", "d"])
    cat = ForeignKey(Cat)


class StrictThing(Thing, tablename="strict_things", lenient=False):
    pass


REGISTRY = build_registry([Cat, Thing, StrictThing])
THINGS, STRICT = REGISTRY.collections["things"], REGISTRY.collections["strict_things"]

CASES: list[tuple[str, dict[str, Any], dict[str, Any], dict[str, Any]]] = [
    ("number plus", {"num": 1.0}, {"num+": 5}, {"num": 6}),
    ("number minus", {"num": 1.0}, {"num-": 5}, {"num": -4}),
    ("number takes numeric text", {"num": 1.0}, {"num+": "3"}, {"num": 4}),
    ("number counts other text as 0", {"num": 1.0}, {"num+": "abc"}, {"num": 1}),
    ("plain key and modifiers by length of key", {"num": 1.0}, {"num": 10, "num+": 5, "num-": 3}, {"num": 12}),
    ("a number cannot be prepended to", {"num": 1.0}, {"+num": 1}, {"+num": 1}),
    ("integers stay exact", {"whole": 2**53}, {"whole+": 1}, {"whole": 2**53 + 1}),
    ("append keeps order and doubles nothing", {"msel": ["a", "b"]}, {"msel+": ["c", "a"]}, {"msel": ["a", "b", "c"]}),
    ("prepend", {"msel": ["b"]}, {"+msel": "d"}, {"msel": ["d", "b"]}),
    ("remove", {"msel": ["a", "b", "c"]}, {"msel-": ["a", "x"]}, {"msel": ["b", "c"]}),
    ("single takes the new value", {"sel": "a"}, {"sel+": "b"}, {"sel": "b"}),
    ("single keeps its value when prepended to", {"sel": "a"}, {"+sel": "b"}, {"sel": "a"}),
    ("empty single takes what is prepended", {"sel": ""}, {"+sel": "b"}, {"sel": "b"}),
    ("single is cleared by its own value", {"sel": "a"}, {"sel-": "a"}, {"sel": ""}),
    ("relation", {"cat": "x"}, {"cat-": "y"}, {"cat": "x"}),
    ("text has no modifiers", {"title": "a"}, {"title+": "b"}, {"title+": "b"}),
    ("unknown keys are kept", {}, {"nope+": 1, "nope": 2}, {"nope+": 1, "nope": 2}),
    ("the key has none", {"id": "x"}, {"id+": "y"}, {"id+": "y"}),
]


@pytest.mark.parametrize(("stored", "body", "resolved"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_a_modifier_leads_to_a_value(stored: dict[str, Any], body: dict[str, Any], resolved: dict[str, Any]) -> None:
    assert resolve(THINGS, body, stored) == resolved


def test_decimals_keep_all_their_digits() -> None:
    sum_ = resolve(THINGS, {"price+": 1}, {"price": Decimal("1234567890.1234567891")})["price"]
    assert sum_.text == "1234567891.1234567891"


@pytest.mark.parametrize("change", ["5", True, None, [1]])
def test_a_strict_collection_hands_what_is_no_number_to_the_field(change: object) -> None:
    assert resolve(STRICT, {"num+": change}, {"num": 1.0}) == {"num": change}


def names(collection: CollectionInfo, body: dict[str, Any]) -> list[str]:
    return [field.name for field in modified_fields(collection, body)]


def test_modified_fields_are_those_with_a_modifier_only() -> None:
    assert names(THINGS, {"num+": 1, "title+": "x", "msel": [], "+msel": "a"}) == ["num", "msel"]
