"""What a column of a SQLite file holds: told from its declared type, and from the values that are there."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from piccobase.db.engine import Database
from piccobase.db.sqlite_tokens import quoted
from piccobase.migrations.adopting.found import FoundColumn, FoundTable

_LITERAL = re.compile(r"'(?:[^']|'')*'|[-+]?[\d.]+(?:[eE][-+]?\d+)?|true|false|[xX]'[0-9a-fA-F]*'", re.IGNORECASE)
_NOW = re.compile(r"'now'|^current_timestamp$", re.IGNORECASE)
_DECLARED = re.compile(r"(?P<name>[^(]*)(?:\((?P<limits>[^)]*)\))?.*", re.DOTALL)
_MOMENTS = ("timestamp without time zone", "timestamp with time zone")
# As this server writes them, with a time zone or without: `2026-11-23 00:16:37.866Z`.
_OWN_FORM = "????-??-?? ??:??:??.[0-9][0-9][0-9]Z"
_ELEMENTS = {
    "ARRAY_DATE": "date",
    "ARRAY_TIME": "time without time zone",
    "ARRAY_TIMESTAMP": "timestamp without time zone",
    "ARRAY_TIMESTAMPTZ": "timestamp with time zone",
}
_OF_ELEMENTS = (("boolean", {"true", "false"}), ("bigint", {"integer"}), ("double precision", {"integer", "real"}))
# Seconds or milliseconds since 1970, of moments between 1973 and 5138.
_SECONDS, _MILLISECONDS = (100_000_000, 99_999_999_999), (100_000_000_000, 99_999_999_999_999)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """`type` in the words of PostgreSQL. Where the column has to become another: its new type, and its values."""

    type: str
    definition_type: str = ""
    value: str = ""  # SQL over the old table
    now: bool = False  # its default is the moment, to be written in the server's form
    remark: str = ""

    def is_literal(self, default: str) -> bool:
        return _LITERAL.fullmatch(default) is not None

    def python(self, value: Any) -> Any:
        """A default in its stored form as the value of such a column. Raises ValueError for what is none."""
        name = "array" if self.type.endswith("[]") else self.type.partition("(")[0]
        return value if value is None else _PYTHON.get(name, lambda plain: plain)(value)


_PYTHON: dict[str, Callable[[Any], Any]] = {
    "boolean": lambda value: bool(int(value)),
    "numeric": lambda value: Decimal(str(value)),
    "double precision": float,
    "interval": lambda value: timedelta(seconds=value),
    "integer": int,
    "smallint": int,
    "bigint": int,
    "character varying": str,
    "text": str,
    "date": date.fromisoformat,
    "time without time zone": time.fromisoformat,
    "timestamp without time zone": lambda value: datetime.fromisoformat(value).replace(tzinfo=None),
    "timestamp with time zone": datetime.fromisoformat,
    "array": json.loads,
    "json": str,
    "jsonb": str,
}


@dataclass(frozen=True, slots=True)
class _Values:
    """What is stored in the column: how many values of each of SQLite's types, and questions about them."""

    db: Database
    table: str
    column: str
    integer: int
    real: int
    text: int
    blob: int

    @property
    def some(self) -> int:
        return self.integer + self.real + self.text + self.blob

    def only(self, *types: str) -> bool:
        """Whether there are none but of these types; also where there are none at all."""
        return self.some == sum(int(getattr(self, name)) for name in types)

    async def all(self, condition: str) -> bool:
        """Whether a condition on `value` is true of every value."""
        counted = f"SELECT count(*) FROM (SELECT {quoted(self.column)} AS value FROM {quoted(self.table)}) "
        ((against,),) = await self.db.rows(f"{counted} WHERE value IS NOT NULL AND ({condition}) IS NOT TRUE")
        return bool(against == 0)

    async def any(self, condition: str) -> bool:
        return bool(self.some) and not await self.all(f"NOT ({condition})")


async def kind_of(db: Database, table: FoundTable, column: FoundColumn, *, stays: bool) -> Kind:
    """`stays`: its values may not be written otherwise, since foreign keys compare them with others."""
    if column.computed:
        return Kind(type=column.type)
    values = await _look(db, table.name, column.name)
    found = _DECLARED.fullmatch(column.type.strip())
    name = found["name"].strip().upper() if found else ""
    limits = (found["limits"] or "").replace(" ", "") if found else ""
    if column.identity:
        wide = await values.any("abs(value) > 2147483647")
        return Kind(type="bigint" if wide else "integer")
    kind = await _of_a_name(name, limits, values)
    if kind is None or (stays and kind.value):
        return await _of_an_affinity(name, limits, values)
    return replace(kind, now=kind.type in _MOMENTS and _NOW.search(column.default or "") is not None)


