"""What both engines promise, on SQLite and on PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest
from piccolo.columns import ForeignKey, Integer, Serial, Text, Varchar
from piccolo.engine.exceptions import TransactionError
from piccolo.table import Table, create_table_class

from piccobase.base.errors import PiccobaseError
from piccobase.db.errors import (
    ConstraintFailed,
    DatabaseFailed,
    NotUnique,
    SchemaChanged,
    StillReferenced,
)


class Oops(Exception):
    pass


def placeholders(engine: Any, sql: str) -> str:
    """`sql` with `?` as the engine's dialect writes it."""
    if engine.dialect == "sqlite":
        return sql
    first, *rest = sql.split("?")
    return first + "".join(f"${number}{part}" for number, part in enumerate(rest, 1))


@pytest.fixture
async def db(engine: Any) -> Any:
    """An engine with the tables `band` and `concert`."""
    for statement in (
        "CREATE TABLE band (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, town TEXT, size INTEGER)",
        "CREATE UNIQUE INDEX band_lower ON band (lower(town)) WHERE town != ''",
        (
            "CREATE TABLE concert (band INTEGER NOT NULL, day INTEGER CHECK (day < 100), place TEXT,"
            " UNIQUE (day, place), FOREIGN KEY (band) REFERENCES band (id) DEFERRABLE INITIALLY DEFERRED)"
        ),
    ):
        await engine.rows(statement)
    return engine


async def names(db: Any) -> list[str]:
    return [name for (name,) in await db.rows("SELECT name FROM band ORDER BY id")]


async def add(db: Any, number: int, name: str, town: str = "") -> None:
    await db.rows(placeholders(db, "INSERT INTO band (id, name, town) VALUES (?, ?, ?)"), (number, name, town))


async def test_rows_are_plain_tuples(db: Any) -> None:
    await add(db, 1, "Pythonistas")
    rows = await db.rows(placeholders(db, "SELECT id, name, size FROM band WHERE id = ?"), (1,))
    assert rows == [(1, "Pythonistas", None)]
    assert type(rows[0]) is tuple


async def test_a_statement_without_rows_returns_none(db: Any) -> None:
    assert await db.rows("DELETE FROM band") == []


async def test_a_statement_that_writes_can_return_rows(db: Any) -> None:
    assert await db.rows("INSERT INTO band (id, name) VALUES (7, 'a') RETURNING id, name") == [(7, "a")]
    assert await names(db) == ["a"]


async def test_a_transaction_commits_at_the_end_of_its_block(db: Any) -> None:
    async with db.transaction():
        await add(db, 1, "a")
        await add(db, 2, "b")
        assert await names(db) == ["a", "b"]
    assert await names(db) == ["a", "b"]


async def test_a_transaction_rolls_back_when_its_block_raises(db: Any) -> None:
    with pytest.raises(Oops):
        async with db.transaction():
            await add(db, 1, "a")
            raise Oops
    assert await names(db) == []
    assert not db.transaction_exists()


async def test_others_do_not_see_what_is_not_committed(db: Any) -> None:
    inside, looked = asyncio.Event(), asyncio.Event()

    async def write() -> None:
        async with db.transaction():
            await add(db, 1, "a")
            inside.set()
            await looked.wait()

    writing = asyncio.create_task(write())
    await inside.wait()
    assert await names(db) == []
    looked.set()
    await writing
    assert await names(db) == ["a"]


async def test_a_nested_transaction_is_undone_alone(db: Any) -> None:
    async with db.transaction():
        await add(db, 1, "a")
        with suppress(Oops):
            async with db.transaction():
                await add(db, 2, "b")
                raise Oops
        async with db.transaction():
            await add(db, 3, "c")
        assert db.transaction_exists()
    assert await names(db) == ["a", "c"]


async def test_an_error_of_the_database_in_a_nested_transaction_does_not_spoil_the_one_around_it(db: Any) -> None:
    async with db.transaction():
        await add(db, 1, "a")
        with pytest.raises(NotUnique):
            async with db.transaction():
                await add(db, 2, "a")
        await add(db, 3, "c")
    assert await names(db) == ["a", "c"]


