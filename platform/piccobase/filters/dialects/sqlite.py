"""SQLite's SQL. Values are of the right storage class before they are bound, so that no affinity is needed."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from piccobase.base.clock import instant_text
from piccobase.filters.bindings import Bindings
from piccobase.filters.dialects.base import (
    Dialect,
    as_decimal,
    as_number,
    group_of,
    is_null_safe,
    sent_list,
    with_blank,
)
from piccobase.filters.fragments import Fragment, compose, quoted, slot
from piccobase.filters.literals import Kind, reads_as_number
from piccobase.filters.operands import Column, Read, ReadMany, Value
from piccobase.filters.own_functions import Gives
from piccobase.filters.scalars import NEVER, Scalar, text_of
from piccobase.filters.timetexts import in_utc
from piccobase.filters.tree import Operator
from piccobase.schema.collections import CollectionInfo
from piccobase.schema.fields import FieldInfo
from piccobase.schema.values.dates import parse_instant

DECIMAL_ORDER = "DECIMAL_ORDER"
"""The collation that compares texts as decimals. Whoever opens a connection registers it; `Infinity` must sort last."""


LONGEST_PATTERN = 50_000  # bytes; SQLITE_MAX_LIKE_PATTERN_LENGTH


class SQLite(Dialect):
    name = "sqlite"

    def text(self, column: Column) -> Fragment:
        if column.lower:
            return compose("LOWER(", self.like_text(replace(column, lower=False)), ")")
        if column.field.family == "date" and not column.strict:
            return compose("(", column.sql, " || ' 00:00:00.000Z')")
        return column.sql

    def text_slot(self, read: Callable[[Bindings], str | None], column: Column | None = None) -> Fragment:
        if column is None or column.bare or column.field.family == "text":
            return slot(read)
        return slot(_kept_a_text(read))

    def native(self, column: Column, operator: Operator, value: Value) -> tuple[Fragment, Fragment] | None:
        return None

    def holds_blank(self, column: Column) -> bool:
        return True

    def order(self, left: Fragment, operator: str, right: Fragment) -> Fragment:
        return compose(left, f" {operator} ", right)

    def like(self, left: Fragment, right: Fragment, *, negated: bool, folded: bool) -> Fragment:
        sign = " NOT LIKE " if negated else " LIKE "
        if folded:
            return compose(left, sign, Fragment(right.sql, tuple(map(_short_pattern, right.binders))), " ESCAPE '\\'")
        # SQLite fails on longer patterns, and a record could hold one.
        fits = compose("octet_length(", right, f") <= {LONGEST_PATTERN}")
        otherwise = " ELSE TRUE END" if negated else " ELSE FALSE END"
        return compose(
            "CASE WHEN ", right, " IS NULL OR ", fits, " THEN ", left, sign, right, " ESCAPE '\\'", otherwise
        )

    def like_text(self, column: Column) -> Fragment:
        if column.length:
            return self.number(column)
        if column.lower:
            return self.text(column)
        match column.field.family:
            case "number" | "duration":
                # A REAL column shows 5 as 5.0; fifteen digits are what a double surely holds.
                return compose("CASE WHEN ", column.sql, " IS NOT NULL THEN printf('%.15g', ", column.sql, ") END")
            case "decimal":
                return compose(
                    "CASE WHEN instr(", column.sql, ", '.') THEN rtrim(rtrim(", column.sql, ", '0'), '.') ELSE ",
                    column.sql, " END",
                )  # fmt: skip
            case "json" | "geo":
                return self._json(column)
            case "date":
                return compose("(", column.sql, " || ' 00:00:00.000Z')")
        return column.sql

    def number(self, column: Column) -> Fragment:
        if not column.length:
            return column.sql
        if column.field.multiple:
            return compose(
                "CASE WHEN json_valid(", column.sql, ") THEN json_array_length(", column.sql, ") ELSE 0 END"
            )  # fmt: skip
        return compose("CASE WHEN ", column.sql, " <> '' THEN 1 ELSE 0 END")

    def number_slot(self, column: Column, kind: Kind, read: Read) -> Fragment:
        if column.field.family == "decimal" and not column.length:
            return compose(slot(_decimal_text(column, read)), f" COLLATE {DECIMAL_ORDER}")
        return slot(as_number(column, read))

    def coordinate(self, column: Column) -> Fragment:
        return self._plain(column, affine=False, decimals=True)

    def strftime(self, form: Read, time: Column, modifiers: Sequence[Read]) -> Fragment:
        moved = [compose(", ", slot(_in_utc(each))) for each in modifiers]
        moment = self._plain(time, affine=False, decimals=True)
        return compose("strftime(", slot(lambda bindings: text_of(form(bindings))), ", ", moment, *moved, ")")

    def text_argument(self, column: Column) -> Fragment:
        return compose("CAST(", with_blank(column, self.like_text(column)), " AS TEXT)")

    def number_argument(self, column: Column) -> Fragment:
        number = self.coordinate(column)
        double = compose("CAST(", number, " AS REAL)")
        if group_of(column) != "json":
            return double
        return compose("CASE WHEN typeof(", number, ") IN ('integer', 'real') THEN ", double, " END")

    def instant_argument(self, column: Column) -> Fragment:
        return self.like_text(column)

    def instant_slot(self, read: Read) -> Fragment:
        def text(bindings: Bindings) -> str | None:
            moment = parse_instant(text_of(read(bindings)) or "")
            return None if moment is None else instant_text(moment)

        return slot(text)

    def list_argument(self, column: Column) -> Fragment:
        listed = _as_list(column.sql)
        return compose("CASE json_type(", listed, ") WHEN 'array' THEN ", listed, " ELSE '[]' END")

    def list_slot(self, read: ReadMany) -> Fragment:
        return slot(sent_list(read))

    def result(self, sql: Fragment, gives: Gives) -> Fragment:
        return sql

    def elements(self, column: Column, alias: str = '"element"') -> Fragment:
        return compose("json_each(", _as_list(column.sql), f") AS {alias}")

    def sent_elements(self, read: ReadMany, alias: str) -> Fragment:
        return compose("json_each(", slot(sent_list(read)), f") AS {alias}")

    def element(self, field: FieldInfo, alias: str) -> Fragment:
        value = f'{alias}."value"'
        # Decimals are texts wherever they are compared, and numbers in the JSON of some.
        return Fragment(f"CAST({value} AS TEXT)" if field.family == "decimal" else value)

    def key_of_text(self, key: FieldInfo, text: Fragment) -> Fragment:
        return text  # the affinity of the key makes a number of it where it can be one

    def contains(self, listed: Fragment, key: Fragment) -> Fragment:
        return compose(
            "CAST(", key, ' AS TEXT) IN (SELECT "each"."value" FROM json_each(', _as_list(listed), ') AS "each")'
        )

    def insertion_order(self, collection: CollectionInfo, alias: str) -> list[Fragment]:
        if collection.kind == "view":
            return [Fragment(f"{alias}.{quoted(collection.key.column)}")]
        return [Fragment(f"{alias}.rowid")]

    def is_there(self, column: Column) -> Fragment:
        match group_of(column):
            case "json":
                found = self._json(column)
            case "number":
                found = self.number(column)
            case _:
                found = with_blank(column, self.text(column))
        return compose("(", found, ") IS NOT NULL")

    def boolean_slot(self, read: Callable[[Bindings], bool]) -> Fragment:
        return slot(lambda bindings: int(read(bindings)))

    def differs(self, left: Fragment, right: Fragment) -> Fragment:
        return compose(left, " IS NOT ", right)

    def json_with_value(self, column: Column, operator: Operator, value: Value) -> Fragment:
        right = slot(_json_scalar(column, value.read))
        sign = {"=": "IS", "!=": "IS NOT"}.get(operator, operator)
        return compose(self._json(column), f" {sign} ", right)

    def columns(self, left: Column, operator: Operator, right: Column) -> Fragment:
        groups = group_of(left), group_of(right)
        decimals = left.field.family == right.field.family == "decimal"
        collate = f" COLLATE {DECIMAL_ORDER}" if decimals else ""
        if operator in ("=", "!=") and not (is_null_safe(left) or is_null_safe(right)):
            # COALESCE takes the affinity away: a text never equals a number here.
            sign = "=" if operator == "=" else "IS NOT"
            sides = [
                compose("COALESCE(", self._plain(side, affine=False, decimals=decimals), f", ''){collate}")
                for side in (left, right)
            ]
            return compose(sides[0], f" {sign} ", sides[1])
        sign = {"=": "IS", "!=": "IS NOT"}.get(operator, operator)
        affine = groups[0] != groups[1]
        sides = [compose(self._plain(side, affine=affine, decimals=decimals), collate) for side in (left, right)]
        return compose(sides[0], f" {sign} ", sides[1])

    def _plain(self, column: Column, *, affine: bool, decimals: bool) -> Fragment:
        """A column to compare with another; `affine`: of another group, so that its affinity must be seen to."""
        match group_of(column):
            case "json":
                return self._json(column)
            case "lowered":
                return with_blank(column, self.text(column))
            case "number":
                stored_as_text = column.field.family == "decimal" and not column.length and not decimals
                number = self.number(column)
                affine = affine and not column.bare
                return compose("CAST(", number, " AS NUMERIC)") if affine or stored_as_text else number
        text = with_blank(column, self.like_text(column))
        # The declared type of a date, say, gives it numeric affinity.
        return compose("CAST(", text, " AS TEXT)") if affine or column.field.family != "text" else text

    def sort_keys(self, column: Column) -> list[Fragment]:
        match group_of(column):
            case "json":
                return [self._json(column)]
            case "number":
                collate = f" COLLATE {DECIMAL_ORDER}" if column.field.family == "decimal" and not column.length else ""
                return [compose(self.number(column), collate)]
        return [self.text(column)]

    def sorted(self, key: Fragment, *, descending: bool) -> Fragment:
        return compose(key, " DESC" if descending else " ASC")

    def _json(self, column: Column) -> Fragment:
        """The value at the column's JSON path: number, text, 1 or 0, or NULL; lists and objects as compact JSON."""
        path = "$" + "".join(f"[{part}]" if part.isdecimal() else f'."{part}"' for part in column.json_path)
        return compose(
            "CASE WHEN json_valid(", column.sql, ") THEN json_extract(", column.sql, ", ", slot(lambda bindings: path),
            ") END",
        )  # fmt: skip