async def _look(db: Database, table: str, column: str) -> _Values:
    types = ("integer", "real", "text", "blob")
    counts = ", ".join(f"total(typeof({quoted(column)}) = '{type_}')" for type_ in types)
    ((integer, real, text, blob),) = await db.rows(f"SELECT {counts} FROM {quoted(table)}")
    return _Values(db, table, column, int(integer), int(real), int(text), int(blob))


# --- types that have a form of their own here


async def _of_a_name(name: str, limits: str, values: _Values) -> Kind | None:
    column = quoted(values.column)
    match name:
        case "BOOLEAN" | "BOOL":
            return await _boolean(column, values)
        case "TINYINT" if limits == "1" and values.some and values.only("integer"):
            return await _boolean(column, values) if await values.all("value IN (0, 1)") else None
        case "NUMERIC" | "DECIMAL" | "DECIMAL_TEXT" | "MONEY" | "DEC":
            return await _decimal(column, limits, values)
        case "DATETIME" | "TIMESTAMP" | "TIMESTAMPTZ" | "TIMESTAMP WITH TIME ZONE" | "TIMESTAMP WITHOUT TIME ZONE":
            own = name == "TIMESTAMP" and await values.all(f"value GLOB '{_OWN_FORM}'")
            zoned = None if own else name in ("TIMESTAMPTZ", "TIMESTAMP WITH TIME ZONE")
            return await _moment(column, values, zoned=zoned)
        case "DATE":
            return await _date(column, values)
        case "TIME":
            return await _converted("time without time zone", "TIME", "time", column, values)
        case "SECONDS" if values.only("integer", "real"):  # Piccolo's Interval
            return Kind(type="interval")
        case "ARRAY" | "ARRAY_DATE" | "ARRAY_TIME" | "ARRAY_TIMESTAMP" | "ARRAY_TIMESTAMPTZ" if values.only("text"):
            return Kind(type=f"{_ELEMENTS.get(name) or await _elements(values)}[]")
        case "JSON" | "JSONB" | "JSON_TEXT" | "JSONB_TEXT" if values.only(
            "text", "integer", "real"
        ) and await values.all("json_valid(value)"):
            name = name.removesuffix("_TEXT")
            return Kind(type=name.lower(), definition_type=name, value=f"CAST({column} AS TEXT)")
        case "UUID" | "GUID" | "UNIQUEIDENTIFIER" if values.only("text"):
            same = "piccobase_convert(value, 'text', 'uuid') = value"
            return Kind(type="uuid", definition_type="UUID") if await values.all(same) else None
    return None


async def _elements(values: _Values) -> str:
    """Of lists in JSON, as Piccolo's Array keeps them: it does not say of what."""
    elements = f"SELECT DISTINCT e.type FROM {quoted(values.table)} AS t, json_each(t.{quoted(values.column)}) AS e"
    types = {type_ for (type_,) in await values.db.rows(f"{elements} WHERE e.type != 'null'")}
    return next((name for name, kinds in _OF_ELEMENTS if types and types <= kinds), "text")


async def _boolean(column: str, values: _Values) -> Kind | None:
    if values.only("integer") and await values.all("value IN (0, 1)"):
        return Kind(type="boolean", definition_type="BOOLEAN")
    return await _converted("boolean", "BOOLEAN", "boolean", column, values)


async def _decimal(column: str, limits: str, values: _Values) -> Kind | None:
    number = "piccobase_convert(CAST({} AS TEXT), 'text', 'decimal')"
    if values.blob or not await values.all(f"{number.format('value')} IS NOT NULL"):
        return None
    through = f"CASE typeof({column}) WHEN 'real' THEN piccobase_convert({column}, 'float', 'decimal') ELSE "
    digits = re.fullmatch(r"([1-9]\d*)(?:,(\d+))?", limits)
    fits = digits is not None and int(digits[2] or 0) <= int(digits[1])
    type_ = f"({digits[1]},{digits[2] or 0})" if digits and fits else ""
    return Kind(
        type=f"numeric{type_}", definition_type=f"NUMERIC{type_}", value=f"{through}{number.format(column)} END"
    )