async def test_what_a_nested_transaction_kept_goes_with_the_one_around_it(db: Any) -> None:
    with pytest.raises(Oops):
        async with db.transaction():
            async with db.transaction(), db.transaction():
                await add(db, 1, "a")
            raise Oops
    assert await names(db) == []


async def test_nesting_can_be_forbidden(db: Any) -> None:
    async with db.transaction():
        with pytest.raises(TransactionError):
            async with db.transaction(allow_nested=False):
                pass
        await add(db, 1, "a")
    assert await names(db) == ["a"]


async def test_callbacks_are_called_after_the_transaction_is_over(db: Any) -> None:
    seen: list[Any] = []

    async def look() -> None:
        seen.append((db.transaction_exists(), await names(db)))

    async with db.transaction() as transaction:
        transaction.on_commit(look)
        transaction.on_rollback(lambda: seen.append("rolled back"))
        await add(db, 1, "a")
        assert seen == []
    assert seen == [(False, ["a"])]


async def test_callbacks_after_a_rollback(db: Any) -> None:
    seen: list[Any] = []

    async def look() -> None:
        seen.append((db.transaction_exists(), await names(db)))

    with pytest.raises(Oops):
        async with db.transaction() as transaction:
            transaction.on_rollback(look)
            transaction.on_commit(lambda: seen.append("committed"))
            await add(db, 1, "a")
            raise Oops
    assert seen == [(False, [])]


async def test_callbacks_of_nested_transactions_wait_for_the_outermost(db: Any) -> None:
    seen: list[str] = []
    async with db.transaction():
        with suppress(Oops):
            async with db.transaction() as undone:
                undone.on_commit(lambda: seen.append("undone, commit"))
                undone.on_rollback(lambda: seen.append("undone, rollback"))
                raise Oops
        async with db.transaction() as kept:
            kept.on_commit(lambda: seen.append("kept, commit"))
            kept.on_rollback(lambda: seen.append("kept, rollback"))
        assert seen == []
    assert seen == ["undone, rollback", "kept, commit"]


async def test_a_commit_that_fails_rolls_back_and_releases_everything(db: Any) -> None:
    seen: list[str] = []
    for _ in range(25):  # more often than there are connections
        with pytest.raises(StillReferenced):
            async with db.transaction() as transaction:
                transaction.on_commit(lambda: seen.append("committed"))
                transaction.on_rollback(lambda: seen.append("rolled back"))
                await db.rows("INSERT INTO concert (band, day) VALUES (99, 1)")
        assert not db.transaction_exists()
    assert seen == ["rolled back"] * 25
    assert await db.rows("SELECT count(*) FROM concert") == [(0,)]
    async with asyncio.timeout(5):
        await asyncio.gather(*(add(db, number, str(number)) for number in range(20)))


async def test_a_cancelled_transaction_rolls_back_and_releases_everything(db: Any) -> None:
    for _ in range(25):
        inside = asyncio.Event()

        async def write(inside: asyncio.Event) -> None:
            async with db.transaction():
                await add(db, 1, "a")
                inside.set()
                await asyncio.Event().wait()

        writing = asyncio.create_task(write(inside))
        await inside.wait()
        writing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await writing
    assert await names(db) == []
    async with asyncio.timeout(5):
        await asyncio.gather(*(add(db, number, str(number)) for number in range(20)))


