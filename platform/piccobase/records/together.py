"""Several writes in one transaction: all are kept, or none."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any, Generic, TypeVar

from piccobase.base.errors import BadRequest, RequestError, Unavailable, Unexpected
from piccobase.db.retrying import retrying
from piccobase.filters.fragments import quoted
from piccobase.records.rehearsing import RehearsedHasher
from piccobase.records.rehearsing_hooks import RehearsedHooks
from piccobase.records.service import Records
from piccobase.records.writing import LOCKS, Lock
from piccobase.schema.collections import CollectionInfo

Result = TypeVar("Result")
_RUNS = 5  # one, one more with passwords, and a few for stored passwords that others change meanwhile


class TooSlow(BadRequest):
    """Writes that share a transaction took longer than they may, and nothing of them was kept."""

    code = "batch.too_slow"

    def __init__(self) -> None:
        super().__init__("Batch transaction failed.")


class _Undone(Exception, Generic[Result]):
    """Rolls a transaction back that has done all it should."""

    def __init__(self, result: Result) -> None:
        self.result = result


async def run_together(
    records: Records,
    steps: Callable[[Records], Awaitable[Result]],
    *,
    seconds: float | None = None,
    keep: bool = True,
    at_end: Callable[[Result], Awaitable[None]] | None = None,
) -> Result:
    """What `steps` returns, which write with the Records they are given, in one transaction.

    They may run more than once, before anything is kept. `seconds` is all that they may take; None: no limit. Without
    `keep` everything is done, and undone again. `at_end` is the last in the transaction, and only before it is kept.
    Raises TooSlow, and what `steps` raise.
    """
    hasher, hooks = RehearsedHasher(records.hasher), RehearsedHooks(records)
    inside = replace(records, hasher=hasher, hooks=hooks, in_batch=True, dry_run=not keep, totals={})

    async def run() -> Result:
        hasher.begin()
        hooks.begin()
        try:
            async with asyncio.timeout(seconds) as limit, records.db.transaction():
                result = await steps(inside)
                if not keep or hasher.missing or hooks.missing:
                    raise _Undone(result)
                if at_end is not None:
                    await at_end(result)
                limit.reschedule(None)  # from here on it is kept
        except TimeoutError as error:
            raise TooSlow from error
        return result

    async def attempts() -> Result:
        for _ in range(_RUNS):
            try:
                return await retrying(records.db, run)
            except _Undone as undone:
                if not hasher.missing and not hooks.missing:
                    found: Result = undone.result
                    return found
            except RequestError as error:
                if isinstance(error, Unexpected) or not hasher.guessed:
                    raise
            await hasher.catch_up()
            await hooks.catch_up()
        raise Unavailable

    try:
        result = await attempts()
    except BaseException as error:
        await hooks.fail(error)
        raise
    await hooks.finish()
    return result


async def lock_rows(records: Records, collection: CollectionInfo, keys: Sequence[Any], lock: Lock) -> None:
    """Locks these rows in an order that is the same for all: so no two wait for each other.

    Only PostgreSQL has anything to lock; on SQLite one writes at a time.
    """
    if records.db.dialect == "postgres":
        key = quoted(collection.key.column)
        sql = f"SELECT 1 FROM {collection.source} WHERE {key} = ANY($1) ORDER BY {key} {LOCKS[lock]}"
        await records.db.rows(sql, [list(keys)])
