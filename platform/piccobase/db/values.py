"""How values are stored in SQLite, and how they are read back as the values Piccolo gives, type by type.

    datetime         text `2026-11-23 00:16:37.866Z`: UTC, cut to milliseconds; a naive one counts as UTC
    date, time       text `2026-11-23`, `08:30:00`
    timedelta        seconds
    bool             0 or 1
    Decimal, UUID    text; decimals compare as numbers through the collation DECIMAL_ORDER
    bytes            blob
    list, dict       compact JSON text, decimals in it as numbers

Raw rows carry these forms as they are. Piccolo's queries go through `fetch_dicts`, which converts by the column's
declared type.
"""

import json
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from enum import Enum
from functools import partial
from typing import Any
from uuid import UUID

import apsw
import msgspec

from piccobase.base.clock import instant_text
from piccobase.base.json import encode_json, wire_number
from piccobase.schema.values.dates import stored_instant

Convert = Callable[[Any], Any]

# --- from Python to SQLite


def decimal_text(value: Decimal) -> str:
    """All digits, written out unless that would take more than a thousand of them."""
    if value.is_finite() and abs(value.adjusted()) < 1000:
        return format(value, "f")
    return str(value)


def json_text(value: list[Any] | tuple[Any, ...] | dict[Any, Any]) -> str:
    """Compact JSON, decimals as numbers with all their digits; what JSON does not know in its own stored form."""
    return msgspec.json.encode(_json_value(value)).decode()


def _json_value(value: Any) -> Any:
    match value:
        case list() | tuple():
            return [_json_value(item) for item in value]
        case dict():
            return {key: _json_value(member) for key, member in value.items()}
        case Decimal() if value.is_finite():
            return msgspec.Raw(decimal_text(value).encode())
        case int() if not -(1 << 63) <= value < 1 << 63:  # more than msgspec takes
            return msgspec.Raw(str(value).encode())
        case None | str() | int() | float():
            return value
    return adapt(value)


_ADAPTERS: dict[type, Convert] = {
    datetime: instant_text,
    date: date.isoformat,
    time: time.isoformat,
    timedelta: timedelta.total_seconds,
    Decimal: decimal_text,
    UUID: str,
    list: json_text,
    tuple: json_text,
    dict: json_text,
}


def adapt(value: Any) -> Any:
    """The stored form of a value that SQLite does not take as it is. Raises TypeError for one that has none."""
    if isinstance(value, Enum):
        inner = value.value
        return inner if inner is None or isinstance(inner, str | int | float | bytes) else adapt(inner)
    for type_ in type(value).__mro__:
        if (adapter := _ADAPTERS.get(type_)) is not None:
            return adapter(value)
    raise TypeError(f"SQLite has no form for a value of type {type(value).__name__}.")


def convert_binding(cursor: apsw.Cursor, number: int, value: Any) -> Any:
    """What apsw asks about a bound value it does not know. Values of SQLite's own types never come here."""
    return adapt(value)


# --- from SQLite to Python, by declared type


def _integer(value: Any) -> int:
    return value if type(value) is int else int(Decimal(value))


def _decimal(value: Any) -> Decimal:
    return Decimal(value if type(value) is str else str(value))


def _instant(value: str) -> datetime | None:
    """Our own form as well as stock Piccolo's (`2024-01-01 10:00:00.123456+00:00`). Empty text is no instant."""
    if not value:
        return None
    moment = datetime.fromisoformat(value)
    return moment.astimezone(UTC) if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _naive(value: str) -> datetime | None:
    moment = _instant(value)
    return moment and moment.replace(tzinfo=None)


def _date(value: str) -> date | None:
    return date.fromisoformat(value[:10]) if value else None  # a default of Piccolo's may have left a time behind it


def _time(value: str) -> time | None:
    return time.fromisoformat(value) if value else None


def _duration(value: float) -> timedelta:
    return timedelta(seconds=value)


def _array(value: str, element: Convert | None = None) -> Any:
    found = json.loads(value)
    return found if element is None else _each(found, element)


def _each(value: Any, element: Convert) -> Any:
    if isinstance(value, list):
        return [_each(item, element) for item in value]
    return None if value is None else element(value)


