"""Statements outside of transactions: where the embedded engine runs them, and what it refuses."""

import asyncio
import contextvars
from contextlib import suppress
from functools import partial
from itertools import product
from pathlib import Path

import pytest
from piccolo.engine.sqlite import TransactionType
from tests.unit.db.embedded.seen import ENDLESS, SLOW, SLOW_WRITE, count, our_threads, until

from piccobase.db.embedded import EmbeddedEngine
from piccobase.db.errors import (
    DatabaseFailed,
)


async def test_a_read_runs_at_once_and_without_a_thread(db: EmbeddedEngine) -> None:
    await db.rows("INSERT INTO note (text) VALUES ('a')")
    assert db.rows_now("SELECT text FROM note WHERE id = ?", (1,)) == [("a",)]
    reading = db.rows("SELECT text FROM note")
    with pytest.raises(StopIteration) as done:
        reading.send(None)  # it ends without having waited for anything
    assert done.value.value == [("a",)]
    assert not our_threads()


async def test_a_read_over_the_budget_is_refused_at_once_and_runs_in_a_thread(db: EmbeddedEngine) -> None:
    assert db.rows_now(SLOW) is None
    assert await db.rows(SLOW) == [(1_000_000,)]
    assert our_threads() == {"piccobase-reader-0", "piccobase-reader-1"}


async def test_a_cheap_read_never_runs_out_of_budget_however_often_it_runs(db: EmbeddedEngine) -> None:
    await db.rows("INSERT INTO note (text) VALUES ('a')")
    assert all(db.rows_now("SELECT text FROM note WHERE id = 1") == [("a",)] for _ in range(20_000))


async def test_the_loop_goes_on_and_fast_reads_answer_beside_a_slow_one(db: EmbeddedEngine) -> None:
    await db.rows("INSERT INTO note (text) VALUES ('a')")
    slow = asyncio.create_task(db.rows(SLOW))
    answers = 0
    while not slow.done():
        assert await db.rows("SELECT text FROM note WHERE id = 1") == [("a",)]
        answers += 1
        await asyncio.sleep(0)
    assert await slow == [(1_000_000,)]
    assert answers > 20


async def test_a_slow_read_that_is_cancelled_is_interrupted(db: EmbeddedEngine) -> None:
    endless = [asyncio.create_task(db.rows(ENDLESS)) for _ in range(2)]
    await until(lambda: len(our_threads()) == 2)
    for task in endless:
        task.cancel()
    assert all(
        isinstance(outcome, asyncio.CancelledError)
        for outcome in await asyncio.gather(*endless, return_exceptions=True)
    )
    assert await db.rows(SLOW) == [(1_000_000,)]  # the readers are free again


async def test_a_read_that_was_over_the_budget_is_not_begun_at_once_for_a_while(db: EmbeddedEngine) -> None:
    """What would be thrown away is not worked for; and once it is short, it runs at once again."""
    await db.rows(
        "INSERT INTO note (text) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 20000) "
        "SELECT i FROM n"
    )
    statement = "SELECT count(*) FROM note WHERE text LIKE '%1%'"
    first = await db.rows(statement)
    await db.rows("DELETE FROM note WHERE id > 10")
    answers = 0
    while db.rows_now(statement) is None:
        assert await db.rows(statement) == [(2,)] != first
        answers += 1
        assert answers < 1000
    assert answers > 5


async def test_without_a_budget_every_read_goes_to_a_thread(tmp_path: Path) -> None:
    engine = EmbeddedEngine(tmp_path / "data.db", inline_opcodes=0)
    assert engine.rows_now("SELECT 1") is None
    assert await engine.rows("SELECT 1") == [(1,)]
    async with engine.transaction():
        assert engine.rows_now("SELECT 1") is None
        assert await engine.rows("SELECT 1") == [(1,)]
    await engine.close()


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO note (text) VALUES ('a')",
        "WITH new AS (SELECT 'a' AS text) INSERT INTO note (text) SELECT text FROM new",
        "INSERT INTO note (text) VALUES ('a') RETURNING id",
        "PRAGMA user_version",
        "PRAGMA query_only = 0",
    ],
)
async def test_what_does_more_than_read_is_not_run_at_once(db: EmbeddedEngine, statement: str) -> None:
    assert db.rows_now(statement) is None
    assert await count(db) == 0


