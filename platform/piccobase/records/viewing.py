"""View one record."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from piccobase.base.errors import NotFound
from piccobase.filters.bindings import Bindings
from piccobase.records.enriching import enriched, is_enriched
from piccobase.records.events import ViewingRecord
from piccobase.records.expanding import ExpandTooLarge, Expansion, expansion_of
from piccobase.records.picking import Pick, parse_fields, pick
from piccobase.records.plain import plain, to_wire
from piccobase.records.planning import Asked, Plan
from piccobase.records.service import Records
from piccobase.rules.context import RequestContext
from piccobase.schema.collections import CollectionInfo


async def view_record(
    records: Records,
    context: RequestContext,
    collection: CollectionInfo,
    record_id: str,
    fields: str = "",
    expand: str = "",
    body: Mapping[str, Any] = MappingProxyType({}),
) -> Any:
    """The record as the caller may see it; rules see `body`, which a GET may have as well.

    Raises NotFound where the view rule hides it, Forbidden where it is None, InvalidQuery where an expand is too large.
    """
    if collection.name not in records.hooks.hooked:
        return await _view(records, context, collection, record_id, fields, expand, body)
    if (around := records.hooks.around(ViewingRecord, collection.name)) is None:
        return await _view(records, context, collection, record_id, fields, expand, body)
    records.planner.refuse_locked(collection, context, "view")
    event = ViewingRecord(collection=collection, context=context, service=records.acting, record_id=record_id)

    async def step() -> Any:
        return plain(await _view(records, context, collection, event.record_id, fields, expand, body))

    return to_wire(await around.run(event, step))


async def _view(
    records: Records,
    context: RequestContext,
    collection: CollectionInfo,
    record_id: str,
    fields: str,
    expand: str,
    body: Mapping[str, Any],
) -> Any:
    wanted = parse_fields(fields)
    enriching = is_enriched(records, collection)
    names = wanted.plain_names if wanted and not enriching else None
    expansion = expansion_of(records, context, collection, expand, wanted, body) if expand else None
    plan = records.planner.view(collection, context, names, expansion.beside if expansion else ())
    key = records.planner.key_value(collection, record_id)
    if key is None:
        raise NotFound
    found = await _run(records, plan, asked_of(context, key=key, body=body), expansion)
    return await _enriched(records, context, collection, found, wanted) if enriching else found


async def _enriched(
    records: Records, context: RequestContext, collection: CollectionInfo, found: Any, wanted: Pick | None
) -> Any:
    """The record as hooks have left it, with the fields that are wanted: they may look at others, so all are there."""
    [record] = await enriched(records, context, collection, [found])
    return pick(record, wanted) if wanted and wanted.plain_names is not None else record


async def see_record(
    records: Records, context: RequestContext, collection: CollectionInfo, record_id: str, *, expand: str = ""
) -> Any:
    """A record through the caller's eyes but past the view rule: whoever has just signed in gets it back.

    An expand that is too large is left out. Raises NotFound.
    """
    key = records.planner.key_value(collection, record_id)
    if key is None:
        raise NotFound
    return await _see(records, context, collection, key, None, expand, {})


async def see_stored(
    records: Records,
    context: RequestContext,
    collection: CollectionInfo,
    row: Sequence[Any],
    *,
    fields: str = "",
    expand: str = "",
    body: Mapping[str, Any] = MappingProxyType({}),
) -> Any:
    """What `see_record` gives, out of the row that a write has just returned: without asking the database again.

    Only whether an address may be seen, and what is expanded, is not in the row. `body` is what rules see of it.
    """
    wanted = parse_fields(fields)
    if expand or (collection.kind == "auth" and not context.actor.superuser):
        key = row[collection.fields.index(collection.key)]
        return await _see(records, context, collection, key, wanted, expand, body)
    enriching = is_enriched(records, collection)
    shape = records.planner.shape(collection, context, wanted.plain_names if wanted and not enriching else None)
    found = shape.record_of(row)
    return await _enriched(records, context, collection, found, wanted) if enriching else found


async def _see(
    records: Records,
    context: RequestContext,
    collection: CollectionInfo,
    key: Any,
    wanted: Pick | None,
    expand: str,
    body: Mapping[str, Any],
) -> Any:
    expansion = expansion_of(records, context, collection, expand, wanted, body) if expand else None
    enriching = is_enriched(records, collection)
    names = wanted.plain_names if wanted and not enriching else None
    plan = records.planner.seen(collection, context, names, expansion.beside if expansion else ())
    try:
        found = await _run(records, plan, asked_of(context, key=key), expansion)
    except ExpandTooLarge:
        # It was written already, or somebody is signed in by now: an error would say that nothing happened.
        found = await _run(records, plan, asked_of(context, key=key))
    return await _enriched(records, context, collection, found, wanted) if enriching else found


async def _run(records: Records, plan: Plan, asked: Bindings, expansion: Expansion | None = None) -> Any:
    rows = await records.db.rows(plan.statement.sql, plan.statement.bind(asked))
    if not rows:
        raise NotFound
    return (await expansion.records(plan, rows) if expansion else plan.records(rows))[0]


def asked_of(
    context: RequestContext,
    *,
    key: Any = None,
    literals: Any = (),
    limit: int = 0,
    offset: int = 0,
    body: Mapping[str, Any] = MappingProxyType({}),
) -> Bindings:
    """What the slots of a read are filled from."""
    return Asked(
        literals=literals,
        actor=context.actor,
        body=body,
        query=context.query,
        headers=context.headers,
        method=context.method,
        context=context.context,
        key=key,
        limit=limit,
        offset=offset,
    )
