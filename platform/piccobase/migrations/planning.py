"""From two states to a plan, on the database that is there: the difference, its losses, its steps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

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


async def make_plan(
    db: SchemaDatabase, change: SchemaChange, *, sketch: Sketch | None = None, trashed: Sequence[Trash] = ()
) -> Made:
    """Changes nothing. On a `sketch` that other changes have been tried on, it is worked out what comes after them.

    `trashed` are values that a way back puts in their place again.
    """
    difference = with_trash(compare(change, db.dialect), trashed)
    if difference.nothing:
        return Made(difference=difference, judgement=Judgement(), plan=ChangePlan())
    shape = await read_shape(db)
    rows = {name: await _count(db, difference, name) for name in difference.before if name in shape.tables}
    version = await db.get_version() if isinstance(db, PostgresEngine) else KNOWS_VALID_INPUT
    judgement = await judge(db, difference, rows, version)
    steps: list[Step] = []
    if not judgement.problems:
        steps = await _steps(db, change, difference, shape, rows, sketch, version)
    losses = tuple(it.loss for it in judgement.losses)
    return Made(
        difference=difference,
        judgement=judgement,
        plan=ChangePlan(steps=tuple(steps), losses=losses, problems=judgement.problems),
    )


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
