"""From two states to a plan, on the database that is there: the difference, its losses, its steps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from piccobase.db.postgres import PostgresEngine
from piccobase.db.schema_sketch import Sketch
from piccobase.db.shape import Shape, read_shape
from piccobase.migrations.changes import ChangePlan, SchemaChange, SchemaDatabase, Step
from piccobase.migrations.comparing import Difference, compare
from piccobase.migrations.conversions_postgres import KNOWS_VALID_INPUT
from piccobase.migrations.described import referenced_columns
from piccobase.migrations.losses import Judgement, judge
from piccobase.migrations.planning_postgres import PostgresPlan
from piccobase.migrations.planning_sqlite import SQLitePlan
from piccobase.migrations.trash import Trash, with_trash


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A plan, and what it was made of."""

    difference: Difference
    judgement: Judgement
    plan: ChangePlan
    shape: Shape
    """The database as it is, where there is anything to do."""
    touched: dict[str, int]
    """Tables that are not there as they will be, with the rows they will have about."""


async def make_plan(
    db: SchemaDatabase,
    change: SchemaChange,
    *,
    sketch: Sketch | None = None,
    trashed: Sequence[Trash] = (),
    touched: Mapping[str, int] | None = None,
) -> Made:
    """Changes nothing. After other changes that were only planned, `touched` says which tables are not as they are in
    the database, and `sketch` how they will be.

    `trashed` are values that a way back puts in their place again.
    """
    difference = with_trash(compare(change, db.dialect), trashed)
    touched = touched or {}
    if difference.nothing:
        nothing = Shape(db.dialect)
        return Made(
            difference=difference, judgement=Judgement(), plan=ChangePlan(), shape=nothing, touched=dict(touched)
        )
    found = await read_shape(db)
    # What is not there as the state before says is as it was declared, as far as anybody can tell.
    shape = replace(found, tables={name: it for name, it in found.tables.items() if name not in touched})
    rows = {name: await _count(db, difference, name) for name in difference.before if name in shape.tables}
    version = await db.get_version() if isinstance(db, PostgresEngine) else KNOWS_VALID_INPUT
    judgement = await judge(db, difference, rows, version, touched)
    rows |= {name: touched[name] for name in difference.before if name in touched}
    steps: list[Step] = []
    if not judgement.problems:
        steps = await _steps(db, change, difference, shape, rows, sketch, version)
    losses = tuple(it.loss for it in judgement.losses)
    return Made(
        difference=difference,
        judgement=judgement,
        plan=ChangePlan(
            steps=tuple(steps),
            losses=losses,
            problems=judgement.problems,
            unjudged=tuple(it.after.name for it in difference.changed if it.before.name in touched),
        ),
        shape=found,
        touched=_touched(difference, rows, touched),
    )


def _touched(difference: Difference, rows: Mapping[str, int], before: Mapping[str, int]) -> dict[str, int]:
    """With the tables that this change touches too."""
    gone = {table.name for table in difference.dropped} | {it.before.name for it in difference.common if it.renamed}
    found = {name: count for name, count in before.items() if name not in gone}
    found |= {table.name: 0 for table in difference.created}
    return found | {it.after.name: rows.get(it.before.name, 0) for it in difference.changed}


async def _count(db: SchemaDatabase, difference: Difference, name: str) -> int:
    touched = any(table.name == name for table in difference.dropped)
    if not touched and not any(table.before.name == name for table in difference.changed):
        return 0
    table = difference.before[name].table._meta.get_formatted_tablename()
    [(count,)] = await db.rows(f"SELECT count(*) FROM {table}")
    return int(count)


async def _steps(
    db: SchemaDatabase,
    change: SchemaChange,
    difference: Difference,
    shape: Shape,
    rows: Mapping[str, int],
    sketch: Sketch | None,
    version: float,
) -> list[Step]:
    referenced = referenced_columns(change.after)
    if db.dialect == "postgres":
        return PostgresPlan(difference, referenced, shape, rows, version).steps()
    drawn = sketch or await Sketch.of(db)
    try:
        return await SQLitePlan(difference, referenced, drawn, rows).steps()
    finally:
        if sketch is None:
            drawn.close()
