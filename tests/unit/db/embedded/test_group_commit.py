"""Transactions that share a commit: with `synchronous="FULL"`, where each COMMIT waits for the disk."""

import asyncio
import random
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import apsw
import pytest
from piccolo.engine.sqlite import TransactionType
from tests.unit.db.embedded.seen import (
    ADD,
    ENDLESS_WRITE,
    REPLIES,
    SLOW_WRITE,
    adding,
    check_kept_as_told,
    count,
    interrupted,
    numbers,
    until,
)

from piccobase.db import group_commit
from piccobase.db.connections import Synchronous
from piccobase.db.embedded import EmbeddedEngine
from piccobase.db.errors import ConstraintFailed, GroupUndone, NotUnique, SerializationFailed, StillReferenced

pytestmark = pytest.mark.usefixtures("no_group_gets_old")


@pytest.fixture
def synchronous() -> Synchronous:
    return "FULL"


async def together(db: EmbeddedEngine, *blocks: Callable[[], Awaitable[Any]], **options: Any) -> list[Any]:
    """What became of one transaction for each block: they queue behind one that is open until all of them do."""

    async def run(block: Callable[[], Awaitable[Any]]) -> Any:
        async with db.transaction(**options):
            return await block()

    tasks = [asyncio.create_task(run(block)) for block in blocks]
    async with db.transaction():
        await asyncio.sleep(0)
    return await asyncio.gather(*tasks, return_exceptions=True)


async def test_those_that_wait_share_a_commit(db: EmbeddedEngine, commits: list[str]) -> None:
    await together(db, *(adding(db, n) for n in range(50)))
    assert await numbers(db) == list(range(50))
    assert len(commits) <= 5


async def test_a_group_does_not_grow_without_end(db: EmbeddedEngine, commits: list[str]) -> None:
    await together(db, *(adding(db, n) for n in range(200)))
    assert await numbers(db) == list(range(200))
    assert len(commits) >= 4  # of 64 each


async def test_a_group_does_not_wait_for_long(
    db: EmbeddedEngine, commits: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_commit, "OLDEST", 0)
    await together(db, *(adding(db, n) for n in range(20)))
    assert len(commits) == 20


async def test_one_that_fails_is_undone_alone(db: EmbeddedEngine) -> None:
    await db.rows("CREATE UNIQUE INDEX once ON note (n)")

    async def fail() -> None:
        await db.rows(ADD, (100,))
        raise KeyError("on purpose")

    async def clash() -> None:
        await db.rows(ADD, (101,))
        await db.rows(ADD, (0,))

    async def nested() -> None:
        with suppress(KeyError):
            async with db.transaction():
                await fail()
        await db.rows(ADD, (2,))

    found = await together(db, adding(db, 0), fail, adding(db, 1), clash, nested, fail)
    assert [type(outcome) for outcome in found] == [list, KeyError, list, NotUnique, type(None), KeyError]
    assert await numbers(db) == [0, 1, 2]


@pytest.mark.parametrize("place", range(4))
async def test_a_foreign_key_that_points_to_nothing_takes_no_other_down(db: EmbeddedEngine, place: int) -> None:
    await db.rows(REPLIES)
    blocks = [adding(db, n) for n in range(4)]
    blocks[place] = lambda: db.rows("INSERT INTO reply VALUES (1000)")
    found = await together(db, *blocks)
    assert [type(outcome) for outcome in found] == [StillReferenced if n == place else list for n in range(4)]
    assert await numbers(db) == [n for n in range(4) if n != place]
    assert await db.rows("SELECT * FROM reply") == []


async def test_one_that_puts_a_foreign_key_right_in_time_is_kept(db: EmbeddedEngine) -> None:
    await db.rows(REPLIES)

    async def reply_first() -> None:
        await db.rows("INSERT INTO reply VALUES (7)")
        await db.rows("INSERT INTO note (id, n) VALUES (7, 7)")

    assert await together(db, adding(db, 0), reply_first, adding(db, 1)) == [[], None, []]
    assert await db.rows("SELECT * FROM reply") == [(7,)]


async def test_all_hear_of_a_commit_that_fails(db: EmbeddedEngine, writing: apsw.Connection) -> None:
    told: list[str] = []

    async def add(n: int) -> None:
        async with db.transaction() as tx:
            tx.on_commit(lambda: told.append("kept"))
            tx.on_rollback(lambda: told.append("undone"))
            await db.rows(ADD, (n,))

    writing.set_commit_hook(lambda: True)  # COMMIT becomes ROLLBACK
    found = await asyncio.gather(*map(add, range(10)), return_exceptions=True)
    assert [type(outcome) for outcome in found] == [ConstraintFailed] * 10
    assert len(set(map(id, found))) == 10  # an error for each: it is told where it was raised
    assert told == ["undone"] * 10
    writing.set_commit_hook(None)
    assert await count(db) == 0
    await add(1)
    assert (await numbers(db), told[10:]) == ([1], ["kept"])


