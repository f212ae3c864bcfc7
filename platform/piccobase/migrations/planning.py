"""From a difference to the steps that make it good, on the database that is there."""

from piccobase.db import ddl, postgres_ddl, sqlite_ddl
from piccobase.migrations.changes import ChangePlan, SchemaChange, SchemaDatabase, Step
from piccobase.migrations.comparing import compare
from piccobase.migrations.described import referenced_columns
from piccobase.migrations.ordering import by_foreign_keys


async def make_plan(db: SchemaDatabase, change: SchemaChange) -> ChangePlan:
    dialect = db.dialect
    difference = compare(change, dialect)
    rewrite = sqlite_ddl.rewrite if dialect == "sqlite" else postgres_ddl.rewrite
    referenced = referenced_columns(change.after)
    steps = []
    for table in by_foreign_keys(difference.created)[0]:
        for sql in ddl.create_table(table.table, dialect, referenced):
            steps.append(Step(sql=rewrite(sql), says=f"creates {table.name}", table=table.name))
    for changed in difference.changed:
        for column in changed.added:
            for sql in ddl.add_column(column.column, dialect):
                says = f"adds {changed.after.name}.{column.name}"
                steps.append(Step(sql=rewrite(sql), says=says, table=changed.after.name))
    for table in reversed(by_foreign_keys(difference.dropped)[0]):
        name = table.table._meta.get_formatted_tablename()
        steps.append(Step(sql=f"DROP TABLE {name}", says=f"drops {table.name}", table=table.name))
    return ChangePlan(steps=tuple(steps))
