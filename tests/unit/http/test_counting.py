"""Counting: fixed windows, a memory with bounds, and several processes that share one count."""

import asyncio

import pytest
from piccolo.table import Table

from piccobase.db.postgres import PostgresEngine
from piccobase.http.counting import LocalCounter, SharedCounter, sweep
from piccobase.schema.system import RateWindow


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


async def allowed(counter: LocalCounter, count: int, key: str = "k", *, exact: bool = False) -> int:
    return sum([await counter.take(key, exact=exact) == 0.0 for _ in range(count)])


async def test_a_window_begins_with_its_first_request_and_ends_when_it_is_over() -> None:
    clock = Clock()
    counter = LocalCounter(2, 10, clock=clock)
    assert await allowed(counter, 1) == 1
    clock.now += 9
    assert await allowed(counter, 5) == 1
    assert await counter.take("k") == pytest.approx(1)
    clock.now += 1
    assert await allowed(counter, 5) == 2


async def test_what_is_given_back_or_forgotten_does_not_count() -> None:
    counter = LocalCounter(1, 10, clock=Clock())
    assert await allowed(counter, 2) == 1
    await counter.give_back("k")
    await counter.give_back("k")
    assert await allowed(counter, 2) == 1
    await counter.forget("k")
    assert await allowed(counter, 2) == 1


async def test_the_memory_has_bounds_whatever_comes_and_ended_windows_go_first() -> None:
    clock = Clock()
    counter = LocalCounter(1, 10, memory=100, clock=clock)
    for number in range(5000):
        await counter.take(str(number))
    assert len(counter) == 100
    assert await counter.take("4999") > 0
    clock.now += 10
    for number in range(60):
        await counter.take(f"new {number}")
    assert len(counter) <= 61  # each that comes makes two go that have ended


@pytest.fixture
async def shared(postgres_engine: PostgresEngine) -> PostgresEngine:
    table: type[Table] = RateWindow
    table._meta.db = postgres_engine
    try:
        await table.create_table()
    finally:
        table._meta._db = None
    return postgres_engine


async def test_processes_together_never_allow_more_than_one_would(shared: PostgresEngine) -> None:
    processes = [SharedCounter(shared, "rule", 100, 60) for _ in range(3)]
    found = await asyncio.gather(*(allowed(process, 90) for process in processes))
    assert 100 - 3 * 5 < sum(found) <= 100  # less by what of their slices they have not given out
    assert await allowed(SharedCounter(shared, "other rule", 100, 60), 1) == 1


async def test_counted_exactly_none_is_lost(shared: PostgresEngine) -> None:
    processes = [SharedCounter(shared, "rule", 100, 60) for _ in range(3)]
    found = await asyncio.gather(*(allowed(process, 90, exact=True) for process in processes))
    assert sum(found) == 100


async def test_of_many_at_once_one_asks_the_database_for_all(shared: PostgresEngine) -> None:
    counter = SharedCounter(shared, "rule", 100, 60)
    waits = await asyncio.gather(*(counter.take("k") for _ in range(150)))
    assert waits.count(0.0) == 100
    [(used,)] = await shared.rows('SELECT "used" FROM "_rate_windows"')
    assert used <= 105


async def test_who_is_refused_asks_the_database_no_more_until_the_window_ends(shared: PostgresEngine) -> None:
    clock = Clock()
    counter = SharedCounter(shared, "rule", 1, 10, clock=clock)
    assert await allowed(counter, 100) == 1
    [(used, key)] = await shared.rows('SELECT "used", "key" FROM "_rate_windows"')
    assert used == 2
    assert len(key) == 48
    await shared.rows('UPDATE "_rate_windows" SET "ends" = 1')
    assert await allowed(counter, 1) == 0
    clock.now += 10
    assert await allowed(counter, 3) == 1


async def test_shared_counts_are_given_back_forgotten_and_swept(shared: PostgresEngine) -> None:
    counter, elsewhere = SharedCounter(shared, "rule", 1, 60), SharedCounter(shared, "rule", 1, 60)
    assert await allowed(counter, 1, exact=True) == 1
    await counter.give_back("k")
    assert await allowed(elsewhere, 2, exact=True) == 1
    await elsewhere.forget("k")
    assert await allowed(elsewhere, 2, exact=True) == 1
    await sweep(shared)
    assert len(await shared.rows('SELECT 1 FROM "_rate_windows"')) == 1
    await shared.rows('UPDATE "_rate_windows" SET "ends" = 1')
    await sweep(shared)
    assert await shared.rows('SELECT 1 FROM "_rate_windows"') == []
