"""How many records there are in all. What nobody has changed is not counted twice, and a total is exact all the same.

On SQLite the database tells at once whether anybody has changed a table that the count reads. On PostgreSQL the change
log tells it, for about the price of counting a thousand records; so only what took longer is remembered.
"""

from time import perf_counter
from typing import Any, NamedTuple

from piccobase.base.clock import steady_time
from piccobase.filters.bindings import Bindings
from piccobase.filters.fragments import Statement
from piccobase.records.planning import Plan
from piccobase.records.service import Records

_MOST = 2000
_WORTH_IT = 0.001  # seconds of a count, below which to count is as quick as to ask
_LONGEST = 600.0  # seconds until a total is counted anew all the same: somebody may have switched a trigger off

# All transactions below $1 were over when it was counted. Where the newest change of each collection is of one of
# those, nothing has been changed since. ('' stands for changes that are gone from the log.)
_UNCHANGED = """SELECT NOT EXISTS (
    SELECT 1 FROM unnest($2::text[]) AS "counted" ("id") CROSS JOIN LATERAL (
        SELECT "tx" FROM "_changes" WHERE "collection" = "counted"."id" ORDER BY "tx" DESC LIMIT 1
    ) AS "newest" WHERE "newest"."tx" >= $1::text::xid8
)"""


class _Counted(NamedTuple):
    """When a total was counted: transactions below `horizon` were over, and the time."""

    horizon: str
    moment: float


async def total_of(records: Records, plan: Plan, bindings: Bindings) -> int:
    """The total of a page that is asked for with one."""
    assert plan.total is not None
    args = plan.total.bind(bindings)
    if plan.remember_total:
        if records.db.dialect == "sqlite":
            return await _by_version(records, plan.total, args)
        # A transaction sees what it has not committed, and may never commit.
        if plan.counted and not records.db.transaction_exists():
            return await _by_snapshot(records, plan, plan.total, args)
    return int((await records.db.rows(plan.total.sql, args))[0][0])


async def _by_version(records: Records, count: Statement, args: list[Any]) -> int:
    version = records.db.version(count.sql, args)
    key = (count.sql, *args)
    if version is not None and (known := records.totals.get(key)) and known[0] == version:
        return known[1]
    total: int = (await records.db.rows(count.sql, args))[0][0]
    # Counted between two looks at the version: a commit in the meantime may or may not be in the count.
    if version is not None and records.db.version(count.sql, args) == version:
        _remember(records, key, version, total)
    return total


async def _by_snapshot(records: Records, plan: Plan, count: Statement, args: list[Any]) -> int:
    key = (count.sql, *map(_hashable, args))
    if known := records.totals.get(key):
        counted: _Counted = known[0]
        if counted.moment > steady_time() - _LONGEST:
            [[unchanged]] = await records.db.rows(_UNCHANGED, (counted.horizon, ["", *plan.counted]))
            if unchanged:
                return known[1]
    began = perf_counter()
    both = (
        f"SELECT ({count.sql}), pg_snapshot_xmin(pg_current_snapshot())::text"  # as one and the same statement sees it
    )
    [[total, horizon]] = await records.db.rows(both, args)
    if perf_counter() - began > _WORTH_IT:
        _remember(records, key, _Counted(horizon, steady_time()), total)
    else:
        records.totals.pop(key, None)
    return int(total)


def _hashable(value: Any) -> Any:
    """PostgreSQL takes lists as they are."""
    return tuple(map(_hashable, value)) if isinstance(value, list) else value


def _remember(records: Records, key: Any, when: Any, total: int) -> None:
    if len(records.totals) >= _MOST:
        records.totals.pop(next(iter(records.totals)), None)
    records.totals[key] = (when, total)
