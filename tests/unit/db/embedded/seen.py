"""Statements that take long, and what can be seen of an engine from outside."""

import asyncio
import os
import threading
from collections.abc import Callable
from contextlib import suppress

from piccobase.db.embedded import EmbeddedEngine

ENDLESS = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c"
SLOW = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 1000000) SELECT count(*) FROM c"
SLOW_WRITE = f"INSERT INTO note (text) {SLOW.replace('count(*)', 'x').replace('1000000', '300000')}"
ENDLESS_WRITE = f"INSERT INTO note (text) {ENDLESS.replace('count(*)', 'x')}"


async def count(db: EmbeddedEngine) -> int:
    return int((await db.rows("SELECT count(*) FROM note"))[0][0])


async def interrupted(db: EmbeddedEngine, sql: str) -> None:
    """Cancels the statement while the writer's thread is at it, in the transaction that is open."""
    transaction = db.current()
    assert transaction is not None
    running = asyncio.create_task(db.rows(sql))
    await until(lambda: transaction.rows_now("SELECT 1") is None)
    await asyncio.sleep(0.01)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


_others: set[threading.Thread] = set()


def forget_threads_of_others() -> None:
    """Threads that run already, of engines that other tests of this process keep open, are not counted from now on."""
    _others.clear()
    _others.update(threading.enumerate())


def our_threads() -> set[str]:
    """The names of the threads that engines have started since."""
    ours = set(threading.enumerate()) - _others
    return {thread.name for thread in ours if thread.name.startswith("piccobase-")}


def open_files(name: str) -> int:
    """How many times this process has files open whose names have `name` in them; 0 where the system does not tell."""
    try:
        paths = [f"/proc/self/fd/{number}" for number in os.listdir("/proc/self/fd")]
    except FileNotFoundError:
        return 0
    return sum(name in os.readlink(path) for path in paths if os.path.islink(path))


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while True:
            if condition():
                return
            await asyncio.sleep(0.001)
