"""What only the engine for PostgreSQL does."""

import asyncio
import contextvars
import gc
from contextlib import suppress
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import asyncpg
import pytest
from piccolo.columns import Integer
from piccolo.table import Table
from tests.postgres_server import PostgresServer

from piccobase.base.errors import StartError
from piccobase.db.errors import (
    ConstraintFailed,
    DatabaseFailed,
    DatabaseUnavailable,
    NotUnique,
    SerializationFailed,
    ValueRefused,
)
from piccobase.db.postgres import PostgresEngine, address
from piccobase.db.retrying import retrying


@pytest.fixture
async def db(postgres_engine: PostgresEngine) -> PostgresEngine:
    await postgres_engine.rows("CREATE TABLE counter (id INTEGER PRIMARY KEY, n INTEGER NOT NULL, label TEXT)")
    await postgres_engine.rows("INSERT INTO counter VALUES (1, 0), (2, 0)")
    return postgres_engine


async def value(db: PostgresEngine, id: int = 1, lock: str = "") -> int:
    [[n]] = await db.rows(f"SELECT n FROM counter WHERE id = $1 {lock}", (id,))
    return int(n)


async def store(db: PostgresEngine, n: int, id: int = 1) -> None:
    await db.rows("UPDATE counter SET n = $2 WHERE id = $1", (id, n))


async def connections(db: PostgresEngine) -> int:
    [[number]] = await db.rows("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
    return int(number)


def test_nothing_connects_at_construction() -> None:
    PostgresEngine("postgresql://nobody:secret@127.0.0.1:1/nowhere")


async def test_a_server_out_of_reach_is_named_without_the_password() -> None:
    engine = PostgresEngine("postgres://nobody:s3cret@127.0.0.1:1/nowhere?password=s3cret")
    with pytest.raises(StartError) as caught:
        await engine.check()
    assert "127.0.0.1:1/nowhere" in caught.value.message
    assert "s3cret" not in caught.value.message
    with pytest.raises(DatabaseUnavailable):
        await engine.rows("SELECT 1")


async def test_a_database_that_does_not_exist_is_named(postgres_server: PostgresServer) -> None:
    engine = PostgresEngine(postgres_server.url("nowhere"))
    with pytest.raises(StartError, match="nowhere"):
        await engine.check()
    with pytest.raises(DatabaseUnavailable):
        async with engine.transaction():
            pass


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://me:secret@db.example.com:5433/app", "db.example.com:5433/app"),
        ("postgres://db.example.com/app?sslmode=require", "db.example.com/app"),
        ("postgresql://me:se%40cret@[::1]:5432/app", "[::1]:5432/app"),
        ("postgresql://postgres@/app?host=/var/run/postgresql", "/var/run/postgresql/app"),
        ("postgresql:///app?host=%2Fvar%2Frun", "/var/run/app"),
        ("postgresql:///app", "localhost/app"),
    ],
)
def test_the_address_leaves_out_who_and_the_password(url: str, shown: str) -> None:
    assert address(url) == shown


def test_another_scheme_is_refused() -> None:
    with pytest.raises(StartError, match="postgresql://"):
        PostgresEngine("mysql://localhost/app")


async def test_every_form_of_url_connects(postgres_url: str, postgres_server: PostgresServer) -> None:
    database = postgres_url.partition("?")[0].rpartition("/")[2]
    folder = str(postgres_server.folder)
    for url in (
        f"postgres://postgres@/{database}?host={folder}",
        f"postgresql://postgres@/{database}?host={quote(folder, safe='')}",
        f"postgresql:///{database}?host={folder}&user=postgres&application_name=test",
        f"postgresql://postgres@{quote(folder, safe='')}/{database}",
    ):
        engine = PostgresEngine(url)
        await engine.check()
        assert await engine.rows("SELECT current_database()") == [(database,)]
        await engine.close()


