"""Puts listeners together: those that are told at once, and those to whom each event is a job."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from piccobase.hooks.declaring import ListenerInfo
from piccobase.hooks.listeners import Listeners, tell
from piccobase.hooks.point import AfterEvent
from piccobase.jobs.adding import Jobs
from piccobase.jobs.errors import GiveUp
from piccobase.records.events import RecordChanged, RecordCreated, RecordDeleted, RecordUpdated
from piccobase.records.record import Record
from piccobase.schema.actor import Actor
from piccobase.schema.collections import CollectionInfo
from piccobase.schema.registry import Registry

_EVENTS: Mapping[str, type[RecordChanged]] = {
    "create": RecordCreated,
    "update": RecordUpdated,
    "delete": RecordDeleted,
}
_GRACE = 5.0  # seconds that a job has beyond its listener's own limit


def compose_listeners(declared: Sequence[ListenerInfo], registry: Registry, jobs: Jobs) -> Listeners:
    """Registers the jobs of durable ones."""

    async def keep(info: ListenerInfo, event: AfterEvent) -> None:
        assert isinstance(event, RecordChanged)
        await jobs.add(info.job, {"event": _packed(event)})

    for info in declared:
        if info.durable:
            _register(info, registry, jobs)
    return Listeners(declared, registry, keep)


def _register(info: ListenerInfo, registry: Registry, jobs: Jobs) -> None:
    @jobs.registry.job(info.job, timeout=info.timeout + _GRACE)
    async def deliver(event: dict[str, Any]) -> None:
        await tell(info, _unpacked(event, registry))


def _packed(event: RecordChanged) -> dict[str, Any]:
    """An event as the arguments of a job, which are JSON."""
    who = event.actor.collection
    return {
        "verb": event.verb,
        "collection": event.collection.id,
        "record": msgspec.to_builtins(event.record.to_dict()),
        "before": msgspec.to_builtins(event.before.to_dict()) if isinstance(event, RecordUpdated) else None,
        "actor": [who.id, event.actor.id] if who else None,
        "at": event.at.isoformat(),
    }


def _unpacked(packed: Mapping[str, Any], registry: Registry) -> RecordChanged:
    """The event again. Of the actor it has who that was, and nothing of what may have changed since."""
    collection = registry.find(packed["collection"])
    if collection is None:
        raise GiveUp(f"The collection {packed['collection']} is gone.")
    values: dict[str, Any] = {
        "collection": collection,
        "record": _record(collection, packed["record"]),
        "actor": Actor(),
        "at": datetime.fromisoformat(packed["at"]),
    }
    if packed["actor"]:
        of, who = packed["actor"]
        values["actor"] = Actor(collection=registry.find(of), id=who)
    if packed["before"] is not None:
        values["before"] = _record(collection, packed["before"])
    return _EVENTS[packed["verb"]](**values)


def _record(collection: CollectionInfo, values: Mapping[str, Any]) -> Record:
    exact = {field.name for field in collection.fields if field.family == "decimal"}
    return Record.known(
        collection,
        {name: Decimal(value) if name in exact and value is not None else value for name, value in values.items()},
    )
