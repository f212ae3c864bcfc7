"""Piccolo's ALTER TABLE and DROP TABLE … CASCADE on SQLite: what it has not is done by making the table anew.

These are the statements of `Table.alter()`, in the words of PostgreSQL, and they do what they do there.
"""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import replace
from typing import Any, Protocol

from piccobase.base.errors import PiccobaseError
from piccobase.db.alter_planning import Alteration, AlterStatement, plan_alteration
from piccobase.db.errors import DatabaseFailed, ValueRefused
from piccobase.db.schema_checks import broken_parts, check_parts
from piccobase.db.sqlite_rebuild import Rebuild, read_stored, rebuild_statements
from piccobase.db.sqlite_tokens import folded, quoted, tokens
from piccobase.db.table_text import Clause, TableText, parse_table


class AltersTables(Protocol):
    """The embedded engine, as far as it is needed here."""

    async def rows(self, sql: str, args: Sequence[Any] = ()) -> list[Any]: ...

    def current(self) -> Any: ...

    def transaction(self) -> AbstractAsyncContextManager[Any]: ...

    def schema_transaction(self) -> AbstractAsyncContextManager[Any]: ...


def is_alteration(ddl: str) -> bool:
    """Whether it is a statement for `alter`."""
    words = [it.upper for it in tokens(ddl) if it.kind != "space"]
    return words[:2] in (["ALTER", "TABLE"], ["DROP", "TABLE"])


async def alter(db: AltersTables, ddl: str) -> None:
    """Does it in a transaction of its own, or within the open one.

    Raises DatabaseFailed where a table must be made anew and rows point to it, and the open transaction is none of
    `engine.schema_transaction()`; ValueRefused for values that the new type of their column cannot hold.
    """
    if db.current() is None and (await _plan(db, ddl)).remade:
        async with db.schema_transaction():
            await _run(db, await _plan(db, ddl))
    else:
        async with db.transaction():
            await _run(db, await _plan(db, ddl))


async def _run(db: AltersTables, alteration: Alteration) -> None:
    if alteration.unfit and (found := await db.rows(alteration.unfit)):
        raise ValueRefused(f"The value {found[0][0]!r} cannot be converted to the new type of its column.")
    if alteration.remade and not db.current().changes_schema:
        await _run_among_others(db, alteration)
        return
    for statement in alteration.statements:
        await db.rows(statement)


async def _run_among_others(db: AltersTables, alteration: Alteration) -> None:
    """In an ordinary transaction, where nobody but us sees to what a schema transaction sees to at its end."""
    for table in alteration.remade:
        await _check_not_referenced(db, table)
    before = await broken_parts(db.rows)
    try:
        for statement in alteration.statements:
            await db.rows(statement)
    except BaseException:
        with suppress(PiccobaseError):
            await db.rows("PRAGMA legacy_alter_table = OFF")
        raise
    await check_parts(db.rows, before)


async def _check_not_referenced(db: AltersTables, table: str) -> None:
    """With foreign keys on, dropping a table deletes its rows first, and with them those that point to them."""
    if await _referring(db, table) and await db.rows(f"SELECT 1 FROM {quoted(table)} LIMIT 1"):
        raise DatabaseFailed(
            f"SQLite has to make the table {table} anew for this, and rows may point to its rows. Do it outside of a "
            "transaction, or in `async with engine.schema_transaction():`, where foreign keys are off until its end."
        )


async def _referring(db: AltersTables, table: str) -> list[str]:
    """The tables that have foreign keys to it."""
    found = await db.rows(
        "SELECT DISTINCT t.name FROM sqlite_schema AS t JOIN pragma_foreign_key_list(t.name) AS f "
        "WHERE t.type = 'table' AND f.\"table\" = ? COLLATE NOCASE",
        (table,),
    )
    return [name for (name,) in found]


async def _plan(db: AltersTables, ddl: str) -> Alteration:
    statement = AlterStatement(ddl)
    match statement.words[0], statement.words[statement.begin : statement.begin + 2]:
        case "DROP", _:
            return await _plan_drop_table(db, statement)
        case _, ["RENAME", what] if what != "CONSTRAINT":
            return Alteration((statement.rest(0),))  # SQLite has it for tables and columns
    return plan_alteration(await read_stored(db, statement.table), statement)


async def _plan_drop_table(db: AltersTables, statement: AlterStatement) -> Alteration:
    """SQLite deletes the rows first, and what points to them: PostgreSQL refuses, or drops the foreign keys."""
    cascade = statement.words[-1] == "CASCADE"
    drop = f"DROP TABLE {'IF EXISTS ' if 'EXISTS' in statement.words else ''}{quoted(statement.table)}"
    others = [it for it in await _referring(db, statement.table) if folded(it) != folded(statement.table)]
    if others and not cascade and not (db.current() and db.current().changes_schema):
        raise DatabaseFailed(
            f"The table {statement.table} cannot be dropped while foreign keys of {', '.join(others)} point to it. "
            "Drop these first, or use `drop_table(cascade=True)`, which drops the foreign keys."
        )
    if not cascade:
        return Alteration((drop,))
    statements = []
    for other in others:
        stored = await read_stored(db, other)
        text = _without_foreign_keys(parse_table(stored.sql), statement.table)
        statements += rebuild_statements(replace(stored, sql=text.text), Rebuild(other))
    return Alteration((*statements, drop), remade=tuple(others))


def _without_foreign_keys(table: TableText, target: str) -> TableText:
    def points_there(clause: Clause) -> bool:
        return folded(clause.target) == folded(target)

    columns = [
        replace(column, clauses=tuple(it for it in column.clauses if not points_there(it))) for column in table.columns
    ]
    return table.with_columns(columns).with_constraints(it for it in table.constraints if not points_there(it))
