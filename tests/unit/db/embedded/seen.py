"""Statements that take long or are written often, and what can be seen of an engine from outside."""

import asyncio
import os
import random
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from piccobase.db.embedded import EmbeddedEngine
from piccobase.db.embedded_transaction import EmbeddedTransaction
from piccobase.db.errors import GroupUndone

Block = Callable[[], Awaitable[Any]]  # what is done within a transaction

ADD = "INSERT INTO note (n) VALUES (?)"
REPLIES = "CREATE TABLE reply (note INTEGER REFERENCES note (id) DEFERRABLE INITIALLY DEFERRED)"
ENDLESS = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c"
SLOW = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 1000000) SELECT count(*) FROM c"
SLOW_WRITE = f"INSERT INTO note (text) {SLOW.replace('count(*)', 'x').replace('1000000', '300000')}"
ENDLESS_WRITE = f"INSERT INTO note (text) {ENDLESS.replace('count(*)', 'x')}"


async def count(db: EmbeddedEngine) -> int:
    return int((await db.rows("SELECT count(*) FROM note"))[0][0])


async def numbers(db: EmbeddedEngine) -> list[int]:
    return [n for (n,) in await db.rows("SELECT n FROM note ORDER BY id")]


def adding(db: EmbeddedEngine, n: int) -> Block:
    return lambda: db.rows(ADD, (n,))


async def brief(db: EmbeddedEngine, block: Block) -> Any:
    async with db.brief_transaction():
        return await block()


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


async def check_kept_as_told(
    db: EmbeddedEngine, chance: random.Random, begin: Callable[[], EmbeddedTransaction]
) -> None:
    """Of 150 transactions that come together and end in every way, each is there if and only if it was told so."""
    told: dict[int, str] = {}
    kept: set[int] = set()

    async def work(n: int) -> None:
        await asyncio.sleep(chance.choice([0, 0, 0.001, 0.005]))
        async with begin() as tx:
            tx.on_commit(lambda: told.__setitem__(n, "kept"))
            tx.on_rollback(lambda: told.__setitem__(n, "undone"))
            await db.rows(ADD, (n,))
            match chance.randrange(10):
                case 0:
                    raise KeyError
                case 1:
                    await asyncio.sleep(0.001)
                case 2:
                    await db.rows("UPDATE note SET text = text || 'x'")  # in the thread
                case 3:
                    with suppress(KeyError):
                        async with db.transaction():
                            await db.rows(ADD, (-1,))
                            raise KeyError
                case 4:
                    await asyncio.sleep(0)
            await db.rows("UPDATE note SET text = 'whole' WHERE n = ?", (n,))
        kept.add(n)

    tasks = [asyncio.create_task(work(n)) for n in range(150)]
    for task in chance.sample(tasks, 30):
        asyncio.get_running_loop().call_later(chance.random() * 0.1, task.cancel)
    found = await asyncio.gather(*tasks, return_exceptions=True)
    there = await numbers(db)
    assert len(there) == len(set(there))
    assert {n for n, outcome in told.items() if outcome == "kept"} == set(there)
    assert kept <= set(there)
    assert {type(outcome) for outcome in found} <= {type(None), KeyError, asyncio.CancelledError, GroupUndone}
    assert await db.rows("SELECT count(*) FROM note WHERE text NOT LIKE 'whole%'") == [(0,)]
    async with asyncio.timeout(5):
        await db.rows(ADD, (1000,))  # nobody has kept the lock


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
