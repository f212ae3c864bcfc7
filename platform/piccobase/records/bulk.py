"""Change or delete all records that a filter finds: each by its own verb, all of them or none."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import msgspec

from piccobase.base.errors import BadRequest, RequestError, Unexpected
from piccobase.base.json import encode_json
from piccobase.base.turns import Turns
from piccobase.records.asking import ListQuery
from piccobase.records.deleting import delete_record
from piccobase.records.listing import list_records
from piccobase.records.service import Records
from piccobase.records.together import lock_rows
from piccobase.records.updating import update_record
from piccobase.rules.context import RequestContext
from piccobase.schema.collections import CollectionInfo

MOST = 1000  # records of one bulk write
_METHODS: Mapping[str, str] = {"update": "PATCH", "delete": "DELETE"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bulk:
    """What is to be done, and to which records. `limit` is from 1 to `MOST`; `body` are the changes of an update.

    Where more records match than `limit`, the whole is refused, unless `partial` says that so many are to be done now.
    """

    action: Literal["update", "delete"]
    filter: str
    limit: int
    body: Mapping[str, Any] = field(default_factory=dict)
    partial: bool = False


@dataclass(frozen=True, slots=True)
class BulkDone:
    """How many records the filter has found, and the ids of those that were changed or deleted, in their order."""

    matched: int
    ids: list[str]


class TooManyMatch(BadRequest):
    """The filter of a bulk write finds more records than its limit, and nothing was done."""

    code = "bulk.too_many"

    def __init__(self, matched: int, limit: int) -> None:
        super().__init__(
            f"The filter finds {matched} records, and the limit is {limit}. Narrow the filter, raise the limit (to "
            f"{MOST} at most), or send partial: true to do {limit} of them now."
        )


class BulkFailed(BadRequest):
    """A record of a bulk write was refused, and nothing was done."""

    code = "bulk.failed"

    def __init__(self, record_id: str, error: RequestError) -> None:
        self.record_id, self.error = record_id, error
        failed = {"code": "bulk_record_failed", "message": "The record was refused.", "response": error.wire()}
        super().__init__("Bulk write failed.", {"records": {record_id: failed}})


class _Found(msgspec.Struct):
    id: str


async def matching(records: Records, context: RequestContext, collection: CollectionInfo, bulk: Bulk) -> BulkDone:
    """What the filter finds among the records that whoever asks may list, at most `bulk.limit` of them.

    Raises TooManyMatch, and what a list raises.
    """
    asked = ListQuery(per_page=bulk.limit, filter=bulk.filter, sort="id", fields="id")
    page = await list_records(records, replace(context, method="GET"), collection, asked)
    if page.total_items > bulk.limit and not bulk.partial:
        raise TooManyMatch(page.total_items, bulk.limit)
    found = msgspec.json.decode(encode_json(page.items), type=list[_Found])
    return BulkDone(page.total_items, [one.id for one in found])


async def run_bulk(records: Records, context: RequestContext, collection: CollectionInfo, bulk: Bulk) -> BulkDone:
    """Does it, inside a transaction (`run_together`). Each record is held to what it would be held to alone.

    Raises TooManyMatch, BulkFailed, and what a list raises.
    """
    if collection.kind == "view":
        raise BadRequest("Unsupported collection type.")
    records.planner.refuse_locked(collection, context, bulk.action)
    done = await _locked(records, context, collection, bulk)
    context = replace(context, method=_METHODS[bulk.action])
    turns = Turns()
    for record_id in done.ids:
        try:
            if bulk.action == "update":
                await update_record(records, context, collection, record_id, bulk.body, fields="id")
            else:
                await delete_record(records, context, collection, record_id)
        except Unexpected:
            raise
        except RequestError as error:
            raise BulkFailed(record_id, error) from error
        await turns.pass_on()
    return done


async def _locked(records: Records, context: RequestContext, collection: CollectionInfo, bulk: Bulk) -> BulkDone:
    """What the filter finds, and goes on to find as long as the transaction lasts."""
    found = await matching(records, context, collection, bulk)
    if records.db.dialect == "sqlite":
        return found
    keys = [records.planner.key_value(collection, record_id) for record_id in found.ids]
    await lock_rows(records, collection, keys, bulk.action)
    still = set((await matching(records, context, collection, bulk)).ids)
    return BulkDone(found.matched, [record_id for record_id in found.ids if record_id in still])
