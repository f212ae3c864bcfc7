"""What migrations have taken away: kept in tables of its own until somebody purges it, put back by the way back.

A row of `_trash` tells what it is; the values are in the table `_trash_` and its id: all rows of a table that was
dropped, or key and value of a column's, with what became of the value.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import msgspec

from piccobase.base.clock import unix_time
from piccobase.base.errors import StartError
from piccobase.base.ids import new_record_id
from piccobase.db import ddl
from piccobase.db.ddl import quoted
from piccobase.db.engine import Database
from piccobase.db.placeholders import in_dialect
from piccobase.db.setup import SchemaDatabase
from piccobase.db.shape import TRASH_PREFIX
from piccobase.migrations.comparing import Difference
from piccobase.migrations.losses import Kept
from piccobase.schema.system import Trashed

_COLUMNS = '"id", "place", "kind", "rows", "migration", "created", "details"'


class Details(msgspec.Struct, frozen=True, kw_only=True):
    """What is needed to put values back. Names of tables are as a Shape has them."""

    table: str
    column: str = ""
    key: str
    new_table: str = ""
    new_key: str = ""
    new_column: str = ""
    create: list[str] = []
    followed: dict[str, list[dict[str, Any]]] = {}
    """Rows of the system's tables that went with a collection."""
    back: bool = False
    """Whether the migration's way back took it away; then the migration itself, run again, brings it back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trash:
    """Values that were taken away: how many, by which migration and when (milliseconds since 1970)."""

    id: str
    place: str
    kind: str
    rows: int
    migration: str
    created: int
    details: Details = field(repr=False)

    @property
    def table(self) -> str:
        """Where the values are."""
        return TRASH_PREFIX + self.id


async def list_trash(db: Database, migration: str | None = None) -> list[Trash]:
    """The newest first; only of one migration, if one is given."""
    if not await _exists(db):
        return []
    sql = f'SELECT {_COLUMNS} FROM "_trash"'
    args: tuple[str, ...] = ()
    if migration is not None:
        sql, args = sql + ' WHERE "migration" = ?', (migration,)
    found = await db.rows(in_dialect(f'{sql} ORDER BY "created" DESC, "id"', db.dialect), args)
    return [
        Trash(
            id=id_,
            place=place,
            kind=kind,
            rows=rows,
            migration=of,
            created=created,
            details=msgspec.json.decode(details, type=Details),
        )
        for id_, place, kind, rows, of, created, details in found
    ]


async def trash_for(db: Database, migration: str, *, back: bool) -> list[Trash]:
    """What a migration brings back: with `back` its way back what it took away, else it what its way back did."""
    return [it for it in await list_trash(db, migration) if it.details.back != back] if migration else []


async def purge_trash(
    db: SchemaDatabase, ids: Sequence[str] = (), *, older_than: timedelta | None = None, everything: bool = False
) -> list[Trash]:
    """Throws away for good what is asked for, by ids, by age, or all. Returns what it was.

    Raises StartError for an id that is not there.
    """
    async with db.schema_transaction():
        there = await list_trash(db)
        unknown = set(ids) - {it.id for it in there}
        if unknown:
            raise StartError(f"There is nothing with the id {min(unknown)} in the trash. See: piccobase migrate trash")
        until = (unix_time() - older_than.total_seconds()) * 1000 if older_than is not None else None
        gone = [it for it in there if everything or it.id in ids or (until is not None and it.created < until)]
        for it in gone:
            await forget(db, it)
    return gone


async def forget(db: Database, trash: Trash) -> None:
    """Deletes values and their row of `_trash`."""
    await db.rows(f"DROP TABLE IF EXISTS {quoted(trash.table)}")
    await db.rows(in_dialect('DELETE FROM "_trash" WHERE "id" = ?', db.dialect), (trash.id,))


# --- into the trash


async def keep(
    db: SchemaDatabase,
    kept: Kept,
    migration: str,
    followed: Mapping[str, list[dict[str, Any]]] | None = None,
    *,
    back: bool = False,
) -> str:
    """Copies the values of a loss, before it happens and in the same transaction. Returns the id, "" for no values."""
    loss, table = kept.loss, kept.table
    if kept.loss.kind == "filled" and not kept.column:
        return ""  # of a new column: there was nothing
    await _make(db)
    id_ = new_record_id()
    source, key = table.table._meta.get_formatted_tablename(), quoted(table.key)
    trash = quoted(TRASH_PREFIX + id_)
    if not kept.column:
        await db.rows(f"CREATE TABLE {trash} AS SELECT * FROM {source}")
    else:
        await db.rows(
            f'CREATE TABLE {trash} AS SELECT {key} AS "key", {quoted(kept.column)} AS "value" '
            f"FROM {source} WHERE {kept.where}"
        )
        await db.rows(f'CREATE UNIQUE INDEX {quoted(f"{TRASH_PREFIX}{id_}_key")} ON {trash} ("key")')
    details = Details(
        table=table.name,
        column=kept.column,
        key=table.key,
        new_table=kept.new_table,
        new_key=kept.new_key,
        new_column=kept.new_column,
        create=[] if kept.column else ddl.create_table(table.table, db.dialect),
        followed=dict(followed or {}),
        back=back,
    )
    values = (id_, loss.place, loss.kind, loss.rows, migration, int(unix_time() * 1000))
    sql = f'INSERT INTO "_trash" ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)'
    await db.rows(in_dialect(sql, db.dialect), (*values, msgspec.json.encode(details).decode()))
    return id_


async def note_what_became(db: Database, kept: Kept, id_: str) -> None:
    """After the change: what stands there now, so that it can be told which values somebody has changed since."""
    if id_ and kept.new_column:
        trash, table, key = quoted(TRASH_PREFIX + id_), _full(kept.new_table), quoted(kept.new_key)
        type_ = f" {kept.new_type}" if db.dialect == "postgres" else ""
        await db.rows(f'ALTER TABLE {trash} ADD COLUMN "became"{type_}')
        now = f'SELECT n.{quoted(kept.new_column)} FROM {table} AS n WHERE n.{key} = {trash}."key"'
        await db.rows(f'UPDATE {trash} SET "became" = ({now})')


async def _exists(db: Database) -> bool:
    if db.dialect == "sqlite":
        return bool(await db.rows("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = '_trash'"))
    return bool(await db.rows("SELECT 1 WHERE to_regclass('_trash') IS NOT NULL"))


async def _make(db: SchemaDatabase) -> None:
    """A migration of the system makes the table; Piccolo's own commands run without those."""
    if await _exists(db):
        return
    Trashed._meta.db = db  # type: ignore[assignment]  # both engines are Piccolo engines
    for sql in ddl.create_table(Trashed, db.dialect):
        await db.run_ddl(sql)


