"""On PostgreSQL the database writes the change log itself: a trigger on each collection's table, attached by migrating.

What the trigger is told (its arguments) follows the declaration, and so the trigger is made anew when that changes.
"""

import logging
from collections.abc import Iterator, Sequence

import msgspec

from piccobase.base.errors import PiccobaseError
from piccobase.db.ddl import literal, quoted
from piccobase.db.postgres import PostgresEngine
from piccobase.db.watched import WatchedTable

log = logging.getLogger("piccobase.db")

ROWS, TRUNCATE = "_note_change", "_note_truncate"
_FOUND = """SELECT t.tgname, t.tgargs, t.tgenabled FROM pg_trigger AS t
WHERE t.tgrelid = to_regclass($1) AND t.tgname IN ('_note_change', '_note_truncate')"""
_encode = msgspec.json.Encoder(order="deterministic").encode


async def attach_triggers(db: PostgresEngine, tables: Sequence[WatchedTable]) -> None:
    """Attaches what is missing, under the lock of who changes the schema. Does nothing where nothing is.

    A table that belongs to somebody else, or can have no triggers, stays as it is, and a line on the log says why.
    """
    if not await unwatched(db, tables):
        return
    async with db.schema_transaction():
        for table in await unwatched(db, tables):  # another server may have been here
            try:
                async with db.transaction():
                    for statement in statements(table):
                        await db.rows(statement)
            except PiccobaseError as error:
                log.warning("The change log cannot watch %s: %s", table.table, error.__cause__ or error)


async def unwatched(db: PostgresEngine, tables: Sequence[WatchedTable]) -> list[WatchedTable]:
    """Those whose triggers are missing, switched off, or of another declaration."""
    return [table for table in tables if not await _is_watched(db, table)]


async def _is_watched(db: PostgresEngine, table: WatchedTable) -> bool:
    found = {name: args for name, args, enabled in await db.rows(_FOUND, (_name(table),)) if enabled != b"D"}
    return found == {ROWS: _stored(arguments(table)), TRUNCATE: _stored(arguments(table)[:1])}


def arguments(table: WatchedTable) -> tuple[str, ...]:
    return table.collection, table.key, _encode(table.fields).decode(), _encode(table.kept).decode()


def _stored(texts: Sequence[str]) -> bytes:
    """As `pg_trigger` has them."""
    return b"".join(text.encode() + b"\0" for text in texts)


def statements(table: WatchedTable) -> Iterator[str]:
    name = _name(table)
    every, first = (", ".join(literal(text, "postgres") for text in of) for of in _arguments_of_both(table))
    for trigger in (ROWS, TRUNCATE):
        yield f'DROP TRIGGER IF EXISTS "{trigger}" ON {name}'
    yield (
        f'CREATE TRIGGER "{ROWS}" AFTER INSERT OR UPDATE OR DELETE ON {name}'
        f' FOR EACH ROW EXECUTE FUNCTION "_note_change"({every})'
    )
    yield (
        f'CREATE TRIGGER "{TRUNCATE}" AFTER TRUNCATE ON {name}'
        f' FOR EACH STATEMENT EXECUTE FUNCTION "_note_change"({first})'
    )


def _arguments_of_both(table: WatchedTable) -> tuple[tuple[str, ...], tuple[str, ...]]:
    all_of_them = arguments(table)
    return all_of_them, all_of_them[:1]


def _name(table: WatchedTable) -> str:
    return f"{quoted(table.schema)}.{quoted(table.table)}" if table.schema else quoted(table.table)
