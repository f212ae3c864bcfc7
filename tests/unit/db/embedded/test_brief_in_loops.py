"""Brief transactions of several event loops, in threads of their own, that share one engine."""

import asyncio
import threading

import pytest
from tests.unit.db.embedded.seen import adding, brief, numbers

from piccobase.db.embedded import EmbeddedEngine

pytestmark = pytest.mark.usefixtures("company", "no_group_gets_old")


async def test_two_event_loops_share_and_lose_nothing(db: EmbeddedEngine, commits: list[str]) -> None:
    await db.rows("INSERT INTO note (n) VALUES (0)")
    commits.clear()

    async def add_one() -> None:
        ((n,),) = await db.rows("SELECT n FROM note")
        await db.rows("UPDATE note SET n = ? WHERE id = 1", (n + 1,))

    async def work() -> None:
        for _ in range(20):
            await asyncio.gather(*(brief(db, add_one) for _ in range(5)))

    async with asyncio.timeout(20):
        await asyncio.gather(work(), *(asyncio.to_thread(asyncio.run, work()) for _ in range(2)))
    assert await db.rows("SELECT n FROM note") == [(300,)]
    assert len(commits) < 300


async def test_the_turn_of_each_loop_ends_the_group(db: EmbeddedEngine, commits: list[str]) -> None:
    waiting = asyncio.create_task(brief(db, adding(db, 0)))
    await asyncio.sleep(0)
    other = threading.Thread(target=asyncio.run, args=[brief(db, adding(db, 1))])
    other.start()
    other.join(5)  # while this loop has no turn
    assert not other.is_alive()
    await waiting
    assert (await numbers(db), len(commits)) == ([0, 1], 1)


async def test_a_turn_that_ends_late_ends_no_group_of_a_writer_that_was_opened_since(db: EmbeddedEngine) -> None:
    parked, ended = threading.Event(), threading.Event()

    async def close_and_go_on() -> None:
        await brief(db, adding(db, 1))
        await db.close()
        waiting = asyncio.create_task(brief(db, adding(db, 2)))
        await asyncio.sleep(0)
        parked.set()
        assert ended.wait(5)  # while this loop has no turn
        await waiting

    waiting = asyncio.create_task(brief(db, adding(db, 0)))
    await asyncio.sleep(0)
    other = asyncio.get_running_loop().run_in_executor(None, asyncio.run, close_and_go_on())
    assert parked.wait(5)
    await waiting  # whose turn ends only now
    ended.set()
    await other
    assert await numbers(db) == [0, 1, 2]
