"""PostgreSQL's SQL, answering as SQLite does: values of uncertain kind are taken apart into a number and a text."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from piccobase.columns import Select
from piccobase.filters.bindings import Bindings
from piccobase.filters.dialects.base import (
    Dialect,
    as_decimal,
    as_number,
    group_of,
    is_null_safe,
    is_whole_point,
    sent_list,
    with_blank,
)
from piccobase.filters.dialects.postgres_times import first_word, formatted, number_moment, text_moment
from piccobase.filters.fragments import FALSE, TRUE, Fragment, compose, join, quoted, slot
from piccobase.filters.literals import NUMBER_KINDS, TEXT_KINDS, Kind
from piccobase.filters.operands import Column, Read, ReadMany, Value
from piccobase.filters.own_functions import Gives
from piccobase.filters.scalars import NEVER, float_of, number_of, text_of
from piccobase.filters.tree import Operator
from piccobase.schema.collections import CollectionInfo
from piccobase.schema.fields import FieldInfo
from piccobase.schema.values.dates import InstantValue, parse_instant

_NUMERIC = r"'^[ \t\n\v\f\r]*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?[ \t\n\v\f\r]*$'"
_WIRE_INSTANT = "'YYYY-MM-DD HH24:MI:SS.MS\"Z\"'"
# Blanks after commas and colons, but not those within texts: a text is matched whole and put back.
_UUID = "'^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'"
_COMPACT = r"""'("(?:[^"\\]|\\.)*")|([,:]) ', '\1\2', 'g'"""


_TYPES: Mapping[Gives, str] = {"text": "::text", "number": "::float8", "boolean": "::boolean"}


class Parts(NamedTuple):
    """A value taken apart: one of the two is NULL, and both are where the value is. None: it is never of that kind."""

    number: Fragment | None
    text: Fragment | None


class Postgres(Dialect):
    name = "postgres"
    double = "::float8"

    def read_column(self, sql: Fragment, field: FieldInfo) -> Fragment:
        is_enum = isinstance(field.piccolo, Select) and field.piccolo.enum is not None
        return compose(sql, "::text") if is_enum else sql

    def text(self, column: Column) -> Fragment:
        if not column.lower and column.field.family == "date" and column.strict:
            return compose("to_char(", column.sql, ", 'YYYY-MM-DD')")
        return self.like_text(column)

    def text_slot(self, read: Callable[[Bindings], str | None], column: Column | None = None) -> Fragment:
        return compose(slot(_without_nul(read)), "::text")

    def native(self, column: Column, operator: Operator, value: Value) -> tuple[Fragment, Fragment] | None:
        if column.bare:
            return None
        match column.field.family:
            case "boolean" if value.kind == "boolean" and operator in ("=", "!="):
                return column.sql, compose(slot(lambda bindings: bool(value.read(bindings))), "::boolean")
            case "uuid" if operator == "=" and (value.kind in TEXT_KINDS or value.kind == "unknown"):
                return column.sql, compose(slot(_uuid(value.read)), "::uuid")
            case "instant" if value.kind == "instant" or (column.strict and value.kind == "date"):
                naive = isinstance(column.field.value, InstantValue) and column.field.value.naive
                return column.sql, compose(
                    slot(_moment(value.read, naive=naive)), "::timestamp" if naive else "::timestamptz"
                )  # fmt: skip
            case "date" if value.kind == "instant" or (column.strict and value.kind == "date"):
                # As text: asyncpg would make the first moment of the calendar an infinity, which no stored day equals.
                return column.sql, compose(slot(_moment_text(value.read)), "::text::timestamp")
        return None

    def holds_blank(self, column: Column) -> bool:
        return column.lower or column.made or column.field.family in ("text", "list", "array")

    def order(self, left: Fragment, operator: str, right: Fragment) -> Fragment:
        return compose(left, f' COLLATE "C" {operator} ', right)

    def like(self, left: Fragment, right: Fragment, *, negated: bool, folded: bool) -> Fragment:
        if folded:
            right = Fragment(right.sql, tuple(map(_whole_pattern, right.binders)))
        else:
            right = compose("lower(", right, ' COLLATE "C")')
        return compose(
            "lower(", left, ' COLLATE "C")', " NOT LIKE " if negated else " LIKE ", right, " ESCAPE '\\'"
        )  # fmt: skip

    def like_text(self, column: Column) -> Fragment:
        if column.length:
            return compose("(", self.number(column), ")::text")
        if column.lower:
            # The C locale knows no letters but those of ASCII.
            return compose("lower(", self.like_text(replace(column, lower=False)), ' COLLATE "C")')
        sql = column.sql
        match column.field.family:
            case "instant":
                naive = isinstance(column.field.value, InstantValue) and column.field.value.naive
                return compose("to_char(", sql, "" if naive else " AT TIME ZONE 'UTC'", f", {_WIRE_INSTANT})")
            case "date":
                return compose("to_char(", sql, """, 'YYYY-MM-DD" 00:00:00.000Z"')""")
            case "time":
                return compose(
                    "(CASE WHEN extract(microseconds FROM ", sql, ")::bigint % 1000000 = 0 THEN to_char(", sql,
                    ", 'HH24:MI:SS') ELSE to_char(", sql, ", 'HH24:MI:SS.US') END)",
                )  # fmt: skip
            case "list" | "array":
                whole = "to_jsonb(" if column.field.family == "array" else "("
                return _compact(compose(whole, sql, ")::text"))
            case "json" | "geo":
                return self._text_of_json(self._parts_of_json(column))
            case "number" | "decimal" | "duration":
                # A double becomes a numeric of fifteen digits.
                return compose("trim_scale((", self.number(column), ")::numeric)::text")
            case "integer" | "boolean":
                return compose("(", self.number(column), ")::text")
            case "uuid":
                return compose(sql, "::text")
        return sql

    def number(self, column: Column) -> Fragment:
        sql = column.sql
        if column.length:
            if column.field.family == "array":
                return compose("COALESCE(array_length(", sql, ", 1), 0)")
            if column.field.multiple:
                return compose(
                    "(CASE WHEN jsonb_typeof(", sql, "::jsonb) = 'array' THEN jsonb_array_length(", sql,
                    "::jsonb) ELSE 0 END)",
                )  # fmt: skip
            return compose("(CASE WHEN ", sql, "::text <> '' THEN 1 ELSE 0 END)")
        match column.field.family:
            case "boolean":
                return compose(sql, "::int")
            case "duration":
                return compose("extract(epoch FROM ", sql, ")")
            case "number" if column.field.piccolo.column_type == "REAL":
                # 0.1 as a float of 32 bits is not the double 0.1; by way of its text it is.
                return compose(sql, "::text::float8")
        return sql

    def number_slot(self, column: Column, kind: Kind, read: Read) -> Fragment:
        if column.field.family == "number" and not column.length:
            return compose(slot(_double(read)), "::float8")
        if kind in ("integer", "boolean"):
            return compose(slot(as_number(column, read)), "::bigint")
        return compose(slot(as_decimal(column, read)), "::numeric")

    def coordinate(self, column: Column) -> Fragment:
        number = self._parts(column, "number").number
        assert number is not None
        return compose("CASE WHEN abs(", number, ") < 1e300 THEN (", number, ")::float8 END")

    def strftime(self, form: Read, time: Column, modifiers: Sequence[Read]) -> Fragment:
        return formatted(self._moment(time, first_word(modifiers)), form, modifiers)

    def _moment(self, column: Column, first: Callable[[Bindings], str]) -> Fragment:
        """A column as a timestamp in UTC, as SQLite would read it from what it stores."""
        group, family = group_of(column), column.field.family
        if group == "text" and family in ("instant", "date"):
            naive = isinstance(column.field.value, InstantValue) and column.field.value.naive
            plain = "::timestamp" if family == "date" or naive else " AT TIME ZONE 'UTC'"
            stays = compose(slot(first), "::text NOT IN ('unixepoch', 'julianday')")
            return compose("CASE WHEN ", stays, " THEN ", column.sql, plain, " END")
        parts = self._parts(column, "number")
        ways = []
        if parts.number is not None:
            ways.append(number_moment(compose("(", parts.number, ")"), first))
        if parts.text is not None:
            ways.append(text_moment(compose("(", parts.text, ")"), first))
        return compose("COALESCE(", join(", ", ways), ")")

    def text_argument(self, column: Column) -> Fragment:
        return with_blank(column, self.like_text(column))

    def number_argument(self, column: Column) -> Fragment:
        json = group_of(column) == "json"
        number = self._parts_of_json(column).number if json else self._parts(column, "number").number
        assert number is not None
        return compose("CASE WHEN abs(", number, ") < 1e300 THEN (", number, ")::float8 END")

    def instant_argument(self, column: Column) -> Fragment:
        if column.field.family == "date":
            return compose(column.sql, "::timestamp AT TIME ZONE 'UTC'")
        naive = isinstance(column.field.value, InstantValue) and column.field.value.naive
        return compose(column.sql, " AT TIME ZONE 'UTC'") if naive else column.sql

    def instant_slot(self, read: Read) -> Fragment:
        return compose(slot(_moment(read, naive=False)), "::timestamptz")

    def list_argument(self, column: Column) -> Fragment:
        listed = compose("to_jsonb(", column.sql, ")") if column.field.family == "array" else column.sql
        return compose(
            "CASE WHEN jsonb_typeof((", listed, ")::jsonb) = 'array' THEN (", listed, ")::jsonb ELSE '[]' END"
        )

    def list_slot(self, read: ReadMany) -> Fragment:
        return compose(slot(sent_list(_storable(read))), "::text::jsonb")

    def result(self, sql: Fragment, gives: Gives) -> Fragment:
        return compose(sql, _TYPES[gives])

    def elements(self, column: Column, alias: str = '"element"') -> Fragment:
        sql = column.sql
        if column.field.family == "array":
            return compose("LATERAL unnest(", sql, f') WITH ORDINALITY AS {alias}("value", "key")')
        listed = compose("CASE WHEN jsonb_typeof(", sql, ") = 'array' THEN ", sql, " ELSE '[]' END")
        return _json_elements(listed, alias)

    def sent_elements(self, read: ReadMany, alias: str) -> Fragment:
        return _json_elements(self.list_slot(read), alias)

    def key_of_text(self, key: FieldInfo, text: Fragment) -> Fragment:
        # What does not look like a key would be an error to cast.
        match key.family, key.piccolo.value_type:
            case "uuid", _:
                return compose("CASE WHEN ", text, f" ~ {_UUID} THEN ", text, "::uuid END")
            case _, value_type if value_type is int:
                return compose("CASE WHEN ", text, " ~ '^[0-9]{1,18}$' THEN ", text, "::bigint END")
        return text

    def contains(self, listed: Fragment, key: Fragment) -> Fragment:
        return compose(listed, " @> jsonb_build_array((", key, ")::text)")

    def insertion_order(self, collection: CollectionInfo, alias: str) -> list[Fragment]:
        # PostgreSQL numbers no rows: the time of creation is what comes nearest, the key settles ties.
        made = [field for field in collection.fields if field.auto == "create"]
        return [Fragment(f"{alias}.{quoted(field.column)}") for field in (*made[:1], collection.key)]

    def is_there(self, column: Column) -> Fragment:
        match group_of(column):
            case "json":
                found = self._text_of_json(self._parts_of_json(column))
            case "number":
                found = self.number(column)
            case _:
                found = with_blank(column, self.like_text(column))
        return compose("(", found, ") IS NOT NULL")

    def boolean_slot(self, read: Callable[[Bindings], bool]) -> Fragment:
        return compose(slot(read), "::boolean")

    def differs(self, left: Fragment, right: Fragment) -> Fragment:
        return compose(left, " IS DISTINCT FROM ", right)

    def json_with_value(self, column: Column, operator: Operator, value: Value) -> Fragment:
        read = value.read
        text = compose(
            slot(_without_nul(lambda bindings: found if isinstance(found := read(bindings), str) else None)), "::text"
        )
        number = compose(slot(_number_only(as_decimal(column, read), read)), "::numeric")
        kind = value.kind
        right = Parts(
            number if kind in NUMBER_KINDS or kind == "unknown" else None,
            text if kind in TEXT_KINDS or kind in ("empty", "unknown") else None,
        )
        return self._compare(self._parts_of_json(column), operator, right)

    def columns(self, left: Column, operator: Operator, right: Column) -> Fragment:
        if operator in ("=", "!=") and not (is_null_safe(left) or is_null_safe(right)):
            same = self._same_or_empty(left, right)
            return same if operator == "=" else compose("NOT ", same)
        return self._compare(self._parts(left, _affinity(right)), operator, self._parts(right, _affinity(left)))

    def _same_or_empty(self, left: Column, right: Column) -> Fragment:
        """COALESCE(left, '') = COALESCE(right, ''), where a text never equals a number; never NULL."""
        first, second = (
            Parts(None, self._text_of_json(self._parts_of_json(side)))
            if is_whole_point(side)
            else self._parts(side, group_of(side))
            for side in (left, right)
        )
        if first.text is not None and second.text is not None:
            return compose("(COALESCE(", first.text, ", '') = COALESCE(", second.text, ", ''))")
        if first.number is not None and second.number is not None:
            return compose("(", _is_same(first.number, second.number), ")")
        number, text = first.number or second.number, first.text or second.text
        assert number is not None
        assert text is not None
        return compose("(", number, " IS NULL AND COALESCE(", text, ", '') = '')")

    def sort_keys(self, column: Column) -> list[Fragment]:
        match group_of(column):
            case "json":
                number, text = self._parts_of_json(column)
                assert number is not None
                assert text is not None
                rank = compose("CASE WHEN ", number, " IS NOT NULL THEN 1 WHEN ", text, " IS NOT NULL THEN 2 END")
                return [rank, number, compose(text, ' COLLATE "C"')]
            case "number":
                return [self.number(column)]
        if not column.lower and column.field.family in ("instant", "date", "time", "uuid"):
            return [column.sql]
        return [compose(self.text(column), ' COLLATE "C"')]

    def sorted(self, key: Fragment, *, descending: bool) -> Fragment:
        return compose(key, " DESC NULLS LAST" if descending else " ASC NULLS FIRST")

    # Values taken apart

    def _parts(self, column: Column, other: str) -> Parts:
        """A column as it compares with one of the affinity `other`, which has been applied."""
        match group_of(column), other:
            case "number", "text" if column.bare:
                return Parts(None, _text_of_number(self.number(column)))
            case "number", _:
                # Through its text, since a double cast to numeric keeps fifteen digits only.
                through = "::text" if column.field.family == "number" and not column.length else ""
                return Parts(compose("(", self.number(column), f"){through}::numeric"), None)
            case "json", "text":
                return Parts(None, self._text_of_json(self._parts_of_json(column)))
            case "json", "number":
                number, text = self._parts_of_json(column)
                assert number is not None
                assert text is not None
                read = self._parts_of_text(text)
                return Parts(compose("COALESCE(", number, ", ", read.number or "NULL", ")"), read.text)
            case "json", _:
                return self._parts_of_json(column)
            case (("text" | "lowered"), "number"):
                return self._parts_of_text(with_blank(column, self.like_text(column)))
        return Parts(None, with_blank(column, self.like_text(column)))

    def _parts_of_text(self, text: Fragment) -> Parts:
        """Numeric affinity: a text that reads as a number is one."""
        return Parts(
            compose("CASE WHEN ", text, f" ~ {_NUMERIC} THEN trim(E' \\t\\n\\v\\f\\r' FROM ", text, ")::numeric END"),
            compose("CASE WHEN ", text, f" !~ {_NUMERIC} THEN ", text, " END"),
        )

    def _parts_of_json(self, column: Column) -> Parts:
        if column.json_path:
            path = "strict $" + "".join(map(_step, column.json_path))
            found = compose(
                "jsonb_path_query_first(", column.sql, "::jsonb, ", slot(lambda bindings: path),
                "::text::jsonpath, '{}', true)",
            )  # fmt: skip
        else:
            found = compose(column.sql, "::jsonb")
        # One slot for the path, however often the value is looked at: equal binders are one parameter.
        kind = compose("jsonb_typeof(", found, ")")
        number = compose(
            "CASE ", kind, " WHEN 'number' THEN (", found, ")::numeric WHEN 'boolean' THEN (", found,
            ")::boolean::int::numeric END",
        )  # fmt: skip
        text = compose(
            "CASE ", kind, " WHEN 'string' THEN ", found, " #>> '{}' WHEN 'object' THEN ",
            _compact(compose("(", found, ")::text")), " WHEN 'array' THEN ", _compact(compose("(", found, ")::text")),
            " END",
        )  # fmt: skip
        return Parts(compose("(", number, ")"), compose("(", text, ")"))

    @staticmethod
    def _text_of_json(parts: Parts) -> Fragment:
        number, text = parts
        assert number is not None
        assert text is not None
        return compose("COALESCE(", text, ", ", number, "::text)")

    def _compare(self, left: Parts, operator: Operator, right: Parts) -> Fragment:
        """SQLite's order: NULL matches nothing but itself, and every number is below every text."""
        if operator in ("=", "!="):
            same = compose(
                self._both_null_or_equal(left.number, right.number), " AND ",
                self._both_null_or_equal(left.text, right.text),
            )  # fmt: skip
            return compose("(", same, ")") if operator == "=" else compose("NOT (", same, ")")
        ways = []
        if left.number is not None and right.number is not None:
            ways.append(compose(left.number, f" {operator} ", right.number))
        if left.text is not None and right.text is not None:
            ways.append(self.order(left.text, operator, right.text))
        low, high = (left.number, right.text) if operator in ("<", "<=") else (right.number, left.text)
        if low is not None and high is not None:
            ways.append(compose("(", low, " IS NOT NULL AND ", high, " IS NOT NULL)"))
        return compose("(", join(" OR ", ways), ")") if ways else FALSE

    def _both_null_or_equal(self, left: Fragment | None, right: Fragment | None) -> Fragment:
        if left is None or right is None:
            some = left or right
            return TRUE if some is None else compose(some, " IS NULL")
        return compose("(", _is_same(left, right), ")")


