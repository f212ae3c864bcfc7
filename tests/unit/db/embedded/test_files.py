"""The files, the log and the threads of the embedded engine."""

import asyncio
import os
import threading
import time
from pathlib import Path
from typing import Any

import apsw
import pytest
from piccolo.columns import Varchar
from piccolo.table import create_table_class
from tests.unit.db.embedded.seen import SLOW, SLOW_WRITE, count, open_files, our_threads

from piccobase.db.embedded import EmbeddedEngine
from piccobase.db.errors import (
    DatabaseUnavailable,
)


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
