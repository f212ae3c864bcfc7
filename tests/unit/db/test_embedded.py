"""What only the embedded engine does: inline reads, its threads, other processes, its files."""

import asyncio
import os
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import apsw
import pytest
from piccolo.columns import Integer, Varchar
from piccolo.engine.sqlite import TransactionType
from piccolo.table import create_table_class

from piccobase.db.embedded import EmbeddedEngine
from piccobase.db.errors import (
    DatabaseFailed,
    DatabaseUnavailable,
    SerializationFailed,
    StillReferenced,
)

ENDLESS = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c"
SLOW = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 1000000) SELECT count(*) FROM c"
SLOW_WRITE = f"INSERT INTO note (text) {SLOW.replace('count(*)', 'x').replace('1000000', '300000')}"
ENDLESS_WRITE = f"INSERT INTO note (text) {ENDLESS.replace('count(*)', 'x')}"


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[EmbeddedEngine]:
    engine = EmbeddedEngine(tmp_path / "data.db")
    await engine.rows("CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT NOT NULL DEFAULT '', n INTEGER DEFAULT 0)")
    await engine.close()  # so that each test starts without threads; the first statement opens it again
    yield engine
    await engine.close()


@pytest.fixture
async def impatient(tmp_path: Path, db: EmbeddedEngine) -> AsyncIterator[EmbeddedEngine]:
    """Another engine on the same file, which waits a tenth of a second at most."""
    engine = EmbeddedEngine(tmp_path / "data.db", busy_timeout=0.1, lock_timeout=0.1)
    yield engine
    await engine.close()


async def count(db: EmbeddedEngine) -> int:
    return int((await db.rows("SELECT count(*) FROM note"))[0][0])


def our_threads() -> set[str]:
    return {thread.name for thread in threading.enumerate() if thread.name.startswith("piccobase-")}


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


# --- reading


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
    seen.append(await asyncio.to_thread(db.version))  # of another thread: never the same
    await db.close()
    seen.append(db.version())
    assert len(set(seen)) == len(seen)


# --- writing


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


async def test_a_short_write_takes_no_thread(db: EmbeddedEngine) -> None:
    async with db.transaction() as tx:
        await db.rows("INSERT INTO note (text) VALUES ('a') RETURNING id")
        await db.rows("UPDATE note SET text = 'b' WHERE id = 1")
        assert tx.rows_now("INSERT INTO note (text) VALUES (?)", ("c",)) == []
        assert tx.rows_now("SELECT text FROM note ORDER BY id") == [("b",), ("c",)]
    assert not our_threads()
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
    await db.rows("SELECT 1 FROM reply")
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


async def test_a_cancelled_writer_gives_up_its_place_in_the_queue(db: EmbeddedEngine) -> None:
    async def write(number: int) -> None:
        async with db.transaction():
            await db.rows("INSERT INTO note (n) VALUES (?)", (number,))

    held = db.transaction()
    waiting = [asyncio.create_task(write(number)) for number in range(20)]
    async with held:
        await asyncio.sleep(0)
        for task in waiting[::2]:
            task.cancel()
    # Cancelled in the very moment in which it is handed the lock:
    waiting[1].cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    assert await db.rows("SELECT n FROM note ORDER BY n") == [(number,) for number in range(3, 20, 2)]


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
            with suppress(TimeoutError):
                async with asyncio.timeout(0.02):  # an interrupted write takes the whole transaction with it
                    await db.rows(ENDLESS_WRITE)
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


@pytest.fixture
async def stranger(tmp_path: Path, db: EmbeddedEngine) -> AsyncIterator[apsw.Connection]:
    # Not of Python's own sqlite3: two SQLite libraries in one process do not see each other's locks.
    connection = apsw.Connection(str(tmp_path / "data.db"))
    yield connection
    connection.close()


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


# --- files and threads


async def log_pages(db: EmbeddedEngine) -> int:
    ((_, pages, _),) = await db.rows("PRAGMA wal_checkpoint(NOOP)")
    return int(pages)


async def test_the_log_starts_again_and_again_while_writing_goes_on(db: EmbeddedEngine) -> None:
    starts = before = 0
    async with asyncio.timeout(60):
        while starts < 3:
            for _ in range(20):
                await db.rows("INSERT INTO note (text) VALUES (?)", ("x" * 100_000,))
            pages = await log_pages(db)
            starts += pages < before
            before = pages
    assert "piccobase-checkpoints" in our_threads()


async def test_piccolos_own_writes_do_not_let_the_log_grow_either(db: EmbeddedEngine) -> None:
    note = create_table_class("Note", class_kwargs={"tablename": "note", "db": db}, class_members={"text": Varchar()})
    longest = 0
    async with asyncio.timeout(60):
        while (pages := await log_pages(db)) >= longest:
            longest = pages
            for _ in range(20):
                await note.insert(note(text="x" * 100_000))