async def test_the_version_of_the_data_is_unknown(db: PostgresEngine) -> None:
    assert db.version() is None
    assert await db.get_version() >= 13


async def test_json_travels_as_text_and_everything_else_as_its_own_type(db: PostgresEngine) -> None:
    rows = await db.rows("SELECT '{\"a\": 1}'::json, '{\"a\":1}'::jsonb, 1.50::numeric, ARRAY[1, 2], $1::text", ("x",))
    assert rows == [('{"a": 1}', '{"a": 1}', Decimal("1.50"), [1, 2], "x")]


@pytest.mark.parametrize(
    ("sql", "value"),
    [
        ("SELECT $1::text", "a\0b"),
        ("SELECT $1::text", "\ud800"),
        ("SELECT $1::text", 1),
        ("SELECT $1::int4", 2**31),
        ("SELECT $1::int8", 2**63),
        ("SELECT $1::int4", "one"),
        ("SELECT $1::uuid", "no uuid"),
        ("SELECT $1::text::uuid", "no uuid"),
        ("SELECT $1::text::date", "2026-02-30"),
        ("SELECT $1::timestamptz", "yesterday"),
        ("SELECT $1::jsonb", "{no json"),
        ("SELECT $1::jsonb", '"\\u0000"'),
        ("INSERT INTO counter SELECT 3, $1::bigint", 2**40),
    ],
)
async def test_a_value_that_the_database_cannot_hold_is_refused(db: PostgresEngine, sql: str, value: object) -> None:
    for _ in range(12):
        with pytest.raises(ValueRefused) as caught:
            await db.rows(sql, (value,))
        assert isinstance(caught.value, ConstraintFailed)
    async with db.transaction():
        with pytest.raises(ValueRefused):
            async with db.transaction():
                await db.rows(sql, (value,))
        await store(db, 1)
    assert await db.rows("SELECT n FROM counter WHERE id = 1") == [(1,)]


async def test_a_nul_in_a_text_is_told_clearly(db: PostgresEngine) -> None:
    with pytest.raises(ValueRefused, match="NUL"):
        await db.rows("UPDATE counter SET label = $1", ("a\0b",))


async def test_a_commit_that_the_server_turns_into_a_rollback_is_an_error(db: PostgresEngine) -> None:
    seen: list[str] = []
    with pytest.raises(DatabaseFailed) as caught:
        async with db.transaction() as transaction:
            transaction.on_commit(lambda: seen.append("committed"))
            transaction.on_rollback(lambda: seen.append("rolled back"))
            await store(db, 1)
            with suppress(DatabaseFailed):
                await db.rows("SELECT * FROM nothing")
    assert "rolled back" in str(caught.value.__cause__)
    assert seen == ["rolled back"]
    assert await value(db) == 0


async def test_an_error_caught_inside_a_nested_transaction_undoes_that_one(db: PostgresEngine) -> None:
    async with db.transaction():
        await store(db, 1)
        with pytest.raises(DatabaseFailed):
            async with db.transaction():
                await store(db, 2)
                with suppress(DatabaseFailed):
                    await db.rows("SELECT * FROM nothing")
    assert await value(db) == 1


async def test_a_statement_in_the_queue_of_a_transaction_that_ends_goes_nowhere_else(db: PostgresEngine) -> None:
    ending = asyncio.Event()

    async def late() -> None:
        await ending.wait()
        await db.rows("INSERT INTO counter VALUES (3, 0)")

    async with db.transaction():
        slow = asyncio.create_task(db.rows("SELECT pg_sleep(0.05)"))
        queued = asyncio.create_task(late())
        await asyncio.sleep(0)
        asyncio.get_running_loop().call_soon(ending.set)  # after COMMIT has joined the queue behind the slow one
    with suppress(ZeroDivisionError):
        async with db.transaction():
            await asyncio.gather(slow, queued)
            raise ZeroDivisionError
    assert await value(db, 3) == 0


