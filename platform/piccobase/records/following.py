"""What code asks that follows the change log: a record as it is now, or as it was when it was deleted, and whether a
filter holds for that. With all rights, and without hooks: it is no request of anybody's."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, cast

import msgspec

from piccobase.filters.bindings import Bindings
from piccobase.filters.fragments import Fragment, Statement, compose, join, quoted, render, slot
from piccobase.filters.joins import Joins
from piccobase.filters.parser import CLIENT_LIMITS, parse
from piccobase.records.planning import ROW, Asked
from piccobase.records.record import Record
from piccobase.records.service import Records
from piccobase.rules.draft import DRAFT, draft_table
from piccobase.schema.collections import CollectionInfo
from piccobase.schema.fields import FieldInfo


def check_filter(records: Records, collection: CollectionInfo, text: str) -> None:
    """Raises InvalidQuery where the filter is none, or speaks of a field that the collection does not have."""
    if text:
        _condition(records, collection, text, Joins(records.planner.dialect))


async def current_record(
    records: Records,
    collection: CollectionInfo,
    record_id: str,
    filter: str = "",  # noqa: A002  # as the query parameter
) -> Record | None:
    """The record as it is stored now. None where it is gone, or where the filter does not hold for it.

    Raises InvalidQuery for a filter that is none.
    """
    key = records.planner.key_value(collection, record_id)
    if key is None:
        return None
    statement = records.planner.remembered(
        ("current", collection.name, filter), lambda: _current(records, collection, filter)
    )
    return await _first(records, collection, statement, Asked(key=key))


async def deleted_record(
    records: Records,
    collection: CollectionInfo,
    row: Mapping[str, Any],
    filter: str = "",  # noqa: A002
) -> Record | None:
    """The record that `Change.row` keeps of a delete, its secrets empty. None where the filter does not hold for it.

    What the filter looks at in other records is as it is now. Raises InvalidQuery for a filter that is none.
    """
    statement = records.planner.remembered(
        ("deleted", collection.name, filter), lambda: _deleted(records, collection, filter)
    )
    if records.db.dialect == "postgres":
        by_column = {field.column: row[field.name] for field in collection.fields if field.name in row}
        kept: list[Any] = [_encode(by_column).decode()]
    else:
        kept = [_stored(field, row.get(field.name)) for field in collection.fields]
    return await _first(records, collection, statement, Asked(draft=kept))


async def _first(records: Records, collection: CollectionInfo, statement: Statement, asked: Bindings) -> Record | None:
    rows = await records.db.rows(statement.sql, statement.bind(asked))
    return Record(collection, rows[0], records.db.dialect) if rows else None


def _current(records: Records, collection: CollectionInfo, text: str) -> Statement:
    conditions = [records.planner.key_condition(collection)]
    return _select(records, collection, Fragment(""), collection.source, conditions, text)


def _deleted(records: Records, collection: CollectionInfo, text: str) -> Statement:
    """The row is made anew out of what was kept. PostgreSQL itself knows best how its JSON becomes its values."""
    if records.db.dialect == "postgres":
        made = f'WITH "{DRAFT}" AS (SELECT * FROM jsonb_populate_record(NULL::{collection.source}, CAST('
        before = compose(made, slot(_kept(0)), " AS JSONB))) ")
    else:
        binders = [_kept(index) for index in range(len(collection.fields))]
        before = draft_table(collection, binders, "sqlite")
    return _select(records, collection, before, f'"{DRAFT}"', [], text, draft=True)


def _select(
    records: Records,
    collection: CollectionInfo,
    before: Fragment,
    source: str,
    conditions: list[Fragment],
    text: str,
    *,
    draft: bool = False,
) -> Statement:
    columns = ", ".join(f'"{ROW}".{quoted(field.column)}' for field in collection.fields)
    joins = Joins(records.planner.dialect)
    if text:
        conditions = [*conditions, _condition(records, collection, text, joins, draft=draft)]
    where = compose(" WHERE ", join(" AND ", conditions)) if conditions else Fragment("")
    query = compose(before, f'SELECT {columns} FROM {source} AS "{ROW}"', joins.fragment(), where)
    return render(query, records.planner.dialect.name)


def _condition(
    records: Records, collection: CollectionInfo, text: str, joins: Joins, *, draft: bool = False
) -> Fragment:
    return records.book.compile(parse(text, limits=CLIENT_LIMITS), collection, joins, ROW, draft=draft)


def _kept(index: int) -> Any:
    return lambda bindings: cast("Asked", bindings).draft[index]


def _stored(field: FieldInfo, kept: Any) -> Any:
    """What SQLite had in the row."""
    if isinstance(kept, Decimal):
        return float(kept)
    if field.family == "bytes" and isinstance(kept, str):
        return bytes.fromhex(kept.removeprefix("\\x"))
    return kept


_encode = msgspec.json.Encoder(decimal_format="number").encode