async def test_a_write_is_seen_by_the_next_read(db: EmbeddedEngine) -> None:
    for number in range(1, 200):
        await db.rows("INSERT INTO note (text) VALUES ('a')")
        assert db.rows_now("SELECT count(*) FROM note") == [(number,)]


async def test_rows_are_the_values_sqlite_has(db: EmbeddedEngine) -> None:
    assert await db.rows("SELECT 1, 1.5, 'a', x'00', NULL, ?", (b"\xff",)) == [(1, 1.5, "a", b"\0", None, b"\xff")]


@pytest.mark.parametrize("statement", ["SELECT 1; SELECT 2", "DELETE FROM note; DROP TABLE note", "SELECT 1; --\n x"])
async def test_only_one_statement_is_run(db: EmbeddedEngine, statement: str) -> None:
    with pytest.raises(DatabaseFailed, match="one SQL statement"):
        await db.rows(statement)


async def test_blanks_and_comments_around_a_statement_do_not_matter(db: EmbeddedEngine) -> None:
    assert db.rows_now(" -- first\n /* second */ SELECT 1 ; -- last") == [(1,)]


@pytest.mark.parametrize("statement", ["BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT a", " release a", "END"])
async def test_transactions_are_not_begun_or_ended_by_statements(db: EmbeddedEngine, statement: str) -> None:
    with pytest.raises(DatabaseFailed):
        await db.rows(statement)
    async with db.transaction():
        await db.rows("INSERT INTO note (text) VALUES ('a')")
        with pytest.raises(DatabaseFailed):
            await db.rows(statement)
    assert await count(db) == 1


async def test_explaining_again_after_the_schema_has_changed_tells_the_new_one(db: EmbeddedEngine) -> None:
    async def tables() -> list[str]:
        steps = await db.rows("EXPLAIN INSERT INTO note (text) VALUES (?)", ("a",))
        return [step[5] for step in steps if step[1] == "Insert"]

    for number in range(50):
        assert await tables() == ["note"]
        async with db.transaction():
            assert await tables() == ["note"]
            await db.rows(f"CREATE TABLE other{number} (id INTEGER PRIMARY KEY, text TEXT)")
            await db.rows("ALTER TABLE note RENAME TO letter")
            await db.rows("ALTER TABLE letter RENAME TO note")
            assert await tables() == ["note"]
    assert await count(db) == 0


async def test_what_must_not_run_does_not_while_the_thread_is_at_work_either(db: EmbeddedEngine) -> None:
    async with db.transaction() as tx:
        slow = asyncio.create_task(db.rows(SLOW_WRITE))
        await until(lambda: tx.rows_now("SELECT 1") is None)
        for statement in ("COMMIT", "DELETE FROM note; SELECT 1"):
            with pytest.raises(DatabaseFailed):
                await db.rows(statement)
        await slow
    assert await count(db) == 300_000


async def test_a_savepoint_whose_transaction_is_over_cannot_touch_another(db: EmbeddedEngine) -> None:
    async with db.transaction() as first:
        savepoint = await first.savepoint()
    async with db.transaction() as second:
        await second.savepoint()  # of the same name
        await db.rows("INSERT INTO note (text) VALUES ('a')")
        for end in (savepoint.rollback_to, savepoint.release):
            with pytest.raises(DatabaseFailed, match="over"):
                await end()
    assert await count(db) == 1


async def test_statements_that_no_transaction_may_be_around(db: EmbeddedEngine) -> None:
    await db.rows("VACUUM")
    await db.rows("PRAGMA foreign_keys = OFF")
    assert await db.rows("PRAGMA foreign_keys") == [(0,)]