async def test_two_hundred_who_lock_the_row_lose_no_update(db: PostgresEngine) -> None:
    async def increment() -> None:
        async with db.transaction():
            n = await value(db, lock="FOR UPDATE")
            await store(db, n + 1)

    await asyncio.gather(*(increment() for _ in range(200)))
    assert await value(db) == 200


@pytest.mark.parametrize("isolation", ["repeatable read", "serializable"])
async def test_two_hundred_who_try_again_lose_no_update(db: PostgresEngine, isolation: Any) -> None:
    calls = 0

    async def increment() -> None:
        nonlocal calls
        calls += 1
        async with db.transaction(isolation=isolation):
            n = await value(db)
            await store(db, n + 1)

    await asyncio.gather(*(retrying(db, increment, attempts=50) for _ in range(200)))
    assert await value(db) == 200
    assert calls > 200  # else nothing got into anybody's way, and nothing was tested


async def test_two_who_wait_for_each_other_try_again(db: PostgresEngine) -> None:
    meet = asyncio.Barrier(2)
    met = False

    async def move(source: int, target: int) -> None:
        nonlocal met
        async with db.transaction():
            await store(db, await value(db, source, "FOR UPDATE") - 1, source)
            if not met:
                await meet.wait()
                met = True
            await store(db, await value(db, target, "FOR UPDATE") + 1, target)

    await asyncio.gather(retrying(db, lambda: move(1, 2)), retrying(db, lambda: move(2, 1)))
    assert [await value(db, 1), await value(db, 2)] == [0, 0]


async def test_retries_are_bounded(db: PostgresEngine) -> None:
    calls = 0

    async def work() -> None:
        nonlocal calls
        calls += 1
        raise SerializationFailed

    with pytest.raises(SerializationFailed):
        await retrying(db, work, attempts=3)
    assert calls == 3


async def test_other_errors_are_not_retried(db: PostgresEngine) -> None:
    calls = 0

    async def work() -> None:
        nonlocal calls
        calls += 1
        raise NotUnique

    with pytest.raises(NotUnique):
        await retrying(db, work)
    assert calls == 1


async def test_inside_a_transaction_nothing_is_retried(db: PostgresEngine) -> None:
    calls = 0

    async def work() -> None:
        nonlocal calls
        calls += 1
        raise SerializationFailed

    with pytest.raises(SerializationFailed):
        async with db.transaction():
            await retrying(db, work)
    assert calls == 1


async def test_a_lock_that_is_not_to_be_had_is_worth_another_try(db: PostgresEngine) -> None:
    async with db.transaction():
        await value(db, lock="FOR UPDATE")
        other = PostgresEngine(db.config["dsn"])
        with pytest.raises(SerializationFailed):
            await other.rows("SELECT n FROM counter WHERE id = 1 FOR UPDATE NOWAIT")
        await other.close()


async def cut_off(db: PostgresEngine) -> None:
    """Ends all other connections to the database, as a server does that is shut down."""
    other = await asyncpg.connect(db.config["dsn"])
    await other.execute(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid != pg_backend_pid()"
    )
    await other.close()


async def test_lost_connections_are_replaced(db: PostgresEngine) -> None:
    for _ in range(3):
        with pytest.raises(DatabaseUnavailable):
            async with db.transaction():
                await store(db, 1)
                await cut_off(db)
                await store(db, 2)
        assert not db.transaction_exists()
        assert await value(db) == 0


async def test_a_connection_lost_in_a_nested_transaction_ends_the_outer_one_too(db: PostgresEngine) -> None:
    seen: list[str] = []
    with pytest.raises(DatabaseUnavailable):
        async with db.transaction() as transaction:
            transaction.on_rollback(lambda: seen.append("rolled back"))
            await store(db, 1)
            with suppress(DatabaseUnavailable):
                async with db.transaction():
                    await cut_off(db)
                    await store(db, 2)
            await store(db, 3)
    assert seen == ["rolled back"]
    assert await value(db) == 0