async def test_all_hear_when_sqlite_rolls_everything_back(db: EmbeddedEngine) -> None:
    told: list[int] = []

    def add(n: int) -> Callable[[], Awaitable[Any]]:
        async def work() -> None:
            tx = db.current()
            assert tx is not None
            tx.on_rollback(lambda: told.append(n))
            await db.rows(ADD, (n,))

        return work

    async def add_without_end() -> None:
        await db.rows(ADD, (100,))
        await interrupted(db, ENDLESS_WRITE)  # which takes the whole transaction with it

    with pytest.raises(GroupUndone):  # for the one that the others have waited for
        await together(db, add(0), add(1), add(2), add_without_end)
    await until(lambda: len(told) == 3)
    assert told == [0, 1, 2]
    assert await count(db) == 0
    await db.rows(ADD, (5,))
    assert await numbers(db) == [5]


async def test_all_hear_when_the_transaction_has_ended_unnoticed(db: EmbeddedEngine, writing: apsw.Connection) -> None:
    told: list[BaseException | None] = []

    async def add(n: int) -> None:
        try:
            async with db.transaction():
                await db.rows(ADD, (n,))
                if n == 2:
                    writing.execute("ROLLBACK")  # as SQLite does by itself when a read finds the disk broken
        except GroupUndone as error:
            told.append(error)
        else:
            told.append(None)

    await asyncio.gather(*map(add, range(5)))
    assert [error is None for error in told].count(False) == 3
    assert await numbers(db) == [3, 4]


async def test_a_long_write_keeps_nobody_waiting_and_takes_nobody_down(db: EmbeddedEngine) -> None:
    """As long as it has done nothing before, it leaves the group."""
    order = []

    async def add(n: int) -> None:
        await db.rows(ADD, (n,))
        order.append(n)

    async def add_many() -> None:
        await db.rows(SLOW_WRITE)
        order.append(300_000)

    await asyncio.gather(add(0), add(1), add_many(), add(2))
    assert order == [0, 1, 300_000, 2]
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await asyncio.gather(add(3), add(4), db.rows(ENDLESS_WRITE))
    assert await count(db) == 300_005


@pytest.mark.parametrize("kept", [True, False])
async def test_one_that_is_cancelled_while_it_waits_for_the_commit_hears_how_it_ended(
    db: EmbeddedEngine, writing: apsw.Connection, kept: bool
) -> None:
    told: list[str] = []
    if not kept:
        writing.set_commit_hook(lambda: True)

    async def add(n: int) -> None:
        async with db.transaction() as tx:
            tx.on_commit(lambda: told.append(f"{n} kept"))
            tx.on_rollback(lambda: told.append(f"{n} undone"))
            await db.rows(ADD, (n,))

    async def add_and_cancel() -> None:
        async with db.transaction() as tx:
            tx.on_commit(lambda: told.append("2 kept"))
            tx.on_rollback(lambda: told.append("2 undone"))
            await db.rows(ADD, (2,))
            tasks[1].cancel()

    tasks = [asyncio.create_task(work) for work in (add(0), add(1), add_and_cancel())]
    await asyncio.wait(tasks)
    assert tasks[1].cancelled()
    outcome = "kept" if kept else "undone"
    assert sorted(told) == [f"{n} {outcome}" for n in range(3)]
    assert await numbers(db) == ([0, 1, 2] if kept else [])


async def test_callbacks_are_called_in_order_after_the_commit(db: EmbeddedEngine, stranger: apsw.Connection) -> None:
    seen: list[tuple[int, bool]] = []

    async def add(n: int) -> None:
        def tell() -> None:
            seen.append((n, bool(stranger.execute("SELECT 1 FROM note WHERE n = ?", (n,)).get)))

        async with db.transaction() as tx:
            tx.on_commit(tell)
            await db.rows(ADD, (n,))

    await asyncio.gather(*map(add, range(100)))
    assert seen == [(n, True) for n in range(100)]


async def test_nobody_sees_what_a_group_has_not_committed(db: EmbeddedEngine, stranger: apsw.Connection) -> None:
    seen: list[tuple[int, list[int], int]] = []

    async def look(inside: int) -> None:
        theirs = [n for (n,) in stranger.execute("SELECT n FROM note ORDER BY id")]
        assert theirs == await numbers(db)
        seen.append((inside, theirs, db.version()))

    async def add(n: int) -> None:
        async with db.transaction():
            await db.rows(ADD, (n,))
            inside = await count(db)
            await outside.enter(look(inside))

    class Outside:
        """Runs something in a task that was started outside of the transaction."""

        def __init__(self) -> None:
            self.work: asyncio.Queue[tuple[Any, asyncio.Future[None]]] = asyncio.Queue()

        async def enter(self, coroutine: Any) -> None:
            done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self.work.put_nowait((coroutine, done))
            await done

        async def run(self) -> None:
            while True:
                coroutine, done = await self.work.get()
                try:
                    await coroutine
                except BaseException as error:
                    done.set_exception(error)
                else:
                    done.set_result(None)

    outside = Outside()
    running = asyncio.create_task(outside.run())
    await asyncio.gather(*map(add, range(20)))
    running.cancel()
    assert any(inside > len(theirs) + 1 for inside, theirs, _ in seen)  # they were groups
    versions = {tuple(theirs): version for _, theirs, version in seen}
    assert len(set(versions.values())) == len(versions)  # another one for each state