# --- out of it


def with_trash(difference: Difference, trashed: Sequence[Trash]) -> Difference:
    """The difference of a way back, with what the trash has for tables and columns that come again."""
    if not trashed:
        return difference
    tables = {it.details.table: it.table for it in trashed if not it.details.column}
    columns = {(it.details.table, it.details.column): it.table for it in trashed if it.kind == "dropped"}
    return replace(
        difference,
        trashed={table.name: tables[table.name] for table in difference.created if table.name in tables},
        common=tuple(
            replace(
                table,
                trashed={
                    column.name: columns[table.after.name, column.name]
                    for column in table.added
                    if (table.after.name, column.name) in columns
                },
            )
            for table in difference.common
        ),
    )


async def only_untouched(db: Database, trashed: Sequence[Trash]) -> None:
    """Before a way back: takes those values out of the trash in whose place somebody has written another since."""
    for it in trashed:
        if it.kind != "dropped":
            table, column, key = it.details.new_table, it.details.new_column, it.details.new_key
            same = "IS NOT DISTINCT FROM" if db.dialect == "postgres" else "IS"
            text = "::text" if db.dialect == "postgres" else ""  # JSON cannot be compared
            await db.rows(
                f"DELETE FROM {quoted(it.table)} AS t WHERE NOT EXISTS (SELECT 1 FROM {_full(table)} AS n "
                f'WHERE n.{quoted(key)} = t."key" AND n.{quoted(column)}{text} {same} t."became"{text})'
            )


async def put_values_back(db: Database, trashed: Sequence[Trash]) -> None:
    """After a way back: the old values of columns that could not hold them meanwhile; then the trash is empty."""
    for it in trashed:
        if it.kind != "dropped":
            table, column, key = _full(it.details.table), quoted(it.details.column), quoted(it.details.key)
            await db.rows(
                f'UPDATE {table} SET {column} = t."value" FROM {quoted(it.table)} AS t WHERE {table}.{key} = t."key"'
            )
        await forget(db, it)


def _full(name: str) -> str:
    return ".".join(map(quoted, name.split(".")))
