"""Tells listeners what was written, once it is committed."""

from collections.abc import Sequence
from typing import Any

from piccobase.base import clock
from piccobase.records.events import RecordChanged, RecordCreated, RecordDeleted, RecordUpdated
from piccobase.records.record import Record
from piccobase.records.service import Records
from piccobase.schema.actor import Actor
from piccobase.schema.collections import CollectionInfo

Row = Sequence[Any]


async def announce_created(records: Records, actor: Actor, collection: CollectionInfo, row: Row) -> None:
    """In the transaction that has created it."""
    if _is_heard(records, RecordCreated, collection):
        record = Record(collection, row, records.db.dialect)
        await _announce(records, RecordCreated(collection=collection, record=record, actor=actor, at=clock.now()))


async def announce_updated(records: Records, actor: Actor, collection: CollectionInfo, before: Row, after: Row) -> None:
    """In the transaction that has changed it."""
    if _is_heard(records, RecordUpdated, collection):
        old, new = (Record(collection, row, records.db.dialect) for row in (before, after))
        happened = RecordUpdated(collection=collection, record=new, before=old, actor=actor, at=clock.now())
        await _announce(records, happened)


async def announce_deleted(records: Records, actor: Actor, collection: CollectionInfo, row: Row) -> None:
    """In the transaction that has deleted it."""
    if _is_heard(records, RecordDeleted, collection):
        record = Record(collection, row, records.db.dialect)
        await _announce(records, RecordDeleted(collection=collection, record=record, actor=actor, at=clock.now()))


def _is_heard(records: Records, event: type[RecordChanged], collection: CollectionInfo) -> bool:
    return records.listeners is not None and records.listeners.hear(event, collection.name)


async def _announce(records: Records, happened: RecordChanged) -> None:
    transaction = records.db.open_transaction()
    assert records.listeners is not None
    assert transaction is not None
    await records.listeners.announce(transaction, happened)
