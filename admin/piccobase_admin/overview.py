"""What the collections hold and what was done last, found at a bounded cost however much there is.

Everything is read through the record service, as the superuser who looks. No collection is counted beyond 100,000
records, and the newest records of a larger one are only looked for where an index finds them.
"""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from piccobase.extending import (
    Actor,
    CollectionInfo,
    FieldInfo,
    ListQuery,
    RequestContext,
    Services,
    encode_json,
    list_records,
)

MOST_COUNTED = 100_000  # records of one collection
MOST_RECENT = 8  # records shown


@dataclass(frozen=True, slots=True)
class Holding:
    """A collection and how many records it has; None for more than are counted."""

    collection: CollectionInfo
    count: int | None


@dataclass(frozen=True, slots=True)
class Activity:
    """A record that was made or changed. `moment` is an instant as the wire has it."""

    collection: CollectionInfo
    record_id: str
    label: str
    verb: str
    moment: str


@dataclass(frozen=True, slots=True)
class Overview:
    """`unwatched` are the collections too large to look through for what is new: more records than `most_counted`."""

    holdings: Sequence[Holding]
    activities: Sequence[Activity]
    unwatched: Sequence[CollectionInfo]
    most_counted: int


async def look_over(services: Services, actor: Actor) -> Overview:
    """Counts, and finds what is new."""
    context = services.records.context(actor, "GET", {}, {})
    holdings, activities, unwatched = [], [], []
    for collection in ordered_collections(services):
        await asyncio.sleep(0)  # short reads of SQLite give nobody else a turn, and there may be many collections
        count = await _count(services, context, collection)
        holdings.append(Holding(collection, count))
        moment = _moment_field(collection)
        if moment is None or count == 0:
            continue
        if count is None and not moment.piccolo._meta.index:
            unwatched.append(collection)
        else:
            activities += await _newest(services, context, collection, moment)
    activities.sort(key=lambda activity: activity.moment, reverse=True)
    return Overview(holdings, activities[:MOST_RECENT], unwatched, MOST_COUNTED)


def ordered_collections(services: Services) -> list[CollectionInfo]:
    """As they were declared, the system's own last."""
    return sorted(services.registry.collections.values(), key=lambda collection: collection.system)


async def _count(services: Services, context: RequestContext, collection: CollectionInfo) -> int | None:
    # Whether there is one record beyond the limit is found by passing over so many; a count would go on to the end.
    beyond = ListQuery(page=MOST_COUNTED + 1, per_page=1, skip_total=True, fields="id")
    if (await list_records(services.records, context, collection, beyond)).items:
        return None
    counted = ListQuery(per_page=1, fields="id")
    return (await list_records(services.records, context, collection, counted)).total_items


async def _newest(
    services: Services, context: RequestContext, collection: CollectionInfo, moment: FieldInfo
) -> list[Activity]:
    label = _label_field(collection)
    made = next((field.name for field in collection.fields if field.auto == "create"), moment.name)
    asked = ListQuery(
        per_page=MOST_RECENT,
        skip_total=True,
        sort=f"-{moment.name}",
        fields=",".join({"id", moment.name, made, label.name if label else "id"}),
    )
    found = await list_records(services.records, context, collection, asked)
    records: list[dict[str, Any]] = json.loads(encode_json(found.items))
    return [
        Activity(
            collection=collection,
            record_id=record["id"],
            label=str(record[label.name] or "") if label else "",
            verb="created" if record[moment.name] == record[made] else "updated",
            moment=record[moment.name],
        )
        for record in records
    ]


def _moment_field(collection: CollectionInfo) -> FieldInfo | None:
    """The field that says when a record was last touched; None where no field does."""
    by_kind = {field.auto: field for field in collection.fields}
    return by_kind.get("update") or by_kind.get("create")


def _label_field(collection: CollectionInfo) -> FieldInfo | None:
    """The field by which people would know a record: its first text, or an account's address."""
    texts = [field for field in collection.fields if field.type in ("text", "email") and not field.hidden]
    return next((field for field in texts if not field.key and not field.system), None) or next(
        (field for field in texts if field.name == "email"), None
    )
