"""Reads the change log, and makes of each change a delivery for every subscription that is about it.

How far it has read is a row in the database. Whoever moves that on, from the position it has read from, adds the
deliveries in the same transaction; of several processes the others find it moved, and forget what they have made. So
each change is dealt with exactly once, and a process that dies in between has done nothing.
"""

import asyncio
import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from piccobase import Record
from piccobase.extending import (
    BadRequest,
    Change,
    ChangeLog,
    ChangesForgotten,
    CollectionInfo,
    Database,
    InvalidQuery,
    Records,
    SchemaChanged,
    Unavailable,
    current_record,
    deleted_record,
    unix_time,
)
from piccobase_webhooks.checking import OWN, collections_of
from piccobase_webhooks.deliveries import Deliveries
from piccobase_webhooks.messages import CHANGED, Message, message_of, seen, told
from piccobase_webhooks.tables import Position, Webhook

log = logging.getLogger("piccobase.webhooks")

AT_ONCE = 200  # changes that are dealt with in one transaction
_PAGES_AHEAD = 20  # that are looked through for what became of a record that is gone
_ROW = "webhooks"  # the one in `webhook_positions`
# Seconds between two looks: where the database tells at once whether anything was committed, where it has to be asked,
# and where there is nobody to tell.
_SOON, _ASKED, _IDLE, _TROUBLE = 0.2, 0.5, 2.0, 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """What is asked of each change."""

    id: str
    collections: frozenset[str]  # ids
    verbs: frozenset[str]  # none: all
    filter: str
    fields: tuple[str, ...]

    def wants(self, change: Change) -> bool:
        """Whether it is about the collection and the verb."""
        if change.collection not in self.collections:
            return False
        return not self.verbs or change.verb in self.verbs or not change.record


