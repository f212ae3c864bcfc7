"""Transactions in which the schema changes: alone, checked at their end, and nothing is left of them afterwards."""

import asyncio
import contextvars
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from piccolo.engine.exceptions import TransactionError

from piccobase.base.errors import StartError
from piccobase.db.embedded import EmbeddedEngine
from piccobase.db.errors import SerializationFailed, StillReferenced
from piccobase.db.postgres import PostgresEngine
from piccobase.db.sqlite_rebuild import Rebuild, run_rebuild
from piccobase.db.statements import Kind

Engine = EmbeddedEngine | PostgresEngine
EMPTY = contextvars.Context()  # of somebody who takes no part in the open transaction


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[EmbeddedEngine]:
    engine = EmbeddedEngine(tmp_path / "data.db")
    for statement in (
        "CREATE TABLE posts (id TEXT PRIMARY KEY, title TEXT, body TEXT)",
        "CREATE TABLE comments (id TEXT PRIMARY KEY, post TEXT REFERENCES posts (id) ON DELETE CASCADE)",
        "INSERT INTO posts VALUES ('a', 'A', 'x'), ('b', 'B', 'y')",
        "INSERT INTO comments VALUES ('c', 'a'), ('d', 'b')",
    ):
        await engine.rows(statement)
    yield engine
    await engine.close()


async def check_as_before(db: EmbeddedEngine) -> None:
    """Foreign keys are on again, and the lock is free."""
    async with db.transaction():
        assert await db.rows("PRAGMA foreign_keys") == [(1,)]
        assert await db.rows("PRAGMA legacy_alter_table") == [(0,)]
        assert await db.rows("PRAGMA temp_store") == [(2,)]
    with pytest.raises(StillReferenced):
        await db.rows("INSERT INTO comments VALUES ('z', 'nobody')")


async def test_rows_that_point_to_a_table_stay_when_it_is_made_anew(db: EmbeddedEngine) -> None:
    async with db.schema_transaction():
        await run_rebuild(db, Rebuild("posts", change={"title": "title TEXT NOT NULL"}))
    assert await db.rows("SELECT * FROM comments") == [("c", "a"), ("d", "b")]
    await db.rows("DELETE FROM posts WHERE id = 'a'")
    assert await db.rows("SELECT * FROM comments") == [("d", "b")]
    await check_as_before(db)


async def test_rows_that_would_point_to_nothing_are_told_and_all_is_undone(db: EmbeddedEngine) -> None:
    with pytest.raises(StartError, match="comments, row 2: post 'b' is not in posts"):
        async with db.schema_transaction():
            await db.rows("DELETE FROM posts WHERE id = 'b'")
    assert len(await db.rows("SELECT * FROM posts")) == 2
    with pytest.raises(StartError, match='foreign key mismatch - "comments" referencing "posts"'):
        async with db.schema_transaction():
            await run_rebuild(db, Rebuild("posts", change={"id": "id TEXT"}))
    await check_as_before(db)


async def test_what_pointed_to_nothing_before_does_not_hold_up_a_change(
    db: EmbeddedEngine, caplog: pytest.LogCaptureFixture
) -> None:
    async with db.schema_transaction() as transaction:
        await db.rows("INSERT INTO comments VALUES ('z', 'long gone')")
        transaction._check_schema = lambda: asyncio.sleep(0)  # type: ignore[method-assign, attr-defined]
    async with db.schema_transaction():
        await run_rebuild(db, Rebuild("comments", add=["text TEXT"]))
    assert "comments, row 3: post 'long gone' is not in posts" in caplog.text
    with pytest.raises(StartError, match="row 4: post 'never there'"):
        async with db.schema_transaction():
            await db.rows("INSERT INTO comments VALUES ('y', 'never there', NULL)")


