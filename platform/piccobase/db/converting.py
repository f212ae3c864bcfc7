"""Values of one kind made into those of another, in the forms that SQLite stores (`db/values.py`).

SQL of a migration calls these functions: `piccobase_convert(value, 'text', 'integer')` is NULL where it cannot be done,
`piccobase_kept(…)` tells whether nothing of the value is lost. `migrations/conversions_postgres.py` says the same in
PostgreSQL's words; a test holds both together.
"""

import json
import re
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, time
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from uuid import UUID

from piccobase.base.clock import instant_text
from piccobase.db.value_kinds import Family, ValueKind, kind_named
from piccobase.db.values import decimal_text, json_text

_NUMBERS = ("integer", "float", "decimal")
_MOMENTS = ("instant", "local")
_LISTS = ("list", "array")


def convert(value: Any, source: str, target: str) -> Any:
    """The value as `target` stores it, None where there is none. `source` and `target` are kinds as text."""
    try:
        return _converted(value, kind_named(source), kind_named(target))
    except (ValueError, TypeError, ArithmeticError):  # somebody has written what its column does not hold
        return None


def is_kept(value: Any, source: str, target: str) -> int:
    """1 where the other kind holds the whole value, else 0. What is empty holds nothing that could be lost."""
    try:
        return int(_is_kept(value, kind_named(source), kind_named(target)))
    except (ValueError, TypeError, ArithmeticError):
        return 0


CONVERTING_FUNCTIONS: dict[str, tuple[Callable[..., Any], int]] = {
    "piccobase_convert": (convert, 3),
    "piccobase_kept": (is_kept, 3),
}


def _is_kept(value: Any, source: ValueKind, target: ValueKind) -> bool:
    if value is None or value == "" or (value == "[]" and source.family in _LISTS):
        return True
    there = _converted(value, source, target)
    if there is None:
        return False
    match source.family, target.family:
        case ("text", "json" | "uuid" | "list" | "array") | ("json", "text"):
            return True
        case ("text", "instant" | "local"):
            return not re.search(r"\.\d{3}0*[1-9]", value)
    back = _converted(there, target, source)
    return back is not None and _same(back, value, source.family)


def _same(one: Any, other: Any, family: Family) -> bool:
    if family in ("json", "list", "array"):
        return _canonical(one) == _canonical(other)
    if family == "decimal":
        return Decimal(one) == Decimal(other)
    return bool(one == other)


def _canonical(text: str) -> str:
    """One text for one value in JSON, as PostgreSQL compares: 1 and 1.0 are the same, 1 and true are not."""
    found = json.loads(text, parse_float=Decimal, parse_int=Decimal)
    return json.dumps(found, sort_keys=True, default=lambda number: {"number": _plain(number)})


def _converted(value: Any, source: ValueKind, target: ValueKind) -> Any:
    """Piccobase's whole matrix: each pair that has no line here has no conversion."""
    if value is None or (target.pointing and value == ""):
        return None
    if source.family in _LISTS or target.family in _LISTS:
        return _converted_list(value, source, target)
    match source.family, target.family:
        case one, other if one == other:
            return value
        case _, "text":
            return _to_text(value, source.family)
        case "text", _:
            return _from_text(str(value), target.family)
        case _, "json":
            return _to_json(value, source.family)
        case "json", _:
            found = _parsed(value)
            return _from_text(_scalar_text(found), target.family) if isinstance(found, str | int | Decimal) else None
        case ("instant", "local") | ("local", "instant"):
            return value
        case ("instant" | "local", "date"):
            return value[:10] or None
        case ("instant" | "local", "time"):
            return _time_text(value[11:].removesuffix("Z")) or None
        case ("date", "instant" | "local"):
            return f"{value} 00:00:00.000Z" if value else None
        case ("boolean", "integer" | "float" | "decimal"):
            return _number(Decimal(int(value)), target.family)
        case ("integer" | "float" | "decimal", "boolean"):
            return int(Decimal(str(value)) != 0)
        case ("integer" | "float" | "decimal" | "interval", "integer" | "float" | "decimal" | "interval"):
            return _number(Decimal(str(value)), target.family)
    return None


# --- texts


def _to_text(value: Any, family: Family) -> str | None:
    match family:
        case "integer" | "uuid" | "date" | "instant" | "local" | "decimal":
            return str(value)
        case "float":
            return float_text(value)
        case "interval":
            return _plain(Decimal(str(value)))
        case "time":
            return _time_text(value)
        case "boolean":
            return "true" if value else "false"
        case "json":
            found = _parsed(value)
            return found if isinstance(found, str) and not _is_json(found) else str(value)
        case "bytes":
            with suppress(UnicodeDecodeError):
                text = bytes(value).decode()
                return None if "\0" in text else text
    return None


def float_text(value: float) -> str:
    """As PostgreSQL writes it: `1`, `0.1`, `1e+21`."""
    digits = Decimal(repr(float(value)))
    if not digits.is_finite():
        return str(float(value))
    if digits and not -5 < digits.adjusted() < 15:
        mantissa, _, exponent = f"{digits.normalize():e}".partition("e")
        return f"{mantissa}e{int(exponent):+03}"
    return _plain(digits)


def _plain(number: Decimal) -> str:
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


_INTEGER = re.compile(r"[+-]?[0-9]{1,19}")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_CLOCK = r"(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]{1,6})?)?"
_TIME = re.compile(_CLOCK)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT = re.compile(rf"[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}(?:[T ]{_CLOCK}(?:Z|[+-](?:0[0-9]|1[0-4])(?::?[0-5][0-9])?)?)?")
_TRUE, _FALSE = ("true", "t", "yes", "y", "on", "1"), ("false", "f", "no", "n", "off", "0")


