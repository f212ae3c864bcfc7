"""List records, a page at a time."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from piccobase.filters.parser import CLIENT_LIMITS
from piccobase.filters.shape import shape_of
from piccobase.records.asking import ListQuery
from piccobase.records.expanding import expansion_of
from piccobase.records.picking import parse_fields
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
    wanted = parse_fields(asked.fields)
    shape = shape_of(asked.filter, limits=CLIENT_LIMITS) if asked.filter else None
    expansion = expansion_of(records, context, collection, asked.expand, wanted, body) if asked.expand else None
    plan = records.planner.page(
        collection,
        context,
        asked,
        shape,
        wanted.plain_names if wanted else None,
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
    return Page(
        items=await expansion.records(plan, rows) if expansion else plan.records(rows),
        page=asked.page,
        per_page=asked.per_page,
        total_items=total,
        total_pages=total if total < 0 else -(-total // asked.per_page),
    )