@pytest.mark.parametrize(
    ("made", "message"),
    [
        ("CREATE VIEW top AS SELECT id, body FROM posts", "the view top would not work any more: no such column: body"),
        (
            "CREATE TRIGGER kept AFTER DELETE ON posts BEGIN INSERT INTO comments VALUES (old.body, NULL); END",
            "the trigger kept of posts would not work any more: no such column: old.body",
        ),
        (
            "CREATE TRIGGER seen AFTER INSERT ON comments BEGIN UPDATE posts SET body = 'z'; END",
            "the trigger seen of comments would not work any more: no such column: body",
        ),
        (
            "CREATE TRIGGER watched AFTER UPDATE OF title, [Body] ON posts BEGIN SELECT 1; END",
            "the trigger watched of posts would not work any more: no such column: body",
        ),
    ],
)
async def test_views_and_triggers_that_could_not_be_run_any_more_are_told(
    db: EmbeddedEngine, made: str, message: str
) -> None:
    await db.rows(made)
    await db.rows("CREATE VIEW all_along AS SELECT x FROM nowhere")  # broken before, and nobody's fault
    await db.rows("CREATE VIEW written AS SELECT id FROM posts")
    await db.rows(
        "CREATE TRIGGER instead INSTEAD OF INSERT ON written BEGIN INSERT INTO posts (id) VALUES (new.id); END"
    )
    with pytest.raises(StartError, match=message):
        async with db.schema_transaction():
            await run_rebuild(db, Rebuild("posts", drop=["body"]))
    assert await db.rows("SELECT body FROM posts WHERE id = 'a'") == [("x",)]
    async with db.schema_transaction():
        await run_rebuild(db, Rebuild("posts", drop=["title"], add=["title TEXT"]))
    await check_as_before(db)


async def test_foreign_keys_are_on_again_however_it_ends(db: EmbeddedEngine) -> None:
    with pytest.raises(KeyError):
        async with db.schema_transaction():
            await db.rows("PRAGMA legacy_alter_table = ON")
            raise KeyError
    await check_as_before(db)
    begun = asyncio.Event()

    async def endless() -> None:
        async with db.schema_transaction():
            await db.rows("DELETE FROM posts")
            begun.set()
            await db.rows(
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) INSERT INTO posts (id) SELECT i FROM n"
            )

    task = asyncio.create_task(endless())
    await begun.wait()
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await check_as_before(db)
    assert len(await db.rows("SELECT * FROM posts")) == 2


async def test_what_was_counted_for_choosing_indexes_is_kept(db: EmbeddedEngine) -> None:
    for statement in (
        "CREATE TABLE pairs (a TEXT, b TEXT, n INTEGER, PRIMARY KEY (a, b)) WITHOUT ROWID",
        "INSERT INTO pairs VALUES ('a', 'b', 1), ('a', 'c', 2), ('d', 'e', 3)",
        "CREATE INDEX by_title ON posts (title)",
        "CREATE INDEX by_body ON posts (body)",
        "ANALYZE",
    ):
        await db.rows(statement)
    question = "SELECT tbl, idx, stat FROM sqlite_stat1 WHERE idx IS NOT 'by_body' ORDER BY tbl, idx"
    samples = "SELECT tbl, idx, sample FROM sqlite_stat4 WHERE idx != 'by_body' ORDER BY tbl, idx, sample"
    counted, sampled = await db.rows(question), await db.rows(samples)
    assert len(counted) == 4
    async with db.schema_transaction():
        await run_rebuild(db, Rebuild("posts", drop=["body"]))
        await run_rebuild(db, Rebuild("pairs", change={"n": "n TEXT"}))
        await run_rebuild(db, Rebuild("comments", add=["n INTEGER DEFAULT 5"]))
    assert await db.rows(question) == counted
    assert await db.rows(samples) == sampled
    assert await db.rows("SELECT 1 FROM sqlite_stat1 WHERE idx = 'by_body'") == []


async def test_full_text_search_over_a_table_finds_its_rows_afterwards(db: EmbeddedEngine) -> None:
    """It knows them by their rowid, and is kept by triggers."""
    for statement in (
        "DELETE FROM posts",
        "CREATE VIRTUAL TABLE found USING fts5(title, content='posts')",
        """CREATE TRIGGER found_new AFTER INSERT ON posts BEGIN
           INSERT INTO found (rowid, title) VALUES (new.rowid, new.title); END""",
        """CREATE TRIGGER found_gone AFTER DELETE ON posts BEGIN
           INSERT INTO found (found, rowid, title) VALUES ('delete', old.rowid, old.title); END""",
        "INSERT INTO posts (rowid, id, title) VALUES (12, 'x', 'apples'), (7, 'y', 'pears')",
    ):  # fmt: skip
        await db.rows(statement)
    async with db.schema_transaction():
        await run_rebuild(db, Rebuild("posts", change={"title": "title VARCHAR(20) NOT NULL"}, drop=["body"]))
    await db.rows("INSERT INTO posts (id, title) VALUES ('z', 'red apples')")
    await db.rows("DELETE FROM posts WHERE id = 'y'")
    assert await db.rows("SELECT rowid, title FROM found('apples') ORDER BY rowid") == [
        (12, "apples"),
        (13, "red apples"),
    ]
    await db.rows("INSERT INTO found (found, rank) VALUES ('integrity-check', 1)")