def _step(part: str) -> str:
    """A step of a JSON path; a number with zeros before it would be an error of syntax here."""
    return f"[{part.lstrip('0') or '0'}]" if part.isdecimal() else f'."{part}"'


def _affinity(column: Column) -> str:
    """What SQLite makes of a value that is compared with this column: a `text`, a `number`, or nothing."""
    group = group_of(column)
    return "" if column.bare or group == "json" else group


def _text_of_number(number: Fragment) -> Fragment:
    """As SQLite writes it: an integer without a point, a double with one."""
    text = compose("(", number, ")::text")
    whole = compose(text, " ~ '^-?[0-9]+$' AND pg_typeof(", number, ") = 'double precision'::regtype")
    return compose("CASE WHEN ", whole, " THEN ", text, " || '.0' ELSE ", text, " END")


def _is_same(left: Fragment, right: Fragment) -> Fragment:
    """Equal, and two NULLs are."""
    return compose(left, " IS NOT DISTINCT FROM ", right)


def _compact(text: Fragment) -> Fragment:
    return compose("regexp_replace(", text, f", {_COMPACT})")


def _json_elements(listed: Fragment, alias: str) -> Fragment:
    return compose("LATERAL jsonb_array_elements_text(", listed, f') WITH ORDINALITY AS {alias}("value", "key")')


