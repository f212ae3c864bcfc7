"""On PostgreSQL a total is remembered as long as the change log has nothing new, and is exact all the same."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from tests.unit.changes.blog import Posts, blog, not_migrated

from piccobase.records.asking import ListQuery
from piccobase.records.listing import list_records
from piccobase.rules.context import RequestContext
from piccobase.testing import TestApp

MANY = 100_000  # to count them takes long enough to be remembered


@pytest.fixture
async def api(postgres_url: str, tmp_path: Path) -> AsyncIterator[TestApp]:
    async with blog(postgres_url, tmp_path) as api:
        for statement in (
            "ALTER TABLE posts DISABLE TRIGGER USER",  # which takes time, and is of no interest here
            f"""INSERT INTO posts (id, title, views)
            SELECT lpad(n::text, 15, '0'), n::text, n % 10 FROM generate_series(1, {MANY}) AS n""",
            "ALTER TABLE posts ENABLE TRIGGER USER",
        ):
            await api.services.engine.rows(statement)
        yield api


async def total(api: TestApp, **query: str) -> int:
    answer = await api.ask("GET", api.records("posts"), query={"perPage": "1", **query})
    assert answer.status_code == 200, answer.text
    found: int = answer.json()["totalItems"]
    return found


def remembered(api: TestApp) -> list[int]:
    return [total for _, total in api.services.records.totals.values()]


async def counting(api: TestApp) -> list[str]:
    """The counts among the statements of a list, by the log of an engine that is asked to keep one."""
    seen: list[str] = []
    fetch = api.services.engine.fetch

    async def listening(sql: str, args: Any = ()) -> Any:
        seen.append(sql)
        return await fetch(sql, args)

    api.services.engine.fetch = listening  # type: ignore[method-assign]
    return seen


async def test_what_nobody_changed_is_not_counted_again(api: TestApp) -> None:
    assert await total(api) == MANY
    assert remembered(api) == [MANY]
    seen = await counting(api)
    assert await total(api) == MANY
    assert not [sql for sql in seen if "COUNT" in sql]
    await api.create("remarks", text="another collection's")
    seen.clear()
    assert await total(api) == MANY
    assert not [sql for sql in seen if "COUNT" in sql]


async def test_every_way_of_changing_it_is_noticed(api: TestApp, postgres_url: str) -> None:
    """By whomever: each step is done by somebody who does not know of the server."""
    steps = [
        ("INSERT INTO posts (id, title) VALUES ('new', 'new')", MANY + 1),
        ("DELETE FROM posts WHERE id = 'new'", MANY),
        ("BEGIN; DELETE FROM posts WHERE title < '11'; ROLLBACK", MANY),
        (
            """BEGIN; DELETE FROM posts WHERE title = '1'; SAVEPOINT a; DELETE FROM posts WHERE title = '2';
            ROLLBACK TO a; COMMIT""",
            MANY - 1,
        ),
        ("TRUNCATE posts CASCADE", 0),
    ]
    connection = await asyncpg.connect(postgres_url)
    try:
        assert await total(api) == MANY
        for sql, expected in steps:
            await connection.execute(sql)
            assert await total(api) == expected, sql
    finally:
        await connection.close()


async def test_a_filter_through_another_collection_looks_at_that_one_too(api: TestApp) -> None:
    await api.services.engine.rows("INSERT INTO remarks (id, text, post) SELECT id, title, id FROM posts LIMIT 30000")

    async def listed() -> Any:
        query = {"perPage": "1", "filter": "post.views >= 0"}
        return (await api.ask("GET", api.records("remarks"), query=query)).json()["totalItems"]

    assert await listed() == 30_000
    assert remembered(api) == [30_000]
    await api.services.engine.rows(
        "UPDATE posts SET views = -1 FROM remarks WHERE post = posts.id AND text IN ('7', '8')"
    )
    assert await listed() == 30_000 - 2
    assert await total(api, filter="views = 3") == MANY // 10
    assert await total(api, filter="views = 4") == MANY // 10


async def test_a_transaction_that_was_open_when_it_was_counted_is_noticed(api: TestApp, postgres_url: str) -> None:
    early, late = await asyncpg.connect(postgres_url), await asyncpg.connect(postgres_url)
    try:
        first = early.transaction()
        await first.start()
        await early.execute("DELETE FROM posts WHERE title = '1'")
        await late.execute("DELETE FROM posts WHERE title = '2'")  # a later transaction, which commits first
        assert await total(api) == MANY - 1
        assert await total(api) == MANY - 1
        await first.commit()
        assert await total(api) == MANY - 2
    finally:
        await early.close()
        await late.close()


async def test_what_depends_on_the_clock_is_counted_each_time(api: TestApp) -> None:
    assert await total(api, filter="created < @now || views >= 0") == MANY
    assert remembered(api) == []


async def test_what_is_not_watched_is_counted_each_time(postgres_url: str, tmp_path: Path) -> None:
    async with blog(postgres_url, tmp_path) as api:
        await api.services.engine.rows('ALTER TABLE posts DISABLE TRIGGER "_note_change"')
    async with not_migrated(postgres_url, tmp_path) as services:
        records = services.records
        await services.engine.rows(f"INSERT INTO posts (id, title) SELECT n, n FROM generate_series(1, {MANY}) AS n")

        async def listed() -> int:
            page = await list_records(records, RequestContext(), records.registry.collections["posts"], ListQuery())
            return page.total_items

        assert await listed() == MANY
        assert records.totals == {}
        await services.engine.rows("DELETE FROM posts WHERE title = '1'")
        assert await listed() == MANY - 1


async def test_it_is_exact_beside_concurrent_writers(api: TestApp, postgres_url: str) -> None:
    """Writers only add. A total is never less than what was there before it was asked for, nor more than afterwards."""
    there = MANY
    done = asyncio.Event()

    async def write(number: int) -> None:
        nonlocal there
        engine = api.services.engine
        for step in range(25):
            async with engine.transaction():
                await Posts(title=f"{number} {step}").save()
                await Posts(title=f"{number} {step} again").save()
            there += 2

    async def read() -> int:
        reads = 0
        while not done.is_set():
            before = there
            found = await total(api)
            # Of each writer one commit may be done without having been counted yet.
            assert before <= found <= there + 2 * 4
            reads += 1
        return reads

    readers = [asyncio.create_task(read()) for _ in range(2)]
    await asyncio.gather(*(write(number) for number in range(4)))
    done.set()
    assert sum(await asyncio.gather(*readers)) > 5
    assert await total(api) == await total(api) == there == MANY + 200
