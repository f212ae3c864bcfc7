"""What becomes of a column's values when the column changes: SQL over the table as it was, in either dialect."""

from piccobase.db import ddl
from piccobase.db.sqlite_ddl import rewrite_column
from piccobase.db.table_text import parse_column
from piccobase.db.value_kinds import Family, ValueKind, kind_of
from piccobase.migrations import conversions_postgres
from piccobase.migrations.comparing import TableDifference
from piccobase.migrations.described import DescribedColumn
from piccobase.schema.values.base import Dialect

# What stands for nothing where NULL may not.
_ZEROS: dict[Family, tuple[str, str]] = {
    "text": ("''", "''"),
    "integer": ("0", "0"),
    "float": ("0.0", "0"),
    "decimal": ("'0'", "0"),
    "boolean": ("0", "false"),
    "instant": ("'1970-01-01 00:00:00.000Z'", "'1970-01-01 00:00:00+00'::timestamptz"),
    "local": ("'1970-01-01 00:00:00.000Z'", "'1970-01-01 00:00:00'::timestamp"),
    "date": ("'1970-01-01'", "'1970-01-01'::date"),
    "time": ("'00:00:00'", "'00:00:00'::time"),
    "interval": ("0.0", "interval '0'"),
    "uuid": ("'00000000-0000-0000-0000-000000000000'", "'00000000-0000-0000-0000-000000000000'::uuid"),
    "json": ("'{}'", "'{}'"),
    "list": ("'[]'", "'[]'"),
    "bytes": ("X''", "''::bytea"),
    "array": ("'[]'", "'{}'"),
}


def is_conversion(before: DescribedColumn, after: DescribedColumn, dialect: Dialect) -> bool:
    """Whether the values are stored otherwise afterwards, or some of them may not be stored any more.

    SQLite enforces no lengths, digits or sizes of numbers, so there a change of these is none.
    """
    source, target = kind_of(before.column), kind_of(after.column)
    if target.pointing and not source.pointing and source.family == "text":
        return True  # the empty text points to nothing
    if dialect == "postgres" and before.type != after.type:
        return True
    return _essence(source) != _essence(target)


def _essence(kind: ValueKind) -> tuple[object, ...]:
    element = _essence(kind.element) if kind.element else kind.type.lower() if kind.family == "other" else None
    return kind.family, element


def converted(value: str, source: ValueKind, target: ValueKind, dialect: Dialect) -> str:
    """An expression that is NULL where the other kind has no such value."""
    if dialect == "sqlite":
        return f"piccobase_convert({value}, '{source}', '{target}')"
    return conversions_postgres.converted(value, source, target) or f"NULL::{target.type}"


def kept(value: str, source: ValueKind, target: ValueKind, dialect: Dialect) -> str:
    """A condition on a value that is not NULL: whether the other kind holds all of it."""
    if dialect == "sqlite":
        return f"piccobase_kept({value}, '{source}', '{target}')"
    return conversions_postgres.kept(value, source, target) or "false"


def default_value(column: DescribedColumn, dialect: Dialect) -> str | None:
    """The default as an expression, in the form in which values are stored. None where the column has none."""
    if dialect == "postgres":
        return ddl.default(column.column, dialect)
    clause = parse_column(rewrite_column(ddl.column_definition(column.column, dialect))).clause("DEFAULT")
    return clause.definition[len("DEFAULT") :].strip() if clause is not None else None


def zero(column: DescribedColumn, dialect: Dialect) -> str:
    """What stands for nothing in a column that takes no NULL."""
    kind = kind_of(column.column)
    if kind.enum and dialect == "postgres":
        return ddl.literal(kind.enum[0], dialect)
    found = _ZEROS.get(kind.family, ("''", "''"))
    return found[0] if dialect == "sqlite" else found[1]


def new_value(table: TableDifference, name: str, dialect: Dialect, *, renamed: bool = False) -> str:
    """What a column that is there afterwards will hold, as an expression over the table as it was.

    With `renamed` its columns are called as they will be.
    """
    after = table.after.columns[name]
    before = table.before.columns.get(table.old_name(name)) if not _is_new(table, name) else None
    if before is None:
        value = default_value(after, dialect)
        value = value if value is not None else "NULL" if after.null else zero(after, dialect)
        if dialect == "postgres" and not after.counts and not kind_of(after.column).enum:
            value = f"({value})::{after.column.column_type}"
        return from_trash(table, name, value, renamed=renamed) if name in table.trashed else value
    value = ddl.quoted(name if renamed else before.name)
    changes = is_conversion(before, after, dialect)
    if changes:
        value = converted(value, kind_of(before.column), kind_of(after.column), dialect)
    if not after.null and (before.null or changes):
        fill = default_value(after, dialect)
        value = f"coalesce({value}, {fill if fill is not None else zero(after, dialect)})"
    return value


def from_trash(table: TableDifference, column: str, otherwise: str, *, renamed: bool) -> str:
    """The value that the trash has for a row, and another for those that were made since."""
    there = (table.after if renamed else table.before).table._meta.get_formatted_tablename()
    key = ddl.quoted(table.after.key if renamed else table.before.key)
    trash = ddl.quoted(table.trashed[column])
    where = f't."key" = {there}.{key}'
    return (
        f"CASE WHEN EXISTS (SELECT 1 FROM {trash} AS t WHERE {where}) "
        f'THEN (SELECT t."value" FROM {trash} AS t WHERE {where}) ELSE {otherwise} END'
    )


def _is_new(table: TableDifference, name: str) -> bool:
    return any(column.name == name for column in table.added)


def is_constant(expression: str) -> bool:
    """Whether it is a value, and nothing that gives another at each asking."""
    return expression[:1] in "'-+0123456789XE" or expression.split(" ")[0].lower() in ("true", "false", "interval")
