"""Rows that are written along with others, many by one statement: one by one where hooks or listeners want to know."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

from piccobase.hooks.dispatcher import Wraps
from piccobase.hooks.errors import HookMisused
from piccobase.records.announcing import announce_deleted, announce_updated
from piccobase.records.events import RecordDeleted, RecordUpdated, WritingRecord
from piccobase.records.hooked_draft import HookedDraft
from piccobase.records.inside import acting_inside
from piccobase.records.record import Record, wire_value
from piccobase.records.service import Records
from piccobase.records.writing import Row, load_row
from piccobase.rules.context import RequestContext
from piccobase.schema.collections import CollectionInfo
from piccobase.schema.fields import FieldInfo

Keys = Sequence[Any]
Write = Callable[[Keys], Awaitable[None]]


class RowWrites:
    """The writes of one deletion, for whoever asked for it."""

    def __init__(self, records: Records, context: RequestContext) -> None:
        self._records, self._context = records, context

    async def delete(self, target: CollectionInfo, keys: Keys, write: Write) -> None:
        """Deletes these by `write`, inside of their hooks, and announces each."""
        around = self._records.hooks.around(WritingRecord, target.name)
        listeners = self._records.listeners
        if around is None and (listeners is None or not listeners.hear(RecordDeleted, target.name)):
            await write(keys)
            return
        for key in keys:
            row = await load_row(self._records, target, key)
            if row is None:
                continue
            if around is None:
                await write([key])
            else:
                await self._delete_inside(around, target, row, key, write)
            if listeners is not None:
                await announce_deleted(self._records, self._context.actor, target, row)

    async def _delete_inside(self, around: Wraps, target: CollectionInfo, row: Row, key: Any, write: Write) -> None:
        event = self._event(target, "delete", row, HookedDraft(target, {}, new=False))

        async def step() -> None:
            await write([key])

        await around.run(event, step)

    async def update(self, pointing: CollectionInfo, field: FieldInfo, keys: Keys, left: Any, write: Write) -> None:
        """Changes a relation of these to `left` by `write`, inside of their hooks, and announces each."""
        around = self._records.hooks.around(WritingRecord, pointing.name)
        listeners = self._records.listeners
        if around is None and (listeners is None or not listeners.hear(RecordUpdated, pointing.name)):
            await write(keys)
            return
        for key in keys:
            before = await load_row(self._records, pointing, key)
            if before is None:
                continue
            if around is None:
                await write([key])
                after = await load_row(self._records, pointing, key)
            else:
                after = await self._update_inside(around, pointing, field, before, key, left, write)
            if listeners is not None and after is not None:
                await announce_updated(self._records, self._context.actor, pointing, before, after)

    async def _update_inside(
        self, around: Wraps, pointing: CollectionInfo, field: FieldInfo, before: Row, key: Any, left: Any, write: Write
    ) -> Row | None:
        after: Row | None = None
        if left is None:
            left = wire_value(pointing, field, None, self._records.db.dialect)
        draft = HookedDraft(pointing, {field.name: left}, new=False)
        event = self._event(pointing, "update", before, draft)

        async def step() -> Record | None:
            nonlocal after
            if draft.is_changed:
                raise HookMisused(
                    f"{pointing.name}.{field.name} loses a record that is deleted, and no hook can set anything along "
                    "with that."
                )
            await write([key])
            after = await load_row(self._records, pointing, key)
            return None if after is None else Record(pointing, after, self._records.db.dialect)

        await around.run(event, step)
        return after

    def _event(self, collection: CollectionInfo, verb: Any, row: Row, draft: HookedDraft) -> WritingRecord:
        return WritingRecord(
            collection=collection,
            context=self._context,
            service=partial(acting_inside, self._records),
            verb=verb,
            record=Record(collection, row, self._records.db.dialect),
            draft=draft,
            dry_run=self._records.dry_run,
        )