async def test_the_version_changes_with_every_commit_of_anybody(db: EmbeddedEngine, impatient: EmbeddedEngine) -> None:
    seen = [db.version()]
    await db.rows("SELECT * FROM note")
    assert db.version() == seen[0]
    await db.rows("INSERT INTO note (text) VALUES ('a')")
    seen.append(db.version())
    async with db.transaction():
        await db.rows("INSERT INTO note (text) VALUES ('b')")
        assert db.version() == seen[-1]
    seen.append(db.version())
    await impatient.rows("INSERT INTO note (text) VALUES ('c')")
    seen.append(db.version())
    with suppress(KeyError):
        async with db.transaction():
            await db.rows("DELETE FROM note")
            raise KeyError
    assert db.version() == seen[-1]
    assert await asyncio.to_thread(db.version) == seen[-1]
    await db.close()
    seen.append(db.version())
    assert len(set(seen)) == len(seen)


@pytest.mark.parametrize("looks_first", [True, False])
async def test_within_a_transaction_it_tells_of_all_that_was_committed_since_it_was_seen(
    db: EmbeddedEngine, impatient: EmbeddedEngine, looks_first: bool
) -> None:
    insert = "INSERT INTO note (text) VALUES ('a')"

    async def undo() -> None:
        with suppress(KeyError):
            async with db.transaction():
                await db.rows(insert)
                raise KeyError

    async def look() -> None:
        db.version()

    async def commit_after_a_read() -> None:
        async with db.transaction(TransactionType.deferred):
            await count(db)
            await db.rows(insert)

    changing = [partial(db.rows, insert), partial(impatient.rows, insert), commit_after_a_read]
    others = [partial(count, db), undo, look]
    db.version()
    for steps in product([*changing, *others], repeat=3):
        if looks_first:
            db.version()
        seen = db.version_seen()
        for step in steps:
            await step()
        has_changed = any(step in changing for step in steps)
        async with db.transaction():
            if has_changed:
                assert db.version() != seen, steps
            elif looks_first:
                assert db.version() == seen, steps
            await db.rows(insert)
            assert (db.version() != seen) >= has_changed, steps


async def test_a_commit_of_our_own_hides_none_of_others_from_a_transaction(
    db: EmbeddedEngine, impatient: EmbeddedEngine
) -> None:
    await db.rows("CREATE TABLE other (text TEXT)")
    before = db.version("SELECT * FROM other")
    await impatient.rows("INSERT INTO other VALUES ('a')")
    await db.rows("INSERT INTO note (text) VALUES ('a')")
    async with db.transaction():
        assert db.version("SELECT * FROM other") != before


async def test_while_a_transaction_only_reads_no_version_is_the_same_as_another(
    db: EmbeddedEngine, impatient: EmbeddedEngine
) -> None:
    before = db.version()
    async with db.transaction(TransactionType.deferred):
        assert await count(db) == 0  # from now on SQLite tells of this snapshot alone
        await impatient.rows("INSERT INTO note (text) VALUES ('a')")
        assert len({before, db.version(), db.version()}) == 3
    assert db.version() != before


async def test_what_is_not_committed_is_seen_by_nobody_else(db: EmbeddedEngine) -> None:
    # Both read at once, and would be on the connection that writes while nobody uses it.
    seen: list[int] = []

    async def look() -> None:
        seen.append(await count(db))

    elsewhere = contextvars.copy_context()
    async with db.transaction():
        await db.rows("INSERT INTO note (text) VALUES ('a')")
        assert await count(db) == 1
        await asyncio.create_task(look(), context=elsewhere)
    await look()
    assert seen == [0, 1]


async def test_a_read_after_a_write_is_answered_from_what_was_written(db: EmbeddedEngine) -> None:
    await db.rows("INSERT INTO note (text) VALUES ('a')")
    read, others = db.rows_now("SELECT count(*) FROM note"), await asyncio.to_thread(db.rows_now, "SELECT 1")
    assert (read, others) == ([(1,)], [(1,)])
