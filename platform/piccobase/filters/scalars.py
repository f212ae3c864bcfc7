"""Values outside the database, compared as SQLite compares: NULL, then numbers, then texts (protocol.md §3.6).

A scalar is a text, an int of 64 bits, a float, a Decimal, or None. Whatever a request or a driver holds becomes one.
"""

import math
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

import msgspec

from piccobase.base.clock import instant_text
from piccobase.base.json import NotJSON, dump_json, parse_whole_json
from piccobase.filters.literals import MOST_DIGITS, reads_as_number
from piccobase.filters.tree import Operator

Scalar = str | int | float | Decimal | None
NEVER = "\uffff\ufffe\uffff"  # a LIKE pattern that matches nothing: these are no characters
_MIN_INTEGER, _MAX_INTEGER = -(2**63), 2**63 - 1


def scalar(value: Any) -> Scalar:
    """Any Python, driver or JSON value as a scalar: true is 1, dates and ids are texts, objects their compact JSON."""
    if value is None or type(value) is str:
        return value
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int):
        return value if _MIN_INTEGER <= value <= _MAX_INTEGER else float_of(value)
    if isinstance(value, float):
        return float(value)
    if isinstance(value, Decimal | str):
        return value if isinstance(value, Decimal) else str(value)
    if isinstance(value, datetime):
        return instant_text(value)
    if isinstance(value, date):
        return f"{value.isoformat()} 00:00:00.000Z"
    if isinstance(value, time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, bytes):
        return None
    if isinstance(value, msgspec.Raw):
        return compact_json(bytes(value).decode())
    try:
        return dump_json(dict(value) if isinstance(value, Mapping) else list(value))
    except TypeError:  # no JSON: an upload, for example, counts as its text
        return str(value)


def compact_json(text: str) -> str:
    """JSON text without blanks between its parts, so that both databases' texts are alike."""
    try:
        return dump_json(parse_whole_json(text))
    except NotJSON:
        return text


def float_of(number: int | float | Decimal) -> float:
    """As a double; what is too large is infinite."""
    try:
        return float(number)
    except OverflowError:  # of an int; a Decimal becomes infinite by itself
        return math.inf if number > 0 else -math.inf


def as_double(value: Scalar) -> Scalar:
    """A number as a double, anything else as it is."""
    return value if isinstance(value, str) or value is None else float_of(value)


def number_of(value: Scalar) -> int | float | Decimal | None:
    """The number that SQLite's numeric affinity makes of it; None for NULL and for a text that is no number."""
    if not isinstance(value, str):
        return value
    if not reads_as_number(value):
        return None
    text = value.strip(" \t\n\v\f\r")
    number = float(text)
    if "." in text or "e" in text or "E" in text or abs(number) > 1e19 or len(text) > MOST_DIGITS:
        return number
    whole = int(text)
    return whole if _MIN_INTEGER <= whole <= _MAX_INTEGER else number


def decimal_of(value: Scalar) -> Decimal | None:
    """The exact number, of a text too; None for NULL and for a text that is no number."""
    if value is None:
        return None
    if isinstance(value, str):
        if not reads_as_number(value):
            return None
        value = value.strip(" \t\n\v\f\r")
    try:
        exact = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    except InvalidOperation:
        return None
    # Beyond what a double holds no stored number lies, and a database need not be asked to write it out.
    return exact if abs(exact.adjusted()) < 400 or not exact.is_finite() else Decimal(repr(float_of(exact)))


def text_of(value: Scalar) -> str | None:
    """The text that SQLite's text affinity makes of it: 5 -> '5', 5.0 -> '5.0', 1e20 -> '1.0e+20'."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, int):
        return str(value)
    number = float(value)
    if number in (float("inf"), float("-inf")):
        return "Inf" if number > 0 else "-Inf"
    digits = repr(number)
    mantissa, _, exponent = digits.partition("e")
    if not exponent:
        return digits
    power = int(exponent)
    return f"{mantissa if '.' in mantissa else mantissa + '.0'}e{'-' if power < 0 else '+'}{abs(power):02d}"


def like_text(value: Scalar) -> str | None:
    """The text a LIKE sees: a whole number has no point."""
    if isinstance(value, float | Decimal):
        double = float(value)
        if double.is_integer() and abs(double) < 1e15:
            return str(int(double))
    return text_of(value)


def lowered(value: Scalar) -> Scalar:
    """With ASCII letters in lower case; a number becomes its text, as SQLite's lower() does it."""
    text = like_text(value)
    return None if text is None else text.translate(_LOWER)


_LOWER = {ord(letter): ord(letter.lower()) for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}


def fold(text: str) -> str:
    """ASCII letters in lower case, all others as they are."""
    return text.translate(_LOWER)


def pattern_of(value: Scalar) -> str | None:
    """The LIKE pattern of a value (protocol.md §3.6): as written when it has an unescaped `%`, else "contains"."""
    text = like_text(value)
    if text is None:
        return None
    pieces, wild, escaped = [], False, False
    for character in text:
        if escaped:
            # A backslash escapes what follows it where LIKE knows an escape, and stands for itself elsewhere.
            pieces.append("\\" + character if character in "%_\\" else "\\\\" + character)
            escaped = False
        elif character == "\\":
            escaped = True
        elif character == "%":
            wild = True
            pieces.append("\\%")
        else:
            pieces.append("\\_" if character == "_" else character)
    if wild:
        return text
    return "%" + "".join(pieces) + ("\\\\" if escaped else "") + "%"


def is_like(text: str, pattern: str) -> bool:
    """Whether LIKE with the escape `\\` matches, without regard to the case of ASCII letters. Linear but for `%`."""
    steps = _steps(fold(pattern))
    if steps is None:
        return False
    text = fold(text)
    at = step = 0
    retry_text, retry_step = 0, -1
    while at < len(text):
        if step < len(steps) and steps[step] == "%":
            retry_text, retry_step = at, step
            step += 1
        elif step < len(steps) and steps[step] in ("_", "=" + text[at]):
            at, step = at + 1, step + 1
        elif retry_step >= 0:
            retry_text += 1
            at, step = retry_text, retry_step + 1
        else:
            return False
    return all(rest == "%" for rest in steps[step:])


def _steps(pattern: str) -> list[str] | None:
    """`%`, `_`, or `=` and a character that must stand there. None for a pattern that ends in its escape: no match."""
    steps, characters = [], iter(pattern)
    for character in characters:
        if character == "\\":
            following = next(characters, None)
            if following is None:
                return None
            steps.append("=" + following)
        else:
            steps.append(character if character in "%_" else "=" + character)
    return steps


def _order(value: str | int | float | Decimal) -> tuple[bool, Any]:
    return isinstance(value, str), value


_HOLDS: dict[Operator, Callable[[Any, Any], bool]] = {
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
}


def holds(left: Scalar, operator: Operator, right: Scalar, *, literal: bool) -> bool:
    """Whether a comparison of two values holds. `literal`: one is a literal that is not empty, so NULL is not ''."""
    match operator:
        case "=" | "!=":
            if not literal:
                left, right = ("" if value is None else value for value in (left, right))
            equal = left is not None and right is not None and _order(left) == _order(right)
            return equal if operator == "=" else not equal
        case "~" | "!~":
            text, pattern = text_of(left), pattern_of(right)
            return text is not None and pattern is not None and is_like(text, pattern) == (operator == "~")
    return left is not None and right is not None and _HOLDS[operator](_order(left), _order(right))