async def test_a_transaction_cancelled_at_any_moment_is_kept_whole_or_not_at_all(db: Any) -> None:
    kept = 0
    for round in range(120):
        seen: list[str] = []

        async def write(seen: list[str], round: int) -> None:
            async with db.transaction() as transaction:
                transaction.on_commit(lambda: seen.append("committed"))
                transaction.on_rollback(lambda: seen.append("rolled back"))
                await add(db, 2 * round, f"a{round}")
                await add(db, 2 * round + 1, f"b{round}")

        writing = asyncio.create_task(write(seen, round))
        for _ in range(round // 4):  # a few turns of the loop later each time
            await asyncio.sleep(0)
        writing.cancel()
        with suppress(asyncio.CancelledError):
            await writing
        rows = await db.rows(placeholders(db, "SELECT count(*) FROM band WHERE id >= ?"), (2 * round,))
        assert rows == [(2,)] if seen == ["committed"] else rows == [(0,)], (round, seen)
        assert seen != ["committed", "rolled back"]
        kept += seen == ["committed"]
    assert not db.transaction_exists()


async def test_a_task_that_outlives_its_transaction_is_outside_of_it(db: Any) -> None:
    over = asyncio.Event()

    async def later() -> None:
        await over.wait()
        assert not db.transaction_exists()
        await add(db, 2, "b")
        async with db.transaction():
            await add(db, 3, "c")

    with pytest.raises(Oops):
        async with db.transaction():
            await add(db, 1, "a")
            task = asyncio.create_task(later())
            raise Oops
    over.set()
    await task
    assert await names(db) == ["b", "c"]


async def test_a_statement_that_waits_until_its_transaction_is_over_is_outside_of_it(db: Any) -> None:
    """And in no other transaction, though that may have taken over the connection."""

    async def late(turns: int, number: int) -> None:
        for _ in range(turns):
            await asyncio.sleep(0)
        await add(db, number, str(number))

    for turns in range(40):
        async with db.transaction():
            await add(db, 1000 + turns, f"first {turns}")
            tasks = [asyncio.create_task(late(turns, turns)), asyncio.create_task(late(turns // 2, 100 + turns))]
        with pytest.raises(Oops):
            async with db.transaction():
                await add(db, 2000, "second")
                raise Oops
        await asyncio.gather(*tasks)
    assert await db.rows("SELECT count(*), max(id) FROM band") == [(120, 1039)]


async def test_tasks_started_inside_take_part_and_wait_for_each_other(db: Any) -> None:
    with pytest.raises(Oops):
        async with db.transaction():
            await asyncio.gather(*(add(db, number, str(number)) for number in range(20)))
            assert len(await names(db)) == 20
            raise Oops
    assert await names(db) == []


async def test_a_transaction_can_be_ended_by_hand(db: Any) -> None:
    async with db.transaction() as transaction:
        await add(db, 1, "a")
        await transaction.rollback()
        assert not db.transaction_exists()
        await add(db, 2, "b")
    async with db.transaction() as transaction:
        await add(db, 3, "c")
        await transaction.commit()
    assert await names(db) == ["b", "c"]


async def test_savepoints_of_piccolo(db: Any) -> None:
    async with db.transaction() as transaction:
        await add(db, 1, "a")
        savepoint = await transaction.savepoint()
        await add(db, 2, "b")
        await savepoint.rollback_to()
        named = await transaction.savepoint("named")
        await add(db, 3, "c")
        await transaction.rollback_to("named")
        await named.release()
    assert await names(db) == ["a"]


@pytest.mark.parametrize(
    ("statement", "columns"),
    [
        ("INSERT INTO band (id, name) VALUES (2, 'a')", ("name",)),
        ("INSERT INTO band (id, name) VALUES (1, 'b')", ("id",)),
        ("INSERT INTO concert (band, day, place) VALUES (1, 1, 'Oslo')", ("day", "place")),
    ],
)
async def test_a_unique_index_names_its_columns(db: Any, statement: str, columns: tuple[str, ...]) -> None:
    await add(db, 1, "a")
    await db.rows("INSERT INTO concert (band, day, place) VALUES (1, 1, 'Oslo')")
    with pytest.raises(NotUnique) as caught:
        await db.rows(statement)
    assert caught.value.columns == columns
    assert caught.value.__cause__ is not None


async def test_a_unique_index_on_an_expression_and_a_part_of_the_rows_names_its_columns(db: Any) -> None:
    await add(db, 1, "a", "")
    await add(db, 2, "b", "")
    await add(db, 3, "c", "Oslo")
    with pytest.raises(NotUnique) as caught:
        await add(db, 4, "d", "oslo")
    assert caught.value.columns == ("town",)


@pytest.mark.parametrize(
    ("statement", "error"),
    [
        ("INSERT INTO band (id, name) VALUES (2, NULL)", ConstraintFailed),
        ("INSERT INTO concert (band, day) VALUES (1, 100)", ConstraintFailed),
        ("INSERT INTO concert (band) VALUES (99)", StillReferenced),
        ("DELETE FROM band", StillReferenced),
        ("SELECT * FROM absent", SchemaChanged),
        ("SELECT absent FROM band", SchemaChanged),
        ("SELEKT", DatabaseFailed),
    ],
)
async def test_errors_of_the_database_are_ours(db: Any, statement: str, error: type[PiccobaseError]) -> None:
    await add(db, 1, "a")
    await db.rows("INSERT INTO concert (band) VALUES (1)")
    with pytest.raises(error) as caught:
        await db.rows(statement)
    assert type(caught.value) is error
    assert caught.value.__cause__ is not None


async def test_piccolo_queries_and_ddl_raise_our_errors_too(db: Any) -> None:
    band = create_table_class("Band", class_members={"id": Integer(primary_key=True), "name": Text()})
    band._meta.db = db
    with pytest.raises(ConstraintFailed):
        await band.insert(band(id=1, name=None))
    await band.insert(band(id=1, name="a"))
    with pytest.raises(NotUnique):
        await band.insert(band(id=2, name="a"))
    with pytest.raises(DatabaseFailed):
        await band.create_table()


class Musician(Table):
    id = Serial(primary_key=True)
    name = Varchar()
    teacher = ForeignKey("self")


@pytest.fixture
async def musicians(engine: Any) -> AsyncIterator[type[Musician]]:
    before, Musician._meta.db = Musician._meta._db, engine
    await Musician.create_table()
    yield Musician
    Musician._meta._db = before


async def test_piccolo_tables_work_as_usual(musicians: type[Musician]) -> None:
    bach = musicians(name="Bach")
    await bach.save()
    await musicians.insert(musicians(name="Krebs", teacher=bach.id))
    assert await musicians.select(musicians.name, musicians.teacher.name).order_by(musicians.id) == [
        {"name": "Bach", "teacher.name": None},
        {"name": "Krebs", "teacher.name": "Bach"},
    ]
    bach.name = "J. S. Bach"
    await bach.save()
    assert await musicians.raw("SELECT name FROM musician WHERE id = {}", bach.id) == [{"name": "J. S. Bach"}]
    assert (await musicians.objects().get_or_create(musicians.name == "Telemann")).name == "Telemann"
    await musicians.delete().where(musicians.name == "Telemann")
    assert await musicians.count() == 2


async def test_piccolo_reads_in_batches(musicians: type[Musician]) -> None:
    await musicians.insert(*(musicians(name=str(number)) for number in range(25)))
    query = musicians.select(musicians.name).where(musicians.id > 0).order_by(musicians.id)

    async def sizes() -> list[int]:
        async with await query.batch(batch_size=10) as batch:
            return [len(portion) async for portion in batch]

    for _ in range(25):
        assert await sizes() == [10, 10, 5]


async def test_an_error_inside_a_batch_comes_out_of_it(musicians: type[Musician]) -> None:
    await musicians.insert(musicians(name="a"))
    for _ in range(25):
        with pytest.raises(Oops):
            async with await musicians.select().batch() as batch:
                async for _portion in batch:
                    raise Oops
    assert await musicians.count() == 1


async def test_piccolo_atomic_is_one_transaction(musicians: type[Musician], engine: Any) -> None:
    atomic = engine.atomic()
    atomic.add(musicians.insert(musicians(name="a")), musicians.raw("INSERT INTO nothing VALUES (1)"))
    with pytest.raises(DatabaseFailed):
        await atomic.run()
    assert await musicians.count() == 0
    atomic.add(musicians.insert(musicians(name="a")), musicians.insert(musicians(name="b")))
    await atomic.run()
    assert await musicians.count() == 2


async def test_piccolo_logs_queries_and_responses(
    musicians: type[Musician], engine: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    engine.log_queries = engine.log_responses = True
    await musicians.select(musicians.name).where(musicians.name == "Bach")
    shown = capsys.readouterr().out
    assert "Bach" in shown
    assert "response" in shown


def test_piccolo_runs_without_a_loop(engine: Any) -> None:
    Musician._meta.db = engine
    Musician.create_table().run_sync()
    Musician.insert(Musician(name="a")).run_sync()
    assert Musician.count().run_sync() == 1


async def test_piccolo_runs_in_another_thread_while_a_loop_runs(musicians: type[Musician], engine: Any) -> None:
    await musicians.insert(musicians(name="a"))
    async with engine.transaction():  # the thread inherits the context, but is no part of the transaction
        assert await asyncio.to_thread(lambda: musicians.count().run_sync()) == 1
    assert musicians.count().run_sync() == 1