async def test_it_waits_long_for_another_process_but_not_for_ever(db: EmbeddedEngine, tmp_path: Path) -> None:
    impatient = EmbeddedEngine(tmp_path / "data.db", busy_timeout=0.01)
    async with db.transaction():
        await db.rows("UPDATE posts SET title = 'C'")
        with pytest.raises(SerializationFailed):
            async with impatient.schema_transaction():
                pass

    async def change() -> None:
        async with impatient.schema_transaction():
            await run_rebuild(impatient, Rebuild("posts", drop=["title"]))

    async with db.transaction():
        await db.rows("UPDATE posts SET title = 'C'")
        changing = asyncio.create_task(change())
        await asyncio.sleep(0.05)
        assert not changing.done()
    await changing
    assert await db.rows("SELECT * FROM posts") == [("a", "x"), ("b", "y")]
    await check_as_before(impatient)
    await impatient.close()


async def test_readers_go_on_and_writers_wait(db: EmbeddedEngine) -> None:
    async def write() -> None:
        await db.rows("UPDATE posts SET title = 'new' WHERE id = 'b'")

    async with db.schema_transaction():
        await run_rebuild(db, Rebuild("posts", drop=["body"]))
        outside = await asyncio.to_thread(lambda: asyncio.run(db.committed_rows("SELECT body FROM posts")))
        assert outside == [("x",), ("y",)]
        writing = asyncio.get_running_loop().create_task(write(), context=EMPTY)
        await asyncio.sleep(0)
        assert not writing.done()
    await writing
    assert await db.rows("SELECT * FROM posts") == [("a", "A"), ("b", "new")]


async def test_which_statements_are_short_is_asked_again(db: EmbeddedEngine) -> None:
    delete, update = "DELETE FROM posts WHERE id = ?", "UPDATE posts SET title = '' WHERE title = ?"
    await db.rows("CREATE UNIQUE INDEX by_title ON posts (title)")
    async with db.schema_transaction():
        await db.rows(delete, ("nobody",))
        assert db._kinds.known(delete) is Kind.SHORT  # there are no cascades just now
        await db.rows("DROP INDEX by_title")
        # What somebody outside learns is of the index that is still there for them.
        db._kinds.of(db._inline().connection, update, ("x",))
        assert db._kinds.known(update) is Kind.SHORT
    await db.rows(delete, ("nobody",))
    await db.rows(update, ("nobody",))
    assert db._kinds.known(delete) is Kind.LONG
    assert db._kinds.known(update) is Kind.LONG


async def test_it_nests_in_its_own_kind_only(engine: Engine) -> None:
    async with engine.schema_transaction():
        await engine.rows("CREATE TABLE a (n INTEGER)")
        with pytest.raises(KeyError):
            async with engine.schema_transaction():
                await engine.rows("CREATE TABLE b (n INTEGER)")
                raise KeyError
        async with engine.transaction(), engine.schema_transaction():
            await engine.rows("CREATE TABLE b (m INTEGER)")
    await engine.rows("INSERT INTO b (m) VALUES (1)")
    async with engine.transaction():
        with pytest.raises(TransactionError, match="outside of it"):
            engine.schema_transaction()


async def test_of_two_that_change_the_schema_one_waits(engine: Engine) -> None:
    order = []

    async def change(name: str) -> None:
        async with engine.schema_transaction():
            order.append(f"{name} begins")
            await asyncio.sleep(0.01)
            order.append(f"{name} ends")

    await asyncio.gather(change("one"), change("two"))
    assert order in (
        ["one begins", "one ends", "two begins", "two ends"],
        ["two begins", "two ends", "one begins", "one ends"],
    )
