"""A change of tables carried out on a real database, and what comes out compared with tables that are made afresh."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from piccolo.columns import Column, Varchar
from piccolo.table import Table, create_table_class

from piccobase.base.errors import StartError
from piccobase.db.embedded import EmbeddedEngine
from piccobase.db.postgres import PostgresEngine
from piccobase.db.setup import normal_type, prepare
from piccobase.db.shape import IndexShape, Shape, TableShape, read_shape
from piccobase.migrations.applying import apply_change, plan_change
from piccobase.migrations.changes import ChangePlan, SchemaChange

Engine = EmbeddedEngine | PostgresEngine


def table(name: str, /, **members: Any) -> type[Table]:
    """A table with a text key called `id`, unless another is given."""
    schema = members.pop("schema", None)
    if not any(isinstance(it, Column) and it._meta.primary_key for it in members.values()):
        members = {"id": Varchar(length=15, primary_key=True), **members}
    kwargs = {"tablename": name, "schema": schema}
    return create_table_class(name.title().replace("_", ""), class_kwargs=kwargs, class_members=members)


def bound(engine: Engine, tables: Sequence[type[Table]]) -> list[type[Table]]:
    for it in tables:
        it._meta.db = engine
    return list(tables)


def change_of(
    engine: Engine,
    before: Sequence[type[Table]],
    after: Sequence[type[Table]],
    tables: Mapping[str, str] | None = None,
    columns: Mapping[tuple[str, str], str] | None = None,
) -> SchemaChange:
    return SchemaChange(
        before=bound(engine, before),
        after=bound(engine, after),
        renamed_tables=tables or {},
        renamed_columns=columns or {},
    )


async def migrate(
    engine: Engine, change: SchemaChange, accepted: Collection[str] = (), migration: str = "", *, restore: bool = False
) -> ChangePlan:
    """Planned and applied; the plan is what is done."""
    planned = await plan_change(engine, change, **{"reverts" if restore else "migration": migration})
    async with engine.schema_transaction():
        done = await apply_change(engine, change, accepted=accepted, migration=migration, restore=restore)
    assert [step.sql for step in planned.steps] == [step.sql for step in done.steps]
    return done


@dataclass(slots=True)
class Fresh:
    """Makes tables afresh, in another database of the same kind."""

    engine: Engine

    async def shape(self, tables: Sequence[type[Table]]) -> dict[str, Any]:
        await make(self.engine, tables)
        try:
            return comparable(await read_shape(self.engine))
        finally:
            await empty(self.engine, tables)


async def make(engine: Engine, tables: Sequence[type[Table]]) -> None:
    """Creates tables. The start of a server refuses those that point to each other, so a migration makes them."""
    bound(engine, tables)
    try:
        await prepare(engine, tables)
    except StartError:
        await migrate(engine, change_of(engine, [], tables))


async def empty(engine: Engine, tables: Sequence[type[Table]]) -> None:
    names = [it._meta.get_formatted_tablename() for it in tables]
    if engine.dialect == "postgres" and names:
        await engine.rows(f"DROP TABLE {', '.join(names)} CASCADE")
        return
    async with engine.schema_transaction():
        for name in names:
            await engine.rows(f"DROP TABLE {name}")


def comparable(shape: Shape) -> dict[str, Any]:
    """A shape as plain values, without what makes no difference: the order of columns, the two forms of UNIQUE."""
    return {name: _comparable(table, shape) for name, table in shape.tables.items() if name[:1] != "_"}


def _comparable(table: TableShape, shape: Shape) -> dict[str, Any]:
    columns = {
        name: (normal_type(it.type, shape.dialect), it.nullable, it.default, it.generated)
        for name, it in table.columns.items()
    }
    return {
        "columns": columns,
        "key": (table.key, table.key_name),
        "indexes": sorted(_index(it, table, shape) for it in table.indexes),
        "foreign keys": sorted(
            (it.column, it.table, it.on_delete, it.on_update, it.to, it.name) for it in table.foreign_keys.values()
        ),
        "checks": dict(table.check_texts),
    }


def _index(it: IndexShape, table: TableShape, shape: Shape) -> tuple[Any, ...]:
    name = it.name
    if shape.dialect == "sqlite" and it.unique and not it.partial and "" not in it.columns:
        name = "+".join(it.columns)  # in a table's text it has a name of SQLite's
    constraint = it.constraint and shape.dialect == "postgres"
    return (name, it.columns, it.unique, it.partial, constraint, it.where.replace('"', ""), it.method, it.distinct)
