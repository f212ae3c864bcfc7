"""JSON as the protocol reads and writes it: protocol.md §1.3, §1.5 and §10, 13 and 14."""

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from piccobase.base.json import (
    MAX_DEPTH,
    JSONFloat,
    NotJSON,
    dump_json,
    encode_json,
    parse_json,
    parse_whole_json,
    wire_number,
)

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=5),
    max_leaves=30,
)


@given(JSON_VALUES)
def test_a_value_reads_back_as_it_was_written_by_anybody_and_by_us(value: Any) -> None:
    assert parse_json(json.dumps(value)) == value
    assert parse_json(json.dumps(value, ensure_ascii=False, indent=2)) == value
    assert parse_whole_json(dump_json(value)) == value


@given(st.text(max_size=40) | st.text(alphabet='{}[]",:\\u0d8e19-. tfn', max_size=40))
def test_any_text_is_a_value_or_refused(text: str) -> None:
    try:
        value = parse_whole_json(text)
    except NotJSON:
        return
    assert json.loads(text) == value


REFUSED = [
    ("", "Expecting value"),
    ("  ", "Expecting value"),
    ("{bad", "Expecting property name"),
    ("[1 2]", "Expecting ',' delimiter"),
    ("{'a': 1}", "Expecting property name"),
    ('{"a":1,}', "Expecting property name"),
    ('"a\nb"', "Invalid control character"),
    ('"a', "Unterminated string"),
    ("NaN", "NaN is no JSON value"),
    ("-Infinity", "-Infinity is no JSON value"),
    ('{"a":1,"a":1}', "the same key twice"),
    ('[{"x":{"a":1,"b":2,"a":3}}]', "the same key twice"),
    (r'{"a":1,"\u0061":2}', "the same key twice"),
    (r'"\ud800"', "half a character"),
    (r'"\udc00\ud800"', "half a character"),
    (r'{"\ud83d":1}', "half a character"),
    ("9" * 5000, "too many digits"),
    ("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1), "nested more than 256 deep"),
    ('{"a":' * 300 + "1" + "}" * 300, "nested more than 256 deep"),
    ("[" * 100_000, "nested more than 256 deep"),
    ("\xa0{}", "Expecting value"),  # no-break space is no white space of JSON
]


@pytest.mark.parametrize(("text", "told"), REFUSED, ids=[text[:20] for text, _ in REFUSED])
def test_what_is_no_json_is_refused_and_told(text: str, told: str) -> None:
    with pytest.raises(NotJSON, match=told):
        parse_json(text)


TAKEN: list[tuple[str, Any]] = [
    (" \t\r\n{} ", {}),
    (r'"\ud83d\ude00"', "😀"),
    (r'"\\ud800"', r"\ud800"),
    ("[" * MAX_DEPTH + "]" * MAX_DEPTH, None),
    ("[" + "[]," * 1000 + "1]", [*([[]] * 1000), 1]),
    ("12345678901234567890123", 12345678901234567890123),
    ("-0", 0),
]


@pytest.mark.parametrize(("text", "value"), TAKEN, ids=[text[:20] for text, _ in TAKEN])
def test_what_is_json_is_taken(text: str, value: Any) -> None:
    assert parse_whole_json(text) == value or value is None


def test_what_follows_the_first_value_is_ignored_unless_the_whole_text_must_be_one() -> None:
    assert parse_json('{"a":1} trailing') == {"a": 1}
    with pytest.raises(NotJSON, match="text after"):
        parse_whole_json('{"a":1} trailing')


def test_a_number_with_a_point_keeps_its_digits() -> None:
    number = parse_json("1.10")
    assert isinstance(number, JSONFloat)
    assert (number, number.text) == (1.1, "1.10")


DUMPED: list[tuple[Any, str]] = [
    ({"b": 1, "a": [True, None, "é<&>"]}, '{"a":[true,null,"é<&>"],"b":1}'),
    ([1.0, 1e21, 1e-7, 0.000001], "[1,1e+21,1e-7,0.000001]"),
    ([JSONFloat("1.10"), JSONFloat("-0.0")], "[1.1,-0]"),
    (2**64, "18446744073709551616"),
    ([-(2**63), 2**63 - 1, -(2**63) - 1], "[-9223372036854775808,9223372036854775807,-9223372036854775809]"),
]


@pytest.mark.parametrize(("value", "text"), DUMPED, ids=[text for _, text in DUMPED])
def test_a_value_is_stored_compact_sorted_and_with_normalised_numbers(value: Any, text: str) -> None:
    assert dump_json(value) == text


def test_the_deepest_value_that_is_read_can_be_stored_and_sent() -> None:
    value = parse_json("[" * MAX_DEPTH + "]" * MAX_DEPTH)
    assert parse_json(encode_json(parse_json(dump_json(value))).decode()) == value


@given(st.floats())
def test_every_double_can_be_sent_and_those_json_lacks_become_null(number: float) -> None:
    sent = json.loads(encode_json(wire_number(number)))
    if math.isfinite(number):
        assert float(sent) == number
    else:
        assert sent is None
