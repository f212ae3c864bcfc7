"""Conversions between kinds of values as SQL of PostgreSQL; `db/converting.py` says the same for SQLite.

An expression is NULL where a value cannot be converted. None contains a subquery, which ALTER COLUMN … USING forbids.
"""

import re

from piccobase.db.ddl import literal
from piccobase.db.value_kinds import ValueKind

_NUMBERS = ("integer", "float", "decimal")
_MOMENTS = ("instant", "local")
_LISTS = ("list", "array")

# The elements of a JSON array as texts. A subquery may only stand in a function.
TEXTS = "pg_temp.piccobase_texts"
CREATE_TEXTS = (
    f"CREATE OR REPLACE FUNCTION {TEXTS}(jsonb) RETURNS text[] LANGUAGE sql IMMUTABLE STRICT AS "
    "'SELECT coalesce(array_agg(item ORDER BY place), ARRAY[]::text[]) "
    "FROM jsonb_array_elements_text($1) WITH ORDINALITY AS items (item, place)'"
)
# What PostgreSQL 16 brings, for older ones.
CREATE_IS_VALID = (
    "CREATE OR REPLACE FUNCTION pg_temp.pg_input_is_valid(text, text) RETURNS boolean LANGUAGE plpgsql AS "
    "$$ BEGIN EXECUTE format('SELECT %L::%s', $1, $2); RETURN true; EXCEPTION WHEN others THEN RETURN false; END $$"
)
KNOWS_VALID_INPUT = 16


def for_version(sql: str, version: float) -> str:
    """PostgreSQL looks for functions of the connection only by their full name."""
    if version >= KNOWS_VALID_INPUT:
        return sql
    return re.sub(r"(?<!pg_temp\.)\bpg_input_is_valid\(", "pg_temp.pg_input_is_valid(", sql)


def functions_for(sql: str, version: float) -> list[str]:
    """The statements that make what conversions in `sql` call, for one connection alone."""
    needed = []
    if "pg_input_is_valid(" in sql and version < KNOWS_VALID_INPUT:
        needed.append(CREATE_IS_VALID)
    if TEXTS in sql:
        needed.append(CREATE_TEXTS)
    return needed


def converted(value: str, source: ValueKind, target: ValueKind) -> str | None:
    """The expression, of the target's type; a text where that is an enum, which may not be there yet.

    None where these kinds have no conversion.
    """
    found = _converted(value, source, target)
    if found is None:
        return None
    if target.family == "text":
        return _fitting_text(found, target)
    return found if target.family == "other" else f"({found})::{target.type}"


def kept(value: str, source: ValueKind, target: ValueKind) -> str | None:
    """A condition that is true where nothing of a value is lost; None where these kinds have no conversion."""
    there = converted(value, source, target)
    if there is None:
        return None
    always = f"{there} IS NOT NULL"
    match source.family, target.family:
        case ("text", "json" | "uuid" | "list" | "array") | ("json", "text"):
            condition = always
        case ("text", "instant" | "local"):
            condition = f"{always} AND {value} !~ '\\.[0-9]{{3}}0*[1-9]'"
        case _:
            back = converted(there, target, source)
            value = _text(value) if source.enum else value
            same = f"{_comparable(back, source)} IS NOT DISTINCT FROM {_comparable(value, source)}"
            condition = "false" if back is None else same
    # What is empty holds nothing that could be lost.
    match source.family:
        case "text" if target.family != "text" or target.pointing:
            return f"({_text(value)} = '' OR ({condition}))"
        case "list":
            return f"(({value})::jsonb = '[]' OR ({condition}))"
        case "array":
            return f"(cardinality({value}) = 0 OR ({condition}))"
    return condition


def _comparable(value: str | None, kind: ValueKind) -> str:
    return f"({value})::jsonb" if kind.family == "json" else f"({value})"


def is_valid(value: str, type_: str) -> str:
    return f"pg_input_is_valid({value}, '{type_}')"


