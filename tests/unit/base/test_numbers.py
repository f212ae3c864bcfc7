"""Numbers as text: ECMA-262, Number::toString."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from piccobase.base.numbers import ecma_number

# Known texts of doubles, at each border of the four forms of ECMA-262 §6.1.6.1.20.
KNOWN = [
    (0.0, "0"),
    (-0.0, "-0"),  # the reference sends the sign, JavaScript's String(-0) does not
    (1.0, "1"),
    (-1.0, "-1"),
    (1.5, "1.5"),
    (0.1, "0.1"),
    (0.1 + 0.2, "0.30000000000000004"),
    (100.0, "100"),
    (123456789012345680000.0, "123456789012345680000"),
    (1e20, "100000000000000000000"),
    (1e21, "1e+21"),
    (1.5e21, "1.5e+21"),
    (-1.25e300, "-1.25e+300"),
    (0.000001, "0.000001"),
    (0.0000012, "0.0000012"),
    (0.0000001, "1e-7"),
    (1.5e-7, "1.5e-7"),
    (2.0**53, "9007199254740992"),
    (2.0**53 + 2, "9007199254740994"),
    (4.35, "4.35"),
    (5e-324, "5e-324"),
    (2.2250738585072014e-308, "2.2250738585072014e-308"),
    (1.7976931348623157e308, "1.7976931348623157e+308"),
    (1e16, "10000000000000000"),
    (123456.789, "123456.789"),
    (999999999999999900000.0, "999999999999999900000"),
]
# What ECMAScript can print: no leading or trailing zeros, an exponent with its sign and only where the point is far.
FORM = re.compile(
    r"-?(?:0|[1-9][0-9]{0,20}|(?:0|[1-9][0-9]*)\.[0-9]*[1-9]|[1-9](?:\.[0-9]*[1-9])?e[+-][1-9][0-9]{0,2})"
)


@pytest.mark.parametrize(("number", "text"), KNOWN, ids=[text for _, text in KNOWN])
def test_a_double_is_printed_as_ecmascript_prints_it(number: float, text: str) -> None:
    assert ecma_number(number) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_what_is_printed_reads_back_as_the_same_double_and_has_the_form(number: float) -> None:
    text = ecma_number(number)
    assert float(text).hex() == number.hex()
    assert FORM.fullmatch(text)
    if number:
        assert ("e" in text) == (not 1e-6 <= abs(number) < 1e21)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_no_double_has_fewer_digits_that_read_back_as_itself(number: float) -> None:
    def digits(text: str) -> str:
        return re.sub(r"[-.]|e.*", "", text).strip("0")

    shorter = len(digits(ecma_number(number))) - 1
    assert shorter < 1 or float(f"{number:.{shorter - 1}e}") != number


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_what_json_cannot_write_is_refused(number: float) -> None:
    with pytest.raises(ValueError, match="cannot be written as JSON"):
        ecma_number(number)
