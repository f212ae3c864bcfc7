"""Brief transactions of requests that have come together share a commit, where no disk is waited for ("NORMAL")."""

import asyncio
import random
import threading
import time
from collections.abc import Coroutine
from contextlib import suppress
from functools import partial
from types import SimpleNamespace
from typing import Any

import apsw
import pytest
from piccolo.engine.sqlite import TransactionType
from tests.unit.db.embedded.seen import (
    ADD,
    ENDLESS_WRITE,
    REPLIES,
    SLOW_WRITE,
    Block,
    adding,
    brief,
    check_kept_as_told,
    count,
    interrupted,
    numbers,
)

from piccobase.base.company import COMPANY
from piccobase.db import group_commit
from piccobase.db.embedded import EmbeddedEngine
from piccobase.db.errors import ConstraintFailed, GroupUndone, NotUnique, StillReferenced
from piccobase.db.writing import Writer

pytestmark = pytest.mark.usefixtures("no_group_gets_old")


async def together(db: EmbeddedEngine, *blocks: Block) -> list[Any]:
    """What became of the brief transactions of requests that have come together: each is expected until it begins."""

    async def begin(block: Block) -> Any:
        COMPANY.waiting -= 1
        return await brief(db, block)

    COMPANY.waiting += len(blocks)
    return await asyncio.gather(*map(begin, blocks), return_exceptions=True)


def in_one_go(work: Coroutine[Any, Any, Any]) -> None:
    """Runs it to its end without letting anybody else have a turn."""
    try:
        work.send(None)
    except StopIteration:
        return
    work.close()
    raise AssertionError("It has let others go on in between.")


def seen_by(stranger: apsw.Connection) -> list[int]:
    return [n for (n,) in stranger.execute("SELECT n FROM note ORDER BY id")]


# --- who shares a commit


async def test_those_that_have_come_together_share_a_commit(db: EmbeddedEngine, commits: list[str]) -> None:
    await together(db, *(adding(db, n) for n in range(50)))
    assert (await numbers(db), len(commits)) == (list(range(50)), 1)


async def test_one_that_is_alone_is_committed_at_once(
    db: EmbeddedEngine, commits: list[str], stranger: apsw.Connection
) -> None:
    for n in range(3):
        in_one_go(brief(db, adding(db, n)))
        assert (seen_by(stranger), len(commits)) == (list(range(n + 1)), n + 1)


async def test_the_last_of_several_commits_on_the_spot_and_goes_on_behind_the_others(
    db: EmbeddedEngine, writer: Writer, stranger: apsw.Connection
) -> None:
    done: list[int] = []

    async def begin(n: int) -> None:
        COMPANY.waiting -= 1
        await brief(db, adding(db, n))
        done.append(n)

    async def last() -> None:
        work = begin(2)
        assert work.send(None) is None  # it lets the others go on
        assert seen_by(stranger) == [0, 1, 2]
        assert writer.lock.try_acquire()
        writer.lock.release()
        await asyncio.sleep(0)
        in_one_go(work)

    COMPANY.waiting = 3
    await asyncio.gather(begin(0), begin(1), last())
    assert done == [0, 1, 2]


@pytest.mark.usefixtures("company")
@pytest.mark.parametrize("how_many", [1, 3])
async def test_the_turn_ends_the_group_when_those_who_were_expected_do_not_write(
    db: EmbeddedEngine, writer: Writer, commits: list[str], stranger: apsw.Connection, how_many: int
) -> None:
    before = db.version()
    tasks = [asyncio.create_task(brief(db, adding(db, n))) for n in range(how_many)]
    await asyncio.sleep(0)
    assert (seen_by(stranger), await numbers(db), db.version()) == ([], [], before)
    assert len(writer.group.members) == how_many
    await asyncio.sleep(0)
    assert (seen_by(stranger), await numbers(db), len(commits)) == ([*range(how_many)], [*range(how_many)], 1)
    assert db.version() != before
    await asyncio.gather(*tasks)