def _in_utc(modifier: Read) -> Callable[[Bindings], str | None]:
    return lambda bindings: None if (text := text_of(modifier(bindings))) is None else in_utc(text)


def _as_list(sql: Fragment) -> Fragment:
    return compose("CASE WHEN json_valid(", sql, ") THEN ", sql, " ELSE '[]' END")


def _short_pattern(read: Callable[[Bindings], Any]) -> Callable[[Bindings], Any]:
    """A pattern too long for SQLite matches nothing, instead of an error."""

    def pattern(bindings: Bindings) -> Any:
        found = read(bindings)
        return found if found is None or len(found) * 4 <= LONGEST_PATTERN else _fitting(found)

    return pattern


def _fitting(pattern: str) -> str:
    return pattern if len(pattern.encode()) <= LONGEST_PATTERN else NEVER


def _kept_a_text(read: Callable[[Bindings], str | None]) -> Callable[[Bindings], str | None]:
    """Columns declared TIMESTAMPTZ, DATE, UUID or JSONB have numeric affinity, which would turn `'5'` into a number.

    With a character behind it that nothing stored has it stays a text, and sorts among the stored ones as before:
    they are longer than it and differ from it, or do not begin with it at all.
    """

    def text(bindings: Bindings) -> str | None:
        found = read(bindings)
        return found + "\1" if found and reads_as_number(found) else found

    return text


def _decimal_text(column: Column, read: Read) -> Callable[[Bindings], str | None]:
    exact = as_decimal(column, read)

    def text(bindings: Bindings) -> str | None:
        found = exact(bindings)
        return None if found is None else format(found, "f")

    return text


def _json_scalar(column: Column, read: Read) -> Callable[[Bindings], Scalar]:
    number = as_number(column, read)

    def json_scalar(bindings: Bindings) -> Scalar:
        value = read(bindings)
        return value if value is None or isinstance(value, str) else number(bindings)

    return json_scalar


SQLITE = SQLite()
