"""List records, a page at a time."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from piccobase.filters.parser import CLIENT_LIMITS
from piccobase.filters.shape import shape_of
from piccobase.records.asking import ListQuery
from piccobase.records.enriching import enriched, is_enriched
from piccobase.records.events import ListingRecords
from piccobase.records.expanding import expansion_of
from piccobase.records.picking import parse_fields, pick
from piccobase.records.plain import plain, to_wire
from piccobase.records.service import Records
from piccobase.records.totals import total_of
from piccobase.records.viewing import asked_of
from piccobase.rules.context import RequestContext
from piccobase.schema.collections import CollectionInfo


@dataclass(frozen=True, slots=True)
class Page:
    """One page of records; totals are -1 where they were not asked for (protocol.md §1.7)."""

    items: list[Any]
    page: int
    per_page: int
    total_items: int
    total_pages: int

    def to_dict(self) -> dict[str, Any]:
        """As the API answers it: `perPage`, `totalItems`, `totalPages`."""
        return {
            "items": self.items,
            "page": self.page,
            "perPage": self.per_page,
            "totalItems": self.total_items,
            "totalPages": self.total_pages,
        }


async def list_records(
    records: Records,
    context: RequestContext,
    collection: CollectionInfo,
    asked: ListQuery,
    body: Mapping[str, Any] = MappingProxyType({}),
) -> Page:
    """The records that the list rule and the filter let through; both see `body`, which a GET may have as well.

    Raises Forbidden, InvalidQuery.
    """
    if (around := records.hooks.around(ListingRecords, collection.name)) is None:
        return await _list(records, context, collection, asked, body)
    records.planner.refuse_locked(collection, context, "list")
    event = ListingRecords(collection=collection, context=context, service=records.acting, query=asked)

    async def step() -> Page:
        found = await _list(records, context, collection, event.query, body)
        return replace(found, items=plain(found.items))

    page: Page = await around.run(event, step)
    return replace(page, items=to_wire(page.items))


async def _list(
    records: Records, context: RequestContext, collection: CollectionInfo, asked: ListQuery, body: Mapping[str, Any]
) -> Page:
    wanted = parse_fields(asked.fields)
    shape = shape_of(asked.filter, limits=CLIENT_LIMITS) if asked.filter else None
    expansion = expansion_of(records, context, collection, asked.expand, wanted, body) if asked.expand else None
    enriching = is_enriched(records, collection)
    names = wanted.plain_names if wanted and not enriching else None  # a hook may look at what is not asked for
    plan = records.planner.page(
        collection,
        context,
        asked,
        shape,
        names,
        expansion.beside if expansion else (),
    )
    bindings = asked_of(
        context,
        literals=shape.literals if shape else (),
        limit=asked.per_page,
        offset=(asked.page - 1) * asked.per_page,
        body=body,
    )
    rows = await records.db.rows(plan.statement.sql, plan.statement.bind(bindings))
    total = -1
    if not asked.skip_total:
        total = await total_of(records, plan, bindings)
    items = await expansion.records(plan, rows) if expansion else plan.records(rows)
    if enriching:
        items = await enriched(records, context, collection, items)
        if wanted and wanted.plain_names is not None:
            items = pick(items, wanted)
    return Page(
        items=items,
        page=asked.page,
        per_page=asked.per_page,
        total_items=total,
        total_pages=total if total < 0 else -(-total // asked.per_page),
    )
