"""Piccolo tables as SQL: the statements that create one, or add a column to it. Runs nothing.

Piccolo makes such statements too. These differ in what follows:

- A unique text that is not required is unique only where it is not empty (a partial index): many may have none.
- Unique and check constraints are part of CREATE TABLE, which both databases understand, and called `table_name`, since
  PostgreSQL knows the name of a constraint only once.
- Quotes in defaults are doubled, and names are quoted everywhere.

The engines rewrite such statements for their database, whoever made them (`sqlite_ddl`, `postgres_ddl`).

The tables must be bound to an engine of that dialect (`table._meta.db`): Piccolo asks it for a column's type.
"""

import hashlib
import re
from collections.abc import Collection, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from piccolo.columns import Column, ForeignKey, Serial
from piccolo.columns.defaults.base import Default
from piccolo.columns.indexes import IndexMethod
from piccolo.constraints import Constraint, Unique
from piccolo.table import Table

from piccobase.columns import Select
from piccobase.db.sqlite_ddl import RANDOM_UUID
from piccobase.db.values import adapt
from piccobase.schema.values.base import Dialect

LONGEST_NAME = 63  # bytes; PostgreSQL cuts off the rest (NAMEDATALEN)


def create_schema(table: type[Table], dialect: Dialect) -> list[str]:
    """For a table that is declared in a schema of its own; SQLite has none."""
    schema = table._meta.schema
    return [f"CREATE SCHEMA IF NOT EXISTS {quoted(schema)}"] if schema and dialect == "postgres" else []


def create_table(
    table: type[Table], dialect: Dialect, referenced: Collection[Column] = (), *, later: Collection[str] = ()
) -> list[str]:
    """The table with its indexes. `referenced` are columns other than keys that foreign keys point to.

    Those in `later` (names in the database) do not point anywhere yet: their target is not there.
    """
    parts = [
        column_definition(column, dialect, referenced, references=column._meta.db_column_name not in later)
        for column in table._meta.columns
    ]
    added = [it for it in table._meta.constraints if dialect == "sqlite" and takes_nulls_as_equal(it)]
    parts += [constraint_definition(table, it) for it in table._meta.constraints if it not in added]
    name = table._meta.get_formatted_tablename()
    statements = [it for column in table._meta.columns for it in create_type(column, dialect)]
    statements.append(f"CREATE TABLE {name} ({', '.join(parts)})")
    # SQLite has no NULLS NOT DISTINCT; added in this form, `sqlite_ddl` knows what to do.
    statements += [f"ALTER TABLE {name} ADD {constraint_definition(table, constraint)}" for constraint in added]
    for column in table._meta.columns:
        if unique_where_not_empty(column, referenced):
            statements.append(create_unique_index(column, partial=True))
        statements += create_index(column, dialect)
    return statements


def create_type(column: Column, dialect: Dialect) -> list[str]:
    """The enum of a column that has one, where it is missing. PostgreSQL has no IF NOT EXISTS for it."""
    if dialect == "sqlite" or not isinstance(column, Select) or column.enum is None:
        return []
    labels = ", ".join(map(_text, column.values))
    create = f"CREATE TYPE {column.enum} AS ENUM ({labels})"
    return [f"DO $type$ BEGIN {create}; EXCEPTION WHEN duplicate_object THEN NULL; END $type$"]


def add_column(column: Column, dialect: Dialect) -> list[str]:
    """The column with its indexes; it must be nullable or have a default (see `default`)."""
    table = column._meta.table._meta.get_formatted_tablename()
    definition = column_definition(column, dialect, adding=True)
    statements = [*create_type(column, dialect), f"ALTER TABLE {table} ADD COLUMN {definition}"]
    if dialect == "sqlite" and is_random(column):
        statements.append(f"UPDATE {table} SET {quoted(column._meta.db_column_name)} = {RANDOM_UUID}")
    if column._meta.unique:
        statements.append(create_unique_index(column, partial=unique_where_not_empty(column)))
    return statements + create_index(column, dialect)


def column_definition(
    column: Column,
    dialect: Dialect,
    referenced: Collection[Column] = (),
    *,
    adding: bool = False,
    references: bool = True,
) -> str:
    """`"title" VARCHAR(200) NOT NULL DEFAULT ''`; with `adding` as a table that has rows takes it."""
    meta = column._meta
    words = [quoted(meta.db_column_name), column.column_type]
    if meta.primary_key:
        words.append("PRIMARY KEY")
    if meta.unique and not adding and not meta.primary_key and not unique_where_not_empty(column, referenced):
        words.append("UNIQUE")
    if not meta.null:
        words.append("NOT NULL")
    if isinstance(column, ForeignKey) and references:
        words.append(references_clause(column))
    value = default(column, dialect, constant=adding and dialect == "sqlite")
    if value is not None:
        words.append(f"DEFAULT {value}")
    return " ".join(words)


def constraint_definition(table: type[Table], constraint: Constraint) -> str:
    return f"CONSTRAINT {quoted(constraint_name(table, constraint))} {constraint.ddl}"


def takes_nulls_as_equal(constraint: Constraint) -> bool:
    return isinstance(constraint, Unique) and not constraint.nulls_distinct


def constraint_name(table: type[Table], constraint: Constraint) -> str:
    """Piccolo calls it as the attribute is called."""
    return fitting(f"{table._meta.tablename}_{constraint._meta.name}")


