"""Hooks that change what records look like to whoever asks, wherever they are answered."""

from collections.abc import Sequence
from typing import Any

from piccobase.records.events import EnrichingRecords
from piccobase.records.plain import plain, to_wire
from piccobase.records.service import Records
from piccobase.rules.context import RequestContext
from piccobase.schema.collections import CollectionInfo


def is_enriched(records: Records, collection: CollectionInfo) -> bool:
    """Whether any hook changes records of this collection."""
    hooks = records.hooks
    return collection.name in hooks.hooked and hooks.around(EnrichingRecords, collection.name) is not None


async def enriched(
    records: Records, context: RequestContext, collection: CollectionInfo, items: Sequence[Any]
) -> list[Any]:
    """The records as hooks have left them, ready to be encoded."""
    around = records.hooks.around(EnrichingRecords, collection.name)
    if around is None or not items:
        return list(items)
    event = EnrichingRecords(collection=collection, context=context, service=records.acting, items=plain(items))

    async def step() -> None:
        return None

    await around.run(event, step)
    found: list[Any] = to_wire(event.items)
    return found