@dataclass(slots=True)
class Reader:
    """Follows the change log of one database."""

    db: Database
    records: Records
    log: ChangeLog
    deliveries: Deliveries
    _seen: int | None = None  # the database's version when nothing was left to read
    _idle: bool = field(default=False)

    async def follow(self) -> None:
        """Reads for as long as the process lives. While the database is away it waits, and loses nothing."""
        failing = False
        while True:
            try:
                await self._follow_once()
                failing = False
            except Exception:
                if not failing:
                    log.exception("The change log could not be read for webhooks. It is tried again.")
                failing = True
            await asyncio.sleep(_TROUBLE if failing else self._pause())

    def _pause(self) -> float:
        if self.db.version() is not None:
            return _SOON
        return _IDLE if self._idle else _ASKED

    async def _follow_once(self) -> None:
        version = self.db.version()
        if version is None or version != self._seen:
            await self.catch_up()
            self._seen = version

    async def catch_up(self) -> None:
        """Reads all that is there."""
        while await self.read():
            pass

    async def read(self) -> bool:
        """Deals with the next changes. False when there was nothing to read, or nobody to tell of it."""
        subscriptions = await self._subscriptions()
        self._idle = not subscriptions
        if not subscriptions:
            return False
        position = await self._position()
        if position is None:
            await self._begin()
            return False
        try:
            changes = await self.log.after(position, AT_ONCE)
        except ChangesForgotten:
            return await self._skip(position, subscriptions)
        if not changes:
            return False
        await self._move(position, changes[-1].position, await self._messages(changes, subscriptions))
        return True

    async def begin_here(self) -> None:
        """To be called before a subscription is switched on: if it is the only one, it is told what comes from now on,
        and not what has gathered in the log since there was another."""
        if await self._subscriptions():
            return
        known, last = await self._position(), await self.log.last()
        if known is None:
            await self._begin(last)
        else:
            await self._move(known, last, ())

    # --- where it is

    async def _position(self) -> str | None:
        rows = await Position.select(Position.position).where(Position.id == _ROW)
        return str(rows[0]["position"]) if rows else None

    async def _begin(self, position: str | None = None) -> None:
        last = await self.log.last() if position is None else position
        await Position.insert(Position(id=_ROW, position=last)).on_conflict(action="DO NOTHING")

    async def _move(self, before: str, after: str, messages: Sequence[Message]) -> None:
        async with self.db.transaction():
            moved = (
                await Position.update({Position.position: after})
                .where((Position.id == _ROW) & (Position.position == before))
                .returning(Position.id)
            )
            if moved:
                await self.deliveries.add(messages)

    async def _skip(self, position: str, subscriptions: Sequence[Subscription]) -> bool:
        """Part of the log is gone: nobody knows what was in it. Receivers are told to load everything anew."""
        log.error(
            "Webhooks have missed changes: the change log no longer keeps what came after the last one that was read. "
            "Receivers are told so (%s). See maxDays and maxChanges in the settings of the change log.",
            CHANGED,
        )
        at = datetime.fromtimestamp(unix_time(), UTC)
        collections = {one.id: one for one in self.records.registry.collections.values()}
        messages = [
            message_of(
                subscription.id, CHANGED, at, _nothing_known(collections[id_].name), collection=collections[id_].name
            )
            for subscription in subscriptions
            for id_ in sorted(subscription.collections)
        ]
        await self._move(position, await self.log.last(), messages)
        return True

    # --- who is told what

    async def _subscriptions(self) -> list[Subscription]:
        rows = await Webhook.select(
            Webhook.id, Webhook.collections, Webhook.verbs, Webhook.filter, Webhook.fields
        ).where(Webhook.active == True)  # noqa: E712
        return [self._subscription(row) for row in rows]

    def _subscription(self, row: Mapping[str, Any]) -> Subscription:
        collections = collections_of(_list(row["collections"]), self.records)
        return Subscription(
            id=row["id"],
            collections=frozenset(one.id for one in collections),
            verbs=frozenset(_list(row["verbs"])),
            filter=row["filter"],
            fields=tuple(_list(row["fields"])),
        )

    async def _messages(self, changes: Sequence[Change], subscriptions: Sequence[Subscription]) -> list[Message]:
        past, messages = _Past(self.log, changes), list[Message]()
        for number, change in enumerate(changes):
            interested = [one for one in subscriptions if one.wants(change)]
            collection = self.records.registry.find(change.collection)
            if not interested or collection is None or collection.name in OWN:
                continue
            try:
                messages += await self._of_change(collection, change, number, interested, past)
            except (Unavailable, SchemaChanged):
                raise  # it is tried again, here or by a server that knows the tables, and nothing is lost
            except Exception:  # which would stand in the way of all that comes after it
                log.exception("No webhook was told of the %s of %s/%s.", change.verb, collection.name, change.record)
        return messages

    async def _of_change(
        self,
        collection: CollectionInfo,
        change: Change,
        number: int,
        interested: Iterable[Subscription],
        past: "_Past",
    ) -> list[Message]:
        actor = self._actor(change)
        if not change.record:
            return [told(one.id, collection, change, None, one.fields, actor) for one in interested]
        row = change.row if change.verb == "delete" else None
        record = None if row is not None else await current_record(self.records, collection, change.record)
        if record is None:
            row = row if row is not None else await past.row_of(change, number)
            record = None if row is None else await self._recalled(collection, row)
        return [
            told(one.id, collection, change, record, one.fields, actor)
            for one in interested
            if _concerns(one, collection, change) and await self._holds(one, collection, change, row)
        ]

    async def _recalled(self, collection: CollectionInfo, row: Mapping[str, Any]) -> Record | None:
        try:
            return await deleted_record(self.records, collection, row)
        except BadRequest:  # a column has got another type since, which cannot hold what was kept
            log.warning("A deleted record of %s no longer fits its fields: webhooks do not show it.", collection.name)
            return None

    async def _holds(
        self, subscription: Subscription, collection: CollectionInfo, change: Change, row: Mapping[str, Any] | None
    ) -> bool:
        """Whether the filter lets it through: asked of the record as it is, or as it was before it was deleted."""
        if not subscription.filter:
            return True
        try:
            if row is not None:
                return await deleted_record(self.records, collection, row, subscription.filter) is not None
            return await current_record(self.records, collection, change.record, subscription.filter) is not None
        except InvalidQuery as error:  # the collections are no longer those that it was made for
            reason = f"The filter cannot be used any more: {error.message}"
            await self.deliveries.switch_off(subscription.id, reason)
            return False

    def _actor(self, change: Change) -> dict[str, str] | None:
        if not change.actor:
            return None
        collection = self.records.registry.find(change.actor_collection)
        return {"collection": collection.name if collection else change.actor_collection, "id": change.actor}


@dataclass(slots=True)
class _Past:
    """What became of records that are gone by now although the change is not their end: their last rows."""

    log: ChangeLog
    changes: Sequence[Change]
    _ahead: list[Change] = field(default_factory=list)
    _pages: int = 0

    async def row_of(self, change: Change, number: int) -> Mapping[str, Any] | None:
        """The row that the next delete of the record has kept; None where that cannot be found."""
        about = (change.collection, change.record)
        for later in self.changes[number + 1 :]:
            if _ends(later, about):
                return later.row
        looked = 0
        while True:
            for later in self._ahead[looked:]:
                if _ends(later, about):
                    return later.row
            looked = len(self._ahead)
            if not await self._read_on():
                return None

    async def _read_on(self) -> bool:
        if self._pages >= _PAGES_AHEAD:
            return False
        self._pages += 1
        last = (self._ahead or self.changes)[-1].position
        found = await self.log.after(last, AT_ONCE)
        self._ahead += found
        return bool(found)


def _ends(change: Change, about: tuple[str, str]) -> bool:
    return change.verb == "delete" and (change.collection, change.record) == about


def _concerns(subscription: Subscription, collection: CollectionInfo, change: Change) -> bool:
    """Whether anything has changed that it is shown."""
    if change.verb != "update" or not subscription.fields:
        return True
    return any(True for _ in seen(collection, change.fields, subscription.fields))


def _nothing_known(collection: str) -> dict[str, Any]:
    return {"collection": collection, "recordId": "", "record": None, "changed": [], "actor": None}


def _list(stored: Any) -> list[str]:
    found = json.loads(stored) if isinstance(stored, str) else stored
    return list(found or ())