@pytest.mark.usefixtures("company")
async def test_one_that_keeps_its_group_waiting_beyond_the_turn_loses_none_of_it(
    db: EmbeddedEngine, commits: list[str]
) -> None:
    async def add_slowly() -> None:
        await db.rows(ADD, (1,))
        for _ in range(3):
            await asyncio.sleep(0)

    await asyncio.gather(brief(db, adding(db, 0)), brief(db, add_slowly), *(brief(db, adding(db, n)) for n in (2, 3)))
    assert (await numbers(db), len(commits)) == ([0, 1, 2, 3], 1)


async def test_those_that_have_queued_behind_another_share_a_commit(db: EmbeddedEngine, commits: list[str]) -> None:
    """Whoever is expected or not."""
    tasks = [asyncio.create_task(brief(db, adding(db, n))) for n in range(10)]
    async with db.transaction():
        await asyncio.sleep(0)
    await asyncio.gather(*tasks)
    assert (await numbers(db), len(commits)) == (list(range(10)), 1)


async def test_a_group_does_not_grow_without_end(db: EmbeddedEngine, commits: list[str]) -> None:
    await together(db, *(adding(db, n) for n in range(200)))
    assert (await numbers(db), len(commits)) == (list(range(200)), 4)  # of 64 at most


@pytest.mark.usefixtures("company")
async def test_a_group_does_not_wait_for_long(
    db: EmbeddedEngine, commits: list[str], stranger: apsw.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0
    monkeypatch.setattr(group_commit, "time", SimpleNamespace(monotonic=lambda: now))

    async def add_all() -> None:
        nonlocal now
        waiting = asyncio.create_task(brief(db, adding(db, 0)))
        await asyncio.sleep(0)
        now += group_commit.OLDEST * 1.1
        work = brief(db, adding(db, 1))
        assert work.send(None) is None  # it lets the other go on
        assert seen_by(stranger) == [0, 1]
        await waiting
        in_one_go(work)

    await add_all()
    assert len(commits) == 1
    monkeypatch.setattr(group_commit, "OLDEST", 0)
    for n in range(2, 5):
        in_one_go(brief(db, adding(db, n)))
    assert (await numbers(db), len(commits)) == ([0, 1, 2, 3, 4], 4)


# --- one that fails


async def test_one_that_fails_is_undone_alone(db: EmbeddedEngine, commits: list[str]) -> None:
    await db.rows("CREATE UNIQUE INDEX once ON note (n)")
    commits.clear()

    async def fail() -> None:
        await db.rows(ADD, (100,))
        raise KeyError("on purpose")

    async def clash() -> None:
        await db.rows(ADD, (101,))
        await db.rows(ADD, (0,))

    async def nested() -> None:
        with suppress(KeyError):
            await brief(db, fail)
        await db.rows(ADD, (2,))

    found = await together(db, fail, adding(db, 0), fail, adding(db, 1), clash, nested, fail)
    assert [type(outcome) for outcome in found] == [KeyError, list, KeyError, list, NotUnique, type(None), KeyError]
    assert (await numbers(db), len(commits)) == ([0, 1, 2], 1)


@pytest.mark.parametrize("place", range(4))
async def test_a_foreign_key_that_points_to_nothing_takes_no_other_down(
    db: EmbeddedEngine, commits: list[str], place: int
) -> None:
    await db.rows(REPLIES)
    commits.clear()
    blocks = [adding(db, n) for n in range(4)]
    blocks[place] = lambda: db.rows("INSERT INTO reply VALUES (1000)")
    found = await together(db, *blocks)
    assert [type(outcome) for outcome in found] == [StillReferenced if n == place else list for n in range(4)]
    assert await numbers(db) == [n for n in range(4) if n != place]
    assert (await db.rows("SELECT * FROM reply"), len(commits)) == ([], 1)


@pytest.mark.parametrize("place", range(3))
async def test_one_that_puts_a_foreign_key_right_in_time_is_kept(
    db: EmbeddedEngine, commits: list[str], place: int
) -> None:
    await db.rows(REPLIES)
    commits.clear()

    async def reply_first() -> None:
        await db.rows("INSERT INTO reply VALUES (7)")
        await db.rows("INSERT INTO note (id, n) VALUES (7, 7)")

    blocks = [adding(db, n) for n in range(2)]
    blocks.insert(place, reply_first)
    found = await together(db, *blocks)
    assert {type(outcome) for outcome in found} == {list, type(None)}
    assert (await db.rows("SELECT * FROM reply"), len(commits)) == ([(7,)], 1)


# --- a group that fails


@pytest.mark.parametrize("end", ["the last one", "the turn", "another that may not join", "a long write"])
async def test_all_hear_of_a_commit_that_fails(db: EmbeddedEngine, writing: apsw.Connection, end: str) -> None:
    told: list[str] = []

    async def add(n: int) -> None:
        tx = db.current()
        assert tx is not None
        tx.on_commit(lambda: told.append("kept"))
        tx.on_rollback(lambda: told.append("undone"))
        await db.rows(ADD, (n,))

    async def end_it() -> None:
        await asyncio.sleep(0)  # until all have begun
        match end:
            case "another that may not join":
                async with db.transaction():
                    await db.rows(ADD, (100,))
            case "a long write":
                await brief(db, lambda: db.rows(SLOW_WRITE))

    failing = iter([True])
    writing.set_commit_hook(lambda: next(failing, False))  # COMMIT becomes ROLLBACK
    if end != "the last one":
        COMPANY.waiting = 1
    found, _ = await asyncio.gather(together(db, *(partial(add, n) for n in range(10))), end_it())
    assert [type(outcome) for outcome in found] == [ConstraintFailed] * 10
    assert len(set(map(id, found))) == 10  # an error for each: it is told where it was raised
    assert told == ["undone"] * 10
    assert await count(db) == {"another that may not join": 1, "a long write": 300_000}.get(end, 0)
    await brief(db, lambda: add(1))
    assert told[10:] == ["kept"]


async def test_a_commit_that_is_refused_leaves_nothing_open(
    db: EmbeddedEngine, writing: apsw.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    await db.rows(REPLIES)
    monkeypatch.setattr(Writer, "violates_deferred_keys", False)  # so that nobody sees it coming
    found = await together(db, adding(db, 0), lambda: db.rows("INSERT INTO reply VALUES (1000)"), adding(db, 1))
    assert [type(outcome) for outcome in found] == [StillReferenced] * 3
    assert not writing.in_transaction
    await brief(db, adding(db, 2))
    assert (await numbers(db), await db.rows("SELECT * FROM reply")) == ([2], [])


async def test_all_hear_when_sqlite_rolls_everything_back(db: EmbeddedEngine) -> None:
    told: list[int] = []

    async def add(n: int) -> None:
        tx = db.current()
        assert tx is not None
        tx.on_rollback(lambda: told.append(n))
        await db.rows(ADD, (n,))

    async def add_without_end() -> None:
        await add(2)
        await interrupted(db, ENDLESS_WRITE)  # which takes the whole transaction with it

    found = await together(db, lambda: add(0), lambda: add(1), add_without_end, lambda: add(3))
    assert [type(outcome) for outcome in found[:2]] == [GroupUndone, GroupUndone]
    assert isinstance(found[2], Exception)
    assert sorted(told) == [0, 1, 2]
    assert await numbers(db) == [3]  # which was behind it in the queue


async def test_all_hear_when_the_transaction_has_ended_unnoticed(db: EmbeddedEngine, writing: apsw.Connection) -> None:
    async def end_it() -> None:
        await db.rows(ADD, (2,))
        writing.execute("ROLLBACK")  # as SQLite does by itself when a read finds the disk broken

    found = await together(db, adding(db, 0), adding(db, 1), end_it, adding(db, 3), adding(db, 4))
    assert [type(outcome) for outcome in found] == [GroupUndone] * 3 + [list] * 2
    assert await numbers(db) == [3, 4]


@pytest.mark.usefixtures("company")
@pytest.mark.parametrize("kept", [True, False])
@pytest.mark.parametrize("turns", [0, 3])
async def test_one_that_is_cancelled_while_it_waits_for_the_commit_hears_how_it_ended(
    db: EmbeddedEngine, writing: apsw.Connection, kept: bool, turns: int
) -> None:
    told: list[str] = []
    if not kept:
        writing.set_commit_hook(lambda: True)

    async def add(n: int) -> None:
        tx = db.current()
        assert tx is not None
        tx.on_commit(lambda: told.append(f"{n} kept"))
        tx.on_rollback(lambda: told.append(f"{n} undone"))
        await db.rows(ADD, (n,))

    async def add_and_cancel() -> None:
        await add(2)
        for _ in range(1 + turns):
            tasks[1].cancel()
            await asyncio.sleep(0)

    blocks: list[Block] = [lambda: add(0), lambda: add(1), add_and_cancel]
    tasks = [asyncio.create_task(brief(db, block)) for block in blocks]
    await asyncio.wait(tasks)
    assert tasks[1].cancelled()
    outcome = "kept" if kept else "undone"
    assert sorted(told) == [f"{n} {outcome}" for n in range(3)]
    assert await numbers(db) == ([0, 1, 2] if kept else [])


async def test_one_that_is_cancelled_in_the_moment_it_is_to_join_leaves_the_group_to_be_committed(
    db: EmbeddedEngine, stranger: apsw.Connection
) -> None:
    first, second = [asyncio.create_task(brief(db, adding(db, n))) for n in range(2)]
    async with db.transaction():
        await asyncio.sleep(0)
    await asyncio.sleep(0)  # the first one has handed the lock on, and the second has not gone on
    second.cancel()
    await asyncio.sleep(0)
    assert seen_by(stranger) == [0]
    await first
    assert second.cancelled()


# --- what is seen of it


@pytest.mark.parametrize("who_commits", ["the last of them", "the turn's end"])
async def test_callbacks_are_called_in_order_after_the_commit(
    db: EmbeddedEngine, stranger: apsw.Connection, commits: list[str], who_commits: str
) -> None:
    seen: list[tuple[int, bool]] = []
    COMPANY.waiting = 50 if who_commits == "the last of them" else 51

    async def add(n: int) -> None:
        COMPANY.waiting -= 1

        def tell() -> None:
            seen.append((n, n in seen_by(stranger)))

        async with db.brief_transaction() as tx:
            tx.on_commit(tell)
            await db.rows(ADD, (n,))
        assert seen[-1][0] == n

    await asyncio.gather(*map(add, range(50)))
    assert seen == [(n, True) for n in range(50)]
    assert len(commits) == 1


async def test_the_version_changes_for_those_behind_in_the_group_and_for_all_after_it(db: EmbeddedEngine) -> None:
    before = db.version()
    of_notes, of_another = "SELECT * FROM note", "SELECT * FROM sqlite_schema"
    before_of = db.version(of_notes), db.version(of_another)
    inside: list[tuple[int, int, int]] = []

    async def look() -> None:
        inside.append((await count(db), db.version(), db.version(of_notes)))
        await db.rows(ADD, (1,))

    await together(db, look, look, look)
    assert [there for there, _, _ in inside] == [0, 1, 2]
    # The first one is as everybody: nothing has been done before it.
    assert inside[0][1:] == (before, before_of[0])
    assert len({*inside[0][1:], *inside[1][1:], *inside[2][1:]}) == 5 + (before != before_of[0])
    assert db.version() not in {before, *(version for _, version, _ in inside)}
    assert db.version(of_notes) not in {before_of[0], *(of for _, _, of in inside)}
    assert db.version(of_another) == before_of[1]


# --- who does not join


@pytest.mark.parametrize("place", range(4))
@pytest.mark.parametrize("queued", [False, True], ids=["at once", "queued"])
@pytest.mark.parametrize("kind", ["immediate", "deferred", "exclusive", "schema", "pragma", "close", "thread"])
async def test_others_do_not_join(
    db: EmbeddedEngine, writer: Writer, stranger: apsw.Connection, kind: str, queued: bool, place: int
) -> None:
    """They begin when the group before them is committed, and undo nothing of it."""
    seen: list[list[int]] = []
    got = threading.Event()

    def look() -> None:
        assert not writer.group.members
        seen.append(seen_by(stranger))

    async def fail() -> None:
        look()
        await db.rows(ADD, (100,))
        await asyncio.sleep(0)  # while others come
        look()
        raise KeyError

    def hold() -> None:
        assert writer.lock.acquire_in_thread(5)
        got.set()
        look()
        writer.lock.release()

    async def other() -> None:
        match kind:
            case "schema":
                with suppress(KeyError):
                    async with db.schema_transaction():
                        await fail()
            case "pragma":
                await db.rows("PRAGMA user_version = 7")
            case "close":
                await db.close()
            case "thread":
                before = len(writer.lock._waiting)
                holding = asyncio.get_running_loop().run_in_executor(None, hold)
                while not got.is_set() and len(writer.lock._waiting) == before:
                    time.sleep(0.0001)  # noqa: ASYNC251  # nobody is to have a turn before it is in the queue
                await holding
            case _:
                with suppress(KeyError):
                    async with db.transaction(transaction_type=TransactionType[kind]):
                        await fail()

    async def add(n: int) -> None:
        await brief(db, adding(db, n))

    COMPANY.waiting = 1
    works = [add(n) for n in range(4)]
    works.insert(place, other())
    tasks = [asyncio.create_task(work) for work in works]
    if queued:
        async with db.transaction():
            await asyncio.sleep(0)
    async with asyncio.timeout(5):
        await asyncio.gather(*tasks)
    assert await numbers(db) == [0, 1, 2, 3]
    if kind == "thread":  # which has waited for one more at most
        assert seen[0] in (list(range(place)), list(range(place + 1)))
    elif kind not in ("pragma", "close"):
        assert seen == [list(range(place))] * 2


@pytest.mark.usefixtures("company")
async def test_those_that_may_take_longer_share_no_commit(db: EmbeddedEngine, commits: list[str]) -> None:
    async def add(n: int) -> None:
        async with db.transaction():
            await db.rows(ADD, (n,))

    await asyncio.gather(*map(add, range(5)))
    assert (await numbers(db), len(commits)) == (list(range(5)), 5)


# --- statements for the writer's thread


async def test_a_long_write_keeps_nobody_waiting_and_takes_nobody_down(db: EmbeddedEngine, commits: list[str]) -> None:
    """As long as it has done nothing before, it leaves the group."""
    order = []

    async def add(n: int) -> None:
        COMPANY.waiting -= 1
        await brief(db, adding(db, n))
        order.append(n)

    async def add_many() -> None:
        await db.rows(SLOW_WRITE)
        order.append(300_000)

    COMPANY.waiting = 3
    await asyncio.gather(add(0), add(1), brief(db, add_many), add(2))
    assert order == [0, 1, 300_000, 2]
    assert len(commits) == 2
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await together(db, adding(db, 3), adding(db, 4), lambda: db.rows(ENDLESS_WRITE))
    assert await count(db) == 300_005


async def test_one_that_needs_the_thread_after_its_first_statement_stays_in_its_group(
    db: EmbeddedEngine, commits: list[str]
) -> None:
    async def add_and_mark() -> None:
        await db.rows(ADD, (1,))
        await db.rows("UPDATE note SET text = text || 'x'")

    await together(db, adding(db, 0), add_and_mark, adding(db, 2))
    assert await db.rows("SELECT n, text FROM note ORDER BY id") == [(0, "x"), (1, "x"), (2, "")]
    assert len(commits) == 1


# --- all at once


@pytest.mark.parametrize("seed", range(8))
async def test_whatever_comes_together_is_kept_if_and_only_if_it_was_said_to_be(
    db: EmbeddedEngine, writer: Writer, seed: int
) -> None:
    chance = random.Random(seed)
    others = [db.transaction, lambda: db.transaction(transaction_type=TransactionType.deferred), db.schema_transaction]
    over = threading.Event()

    def begin() -> Any:
        COMPANY.waiting = chance.choice([0, 1, 1])
        return chance.choice([db.brief_transaction] * 12 + others)()

    open_for: list[bool] = []

    def hold_again_and_again() -> None:
        while not over.wait(0.002):
            assert writer.lock.acquire_in_thread(5)
            with writer.inline.busy:  # somebody may be reading there
                open_for.append(writer.in_transaction)
            writer.lock.release()

    holding = asyncio.get_running_loop().run_in_executor(None, hold_again_and_again)
    try:
        await check_kept_as_told(db, chance, begin)
    finally:
        over.set()
        await holding
    assert set(open_for) == {False}
