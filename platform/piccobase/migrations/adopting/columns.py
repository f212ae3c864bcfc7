"""From a column that was found to the Piccolo column that declares it, as the database's own types are called."""

import re
from collections.abc import Callable
from dataclasses import replace

from piccobase.migrations.adopting.declaration import Call, text_source
from piccobase.migrations.adopting.defaults import UNKNOWN, Known, default_argument
from piccobase.migrations.adopting.found import FoundColumn

PICCOLO, OURS = "piccolo.columns", "piccobase.columns"
_TYPE = re.compile(r"(?P<name>[a-z ]+?)\s*(?:\((?P<limits>[^)]*)\))?(?P<rest>[a-z ]*)(?P<array>\[\])?")
# By its name nobody but superusers should see it, whoever may read the rest: a hash of a password, a key of an API.
_SECRET = re.compile(r"passw|secret|token|api_?key|session_?(?:key|data)|salt$|hash$|digest$", re.IGNORECASE)


class NotDeclarable(Exception):
    """A column that Piccolo has no class for; the text says why."""


def column_call(column: FoundColumn) -> Call:
    """The type alone: `Varchar(length=20)`. Raises NotDeclarable."""
    if column.labels:
        values = ", ".join(map(text_source, column.labels))
        return _call(OURS, "Select", f"[{values}]", f"enum={text_source(column.type)}")
    if column.computed:
        raise NotDeclarable("is computed by the database from other columns")
    found = _TYPE.fullmatch(column.type.lower())
    make = _TYPES.get((found["name"] + found["rest"]).strip()) if found else None
    if make is None or found is None:
        raise NotDeclarable(f"there is no column for the type {column.type}")
    call = make(found["limits"] or "")
    if found["array"]:
        return Call(
            name="Array", arguments=(str(call),), imports=call.imports | {(PICCOLO, "Array")}
        )  # of any number of dimensions: PostgreSQL keeps none
    return call


def counted(column: FoundColumn) -> Call | None:
    """`Serial()` for a column that the database counts by itself."""
    counts = column.identity or (column.default or "").startswith("nextval(")
    if counts and column.type in ("integer", "bigint"):
        return _call(PICCOLO, "Serial" if column.type == "integer" else "BigSerial")
    return None


def with_options(call: Call, column: FoundColumn, *, key: bool, unique: bool, index: str) -> tuple[Call, str]:
    """The column with its default and its place in the table, and what is to be remarked about it.

    `index` is the method of an index of its own, "" for none.
    """
    arguments, imports, remark = list(call.arguments), set(call.imports), ""
    if key:
        arguments.append("primary_key=True")
    elif column.nullable and call.name != "ForeignKey":  # of which that is the rule
        arguments.append("null=True")
    if call.name not in ("Serial", "BigSerial"):
        default = default_argument(call.name, column)
        match default:
            case Known(source=source):
                imports |= default.imports
                if source is not None and (call.name, source) != ("ForeignKey", "None"):
                    arguments.append(f"default={source}")
            case _ if default is UNKNOWN:
                arguments.append("default=None")
                remark = f"its default in the database: {column.default}"
    if unique and not key:
        arguments.append("unique=True")
        if call.name in ("Varchar", "Text", "Char") and column.default is None and not column.nullable:
            arguments.append("required=True")
    if index and not key:
        arguments.append("index=True")
        if index != "btree":
            arguments.append(f"index_method=IndexMethod.{index}")
            imports.add(("piccolo.columns.indexes", "IndexMethod"))
    if not key and call.name != "ForeignKey" and _SECRET.search(column.name):
        arguments.append("secret=True")
    if column.comment:
        arguments.append(f"help_text={text_source(column.comment)}")
    return replace(call, arguments=tuple(arguments), imports=frozenset(imports)), remark


def _call(module: str, name: str, *arguments: str) -> Call:
    return Call(name=name, arguments=arguments, imports=frozenset({(module, name)}))


def _plain(name: str) -> Callable[[str], Call]:
    return lambda limits: _call(PICCOLO, name)


def _varchar(limits: str) -> Call:
    return _call(PICCOLO, "Varchar", *([] if limits == "255" else [f"length={int(limits) if limits else None}"]))


def _char(limits: str) -> Call:
    return _call(PICCOLO, "Char", f"length={int(limits or 1)}")


def _numeric(limits: str) -> Call:
    if not limits:
        return _call(PICCOLO, "Numeric")
    digits, _, scale = limits.partition(",")
    if int(scale or 0) < 0 or int(scale or 0) > int(digits):
        raise NotDeclarable(f"numeric({limits}) has a scale that Piccolo does not know")
    return _call(PICCOLO, "Numeric", f"digits=({int(digits)}, {int(scale or 0)})")


# As `format_type` of PostgreSQL writes them; the names that SQLite's columns get are told in these words too.
_TYPES: dict[str, Callable[[str], Call]] = {
    "character varying": _varchar,
    "character": _char,
    "text": _plain("Text"),
    "citext": _plain("Text"),
    "smallint": _plain("SmallInt"),
    "integer": _plain("Integer"),
    "bigint": _plain("BigInt"),
    "numeric": _numeric,
    "real": _plain("Real"),
    "double precision": _plain("DoublePrecision"),
    "boolean": _plain("Boolean"),
    "date": _plain("Date"),
    "time without time zone": _plain("Time"),
    "timestamp without time zone": _plain("Timestamp"),
    "timestamp with time zone": _plain("Timestamptz"),
    "interval": _plain("Interval"),
    "uuid": _plain("UUID"),
    "json": _plain("JSON"),
    "jsonb": _plain("JSONB"),
    "bytea": _plain("Bytea"),
}
