"""Explain a list request: which conditions it stands for, the statement they become, how the database runs it, and
what would make it faster."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from piccobase.db.query_plan import QueryPlan, query_plan
from piccobase.filters import tree
from piccobase.filters.parser import CLIENT_LIMITS, parse
from piccobase.filters.printing import tree_lines
from piccobase.filters.shape import shape_of
from piccobase.filters.sorting import parse_sort
from piccobase.records.asking import ListQuery
from piccobase.records.picking import parse_fields
from piccobase.records.planning import ROW
from piccobase.records.service import Records
from piccobase.records.viewing import asked_of
from piccobase.rules.book import OPEN
from piccobase.rules.context import RequestContext
from piccobase.schema.collections import CollectionInfo
from piccobase.schema.fields import FieldInfo

_NO_INDEX = (
    "A search inside texts (~), a condition with || or one that goes through a relation looks at each record. "
    "Add a condition with = or a range on a field that has an index."
)
MANY = 1000  # records; reading fewer from end to end costs less than a millisecond


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """`rule` and `filter` are lines of a tree, empty where nothing is asked. `milliseconds` is one run, measured."""

    rule: list[str]
    filter: list[str]
    sql: str
    parameters: list[Any]
    plan: QueryPlan
    found: int  # records of the page
    milliseconds: float
    advice: list[str]


async def explain_list(
    records: Records, context: RequestContext, collection: CollectionInfo, asked: ListQuery
) -> Explanation:
    """Plans the request as whoever asks, and runs it once. Raises what the request itself would: Forbidden,
    InvalidQuery."""
    wanted = parse_fields(asked.fields)
    shape = shape_of(asked.filter, limits=CLIENT_LIMITS) if asked.filter else None
    plan = records.planner.page(collection, context, asked, shape, wanted.plain_names if wanted else None)
    bindings = asked_of(
        context,
        literals=shape.literals if shape else (),
        limit=asked.per_page,
        offset=(asked.page - 1) * asked.per_page,
    )
    parameters = plan.statement.bind(bindings)
    started = time.perf_counter()
    rows = await records.db.rows(plan.statement.sql, parameters)
    took = time.perf_counter() - started
    rule = None if context.actor.superuser else records.book.rule(collection, "list")
    parts = [part for part in (rule if rule != OPEN else None, _parsed(asked.filter)) if part is not None]
    how = await query_plan(records.db, plan.statement.sql, parameters)
    return Explanation(
        rule=tree_lines(rule) if isinstance(rule, tree.Filter) else [],
        filter=tree_lines(parse(asked.filter, limits=CLIENT_LIMITS)) if asked.filter else [],
        sql=plan.statement.sql,
        parameters=parameters,
        plan=how,
        found=len(rows),
        milliseconds=1000 * took,
        advice=await _advice(records, collection, asked, [part.root for part in parts], how),
    )


def _parsed(text: str) -> tree.Filter | None:
    return parse(text, limits=CLIENT_LIMITS) if text else None


async def _advice(
    records: Records, collection: CollectionInfo, asked: ListQuery, conditions: Sequence[tree.Node], how: QueryPlan
) -> list[str]:
    """What to do about a large collection that is read from end to end."""
    if ROW not in how.scanned:
        return []
    if not conditions and not (asked.sort and how.sorts):
        return []  # it ends as soon as the page is full
    ((count,),) = await records.db.rows(f"SELECT COUNT(*) FROM {collection.source}")
    if count < MANY:
        return []
    scan = f"All {count} records of {collection.name} are read from end to end"
    if fields := _worth_an_index(collection, asked, conditions):
        first = fields[0]
        column = f"{first.attribute} = {type(first.piccolo).__name__}(…, index=True)"
        return [f"{scan}. An index on {first.name} would help: declare it as {column}."]
    return [f"{scan}, and no index of one field helps. {_NO_INDEX}"]


def _worth_an_index(collection: CollectionInfo, asked: ListQuery, conditions: Sequence[tree.Node]) -> list[FieldInfo]:
    """Fields without an index that would narrow the search: those of equations first, then of ranges, then the sort."""
    compared = [part for condition in conditions for part in _required(condition)]
    names = [name for signs in (("=",), ("<", "<=", ">", ">=")) for name in _own_names(compared, signs)]
    if not conditions or not names:
        names += [item.name.path[0] for item in parse_sort(asked.sort)[:1] if len(item.name.path) == 1]
    fields = [collection.by_name[name] for name in names if name in collection.by_name]
    return [field for field in fields if not _has_index(field) and field.family not in ("json", "geo", "list", "array")]


def _required(node: tree.Node) -> Iterator[tree.Comparison]:
    """The comparisons that must hold whatever else does."""
    match node:
        case tree.All(parts):
            for part in parts:
                yield from _required(part)
        case tree.Comparison():
            yield node


def _own_names(compared: Sequence[tree.Comparison], operators: Sequence[str]) -> Iterator[str]:
    for comparison in compared:
        for side, other in ((comparison.left, comparison.right), (comparison.right, comparison.left)):
            own = isinstance(side, tree.Name) and len(side.path) == 1 and not side.modifier
            if own and comparison.operator in operators and not _is_field(other):
                assert isinstance(side, tree.Name)
                yield side.path[0]


def _is_field(operand: tree.Operand) -> bool:
    return isinstance(operand, tree.Name) and not operand.path[0].startswith("@")


def _has_index(field: FieldInfo) -> bool:
    return field.key or field.unique or field.piccolo._meta.index
