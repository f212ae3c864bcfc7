"""JSON as the protocol reads and writes it (§1.3, §1.5): strict about duplicate keys, exact about numbers."""

import json
import re
from typing import Any

import msgspec

from piccobase.base.numbers import ecma_number


class NotJSON(ValueError):
    """The text is no JSON value, or an object in it has the same key twice."""


class JSONFloat(float):
    """A number that was written with a point or an exponent; `text` keeps the digits as they were written."""

    __slots__ = ("text",)
    text: str

    def __new__(cls, text: str) -> "JSONFloat":
        self = super().__new__(cls, text)
        self.text = text
        return self


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise NotJSON("an object has the same key twice")
    return members


def _no_constant(name: str) -> Any:
    raise NotJSON(f"{name} is no JSON value")


_decoder = json.JSONDecoder(object_pairs_hook=_unique_keys, parse_float=JSONFloat, parse_constant=_no_constant)
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
MAX_DEPTH = 256  # lists and objects inside each other; Python's own stack bears some 400


def _parse(text: str) -> tuple[Any, int]:
    try:
        value, end = _decoder.raw_decode(text)
    except json.JSONDecodeError as error:
        raise NotJSON(f"{error.msg} (character {error.pos + 1})") from error
    except NotJSON:
        raise
    except RecursionError as error:
        raise NotJSON(_TOO_DEEP) from error
    except ValueError as error:  # Python reads no integer of more than 4300 digits
        raise NotJSON("a number has too many digits") from error
    if text.count("[") + text.count("{") > MAX_DEPTH and _is_too_deep(value):
        raise NotJSON(_TOO_DEEP)
    if _SURROGATE.search(text) and _has_half_characters(value):
        raise NotJSON("an escape stands for half a character")
    return value, end


_TOO_DEEP = f"lists and objects are nested more than {MAX_DEPTH} deep"


def _is_too_deep(value: Any) -> bool:
    """Looks at one level after the other, without recursion."""
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(MAX_DEPTH):
        level = [
            member
            for each in level
            for member in (each.values() if isinstance(each, dict) else each)
            if isinstance(member, dict | list)
        ]
    return bool(level)


def _has_half_characters(value: Any) -> bool:
    """Whether half of a surrogate pair is in it, which an escape can smuggle in and which no UTF-8 can write."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    return False


def parse_json(text: str) -> Any:
    """The first JSON value of `text`; what follows it is ignored, as the reference does (protocol.md §10, 14).

    Integers are exact whatever their size, other numbers are JSONFloat. Raises NotJSON, also for text that nests too
    deeply or holds a number with thousands of digits.
    """
    return _parse(text.lstrip(" \t\r\n"))[0]


def parse_whole_json(text: str) -> Any:
    """As `parse_json`, but `text` must be one JSON value and nothing else."""
    stripped = text.strip(" \t\r\n")
    value, end = _parse(stripped)
    if end != len(stripped):
        raise NotJSON("text after the JSON value")
    return value


_dump = msgspec.json.Encoder(order="sorted").encode


def dump_json(value: Any) -> str:
    """Compact JSON text with sorted keys, numbers as ECMAScript prints them, non-ASCII characters as they are.

    This is how JSON values are stored: numbers other than integers are normalised as doubles (protocol.md §2.6).
    """
    return _dump(_normalised(value)).decode()


def _normalised(value: Any) -> Any:
    if isinstance(value, float):
        return wire_number(float(value))  # msgspec takes no JSONFloat
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        return msgspec.Raw(str(value).encode())  # msgspec writes 64 bits and no more
    if isinstance(value, dict):
        return {key: _normalised(member) for key, member in value.items()}
    if isinstance(value, list):
        return [_normalised(member) for member in value]
    return value


_encode = msgspec.json.Encoder(decimal_format="number").encode


def encode_json(value: Any) -> bytes:
    """JSON for the wire. Floats must have been passed through `wire_number` before."""
    return _encode(value)


def wire_number(value: float) -> Any:
    """A double in a form that `encode_json` writes as ECMAScript does; NaN and the infinities become null.

    SQLite and PostgreSQL can hold an infinity that came by another way than the API, and JSON cannot.
    """
    if value.is_integer():
        if -1e15 < value < 1e15 and value:
            return int(value)
    elif value == value and 1e-5 < abs(value) < 1e15:
        return value  # msgspec prints these exactly as ECMAScript does
    try:
        return msgspec.Raw(ecma_number(value).encode())
    except ValueError:
        return None
