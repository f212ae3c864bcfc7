"""The queue of writers: tasks of several event loops, and threads."""

import asyncio
import threading
from collections.abc import Callable

import pytest

from piccobase.db.write_lock import WriteLock


async def turns() -> None:
    """Lets every task that can go on do so."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_who_came_first_is_next() -> None:
    lock, order = WriteLock(), []

    async def take(number: int) -> None:
        await lock.acquire(5)
        order.append(number)
        await asyncio.sleep(0)
        lock.release()

    await asyncio.gather(*map(take, range(20)))
    assert order == list(range(20))
    assert lock.try_acquire()


async def test_nobody_overtakes_those_who_wait() -> None:
    lock = WriteLock()
    assert lock.try_acquire()
    waiting = asyncio.create_task(lock.acquire(5))
    await turns()
    lock.release()
    assert not lock.try_acquire()  # it is the other's already, though that has not gone on yet
    await waiting
    lock.release()
    assert lock.try_acquire()


@pytest.mark.parametrize("moment", ["before it is handed over", "in the moment it is handed over", "just after"])
async def test_one_who_is_cancelled_leaves_the_queue_intact(moment: str) -> None:
    lock = WriteLock()
    assert lock.try_acquire()
    first, second = asyncio.create_task(lock.acquire(5)), asyncio.create_task(lock.acquire(5))
    await turns()
    if moment == "before it is handed over":
        first.cancel()
        lock.release()
    elif moment == "in the moment it is handed over":
        lock.release()
        first.cancel()
    else:
        lock.release()
        await asyncio.sleep(0)  # it has been told, and has not gone on
        first.cancel()
    async with asyncio.timeout(5):
        await asyncio.gather(first, return_exceptions=True)
        if first.cancelled():
            await second
    lock.release()


async def test_waiting_ends_in_time() -> None:
    lock = WriteLock()
    assert lock.try_acquire()
    with pytest.raises(TimeoutError):
        await lock.acquire(0.01)
    assert not await asyncio.to_thread(lock.acquire_in_thread, 0.01)
    lock.release()
    assert lock.try_acquire()


def test_tasks_of_several_loops_and_threads_exclude_each_other() -> None:
    lock, inside, most, turns_taken = WriteLock(), 0, 0, 0

    def work() -> None:
        nonlocal inside, most, turns_taken
        inside += 1
        most = max(most, inside)
        turns_taken += 1
        inside -= 1

    async def in_loop() -> None:
        for _ in range(100):
            await lock.acquire(10)
            work()
            await asyncio.sleep(0)
            lock.release()

    def in_thread() -> None:
        for _ in range(100):
            assert lock.acquire_in_thread(10)
            work()
            lock.release()

    targets: list[Callable[[], None]] = [
        lambda: asyncio.run(in_loop()),
        lambda: asyncio.run(in_loop()),
        in_thread,
        in_thread,
    ]
    threads = [threading.Thread(target=target) for target in targets]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (most, turns_taken) == (1, 400)
    assert lock.try_acquire()


def test_a_loop_that_has_ended_is_passed_over() -> None:
    lock = WriteLock()
    assert lock.try_acquire()
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(lambda *_: None)  # it would complain of the task that is left
    waiting = loop.create_task(lock.acquire(60))
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()
    lock.release()
    assert lock.try_acquire()
    assert not waiting.done()


async def test_a_parked_lock_is_for_whoever_asks_for_that_first() -> None:
    lock = WriteLock()
    assert not lock.unpark()
    assert lock.try_acquire()
    assert not lock.unpark()  # it is held, not left
    assert lock.park()
    assert not lock.try_acquire()
    assert lock.unpark()
    assert not lock.unpark()
    lock.release()
    assert lock.try_acquire()


async def test_it_is_not_parked_while_somebody_waits() -> None:
    lock = WriteLock()
    assert lock.try_acquire()
    waiting = asyncio.create_task(lock.acquire(5))
    await turns()
    assert not lock.park()
    assert not lock.unpark()
    lock.release()
    await waiting
    assert lock.park()


@pytest.mark.parametrize("in_thread", [False, True])
async def test_who_queues_at_a_parked_lock_is_handed_it_when_that_is_released(in_thread: bool) -> None:
    lock, order = WriteLock(), []

    async def take(name: str) -> None:
        if in_thread and name == "first":
            assert await asyncio.to_thread(lock.acquire_in_thread, 5)
        else:
            await lock.acquire(5)
        order.append(name)
        lock.release()

    async def queue(name: str) -> asyncio.Task[None]:
        length = len(lock._waiting)
        task = asyncio.create_task(take(name))
        async with asyncio.timeout(5):
            while len(lock._waiting) == length:  # noqa: ASYNC110  # nothing tells of it
                await asyncio.sleep(0)
        return task

    assert lock.try_acquire()
    assert lock.park()
    first = await queue("first")
    second = await queue("second")
    assert (order, lock.try_acquire()) == ([], False)
    assert lock.unpark()
    assert not lock.park()  # whoever has come since is next
    lock.release()
    assert not lock.unpark()
    await asyncio.gather(first, second)
    assert order == ["first", "second"]
    assert lock.try_acquire()


async def test_who_joins_is_handed_a_parked_lock_by_whoever_takes_it_up() -> None:
    lock = WriteLock()
    assert lock.try_acquire()
    assert lock.park()
    joining = asyncio.create_task(lock.acquire(5, joins=True))
    await turns()
    assert not joining.done()
    assert lock.unpark()
    assert lock.next_joins
    assert lock.pass_on()
    await joining
    assert not lock.next_joins
    lock.release()
    assert lock.try_acquire()


async def test_waiting_at_a_parked_lock_ends_in_time_and_leaves_it_parked() -> None:
    lock = WriteLock()
    assert lock.try_acquire()
    assert lock.park()
    with pytest.raises(TimeoutError):
        await lock.acquire(0.01)
    assert not await asyncio.to_thread(lock.acquire_in_thread, 0.01)
    assert lock.unpark()
    assert lock.park()
