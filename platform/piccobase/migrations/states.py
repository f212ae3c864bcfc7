"""The tables of an app at one moment, as plain data: what is declared now, or what was after one of its migrations.

Piccolo's `SchemaSnapshot` answers the same question with columns that it changes in place. Here nothing is changed, so
that the states before and after each migration exist side by side, and `tables_of` (`state_tables`) makes them into
classes again.
"""

import re
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from piccolo.apps.migrations.auto.serialisation import serialise_params
from piccolo.columns import Column, ForeignKey
from piccolo.columns.reference import LazyTableReference
from piccolo.constraints import Constraint
from piccolo.table import Table

from piccobase.base.errors import StartError
from piccobase.schema.declaration import View

OWN_TABLE = "self"  # how Piccolo calls a reference to the table that the column is in


@dataclass(frozen=True, slots=True)
class Reference:
    """What a foreign key points to, with as much of that table as a file needs that is read alone."""

    table: str  # its name, as `TableState.name`; OWN_TABLE for the column's own
    class_name: str
    column: str | None = None  # the attribute of the column it points to; None for the key
    stub: tuple["ColumnState", ...] = ()  # its key, and `column`


@dataclass(frozen=True, slots=True, eq=False)
class ColumnState:
    """A column: the class and the parameters that a migration writes down.

    One is equal to itself only, since `==` of two of Piccolo's columns, which parameters may be, makes a condition.
    """

    name: str  # of the attribute
    db_name: str
    cls: type[Column]
    params: Mapping[str, Any]  # without `references` and `target_column`, which are `reference`
    reference: Reference | None = None
    implicit: bool = False  # the key that Piccolo adds where none is declared; no file mentions it

    def texts(self) -> dict[str, str]:
        """The parameters as they would be written: the same texts mean the same column."""
        try:
            written = {key: repr(value) for key, value in serialise_params(dict(self.params)).params.items()}
        except ValueError as error:  # a lambda
            raise StartError(f"{self.name}: {error}. Name the function, so that a migration can import it.") from error
        if self.reference is not None:
            written["references"] = self.reference.table
            written["target_column"] = repr(self.reference.column)
        return written

    def changes_to(self, other: "ColumnState") -> tuple[str, ...]:
        """The parameters of `other` that are different here. What only the class here has does not count."""
        here, there = self.texts(), other.texts()
        return tuple(key for key, text in there.items() if here.get(key) != text)


@dataclass(frozen=True, slots=True, eq=False)
class ConstraintState:
    name: str  # of the attribute
    cls: type[Constraint]
    params: Mapping[str, Any]

    def text(self) -> str:
        return f"{self.cls.__name__}({', '.join(f'{key}={value!r}' for key, value in sorted(self.params.items()))})"

    def renamed(self, names: Mapping[str, str]) -> "ConstraintState":
        """As the database has it after columns were renamed, old to new: it follows by itself."""
        if not names:
            return self
        changed = dict(self.params)
        if isinstance(columns := changed.get("columns"), list):
            changed["columns"] = [names.get(column, column) for column in columns]
        if isinstance(condition := changed.get("condition"), str):
            changed["condition"] = _renamed_in(condition, names)
        return self if changed == self.params else replace(self, params=changed)


@dataclass(frozen=True, slots=True)
class TableState:
    class_name: str
    tablename: str
    schema: str | None = None
    columns: tuple[ColumnState, ...] = ()
    constraints: tuple[ConstraintState, ...] = ()

    @property
    def name(self) -> str:
        """With the schema where it has one of its own: as `db.setup.table_name` and a Shape call it."""
        return self.tablename if self.schema in (None, "public") else f"{self.schema}.{self.tablename}"

    def column(self, name: str) -> ColumnState | None:
        """By the name of its attribute."""
        return next((column for column in self.columns if column.name == name), None)

    def stored(self, name: str) -> ColumnState | None:
        """By its name in the database."""
        return next((column for column in self.columns if column.db_name == name), None)


@dataclass(frozen=True, slots=True)
class State:
    """Tables by name."""

    tables: Mapping[str, TableState] = field(default_factory=dict)

    def only(self, names: Container[str]) -> "State":
        return State({name: table for name, table in self.tables.items() if name in names})

    def with_tables(self, tables: Iterable[TableState]) -> "State":
        return State({table.name: table for table in tables})


def state_of(tables: Iterable[type[Table]]) -> State:
    """What is declared now. Views are no tables, and are left out. Raises StartError for what no file could say."""
    found: dict[str, TableState] = {}
    classes: dict[str, str] = {}
    for table in tables:
        if issubclass(table, View):
            continue
        state = table_state(table)
        if (other := classes.setdefault(state.class_name, state.name)) != state.name:
            raise StartError(
                f"{other} and {state.name} are both declared by a class called {state.class_name}. Migrations tell "
                "tables apart by their classes' names: rename one of the classes."
            )
        found[state.name] = state
    return State(found)


def table_state(table: type[Table]) -> TableState:
    meta = table._meta
    implicit = {id(column) for column in meta.default_columns}
    return TableState(
        class_name=table.__name__,
        tablename=meta.tablename,
        schema=meta.schema,
        columns=tuple(column_state(column, table, implicit=id(column) in implicit) for column in meta.columns),
        constraints=tuple(constraint_state(constraint) for constraint in meta.constraints),
    )


def column_state(column: Column, table: type[Table] | None = None, *, implicit: bool = False) -> ColumnState:
    """`table` is the column's own, where it has one: only then what it points to by a text is known."""
    meta = column._meta
    params = dict(meta.params)
    reference = None
    if isinstance(column, ForeignKey):
        declared = params.pop("references")
        reference = reference_of(
            column._foreign_key_meta.references if table else declared, params.pop("target_column", None), table
        )
    # An enum's member stands for its value, as it does in the database.
    return ColumnState(meta.name, meta.db_column_name, type(column), params, reference, implicit)


def reference_of(target: Any, column: Any, table: type[Table] | None = None) -> Reference:
    """From what a foreign key was given: a class, a name, or Piccolo's lazy reference."""
    name = column._meta.name if isinstance(column, Column) else column
    if isinstance(target, LazyTableReference):
        try:
            target = target.resolve()
        except (ImportError, AttributeError, ValueError) as error:
            raise StartError(f"A foreign key points to {target}, which cannot be found: {error}") from error
    if target == OWN_TABLE or (table is not None and target is table):
        return Reference(OWN_TABLE, OWN_TABLE, name)
    if not (isinstance(target, type) and issubclass(target, Table)):
        raise StartError(f"A foreign key points to {target!r}, which is no table.")
    key = target._meta.primary_key
    stub = [key, *([target._meta.get_column_by_name(name)] if name and name != key._meta.name else [])]
    state = TableState(target.__name__, target._meta.tablename, target._meta.schema)
    # A key that is a foreign key itself is told as such: its type is that of what it points to in turn.
    return Reference(state.name, target.__name__, name, tuple(column_state(it, target) for it in stub))


def constraint_state(constraint: Constraint) -> ConstraintState:
    return ConstraintState(constraint._meta.name, type(constraint), dict(constraint._meta.params))


_WORDS = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|\w+""")


def _renamed_in(sql: str, names: Mapping[str, str]) -> str:
    """A condition with columns renamed, all at once; what stands in quotes of a text stays."""

    def renamed(found: "re.Match[str]") -> str:
        word = found[0]
        if word.startswith('"'):
            inside = word[1:-1]
            return f'"{names[inside]}"' if inside in names else word
        return names.get(word, word)

    return _WORDS.sub(renamed, sql)
