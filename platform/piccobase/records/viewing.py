"""View one record."""

from collections.abc import Sequence
from typing import Any

from piccobase.base.errors import NotFound
from piccobase.filters.bindings import Bindings
from piccobase.records.picking import parse_fields
from piccobase.records.planning import Asked, Plan
from piccobase.records.service import Records
from piccobase.rules.context import RequestContext
from piccobase.schema.collections import CollectionInfo


async def view_record(
    records: Records, context: RequestContext, collection: CollectionInfo, record_id: str, fields: str = ""
) -> Any:
    """The record as the caller may see it. Raises NotFound where the view rule hides it, Forbidden where it is None."""
    wanted = parse_fields(fields)
    plan = records.planner.view(collection, context, wanted.plain_names if wanted else None)
    return await run_single(records, plan, context, collection, record_id)


async def see_record(
    records: Records, context: RequestContext, collection: CollectionInfo, record_id: str, fields: str = ""
) -> Any:
    """A record through the caller's eyes but past the view rule: what its writer gets back."""
    wanted = parse_fields(fields)
    plan = records.planner.seen(collection, context, wanted.plain_names if wanted else None)
    return await run_single(records, plan, context, collection, record_id)


async def see_stored(
    records: Records, context: RequestContext, collection: CollectionInfo, row: Sequence[Any], fields: str = ""
) -> Any:
    """What `see_record` gives, out of the row that a write has just returned: without asking the database again.

    Only whether an address may be seen is not in the row.
    """
    wanted = parse_fields(fields)
    names = wanted.plain_names if wanted else None
    if collection.kind == "auth" and not context.actor.superuser:
        key = row[collection.fields.index(collection.key)]
        plan = records.planner.seen(collection, context, names)
        return await _run(records, plan, asked_of(context, key=key))
    shape = records.planner.shape(collection, context, names)
    return shape.records([shape.from_stored(row)])[0]


async def run_single(
    records: Records, plan: Plan, context: RequestContext, collection: CollectionInfo, record_id: str
) -> Any:
    """Runs a plan for one record by key."""
    key = records.planner.key_value(collection, record_id)
    if key is None:
        raise NotFound
    return await _run(records, plan, asked_of(context, key=key))


async def _run(records: Records, plan: Plan, asked: Bindings) -> Any:
    rows = await records.db.rows(plan.statement.sql, plan.statement.bind(asked))
    if not rows:
        raise NotFound
    return plan.records(rows)[0]


def asked_of(
    context: RequestContext, *, key: Any = None, literals: Any = (), limit: int = 0, offset: int = 0
) -> Bindings:
    """What the slots of a read are filled from."""
    return Asked(
        literals=literals,
        actor=context.actor,
        query=context.query,
        headers=context.headers,
        method=context.method,
        context=context.context,
        key=key,
        limit=limit,
        offset=offset,
    )
