"""How a database would run a statement: its own words, the indexes it uses, the tables it reads from end to end."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from piccobase.db.engine import Database

_INDEX = re.compile(r"USING (?:COVERING )?INDEX (\S+)")
_SEARCH = re.compile(r"SEARCH (\S+) USING INTEGER PRIMARY KEY")
_SCAN = re.compile(r"SCAN (\S+)")
_CONDITIONS = ("Index Cond", "Hash Cond", "Join Filter", "Filter", "Sort Key")


@dataclass(slots=True)
class QueryPlan:
    """`lines` are the database's, indented by what is part of what. `scanned` are aliases of the statement."""

    lines: list[str] = field(default_factory=list)
    indexes: list[str] = field(default_factory=list)
    scanned: list[str] = field(default_factory=list)
    sorts: bool = False  # the rows found are sorted, since no index brings them in order


async def query_plan(db: Database, sql: str, args: Sequence[Any]) -> QueryPlan:
    """Asks the database how it would run a statement; nothing is run."""
    if db.dialect == "sqlite":
        return _of_sqlite(await db.rows(f"EXPLAIN QUERY PLAN {sql}", args))
    ((found,),) = await db.rows(f"EXPLAIN (FORMAT JSON) {sql}", args)
    plan = QueryPlan()
    _add_node((json.loads(found) if isinstance(found, str) else found)[0]["Plan"], 0, plan)
    return plan


def _of_sqlite(rows: Sequence[Sequence[Any]]) -> QueryPlan:
    plan = QueryPlan()
    depths = {0: -1}
    for number, parent, _, detail in rows:
        depths[number] = depths.get(parent, -1) + 1
        plan.lines.append("  " * depths[number] + detail)
        if index := _INDEX.search(detail):
            plan.indexes.append(index[1])
        elif key := _SEARCH.match(detail):
            plan.indexes.append(f"the rowid of {key[1]}")
        elif scan := _SCAN.match(detail):
            plan.scanned.append(scan[1])
        plan.sorts |= "TEMP B-TREE FOR ORDER BY" in detail
    return plan


def _add_node(node: dict[str, Any], depth: int, plan: QueryPlan) -> None:
    plan.lines.append("  " * depth + " ".join(_words(node)))
    if index := node.get("Index Name"):
        plan.indexes.append(index)
    # A scan of an index without a condition on it walks through all rows in the index's order.
    if node["Node Type"] == "Seq Scan" or (index and "Index Cond" not in node):
        plan.scanned.append(node["Alias"])
    plan.sorts |= node["Node Type"] in ("Sort", "Incremental Sort")
    for child in node.get("Plans", ()):
        _add_node(child, depth + 1, plan)


def _words(node: dict[str, Any]) -> Iterator[str]:
    yield node["Node Type"]
    if index := node.get("Index Name"):
        yield f"using {index}"
    if table := node.get("Relation Name"):
        yield f"on {table} {node['Alias']}"
    yield f"(about {node['Plan Rows']} rows)"
    for name in _CONDITIONS:
        if condition := node.get(name):
            yield f"{name}: {condition if isinstance(condition, str) else ', '.join(condition)}"
