"""What declared tables ask of a database, as values that can be compared: columns, and indexes and constraints by name.

It says the same as the statements of `db/ddl.py`, which make such a table.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from piccolo.columns import Column, ForeignKey, Serial
from piccolo.columns.defaults.base import Default
from piccolo.columns.indexes import IndexMethod
from piccolo.constraints import Check, Unique
from piccolo.table import Table

from piccobase.columns import Select
from piccobase.db import ddl
from piccobase.db.setup import normal_type, table_name
from piccobase.db.value_kinds import kind_of
from piccobase.schema.declaration import View
from piccobase.schema.values.base import Dialect

PartKind = Literal["index", "unique", "unique index", "check", "foreign key"]


@dataclass(frozen=True, slots=True)
class Pointer:
    """Where a foreign key points to. The table is called as a Shape calls it."""

    table: str
    column: str
    on_delete: str
    on_update: str


@dataclass(frozen=True, slots=True)
class Part:
    """An index or a constraint. `text` is what distinguishes it besides its columns: a condition, or a method."""

    kind: PartKind
    name: str
    columns: tuple[str, ...] = ()
    text: str = ""
    pointer: Pointer | None = None

    @property
    def sense(self) -> tuple[object, ...]:
        """All but the name: parts of one sense do the same."""
        return (self.kind, self.columns, self.text, self.pointer)


@dataclass(frozen=True, slots=True)
class DescribedColumn:
    """`default` tells two defaults apart, and `kind` what two columns of one type hold; `column` knows the rest."""

    name: str
    type: str
    null: bool
    default: str | None
    key: bool
    kind: str
    column: Column = field(compare=False, repr=False)

    @property
    def counts(self) -> bool:
        """Whether the database numbers the rows by it."""
        return isinstance(self.column, Serial)


@dataclass(frozen=True, slots=True)
class DescribedTable:
    name: str
    columns: Mapping[str, DescribedColumn]
    parts: tuple[Part, ...]
    table: type[Table] = field(compare=False, repr=False)

    @property
    def key(self) -> str:
        name: str = self.table._meta.primary_key._meta.db_column_name
        return name

    def part_of(self, column: str, kind: PartKind) -> Part | None:
        return next((it for it in self.parts if it.kind == kind and it.columns == (column,)), None)


def describe(tables: Sequence[type[Table]], dialect: Dialect) -> dict[str, DescribedTable]:
    """By name as a Shape has it. Views are not stored, so they are left out."""
    stored = [table for table in tables if not issubclass(table, View)]
    referenced = referenced_columns(stored)
    return {table_name(table): _table(table, dialect, referenced) for table in stored}


def referenced_columns(tables: Sequence[type[Table]]) -> list[Column]:
    """What foreign keys point to."""
    return [
        column._foreign_key_meta.resolved_target_column
        for table in tables
        if not issubclass(table, View)
        for column in table._meta.foreign_key_columns
    ]


def _table(table: type[Table], dialect: Dialect, referenced: Sequence[Column]) -> DescribedTable:
    columns = {column._meta.db_column_name: _column(column, dialect) for column in table._meta.columns}
    parts = tuple(_parts(table, dialect, referenced))
    return DescribedTable(table_name(table), columns, parts, table)


def _column(column: Column, dialect: Dialect) -> DescribedColumn:
    meta = column._meta
    type_ = normal_type(column.column_type, dialect)
    kind = str(kind_of(column)).replace("!", "")  # a Select holds what any text does
    if (values := enum_values(column, dialect)) is not None:
        kind += f" of {', '.join(values)}"
    default = default_of(column, dialect)
    return DescribedColumn(meta.db_column_name, type_, meta.null, default, meta.primary_key, kind, column)


def enum_values(column: Column, dialect: Dialect) -> tuple[str, ...] | None:
    """Of a column whose type is an enum."""
    if dialect == "postgres" and isinstance(column, Select) and column.enum is not None:
        return column.values
    return None


def default_of(column: Column, dialect: Dialect) -> str | None:
    """What tells a default from another: its SQL, or the name of the function that makes it, once for each asking."""
    value = None if isinstance(column, Serial) else getattr(column, "default", None)
    if callable(value) and not isinstance(value, Default):
        if value in (list, dict):
            return ddl.default(column, dialect)
        return f"{getattr(value, '__module__', '')}.{getattr(value, '__qualname__', type(value).__qualname__)}()"
    return ddl.default(column, dialect)


def _parts(table: type[Table], dialect: Dialect, referenced: Sequence[Column]) -> Iterator[Part]:
    for column in table._meta.columns:
        yield from _parts_of_column(column, dialect, referenced)
    for constraint in table._meta.constraints:
        name = ddl.constraint_name(table, constraint)
        if isinstance(constraint, Unique):
            same = "NULLS NOT DISTINCT" if ddl.takes_nulls_as_equal(constraint) else ""
            yield Part("unique", name, ddl.unique_columns(constraint), same)
        elif isinstance(constraint, Check):
            yield Part("check", name, (), constraint.ddl)


def _parts_of_column(column: Column, dialect: Dialect, referenced: Sequence[Column]) -> Iterator[Part]:
    meta = column._meta
    name, table = meta.db_column_name, meta.table._meta.tablename
    if meta.unique and not meta.primary_key:
        if ddl.unique_where_not_empty(column, referenced):
            yield Part("unique index", ddl.fitting(f"{table}_{name}_key"), (name,), f"{ddl.quoted(name)} != ''")
        else:
            yield Part("unique", postgres_name(table, name, "key"), (name,))
    if ddl.create_index(column, dialect):
        method = meta.index_method.value if dialect == "postgres" else IndexMethod.btree.value
        yield Part("index", ddl.fitting(f"{table}_{name}"), (name,), method)
    if isinstance(column, ForeignKey):
        yield Part("foreign key", postgres_name(table, name, "fkey"), (name,), pointer=pointer_of(column))


def pointer_of(column: ForeignKey[Any]) -> Pointer:
    meta = column._foreign_key_meta
    return Pointer(
        table_name(meta.resolved_references),
        meta.resolved_target_column._meta.db_column_name,
        meta.on_delete.value,
        meta.on_update.value,
    )


def postgres_name(table: str, column: str, label: str) -> str:
    """As PostgreSQL calls the constraint of a column: too long names lose their ends (its `makeObjectName`)."""
    first, second = table.encode(), column.encode()
    room = ddl.LONGEST_NAME - len(label) - (2 if column else 1)
    while len(first) + len(second) > room:
        if len(first) > len(second):
            first = first[:-1]
        else:
            second = second[:-1]
    words = [part.decode(errors="ignore") for part in (first, second) if part]
    return "_".join([*words, label])


def put_back(table: DescribedTable, trash: str) -> str:
    """The statement that fills a table with what the trash has of it."""
    columns = ", ".join(map(ddl.quoted, table.columns))
    name = table.table._meta.get_formatted_tablename()
    return f"INSERT INTO {name} ({columns}) SELECT {columns} FROM {ddl.quoted(trash)}"
