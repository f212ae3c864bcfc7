"""Pairs of schemas with rows, drawn by Hypothesis, and the law that a change between them obeys."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from hypothesis import strategies as st
from piccolo import columns as c
from piccolo.columns import Column, ForeignKey
from piccolo.columns.base import OnDelete
from piccolo.columns.indexes import IndexMethod
from piccolo.constraints import Check, Unique
from piccolo.table import Table
from tests.unit.migrations.migrating import Engine, Fresh, bound, change_of, comparable, make, migrate, table

from piccobase import columns as ours
from piccobase.db.errors import ConstraintFailed, NotUnique, StillReferenced
from piccobase.db.shape import read_shape
from piccobase.migrations.applying import plan_change
from piccobase.migrations.changes import MigrationRefused, SchemaChange
from piccobase.migrations.trash import purge_trash, trash_for

NOON = datetime(2026, 11, 23, 12, 0, 0, 250000, UTC)
TEXTS = st.sampled_from(
    [
        *["", "12", "012", "-7", "9007199254740993", "1.5", "true", "abc", "it's", "ü", "2026-11-23", "08:30:00"],
        *["2026-11-23 12:00:00.250Z", '{"a":1}', '["a","b"]', "0191d3d0-0000-7000-8000-00000000000a", "a" * 12, "null"],
    ]
)
WHOLE = st.integers(-(2**31), 2**31 - 1) | st.sampled_from([0, 1, 12])

# How a column of each kind is made, and what it may hold.
KINDS: dict[str, tuple[Callable[..., Column], st.SearchStrategy[Any]]] = {
    "varchar": (c.Varchar, TEXTS),
    "short": (lambda **more: c.Varchar(length=10, **more), st.sampled_from(["", "a", "12", "true", "abcdefghij"])),
    "text": (c.Text, TEXTS),
    "select": (ours.Select, st.sampled_from(["", "a", "b c"])),
    "integer": (c.Integer, WHOLE),
    "bigint": (c.BigInt, WHOLE | st.integers(-(2**63), 2**63 - 1)),
    "double": (c.DoublePrecision, st.floats(allow_nan=False, allow_infinity=False, width=32) | st.just(0.1)),
    "numeric": (c.Numeric, st.decimals(-(10**12), 10**12, places=4)),
    "money": (lambda **more: c.Numeric(digits=(8, 2), **more), st.decimals(-999, 999, places=2)),
    "boolean": (c.Boolean, st.booleans()),
    "instant": (c.Timestamptz, st.sampled_from([NOON, datetime(2026, 1, 1, tzinfo=UTC)])),
    "local": (c.Timestamp, st.sampled_from([NOON.replace(tzinfo=None), datetime(2026, 1, 1)])),
    "date": (c.Date, st.sampled_from([date(2026, 11, 23), date(1999, 1, 1)])),
    "time": (c.Time, st.sampled_from([time(8, 30), time(0, 0, 1)])),
    "interval": (c.Interval, st.sampled_from([timedelta(), timedelta(days=3, seconds=1.5)])),
    "uuid": (c.UUID, st.sampled_from([UUID(int=5), UUID("0191d3d0-0000-7000-8000-00000000000a")])),
    "json": (c.JSON, st.sampled_from(["{}", '{"a":[1,"b"]}', "12", '"x"', "true", '["a"]'])),
    "jsonb": (c.JSONB, st.sampled_from(["{}", '{"a":1}', '"12"'])),
    "list": (ours.MultiSelect, st.sampled_from(["[]", '["a"]', '["a","b"]'])),
    "bytes": (c.Bytea, st.sampled_from([b"", b"abc", b"\xff"])),
    "texts": (lambda **more: c.Array(c.Varchar(), **more), st.lists(st.sampled_from(["a", "12", 'b"c']), max_size=2)),
    "numbers": (lambda **more: c.Array(c.BigInt(), **more), st.lists(st.integers(0, 99), max_size=2)),
    "auto": (ours.AutoDate, st.just(NOON)),
}
_NOT_UNIQUE = ("json", "jsonb", "list", "texts", "numbers")


@dataclass(frozen=True)
class ColumnSpec:
    kind: str  # or `->` and the name of a table
    null: bool = False
    default: bool = True
    unique: bool = False
    index: bool = False
    required: bool = False
    cascade: bool = False

    @property
    def target(self) -> str:
        return self.kind[2:] if self.kind.startswith("->") else ""


@dataclass(frozen=True)
class TableSpec:
    columns: Mapping[str, ColumnSpec] = field(default_factory=dict)
    once: tuple[str, ...] = ()
    positive: str = ""  # a column of numbers with a check


Schema = Mapping[str, TableSpec]


@dataclass(frozen=True)
class Pair:
    before: Schema
    after: Schema
    tables: Mapping[str, str]
    columns: Mapping[tuple[str, str], str]
    rows: Mapping[str, Sequence[Mapping[str, Any]]]


# --- drawn


@st.composite
def column_specs(draw: st.DrawFn, tables: Sequence[str]) -> ColumnSpec:
    kinds = [*KINDS, *(f"->{name}" for name in tables)]
    kind = draw(st.sampled_from(kinds))
    null = draw(st.booleans())
    return ColumnSpec(
        kind,
        null=null or kind.startswith("->"),
        default=draw(st.booleans()) or not null,
        unique=kind not in _NOT_UNIQUE and draw(st.integers(0, 4)) == 0,
        index=kind not in _NOT_UNIQUE and draw(st.integers(0, 3)) == 0,
        required=draw(st.booleans()),
        cascade=draw(st.booleans()),
    )


@st.composite
def with_constraints(draw: st.DrawFn, columns: Mapping[str, ColumnSpec]) -> TableSpec:
    names = [name for name, it in columns.items() if it.kind not in _NOT_UNIQUE]
    numbers = [name for name, it in columns.items() if it.kind in ("integer", "bigint")]
    once = tuple(draw(st.permutations(names))[:2]) if len(names) > 1 and draw(st.integers(0, 3)) == 0 else ()
    positive = numbers[0] if numbers and draw(st.integers(0, 2)) == 0 else ""
    return TableSpec(columns, once, positive)


@st.composite
def pairs(draw: st.DrawFn) -> Pair:
    names = draw(st.lists(st.sampled_from(["ant", "bee", "cat"]), min_size=1, max_size=3, unique=True))
    before: dict[str, TableSpec] = {}
    for number, name in enumerate(names):
        of = draw(st.lists(st.sampled_from("pqrs"), max_size=4, unique=True))
        columns = {it: draw(column_specs(names[: number + 1])) for it in of}
        before[name] = draw(with_constraints(columns))
    tables, columns_renamed, after = draw(_afterwards(before))
    rows = {name: draw(_rows(spec, before)) for name, spec in before.items()}
    return Pair(before, after, tables, columns_renamed, rows)


@st.composite
def _afterwards(draw: st.DrawFn, before: Schema) -> tuple[dict[str, str], dict[tuple[str, str], str], Schema]:
    fates = {name: draw(st.sampled_from(["stays", "stays", "stays", "renamed", "dropped"])) for name in before}
    free = draw(st.permutations([it for it in ("ant", "bee", "cat", "dog", "elk", "fox", "gnu") if it not in before]))
    spare = list(free)
    names = {name: spare.pop() if fates[name] == "renamed" else name for name in before if fates[name] != "dropped"}
    if len(names) > 1 and draw(st.integers(0, 5)) == 0:  # two swap their names
        one, other = list(names)[:2]
        names[one], names[other] = names[other], names[one]
    new = [spare.pop()] if draw(st.integers(0, 3)) == 0 else []
    there = [*names.values(), *new]
    after: dict[str, TableSpec] = {}
    renamed: dict[tuple[str, str], str] = {}
    for position, (old, name) in enumerate(names.items()):
        columns, renames = draw(_columns_afterwards(before[old].columns, names, there[: position + 1]))
        after[name] = draw(with_constraints(columns))
        renamed |= {(name, was): now for was, now in renames.items()}
    for name in new:
        after[name] = draw(with_constraints({"p": draw(column_specs(there))}))
    return {old: name for old, name in names.items() if old != name}, renamed, after


@st.composite
def _columns_afterwards(
    draw: st.DrawFn, before: Mapping[str, ColumnSpec], names: Mapping[str, str], targets: Sequence[str]
) -> tuple[dict[str, ColumnSpec], dict[str, str]]:
    after: dict[str, ColumnSpec] = {}
    renamed: dict[str, str] = {}
    spare = [it for it in "tuvwpqrs" if it not in before]
    for name, spec in before.items():
        fate = draw(st.sampled_from(["stays", "renamed", "changed", "changed", "dropped"]))
        if spec.target:
            spec = replace(spec, kind=f"->{names[spec.target]}") if spec.target in names else ColumnSpec("varchar")
        if fate == "dropped":
            continue
        now = name
        if fate == "renamed":
            now = renamed[name] = spare.pop(0)
        if fate == "changed":
            new = draw(column_specs(targets))
            spec = new if draw(st.booleans()) else replace(new, kind=spec.kind, null=new.null or bool(spec.target))
            if spec.unique and spec.kind in _NOT_UNIQUE:
                spec = replace(spec, unique=False)
            if spec.index and spec.kind in _NOT_UNIQUE:
                spec = replace(spec, index=False)
        after[now] = spec
    if draw(st.booleans()):
        after[spare.pop(0)] = draw(column_specs(targets))
    return after, renamed


@st.composite
def _rows(draw: st.DrawFn, spec: TableSpec, schema: Schema) -> list[dict[str, Any]]:
    """Keys are `0`, `1` …; what a foreign key points to may not be there, then the row is left out."""
    found = []
    for number in range(draw(st.integers(0, 3))):
        row: dict[str, Any] = {"id": str(number)}
        for name, it in spec.columns.items():
            values = st.sampled_from(["0", "1"]) if it.target else KINDS[it.kind][1]
            if it.null:
                values = st.none() | values
            row[name] = draw(values)
            if name == spec.positive and row[name] is not None:
                row[name] = abs(row[name]) % 2**31
        found.append(row)
    return found


# --- made


def build(schema: Schema) -> list[type[Table]]:
    """The tables of a schema; foreign keys may point to any of them, themselves too."""
    made = {name: table(name, **_members(spec)) for name, spec in schema.items()}
    for name, spec in schema.items():
        for column, it in spec.columns.items():
            if it.target:
                pointer = made[name]._meta.get_column_by_name(column)
                assert isinstance(pointer, ForeignKey)
                pointer._foreign_key_meta.references = made[it.target]
    return list(made.values())


def _members(spec: TableSpec) -> dict[str, Any]:
    members: dict[str, Any] = {name: _column(it) for name, it in spec.columns.items()}
    if spec.once:
        members["once"] = Unique(list(spec.once))
    if spec.positive:
        members["positive"] = Check(f'"{spec.positive}" >= 0')
    return members


def _column(spec: ColumnSpec) -> Column:
    options: dict[str, Any] = {"null": spec.null, "unique": spec.unique, "index": spec.index}
    options["index_method"] = IndexMethod.btree
    if spec.target:
        on_delete = OnDelete.cascade if spec.cascade else OnDelete.restrict
        return ForeignKey("self", on_delete=on_delete, **options)
    if not spec.default:
        options["default"] = None
    make_column = KINDS[spec.kind][0]
    if spec.kind in ("varchar", "short", "text", "select"):
        options["required"] = spec.required
    return make_column(**options)


# --- the law


async def check_pair(pair: Pair, engine: Engine, fresh: Fresh, *, restore: bool) -> str:
    """Forward and back, with everything accepted. Returns how far it went.

    1. What is refused changes nothing.  2. What comes out is what a fresh database has, there and back.
    3. A value that both schemas can hold is the same afterwards; with the trash, every one.
    """
    before, after = build(pair.before), build(pair.after)
    await make(engine, before)
    await _insert(engine, before, pair)
    rows = await rows_of(engine, before)
    there = await read_shape(engine)
    change = change_of(engine, before, after, pair.tables, pair.columns)
    plan = await plan_change(engine, change)
    places = [loss.place for loss in plan.losses]
    if plan.problems or places:
        try:
            await migrate(engine, change, [])
        except MigrationRefused:
            assert await read_shape(engine) == there
            assert await rows_of(engine, before) == rows
        else:
            raise AssertionError("not refused")
    if plan.problems:
        return "refused"
    await migrate(engine, change, places, "m")
    assert comparable(await read_shape(engine)) == await fresh.shape(bound(fresh.engine, after))
    bound(engine, [*before, *after])
    back = change.reversed()
    planned = await plan_change(engine, back, reverts="m" if restore else "")
    if planned.problems:
        return "forth"
    await migrate(engine, back, [loss.place for loss in planned.losses], "m", restore=restore)
    assert comparable(await read_shape(engine)) == await fresh.shape(bound(fresh.engine, before))
    _compare(pair, change, rows, await rows_of(engine, before), set() if restore else set(places))
    assert not restore or await trash_for(engine, "m", back=True) == []
    await purge_trash(engine, everything=True)
    return "forth and back"


async def _insert(engine: Engine, tables: Sequence[type[Table]], pair: Pair) -> None:
    for it in tables:
        for row in pair.rows.get(it._meta.tablename, ()):
            try:
                await it.insert(it(**row))
            except (ConstraintFailed, NotUnique, StillReferenced):
                continue


async def rows_of(engine: Engine, tables: Sequence[type[Table]]) -> dict[str, dict[str, dict[str, Any]]]:
    bound(engine, tables)
    return {it._meta.tablename: {row["id"]: row for row in await it.select()} for it in tables}


def _compare(
    pair: Pair,
    change: SchemaChange,
    before: Mapping[str, Mapping[str, Mapping[str, Any]]],
    now: Mapping[str, Mapping[str, Mapping[str, Any]]],
    lost: set[str],
) -> None:
    for name, rows in before.items():
        called = pair.tables.get(name, name)
        if called in lost and not now[name]:
            continue
        for key, row in rows.items():
            for column, value in row.items():
                place = f"{called}.{pair.columns.get((called, column), column)}"
                if place in lost or f"{called}.{column}" in lost or called in lost:
                    continue
                found = now[name][key][column]
                spec = pair.before[name].columns.get(column)
                if _same(value, found) or (spec is not None and _is_nothing(value, spec)):
                    continue
                raise AssertionError(f"{name}.{column} of {key}: {value!r} became {found!r}\n{pair}")


def _is_nothing(value: Any, spec: ColumnSpec) -> bool:
    """What may become another nothing: no value, or what stands for none."""
    zeros = (None, "", 0, False, "[]", "{}", b"", timedelta(), UUID(int=0))
    return any(value == zero for zero in zeros) or value == []


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, str) and isinstance(other, str) and one != other:
        try:
            return bool(json.loads(one, parse_float=Decimal) == json.loads(other, parse_float=Decimal))
        except ValueError:
            return False
    return bool(one == other)
