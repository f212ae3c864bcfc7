"""Many writes in one transaction: all of them, or none (protocol.md §4)."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from piccobase.base.errors import BadRequest, InvalidRecord, RequestError, Unexpected
from piccobase.base.turns import Turns
from piccobase.records.creating import create_record
from piccobase.records.deleting import delete_record
from piccobase.records.events import BatchedWrite, RunningBatch
from piccobase.records.service import Records
from piccobase.records.together import lock_rows, run_together
from piccobase.records.updating import update_record
from piccobase.records.versions import Expected
from piccobase.records.writing import load_row
from piccobase.rules.context import RequestContext
from piccobase.schema.collections import CollectionInfo

Action = Literal["create", "update", "upsert", "delete"]
_METHODS: Mapping[str, str] = {"create": "POST", "update": "PATCH", "delete": "DELETE"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """One write of a batch. `context` has its query, in which `fields` and `expand` count; the method is set here.

    A record that is changed or deleted must be of the version in `only_if`, if there is one. With a `refusal` there is
    nothing to be done but to fail with it, when it is the write's turn.
    """

    action: Action
    collection: CollectionInfo | None = None
    context: RequestContext = field(default_factory=RequestContext)
    record_id: str = ""
    body: Mapping[str, Any] = field(default_factory=dict)
    only_if: Expected | None = None
    refusal: RequestError | None = None


class BatchFailed(BadRequest):
    """A write of a batch was refused, and nothing of the batch was kept. `place` counts from 0."""

    code = "batch.failed"

    def __init__(self, place: int, error: RequestError) -> None:
        self.place, self.error = place, error
        failed = {"code": "batch_request_failed", "message": "Batch request failed.", "response": error.wire()}
        super().__init__("Batch transaction failed.", {"requests": {str(place): failed}})


async def run_batch(
    records: Records,
    writes: Sequence[Write],
    *,
    seconds: float | None = None,
    keep: bool = True,
    at_end: Callable[[list[Any]], Awaitable[None]] | None = None,
    context: RequestContext | None = None,
) -> list[Any]:
    """Runs the writes in order, each as it would run alone, and returns the record of each; None for what is deleted.

    Each sees what those before it have written. With the `context` of a request it is a batch of a client's, and hooks
    are around the whole. For the rest see `run_together`. Raises BatchFailed, TooSlow.
    """

    async def steps(inside: Records) -> list[Any]:
        answers: list[Any] = []
        turns = Turns()
        await _lock(inside, writes)
        for place, write in enumerate(writes):
            try:
                answers.append(await _write(inside, write))
            except Unexpected:
                raise
            except RequestError as error:
                raise BatchFailed(place, error) from error
            await turns.pass_on()
        return answers

    async def run() -> list[Any]:
        return await run_together(records, steps, seconds=seconds, keep=keep, at_end=at_end)

    if context is None or (around := records.hooks.around(RunningBatch)) is None:
        return await run()
    event = RunningBatch(
        context=context,
        service=records.acting,
        writes=[BatchedWrite(action=one.action, collection=one.collection, record_id=one.record_id) for one in writes],
        dry_run=not keep,
    )
    answers: list[Any] = await around.run(event, run)
    return answers


async def _lock(records: Records, writes: Sequence[Write]) -> None:
    """Locks what the writes change, before the first of them."""
    keys: dict[str, list[Any]] = {}
    deleting: set[str] = set()
    for write in writes if records.db.dialect == "postgres" else ():
        record_id = upserted_id(write) if write.action == "upsert" else write.record_id
        if write.collection is None or write.collection.kind == "view" or not record_id:
            continue
        key = records.planner.key_value(write.collection, record_id)
        if key is not None:
            keys.setdefault(write.collection.name, []).append(key)
        if write.action == "delete":
            deleting.add(write.collection.name)
    if sum(map(len, keys.values())) > 1:
        for name in sorted(keys):
            collection = records.registry.collections[name]
            await lock_rows(records, collection, keys[name], "delete" if name in deleting else "update")


async def _write(records: Records, write: Write) -> Any:
    if write.refusal is not None:
        raise write.refusal
    assert write.collection is not None
    match write.action:
        case "create":
            return await _create(records, write, write.collection)
        case "update":
            return await _update(records, write, write.collection, write.record_id)
        case "upsert":
            return await _upsert(records, write, write.collection)
    context = replace(write.context, method=_METHODS["delete"])
    await delete_record(records, context, write.collection, write.record_id, write.only_if)
    return None


async def _create(records: Records, write: Write, collection: CollectionInfo) -> Any:
    context = replace(write.context, method=_METHODS["create"])
    fields, expand = context.query.get("fields", ""), context.query.get("expand", "")
    return await create_record(records, context, collection, write.body, fields, expand)


async def _update(records: Records, write: Write, collection: CollectionInfo, record_id: str) -> Any:
    context = replace(write.context, method=_METHODS["update"])
    fields, expand = context.query.get("fields", ""), context.query.get("expand", "")
    return await update_record(records, context, collection, record_id, write.body, fields, expand, write.only_if)


async def _upsert(records: Records, write: Write, collection: CollectionInfo) -> Any:
    """An update where the body's id names a record, else a create."""
    record_id = upserted_id(write)
    if record_id and await record_exists(records, collection, record_id):
        return await _update(records, write, collection, record_id)
    try:
        async with records.db.transaction():
            return await _create(records, write, collection)
    except InvalidRecord as error:
        # Somebody else was faster (PostgreSQL waits for them at the unique index): then it is there by now.
        taken = record_id and getattr(error.data.get("id"), "code", "") == "validation_not_unique"
        if not taken or not await record_exists(records, collection, record_id):
            raise
    return await _update(records, write, collection, record_id)


def upserted_id(write: Write) -> str:
    """The id that an upsert's body names, "" for none."""
    given = write.body.get("id")
    return "" if given is None else str(given)


async def record_exists(records: Records, collection: CollectionInfo, record_id: str) -> bool:
    """Whether there is such a record, whoever may see it."""
    key = records.planner.key_value(collection, record_id) if collection.kind != "view" else None
    return key is not None and await load_row(records, collection, key) is not None
