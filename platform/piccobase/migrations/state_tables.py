"""A state as classes of tables, made for the moment: nothing in Piccolo remembers them."""

import copy
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from piccolo.columns import Column
from piccolo.engine.base import Engine
from piccolo.table import TABLE_REGISTRY, Table, create_table_class

from piccobase.migrations.states import OWN_TABLE, ColumnState, Reference, State, TableState


def tables_of(state: State, engine: Any, others: State | None = None) -> list[type[Table]]:
    """The tables of a state as classes that are bound to `engine`, in the state's order.

    Foreign keys point to one another's classes; those to tables outside of the state to what `others` say of them, or
    else to what the state itself knows of them: their keys.
    """
    return _Making(state, engine, others or State()).all()


@contextmanager
def unregistered(module: str | None = None) -> Iterator[None]:
    """Tables that are made in the block, or only those of one module, are not registered with Piccolo afterwards."""
    before = len(TABLE_REGISTRY)
    try:
        yield
    finally:
        TABLE_REGISTRY[before:] = [
            table for table in TABLE_REGISTRY[before:] if module is not None and table.__module__ != module
        ]


class _Making:
    """Foreign keys may go in circles, so each points first to a shell: the table without its foreign keys."""

    def __init__(self, state: State, engine: "Engine[Any]", others: State) -> None:
        self._state, self._engine = state, engine
        self._others = others
        self._shells: dict[str, type[Table]] = {}

    def all(self) -> list[type[Table]]:
        with unregistered(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of names that need quotes, which they get
            made = {name: self._make(table, table.columns) for name, table in self._state.tables.items()}
        for table in made.values():
            for column in table._meta.foreign_key_columns:
                target = column._foreign_key_meta.references
                name = next((name for name, shell in self._shells.items() if shell is target), "")
                if name in made:
                    column._foreign_key_meta.references = made[name]
        return list(made.values())

    def _make(self, table: TableState, columns: Sequence[ColumnState]) -> type[Table]:
        members: dict[str, Any] = {it.name: self._column(it) for it in columns if not it.implicit}
        if columns is table.columns:
            members |= {it.name: it.cls(**copy.deepcopy(dict(it.params))) for it in table.constraints}
        words = {"tablename": table.tablename, "schema": table.schema}
        made = create_table_class(class_name=table.class_name, class_kwargs=words, class_members=members)
        made._meta.db = self._engine
        return made

    def _column(self, state: ColumnState) -> Column:
        params: dict[str, Any] = copy.deepcopy(dict(state.params))
        if state.reference is not None:
            params |= {"references": self._target(state.reference), "target_column": state.reference.column}
        column = state.cls(**params)
        column._meta.db_column_name = state.db_name
        return column

    def _target(self, reference: Reference) -> Any:
        if reference.table == OWN_TABLE:
            return OWN_TABLE
        if reference.table not in self._shells:
            self._shells[reference.table] = self._shell(reference)
        return self._shells[reference.table]

    def _shell(self, reference: Reference) -> type[Table]:
        known = self._state.tables.get(reference.table) or self._others.tables.get(reference.table)
        if known is None:
            schema, _, tablename = reference.table.rpartition(".")
            known = TableState(reference.class_name, tablename, schema or None, reference.stub)
        return self._make(known, [it for it in known.columns if it.reference is None or it.params.get("primary_key")])