def _converted(value: str, source: ValueKind, target: ValueKind) -> str | None:
    if source.family == "text" and target.pointing:
        value = f"nullif({_text(value)}, '')"
    if source.family == "array" and target.family == "array":
        text = f"({value})::text"
        return f"CASE WHEN {is_valid(text, target.type)} THEN {text}::{target.type} END"
    if source.family in _LISTS or target.family in _LISTS:
        return _converted_list(value, source, target)
    match source.family, target.family:
        case "text", "text":
            return _text(value)
        case "integer" | "float" | "decimal" as one, "integer" | "float" | "decimal":
            # A float through its text: else it would lose digits, and an integer would become a float to be rounded.
            number = f"({value})::text::numeric" if one == "float" else f"({value})::numeric"
            return _number(number, target, finite=one != "integer")
        case "other", "other":
            return value if source.type == target.type else None
        case one, other if one == other:
            return value
        case _, "text":
            return _to_text(value, source)
        case "text", _:
            return _from_text(_text(value), target)
        case "integer" | "float" | "decimal" | "boolean", "json":
            return f"to_jsonb({value})"
        case _, "json":
            return _to_json(value, source)
        case "json", _:
            scalar = f"({value})::jsonb"
            inner = _from_text(f"({scalar} #>> '{{}}')", target)
            return inner and f"CASE WHEN jsonb_typeof({scalar}) IN ('string', 'number', 'boolean') THEN {inner} END"
        case ("instant", "local") | ("local", "instant"):
            return f"({value}) AT TIME ZONE 'UTC'"
        case "instant", "date" | "time":
            return f"(({value}) AT TIME ZONE 'UTC')::{target.type}"
        case "local", "date" | "time":
            return f"({value})::{target.type}"
        case "date", "instant":
            return f"({value})::timestamp AT TIME ZONE 'UTC'"
        case "date", "local":
            return f"({value})::timestamp"
        case "boolean", "integer" | "float" | "decimal":
            return _number(f"({value})::int::numeric", target)
        case "integer" | "float" | "decimal", "boolean":
            return f"({value}) <> 0"
        case "integer" | "float" | "decimal", "interval":
            return _interval(f"({value})")
        case "interval", "integer" | "float" | "decimal":
            return _number(f"extract(epoch from {value})::numeric", target)
    return None


# --- texts


def _text(value: str) -> str:
    return f"({value})::text"


def _fitting_text(value: str, kind: ValueKind) -> str:
    """Cut off where the type has an end. An enum has only some values."""
    if kind.enum:
        values = ", ".join(literal(it, "postgres") for it in kind.enum)
        return f"CASE WHEN {value} IN ({values}) THEN {value} END"
    name, _, rest = kind.type.partition("(")
    if name in ("varchar", "char", "character", "character varying"):
        length = rest.rstrip(")") or ("1" if name.startswith("char") and "var" not in name else "")
        return f"left({value}, {length})" if length else f"({value})"
    return f"({value})"


def _to_text(value: str, kind: ValueKind) -> str | None:
    match kind.family:
        case "integer" | "float" | "decimal" | "boolean" | "uuid":
            return f"({value})::text"
        case "instant":
            return f"to_char(({value}) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.MS') || 'Z'"
        case "local":
            return f"to_char({value}, 'YYYY-MM-DD HH24:MI:SS.MS') || 'Z'"
        case "date":
            return f"to_char({value}, 'YYYY-MM-DD')"
        case "time":
            return f"({value})::text"
        case "interval":
            return f"trim_scale(extract(epoch from {value})::numeric)::text"
        case "json":
            inner = f"(({value})::jsonb #>> '{{}}')"
            plain = f"jsonb_typeof(({value})::jsonb) = 'string' AND NOT {is_valid(inner, 'jsonb')}"
            return f"CASE WHEN {plain} THEN {inner} ELSE ({value})::text END"
        case "bytes":
            return f"CASE WHEN encode({value}, 'hex') ~ '{_UTF8}' THEN convert_from({value}, 'UTF8') END"
    return None


# UTF-8 without the character 0, in hexadecimal digits (RFC 3629 §4).
_UTF8 = (
    "^(0[1-9a-f]|[1-7].|(c[2-9a-f]|d.)[89ab].|e0[ab].[89ab].|(e[1-9a-cef])([89ab].){2}|ed[89].[89ab].|"
    "f0[9ab].([89ab].){2}|f[1-3]([89ab].){3}|f48.([89ab].){2})*$"
)
_NUMBER = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?$"
_CLOCK = r"([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,6})?)?"
_DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_ZONE = r"(Z|[+-](0[0-9]|1[0-4])(:?[0-5][0-9])?)"


def _from_text(value: str, kind: ValueKind) -> str | None:
    trimmed = f"btrim({value}, E' \\t\\n\\r')"
    match kind.family:
        case "text":
            return value
        case "float":
            valid = is_valid(trimmed, kind.type)
            return f"CASE WHEN {trimmed} ~ '{_NUMBER}' THEN CASE WHEN {valid} THEN {trimmed}::{kind.type} END END"
        case "integer" | "decimal":
            return f"CASE WHEN {trimmed} ~ '{_NUMBER}' THEN {_number(f'{trimmed}::numeric', kind)} END"
        case "interval":
            return f"CASE WHEN {trimmed} ~ '{_NUMBER}' THEN {_interval(f'{trimmed}::numeric')} END"
        case "boolean":
            return (
                f"CASE WHEN lower({trimmed}) IN ('true', 't', 'yes', 'y', 'on', '1') THEN true "
                f"WHEN lower({trimmed}) IN ('false', 'f', 'no', 'n', 'off', '0') THEN false END"
            )
        case "instant" | "local" | "date":
            return _moment(trimmed, kind)
        case "time":
            return f"CASE WHEN {trimmed} ~ '^{_CLOCK}$' THEN {trimmed}::time END"
        case "uuid":
            return (
                f"CASE WHEN {trimmed} ~* '^[0-9a-f]{{8}}(-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}}$' THEN {trimmed}::uuid END"
            )
        case "json":
            as_text = "to_json" if kind.type == "json" else "to_jsonb"
            return f"CASE WHEN {is_valid(value, kind.type)} THEN {value}::{kind.type} ELSE {as_text}({value}) END"
        case "bytes":
            return f"convert_to({value}, 'UTF8')"
    return None


