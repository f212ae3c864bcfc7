"""From a default in the database to the declared one: constants as values, the moment and new ids as Piccolo's."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final

from piccobase.db.sqlite_ddl import RANDOM_UUID
from piccobase.migrations.adopting.declaration import text_source
from piccobase.migrations.adopting.found import FoundColumn


@dataclass(frozen=True, slots=True)
class Known:
    """`source` is what is written behind `default=`, None where Piccolo's own default says the same."""

    source: str | None
    imports: frozenset[tuple[str, str]] = field(default_factory=frozenset)


UNKNOWN: Final = object()

# What Piccolo's classes take where nothing is given.
_OWN: Mapping[str, Any] = {
    "Varchar": "",
    "Char": "",
    "Text": "",
    "Select": "",
    "SmallInt": 0,
    "Integer": 0,
    "BigInt": 0,
    "Numeric": Decimal(0),
    "Real": 0.0,
    "DoublePrecision": 0.0,
    "Boolean": False,
    "Interval": timedelta(0),
    "JSON": "{}",
    "JSONB": "{}",
    "Bytea": b"",
    "Array": [],
}
# The column's default where nothing is given is this expression.
_OWN_EXPRESSIONS: Mapping[str, str] = {
    "Timestamptz": "now",
    "Timestamp": "now",
    "Date": "now",
    "Time": "now",
    "UUID": "uuid4",
}
_NOW = re.compile(
    r"now\(\)|(?:transaction|statement|clock)_timestamp\(\)|current_(?:timestamp|date|time)|local(?:timestamp|time)|"
    r"timezone\('utc'(?:::text)?, now\(\)\)|\(now\(\) at time zone 'utc'(?:::text)?\)|"
    r"\(?'now'::text\)?::(?:date|timestamp without time zone)|\(?now\(\)\)?::date|"
    r"date_trunc\('milliseconds'(?:::text)?, (?:now\(\)|current_timestamp)\)|"
    r"\(?(?:datetime|date|time|strftime)\((?:'[^']*', )?'now'(?:, 'utc')?\)\)?",
    re.IGNORECASE,
)
_UUID4 = re.compile(
    rf"(?:\w+\.)?(?:gen_random_uuid|uuid_generate_v4)\(\)|\(?{re.escape(RANDOM_UUID[1:-1])}\)?", re.IGNORECASE
)


def default_argument(name: str, column: FoundColumn) -> Known | object:
    """The default of a column that is declared as `name`; UNKNOWN where only the database can make it.

    A column without a default has none here either: a record cannot be created without a value for it, as there.
    """
    if column.default is None or column.default.upper() == "NULL":
        return Known("None")
    if column.constant is not None:
        return _constant(name, column.constant.value)
    expression = (
        "now" if _NOW.fullmatch(column.default) else "uuid4" if _UUID4.fullmatch(column.default) else column.default
    )
    if _OWN_EXPRESSIONS.get(name) == expression:
        return Known(None)
    if name == "UUID" and column.default == "uuidv7()":
        return Known("UUID7()", frozenset({("piccolo.columns.defaults.uuid", "UUID7")}))
    return UNKNOWN


def _constant(name: str, value: Any) -> Known | object:
    if value is None:
        return Known("None")
    if name == "Char":
        value = value.rstrip(" ")  # which fill it up, and mean nothing
    if name in _OWN and type(value) is type(_OWN[name]) and value == _OWN[name]:
        return Known(None)
    return _written(value)


def _written(value: Any) -> Known | object:
    match value:
        case str():
            return Known(text_source(value))
        case bool() | int() | float() | bytes():
            return Known(repr(value))
        case Decimal():
            return Known(f'Decimal("{value}")', frozenset({("decimal", "Decimal")}))
        case datetime() | date() | time():
            kind = type(value).__name__
            return Known(f'{kind}.fromisoformat("{value.isoformat()}")', frozenset({("datetime", kind)}))
        case timedelta():
            return Known(repr(value).removeprefix("datetime."), frozenset({("datetime", "timedelta")}))
        case list() if all(isinstance(one, bool | int | float | str) for one in value):
            written = ", ".join(text_source(one) if isinstance(one, str) else repr(one) for one in value)
            return Known(f"[{written}]")
    return UNKNOWN
