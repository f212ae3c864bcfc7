"""A change of the tables planned against the database that is there, and carried out: all of it, or nothing."""

from collections.abc import Collection, Sequence

from piccobase.base.errors import PiccobaseError, StartError
from piccobase.db.schema_sketch import Sketch
from piccobase.db.shape import read_shape
from piccobase.migrations.changes import ChangePlan, Loss, MigrationRefused, SchemaChange, SchemaDatabase, Step
from piccobase.migrations.following import bring_back, rename_collections, take_along
from piccobase.migrations.losses import Kept
from piccobase.migrations.planning import Made, make_plan
from piccobase.migrations.trash import Trash, keep, note_what_became, only_untouched, put_values_back, trash_for


async def plan_change(
    db: SchemaDatabase, change: SchemaChange, *, migration: str = "", reverts: str = ""
) -> ChangePlan:
    """What would be done, and what would be lost, by the rows that are there now. Changes nothing.

    `migration` is the one whose change it is, `reverts` the one whose way back: what lies in the trash comes back.
    """
    trashed = await trash_for(db, reverts or migration, back=bool(reverts))
    return (await make_plan(db, change, trashed=trashed)).plan


async def plan_changes(db: SchemaDatabase, changes: Sequence[SchemaChange]) -> list[ChangePlan]:
    """What several changes would do one after another.

    The rows are those that are there now. What a table loses that an earlier change touches is not known (`unjudged`).
    """
    sketch = await Sketch.of(db) if db.dialect == "sqlite" and len(changes) > 1 else None
    touched: dict[str, int] = {}
    plans = []
    try:
        for change in changes:
            made = await make_plan(db, change, sketch=sketch, touched=touched)
            plans.append(made.plan)
            touched = made.touched
    finally:
        if sketch is not None:
            sketch.close()
    return plans


async def apply_change(
    db: SchemaDatabase,
    change: SchemaChange,
    *,
    accepted: Collection[str] = (),
    migration: str = "",
    restore: bool = False,
) -> ChangePlan:
    """Carries the change out, within the schema transaction that is open. Returns what was done.

    `accepted` are the places of losses (`posts.body`) that somebody has given up; their values go into the trash. With
    `restore` the change is the way back of `migration`: what that put into the trash is put in its place again. So is
    what a way back has taken away when the migration is run once more.
    Raises MigrationRefused with all other losses, and with problems; then nothing was changed.

    1. plans, and refuses;  2. copies what would be lost;  3. renames and deletes what the system knows of the tables;
    4. runs the steps;  5. puts back what the trash has.
    """
    trashed = await trash_for(db, migration, back=restore)
    made = await make_plan(db, change, trashed=trashed)
    plan = made.plan
    unaccepted = plan.unaccepted(accepted)
    if plan.problems or unaccepted:
        raise MigrationRefused(unaccepted, plan.problems, migration)
    await only_untouched(db, trashed)
    kept = await _set_aside(db, made, migration, back=restore)
    for step in plan.steps:
        await _run(db, step)
    for it, id_ in kept:
        await note_what_became(db, it, id_)
    await _put_back(db, trashed)
    return plan


async def _run(db: SchemaDatabase, step: Step) -> None:
    """Raises StartError, which names the statement: a view may need what it takes away, or the disk be full."""
    try:
        await db.rows(step.sql)
    except PiccobaseError as error:
        raise StartError(f"{step.says}: {error.__cause__ or error}\n{step.sql}") from None


async def _set_aside(db: SchemaDatabase, made: Made, migration: str, *, back: bool) -> list[tuple[Kept, str]]:
    """What would be lost goes into the trash, and with a table what the system knows of it."""
    ids = []
    lost = {kept.table.name: kept for kept in made.judgement.losses if not kept.column}
    for kept in made.judgement.losses:
        if kept.column:
            ids.append((kept, await keep(db, kept, migration, back=back)))
    for table in made.difference.dropped:
        followed = await take_along(db, table.table._meta.tablename, made.shape)
        kept_table = lost.get(table.name)
        if kept_table is None and followed:
            # Without rows nothing has to be accepted, but its id and its secrets come back with it.
            nothing = Loss(place=table.name, kind="dropped", rows=0, why="the table is dropped.")
            kept_table = Kept(loss=nothing, table=table)
        if kept_table is not None and table.name in made.shape.tables:
            await keep(db, kept_table, migration, followed, back=back)
    await rename_collections(db, made.difference, made.shape)
    return ids


async def _put_back(db: SchemaDatabase, trashed: Sequence[Trash]) -> None:
    if not trashed:
        return
    shape = await read_shape(db)
    for it in trashed:
        await bring_back(db, it.details.followed, shape)
    await put_values_back(db, trashed)