def _from_text(text: str, family: Family) -> Any:
    trimmed = text.strip(" \t\n\r")
    match family:
        case "text":
            return text
        case "integer" | "float" | "decimal" | "interval" if _NUMBER.fullmatch(trimmed):
            return _number(Decimal(trimmed), family)
        case "boolean":
            return 1 if trimmed.lower() in _TRUE else 0 if trimmed.lower() in _FALSE else None
        case "instant" | "local" | "date" if _MOMENT.fullmatch(trimmed):
            with suppress(ValueError, OverflowError):
                moment = datetime.fromisoformat(trimmed)
                moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
                return moment.date().isoformat() if family == "date" else instant_text(moment)
        case "time" if _TIME.fullmatch(trimmed):
            return time.fromisoformat(trimmed).isoformat()
        case "uuid":
            with suppress(ValueError):
                return str(UUID(trimmed)) if len(trimmed) == 36 else None
        case "json":
            return text if _is_json(text) else json_text([text])[1:-1]
        case "bytes":
            return text.encode()
    return None


def _time_text(stored: str) -> str:
    """Without zeros behind the last digit of a second's fraction."""
    return stored.rstrip("0").rstrip(".") if "." in stored else stored


# --- numbers

_SMALLEST, _LARGEST = -(1 << 63), (1 << 63) - 1


def _number(number: Decimal, family: Family) -> Any:
    if not number.is_finite():
        return None
    match family:
        case "integer":
            whole = int(number.quantize(Decimal(1), ROUND_HALF_UP)) if abs(number) < 10**20 else _LARGEST + 1
            return whole if _SMALLEST <= whole <= _LARGEST else None
        case "decimal":
            return decimal_text(number)
        case "float":
            found = float(number)
            return None if found in (float("inf"), float("-inf")) else found
        case "interval":
            return float(round(number, 6)) if abs(number) < 10**12 else None
    return None


# --- JSON


def _parsed(text: Any) -> Any:
    """None for what is no JSON, as for null. Numbers with all their digits."""
    try:
        return json.loads(text, parse_float=Decimal, parse_constant=_refuse)
    except (ValueError, TypeError, RecursionError):
        return None


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _is_json(text: str) -> bool:
    return text.strip(" \t\n\r") == "null" or _parsed(text) is not None


def _scalar_text(found: str | int | Decimal) -> str:
    if isinstance(found, bool):
        return "true" if found else "false"
    return found if isinstance(found, str) else decimal_text(Decimal(found))


def _to_json(value: Any, family: Family) -> str | None:
    if family == "boolean":
        return "true" if value else "false"
    if family in _NUMBERS:
        return json_text([Decimal(value) if family == "decimal" else value])[1:-1]
    text = _to_text(value, family)
    return None if text is None else json_text([text])[1:-1]


# --- lists: JSON arrays, whether they are a list on the wire or an array of PostgreSQL


def _converted_list(value: Any, source: ValueKind, target: ValueKind) -> Any:
    items = _items(value, source, target)
    if items is None:
        return None
    if target.family == "list":
        return json_text(items)
    if target.element is not None:
        return _array(items, source, target.element)
    if target.family == "json":
        return json_text(items)
    if not items:
        return None if target.family != "text" or target.pointing else ""
    if target.family == "text" and not target.single:
        return _list_text(items)
    return _from_text(_item_text(items[0]), target.family)


def _items(value: Any, source: ValueKind, target: ValueKind) -> list[Any] | None:
    if source.family in _LISTS:
        found = _parsed(value)
        return found if isinstance(found, list) else None
    if source.family == "json":
        found = _parsed(value)
        return found if isinstance(found, list) or found is None else [found]
    if source.family == "text":
        found = _parsed(value) if value.lstrip(" \t\n\r").startswith("[") else None
        return found if isinstance(found, list) else [value] if value else []
    if target.element is not None and target.element.family == source.family:
        return [value]
    text = _to_text(value, source.family)
    return None if text is None else [text]


def _list_text(items: list[Any]) -> str:
    """One text stands for a list of it, unless it looks like a list itself."""
    if len(items) == 1 and isinstance(items[0], str) and items[0] and not items[0].lstrip(" \t\n\r").startswith("["):
        only: str = items[0]
        return only
    return json_text(items)


def _item_text(item: Any) -> str:
    return _scalar_text(item) if isinstance(item, str | int | Decimal) else json_text([item])[1:-1]


def _array(items: list[Any], source: ValueKind, element: ValueKind) -> str | None:
    """All elements, or none: an array of PostgreSQL cannot hold what its type does not."""
    if element.element is not None:  # arrays of arrays stay what they are
        return json_text(items)
    found = []
    for item in items:
        converted = item if item is None else _element(item, element)
        if converted is None and item is not None:
            return None
        found.append(converted)
    return json_text(found)


def _element(item: Any, element: ValueKind) -> Any:
    """In the form that elements of a stored array have, which is JSON's where it has one."""
    text = _item_text(item)
    if element.family == "integer" and not _INTEGER.fullmatch(text.strip(" \t\n\r")):
        return None  # in an array nothing is rounded
    found = _from_text(text, element.family)
    match element.family:
        case "boolean":
            return None if found is None else bool(found)
        case "decimal":
            return None if found is None else Decimal(found)
        case "json":
            return _parsed(found)
        case "bytes":
            return None
    return found
