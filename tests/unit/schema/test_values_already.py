"""The short way past cleaning a value is taken only where it leads to the same."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from piccobase.schema.values.base import ValueType
from piccobase.schema.values.numbers import BooleanValue, DecimalValue, IntegerValue, NumberValue
from piccobase.schema.values.structured import JSONValue
from piccobase.schema.values.text import CharValue, EmailValue, PasswordValue, TextValue, URLValue

VALUES: list[ValueType] = [
    TextValue(),
    TextValue(min=2, max=5),
    TextValue(pattern="^[a-z]+$"),
    CharValue(),
    EmailValue(),
    URLValue(),
    PasswordValue(),
    IntegerValue(),
    IntegerValue(bits=16),
    IntegerValue(bits=64, min=-5, max=2**40),
    NumberValue(),
    DecimalValue(),
    BooleanValue(),
    JSONValue(),
]
EDGES = [0, 1, -1, 2**15 - 1, 2**15, -(2**15), 2**31 - 1, 2**31, -(2**31), -(2**31) - 1, 2**63 - 1, 2**63, 2**40 + 1]
WIRES = st.one_of(
    st.text(max_size=7),
    st.sampled_from(["", "\0", "a\0b", " a ", "abcdef", "ab", *EDGES]),
    st.integers(),
    st.booleans(),
    st.none(),
    st.floats(allow_nan=False),
    st.lists(st.text(max_size=2), max_size=2),
)


@pytest.mark.parametrize("value", VALUES, ids=repr)
@given(wire=WIRES)
def test_what_is_a_value_already_is_cleaned_to_itself(value: ValueType, wire: Any) -> None:
    if value.is_value_already(wire):
        for cleaned in (value.clean(wire), value.coerce(wire)):
            assert (cleaned, type(cleaned)) == (wire, type(wire))
        value.check(wire)
        assert not value.is_zero(wire)
        assert not value.is_blank(wire)


TAKEN = [(TextValue(), "a"), (TextValue(min=2, max=5), "abcde"), (IntegerValue(), -7), (BooleanValue(), True)]


@pytest.mark.parametrize(("value", "wire"), TAKEN)
def test_the_short_way_is_taken_for_what_is_sent_most(value: ValueType, wire: Any) -> None:
    assert value.is_value_already(wire)