async def _moment(column: str, values: _Values, *, zoned: bool | None) -> Kind | None:
    """`zoned`: whether they are moments wherever one is; None where that is not to be told from the values."""
    if values.some and values.only("integer"):
        return await _counted_moment(column, values)
    if zoned is False:
        zoned = await values.any("value LIKE '%Z' OR substr(value, 11) GLOB '*[+-][0-9][0-9]*'")
    if zoned:
        return await _converted(_MOMENTS[1], "TIMESTAMPTZ", "instant", column, values)
    return await _converted(_MOMENTS[0], "TIMESTAMP", "local", column, values)


async def _counted_moment(column: str, values: _Values) -> Kind | None:
    for (low, high), divisor, unit in ((_SECONDS, "1", "seconds"), (_MILLISECONDS, "1000.0", "milliseconds")):
        if await values.all(f"value BETWEEN {low} AND {high}"):
            return Kind(
                type=_MOMENTS[1],
                definition_type="TIMESTAMPTZ",
                value=f"strftime('%Y-%m-%d %H:%M:%fZ', {column} / {divisor}, 'unixepoch')",
                remark=f"its values were {unit} since 1970, and are moments now",
            )
    return None


async def _date(column: str, values: _Values) -> Kind | None:
    if await values.any("length(value) > 10"):
        return await _moment(column, values, zoned=False)
    return await _converted("date", "DATE", "date", column, values)


async def _converted(type_: str, definition: str, family: str, column: str, values: _Values) -> Kind | None:
    """A kind whose values are texts that are read as it; None where one of them cannot be."""
    if not values.only("text") or not await values.all(f"piccobase_convert(value, 'text', '{family}') IS NOT NULL"):
        return None
    cut = family in ("instant", "local") and await values.any("value GLOB '*.[0-9][0-9][0-9]*[1-9]*'")
    return Kind(
        type=type_,
        definition_type=definition,
        value=f"piccobase_convert({column}, 'text', '{family}')",
        remark="its moments are cut to milliseconds" if cut else "",
    )


# --- all others, by what SQLite makes of the type's name (sqlite.org/datatype3.html §3.1)


async def _of_an_affinity(name: str, limits: str, values: _Values) -> Kind:
    if "INT" in name:
        wide = "BIG" in name or "8" in name or await values.any("abs(value) > 2147483647")
        return Kind(type="bigint" if wide else "integer") if values.only("integer") else _as_text(values)
    if "CHAR" in name or "CLOB" in name or "TEXT" in name:
        return await _text(name, limits, values) if not values.blob else _as_text(values)
    if "BLOB" in name or not name:
        return _of_values(values, Kind(type="bytea") if "BLOB" in name else Kind(type="text", definition_type="TEXT"))
    if any(part in name for part in ("REAL", "FLOA", "DOUB")):
        return Kind(type="double precision") if values.only("integer", "real") else _as_text(values)
    return _of_values(values, Kind(type="text", definition_type="TEXT"))


async def _text(name: str, limits: str, values: _Values) -> Kind:
    if "CHAR" not in name or not limits.isdecimal() or int(limits) == 0:
        return Kind(type="text")
    if await values.any(f"length(value) > {int(limits)}"):
        return Kind(type="text", remark=f"some of its texts are longer than the {limits} characters it names")
    return Kind(type=f"character varying({int(limits)})")


def _of_values(values: _Values, otherwise: Kind) -> Kind:
    """Of a column whose type says nothing."""
    if not values.some:
        return otherwise
    if values.only("text"):
        return Kind(type="text", definition_type="TEXT")
    if values.only("integer"):
        return Kind(type="bigint", definition_type="INTEGER")
    if values.only("integer", "real"):
        return Kind(type="double precision", definition_type="DOUBLE PRECISION")
    return Kind(type="bytea", definition_type="BLOB") if values.only("blob") else _as_text(values)


def _as_text(values: _Values) -> Kind:
    """Values of several kinds: each can be written as a text, unless there are bytes among them."""
    if values.blob:
        return Kind(type="values of several kinds")
    return Kind(
        type="text",
        definition_type="TEXT",
        value=f"CAST({quoted(values.column)} AS TEXT)",
        remark="its values are of several kinds, so all are texts now",
    )