def _storable(read: ReadMany) -> ReadMany:
    """PostgreSQL's texts hold no NUL, not even in JSON."""
    return lambda bindings: [each.replace("\0", "\ufffd") if isinstance(each, str) else each for each in read(bindings)]


def _without_nul(read: Callable[[Bindings], str | None]) -> Callable[[Bindings], str | None]:
    """PostgreSQL's texts hold no NUL, so none of them equals one that does."""

    def text(bindings: Bindings) -> str | None:
        found = read(bindings)
        return found.replace("\0", "\ufffd") if found else found

    return text


def _whole_pattern(read: Callable[[Bindings], Any]) -> Callable[[Bindings], Any]:
    """A pattern that ends in its escape matches nothing in SQLite and is an error here."""

    def pattern(bindings: Bindings) -> Any:
        found = read(bindings)
        if isinstance(found, str) and (len(found) - len(found.rstrip("\\"))) % 2:
            return NEVER
        return found

    return pattern


def _uuid(read: Read) -> Callable[[Bindings], UUID | None]:
    """None for a text that is not exactly a UUID as we write it: it equals none."""

    def uuid(bindings: Bindings) -> UUID | None:
        text = text_of(read(bindings))
        try:
            found = UUID(text)
        except (ValueError, TypeError, AttributeError):
            return None
        return found if str(found) == text else None

    return uuid


def _moment(read: Read, *, naive: bool) -> Callable[[Bindings], datetime | None]:
    def moment(bindings: Bindings) -> datetime | None:
        found = parse_instant(text_of(read(bindings)) or "")
        return found.replace(tzinfo=None) if found and naive else found

    return moment


def _moment_text(read: Read) -> Callable[[Bindings], str | None]:
    moment = _moment(read, naive=True)

    def text(bindings: Bindings) -> str | None:
        found = moment(bindings)
        return None if found is None else found.isoformat(" ", "milliseconds")

    return text


def _double(read: Read) -> Callable[[Bindings], float | None]:
    def double(bindings: Bindings) -> float | None:
        number = number_of(read(bindings))
        return None if number is None else float_of(number)

    return double


def _number_only(number: Callable[[Bindings], object], read: Read) -> Callable[[Bindings], object]:
    """No affinity: a text stays one even if it reads as a number."""
    return lambda bindings: None if isinstance(read(bindings), str) else number(bindings)


POSTGRES = Postgres()
