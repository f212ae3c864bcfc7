"""A change of the tables planned against the database that is there, and carried out: all of it, or nothing."""

from collections.abc import Collection

from piccobase.migrations.changes import ChangePlan, MigrationRefused, SchemaChange, SchemaDatabase
from piccobase.migrations.planning import make_plan


async def plan_change(db: SchemaDatabase, change: SchemaChange) -> ChangePlan:
    """What would be done, and what would be lost, by the rows that are there now. Changes nothing."""
    return (await make_plan(db, change)).plan


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
    `restore` the change is the way back of `migration`: what that put into the trash is put in its place again.
    Raises MigrationRefused with all other losses, and with problems; then nothing was changed.
    """
    made = await make_plan(db, change)
    plan = made.plan
    unaccepted = plan.unaccepted(accepted)
    if plan.problems or unaccepted:
        raise MigrationRefused(unaccepted, plan.problems, migration)
    for step in plan.steps:
        await db.rows(step.sql)
    return plan
