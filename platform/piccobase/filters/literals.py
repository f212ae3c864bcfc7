"""The literals of a filter: what they mean, and of which kind they are.

The kind is all the compiler knows about a literal: two filters that differ only in literals of the same kinds compile
to the same SQL, so that one plan serves both.
"""

import re
from decimal import Decimal
from typing import Literal

from piccobase.schema.values.dates import parse_instant

LiteralValue = str | int | Decimal
Kind = Literal[
    "empty",  # the empty text
    "null",  # the word null
    "numeric",  # a text that SQLite would read as a number: '05', ' 1e3 '
    "instant",  # a text in the wire's own form: 2026-11-23 00:16:37.866Z
    "date",  # any other text that reads as a date: 2026-11-23, 2026-11-23T00:16:37+01:00
    "text",  # any other text
    "integer",  # a number token without a fraction that fits 64 bits
    "number",  # any other number token
    "boolean",  # true and false
    "unknown",  # a value of the request: only its run time tells
]
TEXT_KINDS = frozenset({"numeric", "instant", "date", "text"})
NUMBER_KINDS = frozenset({"integer", "number", "boolean"})

TEXT_PATTERN = r"""'[^'\\]*+(?:\\.[^'\\]*+)*+'|"[^"\\]*+(?:\\.[^"\\]*+)*+\""""
NUMBER_PATTERN = r"-?(?:[0-9]+(?:\.[0-9]+)?|(?<=-)\.[0-9]+)(?![A-Za-z0-9_.:@#])"

MOST_DIGITS = 1000  # Python refuses to make an int of a text with more than 4300

_ESCAPE = re.compile(r"\\([\\'\"nrt])")
_CONTROL = {"n": "\n", "r": "\r", "t": "\t"}
_NUMERIC = re.compile(r"[ \t\n\v\f\r]*+[+-]?(?:[0-9]++\.?[0-9]*+|\.[0-9]++)(?:[eE][+-]?[0-9]+)?[ \t\n\v\f\r]*+")
_WIRE_INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z")
# Reading a date in words tries several forms and is slow: only what begins like one is worth it.
_LIKE_A_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{1,2} [A-Z][a-z]{2} [0-9]{4}|[A-Z][a-z]{2}, [0-9]")
_LARGEST_SAFE = 2**63 - 1024  # the largest double below 2**63: what lies above does not come back as a 64-bit integer


def text_value(token: str) -> str:
    r"""What a quoted token means. Only `\\ \' \" \n \r \t` are escapes, other backslashes stay (protocol.md §3.1)."""
    inner = token[1:-1]
    if "\\" not in inner:
        return inner
    return _ESCAPE.sub(lambda found: _CONTROL.get(found[1], found[1]), inner)


def text_literal(text: str) -> str:
    r"""A text as filters have it, in quotes that nothing in it can end: `f"name = {text_literal(name)}"`.

    >>> print(text_literal("O'Neill"))
    'O\'Neill'
    """
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def number_value(token: str) -> int | Decimal:
    """What a number token means, exactly."""
    return Decimal(token) if "." in token or len(token) > MOST_DIGITS else int(token)


def literal_value(token: str) -> LiteralValue:
    """What a text or number token means."""
    return text_value(token) if token[0] in "'\"" else number_value(token)


def kind_of(value: LiteralValue) -> Kind:
    """The kind of a literal; of a text it looks at the beginning first, since most are ordinary words."""
    if not isinstance(value, str):
        return "integer" if isinstance(value, int) and -_LARGEST_SAFE <= value <= _LARGEST_SAFE else "number"
    if not value:
        return "empty"
    if _LIKE_A_DATE.match(value):
        if parse_instant(value) is None:
            return "text"
        return "instant" if _WIRE_INSTANT.fullmatch(value) else "date"
    return "numeric" if reads_as_number(value) else "text"


def reads_as_number(text: str) -> bool:
    """Whether SQLite's numeric affinity would turn this text into a number."""
    return text[:1] <= "9" and _NUMERIC.fullmatch(text) is not None
