"""The threads for statements that take long, and how they are interrupted."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import apsw
import pytest
from tests.unit.db.embedded.seen import ENDLESS, until

from piccobase.db.workers import Workers

Run = Callable[[Workers, Callable[[apsw.Connection], Any]], Awaitable[Any]]


@pytest.fixture
def workers() -> Iterator[Workers]:
    workers = Workers("piccobase-test", 1, lambda: apsw.Connection(":memory:"))
    yield workers
    workers.stop()


@pytest.mark.parametrize("run", [Workers.run, Workers.run_to_end])
async def test_a_statement_that_is_cancelled_the_moment_before_it_begins_is_interrupted_all_the_same(
    workers: Workers, run: Run
) -> None:
    begins, may_begin, ended = threading.Event(), threading.Event(), threading.Event()

    def work(connection: apsw.Connection) -> None:
        begins.set()
        may_begin.wait()
        try:
            connection.execute(ENDLESS)
        finally:
            ended.set()

    running = asyncio.ensure_future(run(workers, work))
    await until(begins.is_set)
    running.cancel()
    await asyncio.sleep(0)  # the interrupt comes now, where there is nothing to be interrupted
    may_begin.set()
    with pytest.raises(asyncio.CancelledError):
        await running
    await until(ended.is_set)


async def test_what_begins_while_they_are_stopped_is_interrupted_too(workers: Workers) -> None:
    begins, may_begin = threading.Event(), threading.Event()

    def work(connection: apsw.Connection) -> None:
        begins.set()
        may_begin.wait()
        connection.execute(ENDLESS)

    running = asyncio.ensure_future(workers.run(work))
    await until(begins.is_set)
    stopping = asyncio.create_task(asyncio.to_thread(workers.stop))
    may_begin.set()
    await stopping
    with pytest.raises(apsw.InterruptError):
        await running
