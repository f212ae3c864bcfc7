"""Values as SQLite stores and compares them: NULL, numbers and texts, affinities, LIKE, truth with a third value.

A value is None, an int, a float or a str; a truth is True, False or None (unknown).
"""

from enum import Enum
from typing import Any

import apsw

Value = int | float | str | None
Truth = bool | None


class Affinity(Enum):
    """What an operand does to the other one before they are compared."""

    TEXT = "a text column"
    NUMERIC = "a column of numbers or booleans"
    NONE = "a literal, a value out of JSON, or what a function gave"


_sqlite = apsw.Connection(":memory:")


def ask_sqlite(expression: str, *values: Value) -> Any:
    """The value of an SQL expression, for the little that is defined as `what SQLite does`."""
    [(found,)] = _sqlite.execute(f"SELECT {expression}", values)
    return found


def negated(truth: Truth) -> Truth:
    return None if truth is None else not truth


def both(left: Truth, right: Truth) -> Truth:
    if left is False or right is False:
        return False
    return None if left is None or right is None else True


def either(left: Truth, right: Truth) -> Truth:
    return negated(both(negated(left), negated(right)))


def as_text(value: Value) -> str | None:
    """How SQLite writes a value as text."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, int):
        return str(value)
    return str(ask_sqlite("CAST(? AS TEXT)", value))


def shortest(value: Value) -> str:
    """A value in as few digits as say the same: 5.0 as 5."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e21:
        return str(int(value))
    return "" if value is None else str(value)


def as_number_if_possible(value: Value) -> Value:
    """NUMERIC affinity: a text that is a whole number literal becomes that number."""
    if not isinstance(value, str):
        return value
    stripped = value.strip(" \t\n\v\f\r")
    if not stripped or not all(sign in "0123456789+-.eE" for sign in stripped):
        return value
    try:
        return int(stripped)
    except ValueError:
        try:
            return float(stripped)
        except ValueError:
            return value


def brought_together(left: Value, left_is: Affinity, right: Value, right_is: Affinity) -> tuple[Value, Value]:
    """Both sides after SQLite applied affinities (https://www.sqlite.org/datatype3.html#comparisons, §4.2)."""
    kinds = (left_is, right_is)
    if Affinity.NUMERIC in kinds:
        return (
            left if left_is is Affinity.NUMERIC else as_number_if_possible(left),
            right if right_is is Affinity.NUMERIC else as_number_if_possible(right),
        )
    if kinds == (Affinity.TEXT, Affinity.NONE):
        return left, as_text(right)
    if kinds == (Affinity.NONE, Affinity.TEXT):
        return as_text(left), right
    return left, right


def order(left: Value, right: Value) -> int:
    """-1, 0 or 1: numbers before texts, texts by their bytes. Neither side is NULL."""
    keys = [
        (1, value.encode(errors="surrogatepass")) if isinstance(value, str) else (0, value) for value in (left, right)
    ]
    if keys[0][0] != keys[1][0]:
        return -1 if keys[0][0] < keys[1][0] else 1
    mine, other = keys[0][1], keys[1][1]
    return 0 if mine == other else -1 if mine < other else 1  # type: ignore[operator]


def is_same(left: Value, right: Value) -> bool:
    """`IS`: NULL is the same as NULL."""
    if left is None or right is None:
        return left is right
    return order(left, right) == 0


def like(text: Value, pattern: Value) -> Truth:
    r"""`text LIKE pattern ESCAPE '\'`: letters of ASCII in either case, `%` any signs, `_` one."""
    if text is None or pattern is None:
        return None
    return _like(_lower(as_text(text) or ""), _elements(_lower(as_text(pattern) or "")))


def _like(text: str, pattern: list[tuple[str, bool]]) -> bool:
    """Where the pattern can stand after each sign of the text; a wildcard is marked with True."""
    here = {0}
    for sign in [*text, None]:
        for place in sorted(here):
            while place < len(pattern) and pattern[place] == ("%", True):
                place += 1
                here.add(place)
        if sign is None:
            break
        here = {
            place if pattern[place] == ("%", True) else place + 1
            for place in here
            if place < len(pattern) and pattern[place] in (("%", True), ("_", True), (sign, False))
        }
    return len(pattern) in here


def _elements(pattern: str) -> list[tuple[str, bool]]:
    found: list[tuple[str, bool]] = []
    signs = iter(pattern)
    for sign in signs:
        if sign == "\\":
            found.append((next(signs, "\0nothing"), False))  # an escape at the end matches nothing
        else:
            found.append((sign, sign in "%_"))
    return found


def _lower(text: str) -> str:
    return "".join(sign.lower() if sign.isascii() else sign for sign in text)


def lower(value: Value) -> Value:
    """`LOWER`: of letters of ASCII only; always a text."""
    text = as_text(value)
    return None if text is None else _lower(text)


def contains_pattern(literal: str) -> str:
    """What a literal on the right of `~` means (protocol.md §3.6): as written if it has a wildcard, else contains."""
    written, wildcard, signs = "", False, iter(literal)
    for sign in signs:
        if sign == "\\":
            following = next(signs, "")
            written += "\\" + following if following in ("%", "_", "\\") and following else "\\\\" + following
        elif sign in "%_":
            wildcard = wildcard or sign == "%"
            written += "\\" + sign
        else:
            written += sign
    return literal if wildcard else f"%{written}%"
