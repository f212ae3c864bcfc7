"""One migration on top of a state: the state after it, and what it has renamed.

The order within a migration is ours where Piccolo's `SchemaSnapshot` goes wrong: what is dropped goes before what is
added, so that a constraint, a column or a table can be replaced by another of the same name. A changed column may be
called by its name before or after.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.apps.migrations.auto.operations import AlterColumn
from piccolo.columns import ForeignKey, Serial
from piccolo.columns.indexes import IndexMethod

from piccobase.migrations.states import (
    ColumnState,
    Reference,
    State,
    TableState,
    column_state,
    constraint_state,
    reference_of,
)


@dataclass(frozen=True, slots=True)
class Renames:
    """By names in the database: old table to new, and (new table, old column) to new column."""

    tables: Mapping[str, str] = field(default_factory=dict)
    columns: Mapping[tuple[str, str], str] = field(default_factory=dict)


def fold(before: State, manager: MigrationManager) -> tuple[State, Renames]:
    """The state after a migration, and its renames."""
    folding = _Folding(before)
    folding.tables_of(manager)
    for table in list(folding.tables.values()):
        folding.tables[table.name] = folding.columns_of(manager, table)
    return State(folding.tables), Renames(folding.renamed_tables, folding.renamed_columns)


class _Folding:
    def __init__(self, before: State) -> None:
        self.tables: dict[str, TableState] = dict(before.tables)
        self.renamed_tables: dict[str, str] = {}
        self.renamed_columns: dict[tuple[str, str], str] = {}

    # --- tables

    def tables_of(self, manager: MigrationManager) -> None:
        for dropped in manager.drop_tables:
            if found := self._find(dropped.class_name, dropped.tablename):
                del self.tables[found.name]
        for renamed in manager.rename_tables:
            if found := self._find(renamed.old_class_name, renamed.old_tablename):
                new = replace(found, class_name=renamed.new_class_name, tablename=renamed.new_tablename)
                self._replace(found, new)
        for moved in manager.change_table_schemas:
            if found := self._find(moved.class_name, moved.tablename):
                self._replace(found, replace(found, schema=moved.new_schema))
        for added in manager.add_tables:
            columns = tuple(column_state(column) for column in added.columns)
            table = TableState(added.class_name, added.tablename, added.schema, columns)
            self.tables[table.name] = table

    def _find(self, class_name: str, tablename: str) -> TableState | None:
        """By both names, else by the class as Piccolo does."""
        called = [table for table in self.tables.values() if table.class_name == class_name]
        return next((table for table in called if table.tablename == tablename), called[0] if called else None)

    def _replace(self, old: TableState, new: TableState) -> None:
        """In its place, and in what points to it."""
        if old.name != new.name:
            first = next((before for before, after in self.renamed_tables.items() if after == old.name), old.name)
            self.renamed_tables[first] = new.name
        tables = (new if table is old else table for table in self.tables.values())
        self.tables = {table.name: _pointing(table, old, new) for table in tables}

    # --- columns and constraints

    def columns_of(self, manager: MigrationManager, table: TableState) -> TableState:
        called = table.class_name
        columns = {column.name: column for column in table.columns}
        constraints = {constraint.name: constraint for constraint in table.constraints}
        for dropped in manager.drop_columns.for_table_class_name(called):
            columns.pop(dropped.column_name, None)
        for gone in manager.drop_constraints.for_table_class_name(called):
            constraints.pop(gone.constraint_name, None)
        stored = {name: column.db_name for name, column in columns.items()}
        later: list[AlterColumn] = []
        for altered in manager.alter_columns.for_table_class_name(called):
            if altered.column_name in columns:
                columns[altered.column_name] = _altered(columns[altered.column_name], altered)
            else:
                later.append(altered)
        renames = {it.old_column_name: it for it in manager.rename_columns.for_table_class_name(called)}
        moved: dict[str, ColumnState] = {}  # in their order, under their new names
        for name, column in columns.items():
            if it := renames.get(name):
                column = replace(column, name=it.new_column_name, db_name=it.new_db_column_name)
            moved[column.name] = column
            if stored[name] != column.db_name:
                self.renamed_columns[table.name, stored[name]] = column.db_name
        columns = moved
        new_names = {old: new for (of, old), new in self.renamed_columns.items() if of == table.name}
        constraints = {name: constraint.renamed(new_names) for name, constraint in constraints.items()}
        for column in map(column_state, manager.add_columns.columns_for_table_class_name(called)):
            columns[column.name] = _plain(column)
        for altered in later:
            if altered.column_name in columns:
                columns[altered.column_name] = _altered(columns[altered.column_name], altered)
        for added in manager.add_constraints.constraints_for_table_class_name(called):
            constraints[added._meta.name] = constraint_state(added)
        return replace(table, columns=_with_key(columns.values()), constraints=tuple(constraints.values()))


def _altered(column: ColumnState, change: AlterColumn) -> ColumnState:
    params = dict(change.params)
    cls = change.column_class or column.cls
    reference = column.reference
    if "references" in params:
        reference = reference_of(params.pop("references"), params.pop("target_column", None))
    elif "target_column" in params and reference is not None:
        reference = replace(reference, column=params.pop("target_column"))
    if not issubclass(cls, ForeignKey):
        reference = None
    known = dict(column.params)
    if not issubclass(cls, column.cls):
        # Parameters that the new class does not know, such as a number's digits, stay behind.
        known = {key: value for key, value in known.items() if _takes(cls, key)}
    db_name = params["db_column_name"] or column.name if "db_column_name" in params else column.db_name
    changed = replace(column, cls=cls, params=known | params, reference=reference, db_name=db_name, implicit=False)
    return _plain(changed)


_COMMON = set(Serial(primary_key=True)._meta.params) | {"default"}


def _takes(cls: type, name: str) -> bool:
    """Whether a class of columns takes a parameter of that name, as far as that shows."""
    if name in _COMMON:
        return True
    makers = [vars(kind)["__init__"] for kind in cls.__mro__ if "__init__" in vars(kind)]
    return any(name in getattr(maker, "__annotations__", ()) for maker in makers)


def _plain(column: ColumnState) -> ColumnState:
    """With values instead of an enum's members, but for Piccolo's own enums."""
    params = {
        key: value.value if isinstance(value, Enum) and not _is_piccolos(value) else value
        for key, value in column.params.items()
    }
    return replace(column, params=params)


def _is_piccolos(value: Enum) -> bool:
    return isinstance(value, IndexMethod) or type(value).__module__.startswith("piccolo")


def _with_key(columns: Iterable[ColumnState]) -> tuple[ColumnState, ...]:
    """Piccolo adds a key where there is none, and files do not mention it."""
    found = tuple(columns)
    if any(column.params.get("primary_key") for column in found):
        return tuple(column for column in found if not column.implicit or column.params.get("primary_key"))
    return (IMPLICIT_KEY, *found)


def _implicit_key() -> ColumnState:
    key = Serial(index=False, primary_key=True, db_column_name="id")
    key._meta.name = "id"
    return column_state(key, implicit=True)


IMPLICIT_KEY = _implicit_key()


def _pointing(table: TableState, old: TableState, new: TableState) -> TableState:
    """With its foreign keys to `old` pointing to `new`."""

    def pointing(column: ColumnState) -> ColumnState:
        reference = column.reference
        if reference is None or reference.table != old.name:
            return column
        return replace(column, reference=Reference(new.name, new.class_name, reference.column, reference.stub))

    return replace(table, columns=tuple(map(pointing, table.columns)))
