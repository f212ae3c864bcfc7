"""Transactions of the embedded engine: the queue, the thread, cancellation, and other processes."""

import asyncio

import apsw
import pytest
from piccolo.columns import Integer
from piccolo.engine.sqlite import TransactionType
from piccolo.table import create_table_class
from tests.unit.db.embedded.seen import ENDLESS_WRITE, SLOW_WRITE, count, interrupted, open_files, our_threads, until

from piccobase.db.connections import Synchronous
from piccobase.db.embedded import EmbeddedEngine
from piccobase.db.errors import (
    SerializationFailed,
    StillReferenced,
)


@pytest.fixture(params=["NORMAL", "FULL"])
def synchronous(request: pytest.FixtureRequest) -> Synchronous:
    """Each of these holds for both; with FULL, COMMIT is in the thread, and shared."""
    found: Synchronous = request.param
    return found


async def test_two_hundred_transactions_at_once_lose_no_update(db: EmbeddedEngine) -> None:
    await db.rows("INSERT INTO note (n) VALUES (0)")

    async def add_one(number: int) -> None:
        async with db.transaction():
            ((n,),) = await db.rows("SELECT n FROM note")
            await asyncio.sleep(0)
            await db.rows("UPDATE note SET n = ? WHERE id = 1", (n + 1,))

    await asyncio.gather(*map(add_one, range(200)))
    assert await db.rows("SELECT n FROM note") == [(200,)]


async def test_threads_with_loops_of_their_own_lose_no_update(db: EmbeddedEngine) -> None:
    await db.rows("INSERT INTO note (n) VALUES (0)")

    async def add(times: int) -> None:
        for _ in range(times):
            async with db.transaction():
                ((n,),) = await db.rows("SELECT n FROM note")
                await asyncio.sleep(0)
                await db.rows("UPDATE note SET n = ? WHERE id = 1", (n + 1,))

    await asyncio.gather(add(50), *(asyncio.to_thread(asyncio.run, add(50)) for _ in range(3)))
    assert await db.rows("SELECT n FROM note") == [(200,)]


async def test_writers_get_their_turn_in_the_order_they_came(db: EmbeddedEngine) -> None:
    async def write(number: int) -> None:
        async with db.transaction():
            await asyncio.sleep(0)
            await db.rows("INSERT INTO note (n) VALUES (?)", (number,))

    await asyncio.gather(*map(write, range(50)))
    assert await db.rows("SELECT n FROM note ORDER BY id") == [(number,) for number in range(50)]


async def test_a_short_write_takes_no_thread_but_for_a_commit_that_waits_for_the_disk(
    db: EmbeddedEngine, synchronous: Synchronous
) -> None:
    async with db.transaction() as tx:
        await db.rows("INSERT INTO note (text) VALUES ('a') RETURNING id")
        await db.rows("UPDATE note SET text = 'b' WHERE id = 1")
        assert tx.rows_now("INSERT INTO note (text) VALUES (?)", ("c",)) == []
        assert tx.rows_now("SELECT text FROM note ORDER BY id") == [("b",), ("c",)]
        assert not our_threads()
    assert our_threads() == (set() if synchronous == "NORMAL" else {"piccobase-writer-0"})
    assert await count(db) == 2


async def test_the_loop_goes_on_beside_a_long_write_and_its_commit(db: EmbeddedEngine) -> None:
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            ticks += 1
            await asyncio.sleep(0.001)

    ticking = asyncio.create_task(tick())
    async with db.transaction():
        await db.rows(SLOW_WRITE)
        assert await db.rows("SELECT count(*) FROM note") == [(300_000,)]
    ticking.cancel()
    assert ticks > 5
    assert await count(db) == 300_000


async def test_tasks_of_one_transaction_may_use_it_at_once(db: EmbeddedEngine) -> None:
    async with db.transaction() as tx:
        slow = asyncio.create_task(db.rows(SLOW_WRITE))
        await until(lambda: tx.rows_now("SELECT 1") is None)  # the writer's thread has it
        await asyncio.gather(*(db.rows("INSERT INTO note (text) VALUES ('a')") for _ in range(20)))
        await slow
    assert await count(db) == 300_020


async def test_savepoints_of_tasks_side_by_side_do_not_mix(db: EmbeddedEngine) -> None:
    async def write(number: int) -> None:
        async with db.transaction():
            await db.rows("INSERT INTO note (n) VALUES (?)", (number,))
            await asyncio.sleep(0)
            if number % 2:
                raise KeyError

    async with db.transaction():
        await asyncio.gather(*map(write, range(10)), return_exceptions=True)
    assert await db.rows("SELECT n FROM note ORDER BY n") == [(number,) for number in range(0, 10, 2)]