def create_index(column: Column, dialect: Dialect) -> list[str]:
    """Nothing for a column without `index=True`, and for the kinds of index that SQLite lacks and could not replace."""
    meta = column._meta
    if not meta.index or (dialect == "sqlite" and meta.index_method in (IndexMethod.gin, IndexMethod.gist)):
        return []
    table, name = meta.table._meta, quoted(meta.db_column_name)
    index = quoted(fitting(f"{table.tablename}_{meta.db_column_name}"))
    method = f" USING {meta.index_method.value}" if dialect == "postgres" else ""
    return [f"CREATE INDEX {index} ON {table.get_formatted_tablename()}{method} ({name})"]


def unique_index_name(column: Column) -> str:
    """As PostgreSQL calls that of a UNIQUE column."""
    return fitting(f"{column._meta.table._meta.tablename}_{column._meta.db_column_name}_key")


def create_unique_index(column: Column, *, partial: bool) -> str:
    table, name = column._meta.table._meta, quoted(column._meta.db_column_name)
    index = quoted(unique_index_name(column))
    where = f" WHERE {name} != ''" if partial else ""
    return f"CREATE UNIQUE INDEX {index} ON {table.get_formatted_tablename()} ({name}){where}"


def unique_where_not_empty(column: Column, referenced: Collection[Column] = ()) -> bool:
    """A foreign key can only point to what is unique altogether."""
    meta = column._meta
    optional = meta.unique and not meta.primary_key and not meta.required and is_text(column)
    return optional and not any(other is column for other in referenced)  # `==` on a column makes a condition


def unique_sets(table: type[Table]) -> list[tuple[str, ...]]:
    """The columns that are declared unique, alone and together."""
    alone = [
        (column._meta.db_column_name,)
        for column in table._meta.columns
        if column._meta.unique and not column._meta.primary_key
    ]
    return alone + [unique_columns(it) for it in table._meta.constraints if isinstance(it, Unique)]


def unique_columns(constraint: Unique) -> tuple[str, ...]:
    names: list[str] = constraint.get_column_names()  # type: ignore[no-untyped-call]  # Piccolo has no types here
    return tuple(names)


def is_text(column: Column) -> bool:
    """Whether its values are text; also true of a foreign key to such a column."""
    return column.column_type.upper().split("(")[0] in ("VARCHAR", "TEXT", "CHAR")


def is_random(column: Column) -> bool:
    """Whether SQLite's default would be a new UUID each time; to Piccolo it has none there."""
    value = getattr(column, "default", None)
    return isinstance(value, Default) and value.sqlite is None


def references_clause(column: ForeignKey[Any]) -> str:
    meta = column._foreign_key_meta
    target = meta.resolved_target_column._meta
    return (
        f"REFERENCES {target.table._meta.get_formatted_tablename()} ({quoted(target.db_column_name)}) "
        f"ON DELETE {meta.on_delete.value} ON UPDATE {meta.on_update.value}"
    )


def quoted(name: str) -> str:
    escaped = name.replace('"', '""')
    return f'"{escaped}"'


def fitting(name: str) -> str:
    """A name that PostgreSQL does not cut off: two that begin alike would become one."""
    if len(name.encode()) <= LONGEST_NAME:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    return name.encode()[: LONGEST_NAME - 9].decode(errors="ignore") + "_" + digest


def default(column: Column, dialect: Dialect, *, constant: bool = False) -> str | None:
    """The column's default as SQL, None where it has none.

    A callable is asked once: the value becomes a constant, as it does with Piccolo. SQLite adds a column to rows only
    with a `constant`: then they get what an expression like `current_timestamp` gives now.
    """
    if isinstance(column, Serial):
        return None  # the database counts
    value = column.get_default_value()
    if value is None:
        return None
    if not isinstance(value, Default):
        return literal(value, dialect)
    # Where Piccolo knows no expression for SQLite it writes None, which `sqlite_ddl` makes into a random UUID.
    expression = str(getattr(value, dialect))
    if constant and not _CONSTANT.fullmatch(expression):
        return literal(value.python(), dialect)
    return expression


_CONSTANT = re.compile(r"'(?:[^']|'')*'|[-+]?[\d.]+")


def literal(value: Any, dialect: Dialect) -> str:
    """A value as it is written into the text of a statement that takes no parameters."""
    match value:
        case None:
            return "NULL"
        case bool():
            return str(value).lower()
        case int() | float():
            return str(value)
        case str():
            return _text(value)
        case bytes():
            return f"X'{value.hex()}'" if dialect == "sqlite" else f"'\\x{value.hex()}'"
    return literal(adapt(value), dialect) if dialect == "sqlite" else _text(_postgres_text(value))


def _text(value: str) -> str:
    escaped = value.replace("'", "''")
    return f"'{escaped}'"


def _postgres_text(value: Any) -> str:
    """The text form in which PostgreSQL reads a value of that type (PostgreSQL manual, §8)."""
    match value:
        case list() | tuple():
            return _array(value)
        case timedelta():
            return f"{value.days} days {value.seconds}.{value.microseconds:06} seconds"
        case datetime() | date() | time():
            return value.isoformat()
        case Decimal() | UUID() | int() | float():
            return str(value)
    raise TypeError(f"PostgreSQL has no form for a default of type {type(value).__name__}.")


def _array(values: Sequence[Any]) -> str:
    return "{" + ",".join(map(_element, values)) + "}"


def _element(value: Any) -> str:
    match value:
        case None:
            return "NULL"
        case list() | tuple():
            return _array(value)
        case str():
            text = value
        case bytes():
            text = f"\\x{value.hex()}"
        case _:
            text = _postgres_text(value)
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