def _moment(text: str, kind: ValueKind) -> str:
    """A text without a zone counts as UTC."""
    without, with_zone = "::timestamp", "::timestamptz AT TIME ZONE 'UTC'"
    local = (
        f"CASE WHEN {text} ~ '^{_DAY}([T ]{_CLOCK})?$' "
        f"THEN CASE WHEN {is_valid(text, 'timestamp')} THEN {text}{without} END "
        f"WHEN {text} ~ '^{_DAY}[T ]{_CLOCK}{_ZONE}$' "
        f"THEN CASE WHEN {is_valid(text, 'timestamptz')} THEN {text}{with_zone} END END"
    )
    if kind.family == "date":
        return f"({local})::date"
    cut = f"date_trunc('milliseconds', {local})"
    return f"({cut}) AT TIME ZONE 'UTC'" if kind.family == "instant" else cut


# --- numbers

_LIMITS = {"smallint": 15, "integer": 31, "int": 31, "serial": 31, "bigint": 63, "bigserial": 63}


def _number(value: str, kind: ValueKind, *, finite: bool = False) -> str:
    """A numeric as another kind of number, NULL where it has no room there."""
    condition = ""
    match kind.family:
        case "integer":
            bits = _LIMITS.get(kind.type, 63)
            condition = f"round({value}) BETWEEN {-(1 << bits)} AND {(1 << bits) - 1}"
            found = f"round({value})::{kind.type}"
        case "decimal":
            found = f"({value})::{kind.type}"
            if "(" in kind.type:
                digits, _, scale = kind.type.partition("(")[2].rstrip(")").replace(" ", "").partition(",")
                condition = f"abs(round({value}, {scale or 0})) < 1e{int(digits) - int(scale or 0)}"
            elif finite:
                condition = f"({value})::text NOT IN ('NaN', 'Infinity', '-Infinity')"
        case _:
            found = f"({value})::{kind.type}"
            limit = "3.4e38" if kind.type == "real" else "1.7e308"
            condition = f"abs({value}) < {limit}::numeric"
    return f"CASE WHEN {condition} THEN {found} END" if condition else found


def _interval(seconds: str) -> str:
    return f"CASE WHEN abs({seconds}) < 1e12 THEN justify_hours(make_interval(secs => ({seconds})::float8)) END"


# --- JSON and lists


def _to_json(value: str, kind: ValueKind) -> str | None:
    text = _to_text(value, kind)
    return text and f"to_jsonb({text})"


def _converted_list(value: str, source: ValueKind, target: ValueKind) -> str | None:
    if target.element is not None and source.family == target.element.family and source.family != "text":
        only = converted(value, source, target.element)
        return only and f"CASE WHEN ({only}) IS NOT NULL THEN ARRAY[{only}]::{target.type} END"
    items = _items(value, source)
    if items is None:
        return None
    if target.family in ("list", "json"):
        return items
    if target.element is not None:
        texts = f"{TEXTS}({items})::text"
        if target.element.element is not None:  # of arrays: nothing but themselves
            return None
        return f"CASE WHEN {is_valid(texts, target.type)} THEN {texts}::{target.type} END"
    first = f"({items} ->> 0)"
    if target.family == "text" and not target.single:
        plain = (
            f"jsonb_array_length({items}) = 1 AND jsonb_typeof({items} -> 0) = 'string' "
            f"AND {first} <> '' AND {first} !~ '^[ \\t\\n\\r]*\\['"
        )
        return f"CASE WHEN jsonb_array_length({items}) = 0 THEN '' WHEN {plain} THEN {first} ELSE ({items})::text END"
    found = _from_text(first, target)
    if target.family == "text" and not target.pointing:
        return f"CASE WHEN ({items}) IS NOT NULL THEN coalesce({found}, '') END"
    return found


def _items(value: str, source: ValueKind) -> str | None:
    """A list in JSON of what the value holds."""
    match source.family:
        case "list":
            return f"({value})::jsonb"
        case "array":
            return f"to_jsonb({value})"
        case "json":
            document = f"({value})::jsonb"
            return (
                f"CASE jsonb_typeof({document}) WHEN 'array' THEN {document} WHEN 'null' THEN NULL "
                f"ELSE jsonb_build_array({document}) END"
            )
        case "text":
            text = _text(value)
            is_list = f"CASE WHEN {text} ~ '^[ \\t\\n\\r]*\\[' THEN {is_valid(text, 'jsonb')} ELSE false END"
            return (
                f"CASE WHEN {text} = '' THEN '[]'::jsonb WHEN {is_list} THEN {text}::jsonb "
                f"WHEN {text} IS NOT NULL THEN jsonb_build_array({text}) END"
            )
    text_of = _to_text(value, source)
    return text_of and f"CASE WHEN ({text_of}) IS NOT NULL THEN jsonb_build_array({text_of}) END"
