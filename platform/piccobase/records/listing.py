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
from piccobase.records.planning import Plan
from piccobase.records.service import Records
from piccobase.records.viewing import asked_of
from piccobase.rules.context import RequestContext
from piccobase.schema.collections import CollectionInfo

_MOST_TOTALS = 2000


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
        total = await _total(records, plan, bindings)
    return Page(
        items=await expansion.records(plan, rows) if expansion else plan.records(rows),
        page=asked.page,
        per_page=asked.per_page,
        total_items=total,
        total_pages=total if total < 0 else -(-total // asked.per_page),
    )


async def _total(records: Records, plan: Plan, bindings: Any) -> int:
    """How many records there are in all. What nobody has changed is not counted twice, and a total is exact all the
    same, also when another process writes: the version changes with any commit of one."""
    assert plan.total is not None
    args = plan.total.bind(bindings)
    version = records.db.version(plan.total.sql, args) if plan.remember_total else None
    if version is None:
        return int((await records.db.rows(plan.total.sql, args))[0][0])
    key = (plan.total.sql, *args)
    if (known := records.totals.get(key)) and known[0] == version:
        return known[1]
    total: int = (await records.db.rows(plan.total.sql, args))[0][0]
    # Counted between two looks at the version: a commit in the meantime may or may not be in the count.
    if records.db.version(plan.total.sql, args) == version:
        if len(records.totals) >= _MOST_TOTALS:
            records.totals.pop(next(iter(records.totals)), None)
        records.totals[key] = (version, total)
    return total