async def test_the_version_changes_for_those_behind_in_the_group_and_for_all_after_it(db: EmbeddedEngine) -> None:
    before = db.version()
    of_notes, of_another = "SELECT * FROM note", "SELECT * FROM sqlite_schema"
    before_of = db.version(of_notes), db.version(of_another)
    inside: list[tuple[int, int]] = []

    async def look() -> None:
        inside.append((db.version(), db.version(of_notes)))
        await db.rows(ADD, (1,))

    await together(db, look, look)
    assert before not in [version for version, _ in inside]
    assert before_of[0] not in [of for _, of in inside]
    assert len(set(inside)) == 2
    assert db.version() not in {before, *(version for version, _ in inside)}
    assert db.version(of_notes) not in {before_of[0], *(of for _, of in inside)}
    assert db.version(of_another) == before_of[1]


async def test_the_version_is_known_while_the_disk_is_waited_for(db: EmbeddedEngine, writing: apsw.Connection) -> None:
    arrived, go_on = threading.Event(), threading.Event()

    def wait() -> bool:
        arrived.set()
        go_on.wait(10)
        return False

    before = db.version()
    writing.set_commit_hook(wait)
    adding = asyncio.create_task(db.rows(ADD, (1,)))
    await until(arrived.is_set)
    meanwhile = db.version(), db.version(), await count(db)
    go_on.set()
    await adding
    writing.set_commit_hook(None)
    assert meanwhile == (before, before, 0)
    assert db.version() != before


@pytest.mark.parametrize("kind", [TransactionType.deferred, TransactionType.exclusive, "schema", "pragma", "close"])
async def test_others_do_not_join_a_group(db: EmbeddedEngine, stranger: apsw.Connection, kind: Any) -> None:
    """They begin when the group before them is committed, and the one behind begins after them."""
    behind = "SELECT coalesce(group_concat(n), '') FROM note"
    seen: list[str] = []

    async def other() -> None:
        match kind:
            case TransactionType():
                async with db.transaction(transaction_type=kind):
                    seen.append(str(stranger.execute(behind).get))
            case "schema":
                async with db.schema_transaction():
                    seen.append(str(stranger.execute(behind).get))
                    await db.rows("CREATE TABLE more (n INTEGER)")
            case "pragma":
                await db.rows("PRAGMA user_version = 7")
                seen.append(str(stranger.execute(behind).get))
            case _:
                await db.close()
                seen.append(str(stranger.execute(behind).get))

    async def add(n: int) -> None:
        await db.rows(ADD, (n,))

    tasks = [asyncio.create_task(work) for work in (add(0), add(1), other(), add(2), add(3))]
    async with db.transaction():
        await asyncio.sleep(0)
    await asyncio.gather(*tasks)
    assert seen[0].startswith("0,1")
    assert await numbers(db) == [0, 1, 2, 3]


async def test_one_that_changes_the_schema_is_the_last_of_its_group(db: EmbeddedEngine) -> None:
    async def create(name: str) -> None:
        await db.rows(f"CREATE TABLE {name} (n INTEGER)")
        await db.rows(f"INSERT INTO {name} VALUES (1)")  # a name of this test

    async def create_and_fail() -> None:
        await create("failed")
        raise KeyError

    found = await together(db, adding(db, 0), lambda: create("a"), adding(db, 1), create_and_fail, lambda: create("b"))
    assert [type(outcome) for outcome in found] == [list, type(None), list, KeyError, type(None)]
    tables = await db.rows("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY 1")
    assert tables == [("a",), ("b",), ("note",)]
    assert (await db.rows("SELECT n FROM a"), await db.rows("SELECT n FROM b")) == ([(1,)], [(1,)])


@pytest.mark.parametrize("seed", range(8))
async def test_whatever_comes_together_is_kept_if_and_only_if_it_was_said_to_be(db: EmbeddedEngine, seed: int) -> None:
    chance = random.Random(seed)
    kinds = [TransactionType.immediate] * 9 + [TransactionType.deferred]
    await check_kept_as_told(db, chance, lambda: db.transaction(transaction_type=chance.choice(kinds)))


async def test_one_that_waits_too_long_gives_up_and_the_others_go_on(
    db: EmbeddedEngine, impatient: EmbeddedEngine
) -> None:
    async def hold() -> None:
        async with impatient.transaction():
            await impatient.rows(ADD, (0,))
            await asyncio.sleep(0.2)

    holding = asyncio.create_task(hold())
    await asyncio.sleep(0)
    with pytest.raises(SerializationFailed, match="write lock"):
        await impatient.rows(ADD, (1,))
    await holding
    await impatient.rows(ADD, (2,))
    assert await numbers(db) == [0, 2]
