"""What is in a database before its first migration, as a state: as it is declared where it is so, else as it was found.

Only tables that are declared count, so the database was made by earlier versions of the code: by Piccolo's columns.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from piccolo import columns as piccolo
from piccolo.columns import Column
from piccolo.constraints import Unique
from piccolo.table import Table

from piccobase.base.errors import StartError
from piccobase.db.engine import Database
from piccobase.db.setup import normal_type, plan_setup
from piccobase.db.shape import ColumnShape, Shape, TableShape, read_shape
from piccobase.migrations.state_tables import tables_of
from piccobase.migrations.states import (
    OWN_TABLE,
    ColumnState,
    ConstraintState,
    Reference,
    State,
    TableState,
    column_state,
    state_of,
)

_SHOWN = 5  # of what cannot be told


async def found_state(db: Database, tables: Sequence[type[Table]]) -> State:
    """The declared tables that are in the database, as they are there. Raises StartError where that cannot be told."""
    declared, shape = state_of(tables), await read_shape(db)
    present = State({name: table for name, table in declared.tables.items() if name in shape.tables})
    if not present.tables or _is_all(present, shape, db):
        return present
    classes = dict(zip(declared.tables, tables_of(declared, db), strict=True))
    found = present.with_tables(
        _as_found(table, classes[name], shape.tables[name], shape, declared) for name, table in present.tables.items()
    )
    left = plan_setup(tables_of(found, db, declared), shape)
    if told := (*left.problems, *left.statements):
        raise StartError(
            "The database has tables that a first migration cannot describe:\n"
            + "\n".join(f"  {line}" for line in told[:_SHOWN])
            + "\nWrite the first migration with the code as it was when the database was made, then change the code."
        )
    return found


def _is_all(state: State, shape: Shape, db: Database) -> bool:
    plan = plan_setup(tables_of(state, db), shape)
    exact = all(
        {column.db_name for column in table.columns} == set(shape.tables[name].columns)
        for name, table in state.tables.items()
    )
    return exact and not plan.problems and not plan.statements


def _as_found(state: TableState, table: type[Table], found: TableShape, shape: Shape, declared: State) -> TableState:
    columns = {column._meta.db_column_name: column for column in table._meta.columns}
    kept: list[ColumnState] = []
    for it in state.columns:
        if it.db_name in found.columns:
            same = _is_same_kind(columns[it.db_name], it, found, shape)
            kept.append(
                _as_it_is(it, found)
                if same
                else _found_column(it.name, found.columns[it.db_name], found, shape, declared)
            )
    known = {column.db_name for column in state.columns}
    kept += [
        _found_column(name, column, found, shape, declared)
        for name, column in found.columns.items()
        if name not in known and not column.generated
    ]
    return replace(state, columns=tuple(kept), constraints=tuple(_constraints(state, found)))


def _is_same_kind(column: Column, state: ColumnState, found: TableShape, shape: Shape) -> bool:
    """Whether a declared column has its type in the database, and points to the same."""
    there = found.columns[state.db_name]
    pointer = found.foreign_keys.get(state.db_name)
    target = state.reference.table if state.reference else ""
    return (
        normal_type(there.type, shape.dialect) == normal_type(column.column_type, shape.dialect)
        and (pointer.table if pointer else "") == (found.name if target == OWN_TABLE else target)
        and (not pointer or pointer.on_delete == state.params["on_delete"].value)
    )


def _as_it_is(state: ColumnState, found: TableShape) -> ColumnState:
    """The declared column, but for what the database has differently."""
    if state.params.get("primary_key"):
        return state
    there = _place_of(found.columns[state.db_name], found)
    if state.params["index"] and not there["index"] and (there["unique"] or state.params["unique"]):
        there["index"] = True  # which that of a unique column may do the work of
    if all(state.params[name] == value for name, value in there.items()):
        return state
    return replace(state, params={**state.params, **there})


def _place_of(column: ColumnShape, table: TableShape) -> dict[str, bool]:
    return {
        "null": column.nullable,
        "unique": _is_unique(column.name, table),
        "index": any(it.columns == (column.name,) and not it.unique for it in table.indexes),
    }


def _is_unique(name: str, found: TableShape) -> bool:
    return any(index.unique and index.columns == (name,) for index in found.indexes)


def _constraints(state: TableState, found: TableShape) -> "list[ConstraintState]":
    """Those declared that are there, and unique sets that are there only."""
    there = {frozenset(index.columns): index for index in found.indexes if index.unique and len(index.columns) > 1}
    kept = []
    for constraint in state.constraints:
        names = {constraint.name, f"{state.tablename}_{constraint.name}"}
        if issubclass(constraint.cls, Unique):
            if there.pop(frozenset(constraint.params["columns"]), None) is not None:
                kept.append(constraint)
        elif names & found.checks:
            kept.append(constraint)
    kept += [
        ConstraintState(
            f"unique_{'_'.join(index.columns)}", Unique, {"columns": [*index.columns], "nulls_distinct": True}
        )
        for index in there.values()
        if "" not in index.columns and not index.partial
    ]
    return kept


def _found_column(name: str, column: ColumnShape, table: TableShape, shape: Shape, declared: State) -> ColumnState:
    """By its type in the database."""
    key = table.key == (column.name,)
    options: dict[str, Any] = {
        **({"primary_key": True} if key else _place_of(column, table)),
        "db_column_name": None if name == column.name else column.name,
    }
    pointer = table.foreign_keys.get(column.name)
    if pointer is not None and pointer.table in declared.tables and not key:
        target = declared.tables[pointer.table]
        made: piccolo.ForeignKey[Any] = piccolo.ForeignKey(
            "self", on_delete=piccolo.OnDelete(pointer.on_delete), **options
        )
        made._meta.name = name
        stub = tuple(it for it in target.columns if it.params.get("primary_key"))
        own = pointer.table == table.name
        reference = Reference(OWN_TABLE, OWN_TABLE) if own else Reference(target.name, target.class_name, None, stub)
        return replace(column_state(made), db_name=column.name, reference=reference)
    made_plain = _column(column, options)
    made_plain._meta.name = name
    return replace(column_state(made_plain), db_name=column.name)


_TYPE = re.compile(r"(?P<name>[a-z_ ]+?)\s*(?:\((?P<limits>[\d, ]*)\))?(?P<rest>[a-z ]*)(?P<array>(?:\[\])*)")

_KINDS: dict[str, type[Column]] = {
    "text": piccolo.Text,
    "integer": piccolo.Integer,
    "int": piccolo.Integer,
    "bigint": piccolo.BigInt,
    "smallint": piccolo.SmallInt,
    "boolean": piccolo.Boolean,
    "real": piccolo.Real,
    "double precision": piccolo.DoublePrecision,
    "uuid": piccolo.UUID,
    "timestamp": piccolo.Timestamp,
    "timestamp without time zone": piccolo.Timestamp,
    "timestamptz": piccolo.Timestamptz,
    "timestamp with time zone": piccolo.Timestamptz,
    "date": piccolo.Date,
    "time": piccolo.Time,
    "time without time zone": piccolo.Time,
    "interval": piccolo.Interval,
    "seconds": piccolo.Interval,
    "json": piccolo.JSON,
    "json_text": piccolo.JSON,
    "jsonb": piccolo.JSONB,
    "jsonb_text": piccolo.JSONB,
    "bytea": piccolo.Bytea,
    "blob": piccolo.Bytea,
}
_SIZED: dict[str, Callable[[list[int], dict[str, Any]], Column]] = {
    "varchar": lambda limits, options: piccolo.Varchar(length=limits[0] if limits else None, **options),
    "character varying": lambda limits, options: piccolo.Varchar(length=limits[0] if limits else None, **options),
    "char": lambda limits, options: piccolo.Char(length=limits[0] if limits else 1, **options),
    "character": lambda limits, options: piccolo.Char(length=limits[0] if limits else 1, **options),
    "numeric": lambda limits, options: piccolo.Numeric(digits=_digits(limits), **options),
    "decimal": lambda limits, options: piccolo.Numeric(digits=_digits(limits), **options),
    "decimal_text": lambda limits, options: piccolo.Numeric(digits=_digits(limits), **options),
}


def _column(column: ColumnShape, options: dict[str, Any]) -> Column:
    """Raises StartError for a type that no column of Piccolo has."""
    found = _TYPE.fullmatch(column.type.lower())
    name = (found["name"] + found["rest"]).strip() if found else ""
    if found and (found["array"] or name.startswith("array")):
        base = replace(column, type=column.type[: -len(found["array"])] if found["array"] else "varchar", default=None)
        return piccolo.Array(base_column=_column(base, {}), default=None, **options)
    limits = [int(limit) for limit in re.findall(r"\d+", found["limits"] or "")] if found else []
    default = _constant(column.default)
    if name in _SIZED:
        return _SIZED[name](limits, {**options, "default": default if isinstance(default, str) else None})
    if name in _KINDS:
        kind = _KINDS[name]
        fits = isinstance(default, kind.value_type) and kind.value_type in (str, int, bool)
        return kind(**options, default=default if fits else None)
    raise StartError(f"The column {column.name} has the type {column.type}, which a migration cannot name.")


def _digits(limits: list[int]) -> tuple[int, int] | None:
    return (limits[0], limits[1] if len(limits) > 1 else 0) if limits else None


def _constant(default: str | None) -> Any:
    """A text, a number or a truth value that a default is always; None for all others."""
    text = re.sub(r"::[a-z ]+(\(\d+\))?$", "", (default or "").strip())
    if re.fullmatch(r"'(?:[^']|'')*'", text):
        return text[1:-1].replace("''", "'")
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    return int(text) if re.fullmatch(r"-?\d+", text) else None