async def test_a_connection_lost_before_the_commit_is_a_rollback(db: PostgresEngine) -> None:
    seen: list[str] = []
    with pytest.raises(DatabaseUnavailable):
        async with db.transaction() as transaction:
            transaction.on_rollback(lambda: seen.append("rolled back"))
            await store(db, 1)
            await cut_off(db)
    assert seen == ["rolled back"]
    assert await value(db) == 0


async def test_a_connection_lost_in_the_commit_calls_nobody_back(
    db: PostgresEngine, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody knows then whether it was committed, so that neither may be said."""
    await db.run_ddl(
        "CREATE FUNCTION fall() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$"
    )
    await db.run_ddl(
        "CREATE CONSTRAINT TRIGGER fall AFTER UPDATE ON counter DEFERRABLE INITIALLY DEFERRED "
        "FOR EACH ROW EXECUTE FUNCTION fall()"
    )
    seen: list[str] = []
    for _ in range(12):
        with pytest.raises(DatabaseUnavailable):
            async with db.transaction() as transaction:
                transaction.on_commit(lambda: seen.append("committed"))
                transaction.on_rollback(lambda: seen.append("rolled back"))
                await store(db, 1)
    assert seen == []
    assert "nobody knows" in caplog.text
    assert await value(db) == 0


async def test_a_table_altered_under_a_prepared_statement_is_worth_another_try(db: PostgresEngine) -> None:
    async def read() -> Any:
        async with db.transaction():
            return await db.rows("SELECT * FROM counter WHERE id = 1")

    assert await read() == [(1, 0, None)]
    await db.rows("ALTER TABLE counter ADD COLUMN extra INTEGER")
    with pytest.raises(SerializationFailed):
        await read()
    await db.rows("ALTER TABLE counter DROP COLUMN extra")
    assert await retrying(db, read) == [(1, 0, None)]


async def test_an_open_transaction_does_not_come_back_with_its_connection(
    db: PostgresEngine, caplog: pytest.LogCaptureFixture
) -> None:
    """Raw statements can open one; the next who gets the connection must not be in it."""
    await db.rows("BEGIN")
    await store(db, 1)
    assert await value(db) == 1
    assert "left open" in caplog.text


async def test_a_cancelled_statement_gives_its_connection_back(postgres_url: str) -> None:
    engine = PostgresEngine(postgres_url, max_size=2)
    for round in range(60):
        asking = asyncio.create_task(engine.rows("SELECT pg_sleep(10)"))
        for _ in range(round // 4):
            await asyncio.sleep(0)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        assert await engine.rows("SELECT 1") == [(1,)]
    assert await connections(engine) <= 2
    await engine.close()


async def test_a_cancelled_opening_leaves_no_connection_behind(postgres_url: str) -> None:
    for turns in range(0, 60, 2):
        engine = PostgresEngine(postgres_url, max_size=1)
        asking = asyncio.create_task(engine.rows("SELECT 1"))
        for _ in range(turns):
            await asyncio.sleep(0)
        asking.cancel()
        with suppress(asyncio.CancelledError):
            await asking
        async with asyncio.timeout(5):
            assert await engine.rows("SELECT 1") == [(1,)]
        await engine.close()
    gc.collect()  # asyncpg warns of a connection that nobody closed, and a warning is an error here


async def test_those_who_wait_get_a_connection_when_another_gives_up(postgres_url: str) -> None:
    engine = PostgresEngine(postgres_url, max_size=1)
    for round in range(20):
        async with engine.transaction():
            context = contextvars.Context()
            waiting = [asyncio.create_task(engine.rows("SELECT 1"), context=context.copy()) for _ in range(3)]
            await asyncio.sleep(0)
            waiting[0].cancel()
            for _ in range(round % 4):
                await asyncio.sleep(0)
        waiting[1].cancel()
        async with asyncio.timeout(5):
            done = await asyncio.gather(*waiting, return_exceptions=True)
        assert done[2] == [(1,)]
        assert isinstance(done[0], asyncio.CancelledError)
    await engine.close()


async def test_a_lost_connection_makes_room_for_who_waits(db: PostgresEngine, postgres_url: str) -> None:
    engine = PostgresEngine(postgres_url, max_size=1)
    with pytest.raises(DatabaseUnavailable):
        async with engine.transaction():
            waiting = asyncio.create_task(engine.rows("SELECT 1"), context=contextvars.Context())
            await engine.rows("SELECT pg_terminate_backend(pg_backend_pid())")
    async with asyncio.timeout(5):
        assert await waiting == [(1,)]
    await engine.close()


async def test_a_loop_that_ends_closes_its_connections(db: PostgresEngine) -> None:
    async def ask() -> int:
        return (await db.rows("SELECT 1"))[0][0]

    before = await connections(db)
    for _ in range(5):
        assert await asyncio.to_thread(lambda: asyncio.run(ask())) == 1
    assert await connections(db) == before


async def test_a_loop_that_ends_with_an_open_transaction_closes_its_connections(db: PostgresEngine) -> None:
    async def leave_it_open() -> None:
        transaction = db.transaction()
        await transaction.__aenter__()
        await store(db, 1)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("piccobase.db.postgres_pool.CLOSE_TIMEOUT", 0.05)
        await asyncio.to_thread(lambda: asyncio.run(leave_it_open()))
    async with asyncio.timeout(5):  # as long as that transaction is open the row is locked
        await store(db, await value(db) + 2)
    assert await value(db) == 2


async def test_to_close_waits_for_those_who_are_at_it(db: PostgresEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("piccobase.db.postgres_pool.CLOSE_TIMEOUT", 60)
    begun = asyncio.Event()

    async def write() -> None:
        async with db.transaction():
            begun.set()
            await store(db, 1)

    writing = asyncio.create_task(write())
    await begun.wait()
    async with asyncio.timeout(10):
        await db.close()
    await writing
    assert await value(db) == 1


async def test_a_closed_engine_opens_again(db: PostgresEngine) -> None:
    await db.close()
    await db.close()
    assert await value(db) == 0


async def test_the_names_that_piccolo_uses_for_the_pool_work(db: PostgresEngine) -> None:
    await db.start_connection_pool()
    assert await value(db) == 0
    await db.close_connection_pool()
    assert await value(db) == 0


async def test_a_batch_inside_a_transaction_is_part_of_it(db: PostgresEngine) -> None:
    class Counter(Table, db=db):
        id = Integer(primary_key=True)
        n = Integer()

    async with db.transaction():
        await store(db, 7)
        async with await Counter.select(Counter.n).order_by(Counter.id).batch(batch_size=1) as batch:
            assert [portion async for portion in batch] == [[{"n": 7}], [{"n": 0}]]
        await store(db, 8)
    assert await value(db) == 8


async def test_never_more_connections_than_allowed(postgres_url: str) -> None:
    engine = PostgresEngine(postgres_url, max_size=3)
    await asyncio.gather(*(engine.rows("SELECT pg_sleep(0.002)") for _ in range(50)))
    assert await connections(engine) == 3
    await engine.close()


async def test_who_waits_too_long_for_a_connection_is_told(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("piccobase.db.postgres_pool.ACQUIRE_TIMEOUT", 0.02)
    engine = PostgresEngine(postgres_url, max_size=1)
    held = asyncio.Event()
    done = asyncio.Event()

    async def hold() -> None:
        async with engine.transaction():
            held.set()
            await done.wait()

    holding = asyncio.create_task(hold())
    await held.wait()
    with pytest.raises(DatabaseUnavailable):
        await engine.rows("SELECT 1")
    done.set()
    await holding
    assert await engine.rows("SELECT 1") == [(1,)]
    await engine.close()
