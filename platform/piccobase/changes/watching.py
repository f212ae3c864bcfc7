"""Which tables the change log watches: those of all collections, the system's superusers among them, but of no views
and of none that is declared without it."""

from collections.abc import Iterable, Sequence

from piccobase.db.engine import Database
from piccobase.db.placeholders import in_dialect
from piccobase.db.watched import WatchedTable, stored_form
from piccobase.schema.collections import CollectionInfo
from piccobase.schema.fields import FieldInfo
from piccobase.schema.registry import Registry


def watched_tables(registry: Registry) -> list[WatchedTable]:
    return [
        watched(collection)
        for collection in registry.collections.values()
        if collection.kind != "view" and getattr(collection.table, "change_log", True) is not False
    ]


def watched(collection: CollectionInfo) -> WatchedTable:
    meta = collection.table._meta
    return WatchedTable(
        table=meta.tablename,
        schema=meta.schema or "",
        collection=collection.id,
        key=collection.key.column,
        fields={field.column: field.name for field in collection.fields},
        secrets=tuple(field.column for field in collection.fields if _is_secret(field)),
    )


def _is_secret(field: FieldInfo) -> bool:
    """A password's hash, the key that tokens are signed with, and what Piccolo's tools are told to hide."""
    return field.type == "password" or field.name == "tokenKey" or field.piccolo._meta.secret


async def store_watched(db: Database, tables: Sequence[WatchedTable]) -> None:
    """Stores what is watched where it has changed, for processes that do not know the collections. Changes nothing
    where nothing has changed, so that a server on PostgreSQL needs no more rights than it has."""
    stored: dict[str, str] = dict(await db.rows('SELECT "id", "watched" FROM "_collections"'))
    sql = in_dialect('UPDATE "_collections" SET "watched" = ? WHERE "id" = ?', db.dialect)
    for table in tables:
        form = stored_form(table)
        if stored.get(table.collection) != form:
            await db.rows(sql, (form, table.collection))
    for collection in _gone(stored, tables):
        await db.rows(sql, ("", collection))


def _gone(stored: Iterable[str], tables: Sequence[WatchedTable]) -> set[str]:
    return set(stored) - {table.collection for table in tables}