async def test_failing_commits_leave_nothing_behind(db: EmbeddedEngine) -> None:
    await db.rows("CREATE TABLE reply (note INTEGER REFERENCES note (id) DEFERRABLE INITIALLY DEFERRED, text TEXT)")
    await db.rows("DELETE FROM reply")
    files = open_files("data.db")
    for number in range(50):
        with pytest.raises(StillReferenced):
            async with db.transaction():
                await db.rows("INSERT INTO reply (note) VALUES (1)")
                if number % 2:  # then COMMIT runs in the thread
                    await db.rows("UPDATE reply SET text = 'a'")
        assert not db.transaction_exists()
    await db.rows("INSERT INTO note (text) VALUES ('a')")
    assert await db.rows("SELECT count(*) FROM reply") == [(0,)]
    assert our_threads() == {"piccobase-writer-0"}
    assert open_files("data.db") == files


async def test_a_cancelled_writer_gives_up_its_place_in_the_queue(db: EmbeddedEngine, synchronous: Synchronous) -> None:
    async def write(number: int) -> None:
        async with db.transaction():
            await db.rows("INSERT INTO note (n) VALUES (?)", (number,))

    held = db.transaction()
    waiting = [asyncio.create_task(write(number)) for number in range(20)]
    async with held:
        await asyncio.sleep(0)
        for task in waiting[::2]:
            task.cancel()
    # Cancelled in the very moment in which it is handed the lock; with FULL it has written, and waits for the disk.
    waiting[1].cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    first = 3 if synchronous == "NORMAL" else 1
    assert await db.rows("SELECT n FROM note ORDER BY n") == [(number,) for number in range(first, 20, 2)]


async def test_a_long_write_that_is_cancelled_is_undone_and_lets_go(db: EmbeddedEngine) -> None:
    async def write() -> None:
        async with db.transaction():
            await db.rows(ENDLESS_WRITE)

    writing = asyncio.create_task(write())
    await until(lambda: "piccobase-writer-0" in our_threads())
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    assert await count(db) == 0
    await db.rows("INSERT INTO note (text) VALUES ('a')")


async def test_a_transaction_that_sqlite_has_rolled_back_cannot_go_on_by_mistake(db: EmbeddedEngine) -> None:
    undone = []
    with pytest.raises(SerializationFailed, match="rolled the transaction back"):
        async with db.transaction() as tx:
            tx.on_rollback(lambda: undone.append("outside"))
            await db.rows("INSERT INTO note (text) VALUES ('a')")
            await interrupted(db, ENDLESS_WRITE)  # which takes the whole transaction with it
            await db.rows("INSERT INTO note (text) VALUES ('b')")
    assert undone == ["outside"]
    assert await count(db) == 0
    await db.rows("INSERT INTO note (text) VALUES ('c')")
    assert await count(db) == 1


async def test_waiting_for_oneself_ends_with_an_explanation(db: EmbeddedEngine, impatient: EmbeddedEngine) -> None:
    note = create_table_class(
        "Note", class_kwargs={"tablename": "note", "db": impatient}, class_members={"n": Integer()}
    )
    async with impatient.transaction():
        with pytest.raises(SerializationFailed, match="waits for itself"):
            note.insert(note(n=1)).run_sync()  # in a thread of its own, outside of the transaction
    await impatient.rows("INSERT INTO note (text) VALUES ('a')")


async def test_a_transaction_of_piccolos_own_type_can_be_asked_for(db: EmbeddedEngine) -> None:
    async with db.transaction(transaction_type=TransactionType.deferred):
        assert await count(db) == 0
        await db.rows("INSERT INTO note (text) VALUES ('a')")
    assert await count(db) == 1


# --- other processes: a connection that the engine does not know of stands for one


async def test_a_write_waits_for_another_process_without_holding_up_the_loop(
    db: EmbeddedEngine, stranger: apsw.Connection
) -> None:
    stranger.execute("BEGIN IMMEDIATE")
    stranger.execute("INSERT INTO note (text) VALUES ('theirs')")
    writing = asyncio.create_task(db.rows("INSERT INTO note (text) VALUES ('ours')"))
    for _ in range(10):
        await asyncio.sleep(0.001)
        assert await count(db) == 0
    assert not writing.done()
    stranger.execute("COMMIT")
    await writing
    assert await db.rows("SELECT text FROM note ORDER BY id") == [("theirs",), ("ours",)]


async def test_a_write_gives_up_when_another_process_keeps_the_lock(
    impatient: EmbeddedEngine, stranger: apsw.Connection
) -> None:
    stranger.execute("BEGIN IMMEDIATE")
    with pytest.raises(SerializationFailed, match=r"more than 0\.1 seconds") as caught:
        await impatient.rows("INSERT INTO note (text) VALUES ('ours')")
    assert isinstance(caught.value.__cause__, apsw.BusyError)
    stranger.execute("COMMIT")
    await impatient.rows("INSERT INTO note (text) VALUES ('ours')")


async def test_a_writer_can_be_cancelled_while_it_waits_for_another_process(
    db: EmbeddedEngine, stranger: apsw.Connection
) -> None:
    stranger.execute("BEGIN IMMEDIATE")
    writing = asyncio.create_task(db.rows("INSERT INTO note (text) VALUES ('ours')"))
    for _ in range(3):
        await asyncio.sleep(0)
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    stranger.execute("COMMIT")
    await db.rows("INSERT INTO note (text) VALUES ('ours')")