_CONVERTERS: dict[str, Convert] = {
    "BOOLEAN": lambda value: value == 1,
    "INTEGER": _integer,
    "NUMERIC": _decimal,  # of a table that stock Piccolo has made
    "DECIMAL_TEXT": _decimal,
    "UUID": UUID,
    "DATE": _date,
    "TIME": _time,
    "SECONDS": _duration,
    "TIMESTAMP": _naive,
    "TIMESTAMPTZ": _instant,
    "ARRAY": _array,
    "ARRAY_DATE": partial(_array, element=_date),
    "ARRAY_TIME": partial(_array, element=_time),
    "ARRAY_TIMESTAMP": partial(_array, element=_naive),
    "ARRAY_TIMESTAMPTZ": partial(_array, element=_instant),
    "M2M": lambda value: str(value).split(","),
}

Description = tuple[tuple[str, str | None], ...]
_Plan = tuple[list[str], list[tuple[str, int, Convert]]]
_plans: dict[Description, _Plan] = {}
_PLANS_KEPT = 2000


def _plan(description: Description) -> _Plan:
    """The keys of the rows, and which of them have to be converted how.

    `name [TYPE]` is how Piccolo says in a query what a column that is none holds (its many-to-many select does).
    """
    names: list[str] = []
    conversions: list[tuple[str, int, Convert]] = []
    for position, (name, declared) in enumerate(description):
        if name.endswith("]") and " [" in name:
            name, _, declared = name[:-1].partition(" [")
        names.append(name)
        type_ = (declared or "").split("(")[0].split(" ")[0].upper()
        if (convert := _CONVERTERS.get(type_)) is not None:
            conversions.append((name, position, convert))
    if len(_plans) >= _PLANS_KEPT:
        _plans.clear()
    plan = _plans[description] = (names, conversions)
    return plan


def fetch_rows(cursor: apsw.Cursor, sql: str, args: Sequence[Any], *, can_cache: bool = True) -> list[tuple[Any, ...]]:
    """Runs a statement to its end. The rows are as SQLite has them."""
    return list(cursor.execute(sql, args, can_cache=can_cache))


def fetch_dicts(cursor: apsw.Cursor, sql: str, args: Sequence[Any], *, can_cache: bool = True) -> list[dict[str, Any]]:
    """Runs a statement to its end. The rows are what Piccolo's own engine gives."""
    cursor.execute(sql, args, can_cache=can_cache)
    try:
        description = cursor.get_description()
    except apsw.ExecutionCompleteError:  # which is how apsw says that there is no row
        return []
    return dicts(description, list(cursor))


def dicts(description: Description, rows: Sequence[Sequence[Any]]) -> list[dict[str, Any]]:
    """Rows as dicts of Python values."""
    names, conversions = _plans.get(description) or _plan(description)
    found = []
    for row in rows:
        record = dict(zip(names, row, strict=True))
        for name, position, convert in conversions:
            if (value := row[position]) is not None:
                record[name] = convert(value)
        found.append(record)
    return found


# --- JSON for the wire that SQLite cannot write by itself (`ValueType.sqlite_json`)


def _number_json(stored: Any) -> str | None:
    return None if stored is None else encode_json(wire_number(stored)).decode()


def _instant_json(stored: Any) -> str | None:
    return None if stored is None else encode_json(stored_instant(stored)).decode()


WIRE_FUNCTIONS: dict[str, Callable[..., str | None]] = {
    "piccobase_number": _number_json,
    "piccobase_instant": _instant_json,
}

# --- order of decimals

DECIMAL_ORDER = "DECIMAL_ORDER"


def compare_decimals(left: str, right: str) -> int:
    """The collation of decimal columns: by value, so `10` comes after `9.5` and `1.0` equals `1.00`.

    What is no number comes after all numbers, by its text.
    """
    if left == right:
        return 0
    a, b = _number(left), _number(right)
    if a is not None and b is not None:
        return (a > b) - (a < b)
    if a is None and b is None:
        return 1 if left > right else -1
    return 1 if a is None else -1


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return None if number.is_nan() else number