async def test_the_log_is_moved_as_soon_as_a_long_read_is_over(db: EmbeddedEngine, stranger: apsw.Connection) -> None:
    stranger.execute("BEGIN")
    assert stranger.execute("SELECT count(*) FROM note").get == 0
    for _ in range(100):
        await db.rows("INSERT INTO note (text) VALUES (?)", ("x" * 100_000,))
    assert await log_pages(db) > 2500  # nothing of it can be used again
    stranger.execute("COMMIT")

    async with asyncio.timeout(60):
        while await log_pages(db) > 1000:
            await db.rows("INSERT INTO note (text) VALUES ('a')")


async def test_closing_ends_threads_and_leaves_one_file(db: EmbeddedEngine, tmp_path: Path) -> None:
    await asyncio.gather(db.rows(SLOW), db.rows(SLOW_WRITE), asyncio.to_thread(db.rows_now, "SELECT 1"))
    await db.close()
    assert not our_threads()
    assert os.listdir(tmp_path) == ["data.db"]
    assert await count(db) == 300_000  # it opens again


async def test_closing_waits_for_the_transaction_that_runs(db: EmbeddedEngine) -> None:
    async with db.transaction():
        closing = asyncio.create_task(db.close())
        await asyncio.sleep(0)
        await db.rows("INSERT INTO note (text) VALUES ('a')")
        assert not closing.done()
    await closing
    assert await count(db) == 1


async def test_a_thread_takes_its_connection_with_it(db: EmbeddedEngine) -> None:
    def read_in_a_thread() -> None:
        thread = threading.Thread(target=lambda: db.rows_now("SELECT count(*) FROM note"))
        thread.start()
        thread.join()

    await db.rows("SELECT 1")
    read_in_a_thread()  # SQLite keeps one file of a closed connection for the next
    before = open_files("data.db")
    for _ in range(10):
        read_in_a_thread()
    assert open_files("data.db") == before


async def test_piccolos_connection_pool_opens_and_closes(tmp_path: Path) -> None:
    engine = EmbeddedEngine(tmp_path / "data.db")
    assert not (tmp_path / "data.db").exists()
    await engine.start_connection_pool()
    assert (tmp_path / "data.db").exists()
    await engine.close_connection_pool()
    engine.remove_db_file()
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("path", [":memory:", "", "file::memory:?cache=shared"])
def test_a_database_in_memory_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="several connections"):
        EmbeddedEngine(path)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("missing/data.db", "its directory does not exist"),
        ("folder", "it is a directory"),
        ("letter.txt", "file is not a database"),
    ],
)
async def test_a_file_that_cannot_be_used_is_explained(tmp_path: Path, path: str, message: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "letter.txt").write_text("Dear database, " * 100)
    engine = EmbeddedEngine(tmp_path / path)
    for statement in ("SELECT 1", "CREATE TABLE t (x)"):
        with pytest.raises(DatabaseUnavailable, match=message):
            await engine.rows(statement)
    with pytest.raises(DatabaseUnavailable, match=message):
        async with engine.transaction():
            pass
    await engine.close()


async def test_the_settings_of_every_connection(db: EmbeddedEngine) -> None:
    async def settings() -> list[Any]:
        names = ("journal_mode", "synchronous", "foreign_keys", "temp_store", "wal_autocheckpoint")
        return [(await db.rows(f"PRAGMA {name}"))[0][0] for name in names]

    assert await settings() == ["wal", 1, 1, 2, 0]
    with pytest.raises(apsw.ReadOnlyError):
        db._inline().connection.execute("INSERT INTO note (text) VALUES ('a')")


async def test_a_full_disk_undoes_the_transaction_and_says_so(db: EmbeddedEngine) -> None:
    ((pages,),) = await db.rows("PRAGMA page_count")
    await db.rows(f"PRAGMA max_page_count = {pages + 10}")
    with pytest.raises(DatabaseUnavailable, match="full"):
        await db.rows("INSERT INTO note (text) VALUES (?)", ("x" * 1_000_000,))
    assert await count(db) == 0
    await db.rows("INSERT INTO note (text) VALUES ('a')")


async def test_reading_is_quick_while_a_stranger_reads_an_old_state(
    db: EmbeddedEngine, stranger: apsw.Connection
) -> None:
    await db.rows("INSERT INTO note (text) VALUES ('a')")
    stranger.execute("BEGIN")
    assert stranger.execute("SELECT count(*) FROM note").get == 1
    start = time.monotonic()
    for _ in range(100):
        await db.rows("INSERT INTO note (text) VALUES (?)", ("x" * 10_000,))
    assert await count(db) == 101
    assert time.monotonic() - start < 5
    assert stranger.execute("SELECT count(*) FROM note").get == 1
