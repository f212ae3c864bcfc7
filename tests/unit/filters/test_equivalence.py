"""SQLite, PostgreSQL and a small evaluator written from protocol.md §3.6 agree on generated comparisons."""

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.filters.conftest import RECORDS, Database

from piccobase.schema.values.dates import parse_instant

# The evaluator: values are None, numbers or texts, and know which affinity their operand has.

NUMERIC = re.compile(r"[ \t\n\v\f\r]*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?[ \t\n\v\f\r]*", re.ASCII)
LOWER = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")


def real_text(number: float) -> str:
    text = repr(float(number))
    if "e" in text:
        mantissa, exponent = text.split("e")
        return f"{mantissa if '.' in mantissa else mantissa + '.0'}e{int(exponent):+03d}"
    return text


def stored(field: str, strict: bool, value: Any) -> Any:
    if value is None:
        return "" if field == "dt" and not strict else None
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.") + f"{value.microsecond // 1000:03d}Z"
    if isinstance(value, bool):
        return int(value)
    return value


def converted(field: str, strict: bool, literal: Any) -> Any:
    """The literal as the field's affinity makes it."""
    if field in ("title", "body", "dt"):
        if not isinstance(literal, str):
            return real_text(literal)
        moment = parse_instant(literal) if field == "dt" and strict else None
        return stored(field, strict, moment) if moment else literal
    if isinstance(literal, str):
        if not NUMERIC.fullmatch(literal):
            return literal
        literal = Decimal(literal.strip())
        return literal if field == "price" or literal == literal.to_integral_value() else float(literal)
    if field == "price":
        return Decimal(literal)
    if strict and literal == int(literal) and "." not in str(literal):
        return literal
    return float(literal)


def ranked(value: Any) -> tuple[int, Any]:
    return (2, value.encode()) if isinstance(value, str) else (1, value)


def like(text: Any, pattern: str) -> bool:
    pieces, characters = [], iter(pattern.translate(LOWER))
    for character in characters:
        if character == "\\":
            following = next(characters, None)
            if following is None:
                return False
            pieces.append(re.escape(following))
        else:
            pieces.append({"%": ".*", "_": "."}.get(character, re.escape(character)))
    return re.fullmatch("".join(pieces), text.translate(LOWER), re.DOTALL) is not None


def contains(literal: Any) -> str:
    if isinstance(literal, Decimal):
        literal = int(literal) if literal == int(literal) else float(literal)
    text = str(literal)
    bare = re.sub(r"\\.", "", text, flags=re.DOTALL)
    if "%" in bare:
        return text
    escaped = re.sub(r"\\([%_\\])|([%_\\])", lambda found: "\\" + (found[1] or found[2]), text)
    return f"%{escaped}%"


def evaluate(field: str, strict: bool, value: Any, operator: str, literal: Any) -> bool:
    value = stored(field, strict, value)
    if operator in ("~", "!~"):
        if value is None:
            return False
        text = value if isinstance(value, str) else f"{Decimal(repr(value) if isinstance(value, float) else value):f}"
        if not isinstance(value, str) and "." in text:
            text = text.rstrip("0").rstrip(".")
        return like(text, contains(literal)) == (operator == "~")
    if operator in ("=", "!="):
        same = value in (None, "") if literal == "" else value is not None and ranked(value) == ranked(
            converted(field, strict, literal)
        )  # fmt: skip
        return same == (operator == "=")
    if value is None:
        return False
    left, right = ranked(value), ranked(converted(field, strict, literal))
    return {"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}[operator]


WRITTEN_TEXTS = [
    "5", "5.0", " 5", "-1.5", "1e21", "1234567.25", "Alpha", "beta", "100%_\\", "0.1", "9007199254740993", "2024",
    "12345678901234567", "2024-01-01", "2024-01-01 00:00:00.000Z", "2024-01-01T12:30:00.25Z", "2025-02-30", "10.50",
    ".5",
]  # fmt: skip
texts = st.one_of(st.text("aAbBäÄzZ5. %_\\'\"\n", max_size=4), st.sampled_from(WRITTEN_TEXTS))
numbers = st.one_of(
    st.integers(-(2**66), 2**66),
    st.integers(-10, 10),
    st.sampled_from([9007199254740992, 9007199254740993, 2**63, 2**63 - 1, -(2**63)]),
    st.decimals(-20, 20, places=2),
    st.sampled_from([Decimal("0.1"), Decimal("1234567.25"), Decimal("10.50"), Decimal("9.5"), Decimal("0.1234567890")]),
)
FIELDS = {
    "things": ["title", "body", "num", "whole", "price", "flag", "dt"],
    "loose": ["title", "num", "whole", "flag", "dt"],
}


def written(literal: Any) -> str:
    if isinstance(literal, str):
        return "'" + literal.replace("\\", "\\\\").replace("'", "\\'") + "'"
    return format(literal, "f") if isinstance(literal, Decimal) else str(literal)


@pytest.mark.parametrize("collection", ["things", "loose"])
@given(data=st.data(), operator=st.sampled_from(["=", "!=", "<", "<=", ">", ">=", "~", "!~"]), literal=texts | numbers)
@settings(max_examples=600, deadline=None)
def test_both_databases_answer_as_the_evaluator(
    sqlite_database: Database, postgres_database: Database, collection: str, data: Any, operator: str, literal: Any
) -> None:
    field = data.draw(st.sampled_from(FIELDS[collection]))
    strict = collection == "things"
    filter = f"{field} {operator} {written(literal)}"
    expected = []
    for record in RECORDS[collection]:
        info = sqlite_database.collection(collection).by_name[field]
        value = record.get(field, None if info.nullable else info.value.zero())
        if evaluate(field, strict, value, operator, literal):
            expected.append(record["id"])
    if operator in ("~", "!~") and field == "num" and collection == "things":
        # How LIKE sees a double of more than fifteen digits is nobody's promise; both databases show the same rest.
        expected = [id for id in expected if id != "5"]
        assert sqlite_database.ask(collection, f"id != '5' && {filter}") == " ".join(expected)
        assert postgres_database.ask(collection, f"id != '5' && {filter}") == " ".join(expected)
        return
    assert sqlite_database.ask(collection, filter) == " ".join(expected)
    assert postgres_database.ask(collection, filter) == " ".join(expected)


json_literals = st.one_of(texts, numbers, st.sampled_from(["x", "deep", '{"c":"deep"}', "[1,2]", "a, b: c"]))
OPERANDS = [
    "title", "body", "num", "small", "whole", "price", "flag", "dt", "day", "uid", "js", "plain", "js.a", "js.b.1",
    "js.b.0", "js.t", "msel", "tags", "geo.lon", "cat", "cat.name", "title:lower", "num:lower", "msel:length", "clock",
    "sel:length", "span", "local", "@now", "@year", "null", "true", "@request.query.x", "@request.body.x",
    "@request.auth.name",
]  # fmt: skip
operands = st.sampled_from(OPERANDS)
bodies = st.one_of(texts, st.none(), st.booleans(), st.integers(-10, 10), st.floats(-10, 10).map(lambda x: round(x, 2)))


@given(
    left=operands,
    operator=st.sampled_from(["=", "!=", "<", "<=", ">", ">=", "~", "!~", "?="]),
    right=st.one_of(operands, json_literals.map(written)),
    query=texts,
    body=st.one_of(bodies, st.lists(st.sampled_from(["a", "b"]), max_size=2)),
)
@settings(max_examples=1500, deadline=None)
def test_any_two_operands_compare_alike_in_both_databases(
    sqlite_database: Database, postgres_database: Database, left: str, operator: str, right: str, query: str, body: Any
) -> None:
    # A double of more than fifteen digits, as a text, is not promised to be alike: record 5 has one.
    filter = f"id != '5' && {left} {operator} {right}"
    bound: dict[str, Any] = {"query": {"x": query}, "body": {"x": body}}
    assert sqlite_database.ask("things", filter, **bound) == postgres_database.ask("things", filter, **bound)
