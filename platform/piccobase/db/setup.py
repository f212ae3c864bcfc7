"""The schema at start: what is missing in the database is added, anything else is refused. Planned first, then run."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Any, Protocol

from piccolo.columns import Column, ForeignKey
from piccolo.constraints import Unique
from piccolo.table import Table

from piccobase.base.errors import PiccobaseError, StartError
from piccobase.db import ddl
from piccobase.db.engine import SETUP_LOCK, Database, Transaction
from piccobase.db.shape import ForeignKeyShape, Shape, TableShape, read_shape
from piccobase.schema.declaration import View
from piccobase.schema.values.base import Dialect


class SchemaDatabase(Database, Protocol):
    """A database whose schema can be changed."""

    async def run_ddl(self, ddl: str) -> Any: ...

    def schema_transaction(self) -> AbstractAsyncContextManager[Transaction]:
        """A transaction of which there is one at a time on the database, whoever asks. On SQLite foreign keys are off
        in it, and are checked at its end, with views and triggers. Refused within an ordinary transaction."""
        ...


@dataclass(frozen=True, slots=True)
class SetupPlan:
    """The statements that make the database fit, or the reasons why none do; then nothing is to be run."""

    statements: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


async def prepare(db: SchemaDatabase, tables: Sequence[type[Table]]) -> SetupPlan:
    """Makes the database fit the tables, and binds them to it. Servers that start at once do it one after another.

    Creates tables, adds columns that are nullable or have a default, and creates indexes. Raises StartError with all
    that it cannot do, a line each, and has changed nothing then.
    """
    for table in tables:
        table._meta.db = db  # type: ignore[assignment]  # both engines are Piccolo engines
    async with db.transaction():
        await lock_schema(db)
        plan = plan_setup(tables, await read_shape(db))
        if plan.problems:
            raise StartError("The database does not fit the code:\n" + "\n".join(plan.problems))
        for statement in plan.statements:
            await _run(db, statement)
    return plan


async def lock_schema(db: Database) -> None:
    """Waits until nobody else changes the schema; until the end of the transaction nobody will."""
    if db.dialect == "postgres":
        await db.rows("SELECT pg_advisory_xact_lock($1)", (SETUP_LOCK,))
    # On SQLite whoever has begun a transaction is the only one who writes.


async def _run(db: SchemaDatabase, statement: str) -> None:
    try:
        await db.run_ddl(statement)
    except PiccobaseError as error:
        raise StartError(f"The database cannot be set up: {error.__cause__ or error}\n{statement}") from error


def plan_setup(tables: Sequence[type[Table]], shape: Shape) -> SetupPlan:
    """Compares what is declared with what is there; views are not stored, so they count for nothing.

    The tables must be bound to an engine of the shape's dialect.
    """
    comparison = _Comparison([table for table in tables if not issubclass(table, View)], shape)
    problems = tuple(comparison.problems())
    return SetupPlan(problems=problems) if problems else SetupPlan(statements=tuple(comparison.statements()))


class _Comparison:
    def __init__(self, tables: Sequence[type[Table]], shape: Shape) -> None:
        self.dialect = shape.dialect
        self.found = shape.tables
        self.tables = {table_name(table): table for table in tables}
        self.new = {name: table for name, table in self.tables.items() if name not in self.found}
        self.old = {name: table for name, table in self.tables.items() if name in self.found}
        self.referenced = [
            column._foreign_key_meta.resolved_target_column
            for table in tables
            for column in table._meta.foreign_key_columns
        ]

    # --- what can be done

    def statements(self) -> Iterator[str]:
        """New tables first, in the order of their foreign keys: new columns may point to them."""
        for name in self._foreign_key_order():
            yield from ddl.create_schema(self.new[name], self.dialect)
            yield from ddl.create_table(self.new[name], self.dialect, self.referenced)
        for name, table in self.old.items():
            for column in table._meta.columns:
                if column._meta.db_column_name not in self.found[name].columns:
                    yield from ddl.add_column(column, self.dialect)
                elif not _is_indexed(column, self.found[name]):
                    yield from ddl.create_index(column, self.dialect)

    def _foreign_key_order(self) -> list[str]:
        """Raises CycleError."""
        targets = {
            name: {
                target
                for column in table._meta.foreign_key_columns
                if (target := _target(column)) in self.new and target != name
            }
            for name, table in self.new.items()
        }
        return list(TopologicalSorter(targets).static_order())

    # --- what cannot

    def problems(self) -> Iterator[str]:
        """A line each, in the order of the tables."""
        try:
            self._foreign_key_order()
        except CycleError as error:
            circle = " -> ".join(reversed(error.args[1]))
            yield f"{circle}: these tables point to each other, so that none can be created first."
        for name, table in self.tables.items():
            for column in table._meta.foreign_key_columns:
                target = _target(column)
                if target not in self.tables and target not in self.found:
                    yield f"{_place(column)}: points to {target}, which is neither declared nor in the database."
            if name in self.found:
                yield from self._problems_of(table, self.found[name])

    def _problems_of(self, table: type[Table], found: TableShape) -> Iterator[str]:
        declared = {column._meta.db_column_name: column for column in table._meta.columns}
        key = (table._meta.primary_key._meta.db_column_name,)
        if found.key != key:
            yield f"{found.name}: the key is {_listed(found.key)} in the database, {_listed(key)} in the code."
        for name, column in declared.items():
            if name in found.columns:
                yield from self._differences(column, found)
            else:
                yield from _reasons_not_to_add(column)
        for name, it in found.columns.items():
            if name not in declared and not it.nullable and it.default is None and not it.generated:
                yield (
                    f"{found.name}.{name}: is only in the database, NOT NULL without default: no record could be added."
                )
        yield from _differing_constraints(table, found)

    def _differences(self, column: Column, table: TableShape) -> Iterator[str]:
        place, found = _place(column), table.columns[column._meta.db_column_name]
        there, here = normal_type(found.type, self.dialect), normal_type(column.column_type, self.dialect)
        if not same_type(there, here, self.dialect):
            yield f"{place}: the type is {there} in the database, {here} in the code."
        if found.nullable != column._meta.null and not column._meta.primary_key:
            words = ("NULL", "NOT NULL") if found.nullable else ("NOT NULL", "NULL")
            yield f"{place}: is {words[0]} in the database, {words[1]} in the code."
        foreign_key = table.foreign_keys.get(found.name)
        there = f"{foreign_key.table} ON DELETE {foreign_key.on_delete}" if foreign_key else "nothing"
        here = (
            f"{_target(column)} ON DELETE {column._foreign_key_meta.on_delete.value}"
            if isinstance(column, ForeignKey)
            else "nothing"
        )
        left_to_the_database = foreign_key and here == "nothing" and not self._could_be_declared(table, foreign_key)
        if there != here and not left_to_the_database:
            yield f"{place}: points to {there} in the database, to {here} in the code."

    def _could_be_declared(self, table: TableShape, foreign_key: ForeignKeyShape) -> bool:
        """Whether the code could have a relation for it. One that others have made may point to anything."""
        target = self.found.get(foreign_key.table)
        if foreign_key.table not in self.tables or target is None or len(target.key) != 1:
            return False
        [key] = target.key
        same_type = table.columns[foreign_key.column].type == target.columns[key].type
        return foreign_key.to in ("", key) and same_type


def _reasons_not_to_add(column: Column) -> Iterator[str]:
    meta = column._meta
    empty = column.get_default_value() is None
    if meta.primary_key:
        return  # the difference of the keys is a problem already
    if not meta.null and empty:
        yield f"{_place(column)}: is missing in the database, and can only be added with null=True or a default."
    elif isinstance(column, ForeignKey) and not empty:
        yield f"{_place(column)}: is missing in the database, and a relation can only be added without a default."
    elif meta.unique and not empty and not (ddl.unique_where_not_empty(column) and column.get_default_value() == ""):
        yield f"{_place(column)}: is missing in the database, and unique: all records there would get the same default."


def _differing_constraints(table: type[Table], found: TableShape) -> Iterator[str]:
    unique_here = set(map(frozenset, ddl.unique_sets(table)))
    ours = {ddl.unique_index_name(column) for column in table._meta.columns}
    declared = {column._meta.db_column_name for column in table._meta.columns}
    unique_there = {frozenset(it.columns) for it in found.indexes if it.unique and "" not in it.columns}
    # That of some rows alone is declared only where it is one of ours.
    undeclared = {
        frozenset(it.columns)
        for it in found.indexes
        if it.unique and declared.issuperset(it.columns) and (not it.partial or it.name in ours)
    }
    for names in sorted(map(sorted, undeclared - unique_here)):
        yield f"{found.name}.{_listed(names)}: is unique in the database, and not in the code."
    for column in table._meta.columns:
        name = column._meta.db_column_name
        alone = column._meta.unique and not column._meta.primary_key
        if alone and name in found.columns and frozenset({name}) not in unique_there:
            yield f"{found.name}.{name}: is unique in the code, and not in the database."
    for constraint in table._meta.constraints:
        # One that Piccolo has made is called as its attribute; on SQLite one may be an index on expressions.
        called = {ddl.constraint_name(table, constraint), constraint._meta.name}
        if isinstance(constraint, Unique):
            named = any(it.unique and it.name in called for it in found.indexes)
            if not named and frozenset(ddl.unique_columns(constraint)) not in unique_there:
                columns = ddl.unique_columns(constraint)
                yield f"{found.name}.{_listed(columns)}: is unique in the code, and not in the database."
        elif not called & found.checks:
            yield f"{found.name}: the check {constraint._meta.name} is in the code, and not in the database."


@dataclass(frozen=True, slots=True)
class Needed:
    """What code that runs already needs of a table: its columns with their types, and the key."""

    table: str
    types: Mapping[str, str]
    key: str


def needed(table: type[Table]) -> Needed:
    """Asked while the table is bound to the engine in question, which decides about types."""
    types = {column._meta.db_column_name: column.column_type for column in table._meta.columns}
    return Needed(table_name(table), types, table._meta.primary_key._meta.db_column_name)


def unfit(wanted: Needed, shape: Shape) -> str:
    """What keeps code that runs already from reading and writing a table: columns that are gone or of another type.

    It begins with what stands behind the table's name. What would only refuse single values is none: the database does
    that. Empty where there is nothing.
    """
    found = shape.tables.get(wanted.table)
    if found is None:
        return " is gone."
    for name, type_ in wanted.types.items():
        if name not in found.columns:
            return f".{name} is gone."
        if not same_type(found.columns[name].type, type_, shape.dialect):
            return f".{name} is of the type {found.columns[name].type} now."
    return "" if found.key == (wanted.key,) else f" has another key: {_listed(found.key)}."


def _is_indexed(column: Column, found: TableShape) -> bool:
    name = column._meta.db_column_name
    return found.key[:1] == (name,) or any(it.columns[:1] == (name,) and not it.partial for it in found.indexes)


def table_name(table: type[Table]) -> str:
    """As a Shape calls it."""
    meta = table._meta
    return meta.get_formatted_tablename(include_schema=meta.schema not in (None, "public"), quoted=False)


def _target(column: ForeignKey[Any]) -> str:
    return table_name(column._foreign_key_meta.resolved_references)


def _place(column: Column) -> str:
    return f"{table_name(column._meta.table)}.{column._meta.db_column_name}"


def _listed(names: Sequence[str]) -> str:
    return "+".join(names) or "nothing"


# PostgreSQL manual, table 8.1, and how Piccolo writes types.
_POSTGRES_NAMES = {
    "varchar": "character varying",
    "char": "character",
    "int": "integer",
    "serial": "integer",
    "bigserial": "bigint",
    "decimal": "numeric",
    "timestamp": "timestamp without time zone",
    "timestamptz": "timestamp with time zone",
    "time": "time without time zone",
    "bool": "boolean",
    "float": "double precision",
    "citext": "text",
}
# Texts of any length are the same to SQLite, and so are the types that `sqlite_ddl` puts in place of Piccolo's.
_SQLITE_NAMES = {
    "varchar": "text",
    "char": "text",
    "decimal": "numeric",
    "decimal_text": "numeric",
    "json_text": "json",
    "jsonb_text": "jsonb",
}
# Of moments: what the database cuts off, the API never sends.
_PRECISION = re.compile(r"\b(timestamp|time|interval)\(\d\)")
_TYPE = re.compile(r"(?P<name>[^(\[]*)(?P<limits>\([^)]*\))?(?P<array>(?:\[\])*)")


def same_type(there: str, here: str, dialect: Dialect) -> bool:
    """Whether a column of the database has the type that the code means."""
    found, declared = normal_type(there, dialect), normal_type(here, dialect)
    return found == declared or (dialect == "sqlite" and _sense(found) == _sense(declared))


def _sense(name: str) -> str:
    """What SQLite makes of a type's name (sqlite.org/datatype3.html §3.1): somebody else may have written `int`."""
    if "int" in name:
        return "integer"
    if any(part in name for part in ("char", "clob", "text")):
        return "text"
    return "real" if any(part in name for part in ("real", "floa", "doub")) else name


def normal_type(text: str, dialect: Dialect) -> str:
    """A column's type in one spelling: `VARCHAR(200)` is `character varying(200)` to PostgreSQL, `text` to SQLite."""
    found = _TYPE.fullmatch(_PRECISION.sub(r"\1", text.strip().lower()))
    if found is None:
        return text
    name = found["name"].strip()
    if dialect == "sqlite":
        return _SQLITE_NAMES.get(name, name)
    limits = (found["limits"] or "").replace(" ", "")
    if name in ("char", "character") and not limits:
        limits = "(1)"
    return _POSTGRES_NAMES.get(name, name) + limits + found["array"][:2]  # the number of dimensions is not kept
