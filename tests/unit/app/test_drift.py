"""Whether a running server notices that its tables have changed, and what it thinks harmless."""

from collections.abc import Collection
from typing import Any

import pytest
from piccolo.columns import ForeignKey, Integer, Text, Varchar
from piccolo.table import Table

from piccobase import Collection as Served
from piccobase.app.drift import Drift
from piccobase.db.embedded import EmbeddedEngine
from piccobase.db.postgres import PostgresEngine
from piccobase.db.setup import prepare

Engine = EmbeddedEngine | PostgresEngine


class Author(Table, tablename="authors"):
    name = Varchar()


class Post(Served, tablename="posts"):
    title = Varchar(length=50)
    likes = Integer(null=True)
    body = Text(null=True)
    author = ForeignKey(Author)


class Watched:
    """What a Drift has refused, each time it did so."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.told: list[Collection[str]] = []
        self.drift = Drift(engine, [Author, Post], self.told.append)

    async def after(self, *statements: str) -> Collection[str] | None:
        """What is refused anew after these changes; None where nothing has changed about that."""
        for statement in statements:
            await self.engine.run_ddl(statement)
        before = len(self.told)
        await self.drift.look()
        return self.told[-1] if len(self.told) > before else None


@pytest.fixture
async def watched(engine: Engine) -> Watched:
    await prepare(engine, [Author, Post])
    watched = Watched(engine)
    assert await watched.after() is None
    return watched


async def test_additions_and_stricter_tables_are_no_reason_to_refuse(watched: Watched) -> None:
    assert await watched.after("ALTER TABLE posts ADD COLUMN added INTEGER NOT NULL DEFAULT 1") is None
    assert await watched.after("CREATE UNIQUE INDEX once ON posts (title)", "CREATE TABLE other (x INTEGER)") is None
    assert await watched.after("DROP TABLE other") is None


async def test_only_the_collection_that_has_changed_is_refused_until_it_fits_again(watched: Watched) -> None:
    assert await watched.after("ALTER TABLE posts RENAME COLUMN title TO headline") == {"posts"}
    assert await watched.after() is None
    assert await watched.after("ALTER TABLE posts ADD COLUMN added INTEGER") is None
    assert await watched.after("ALTER TABLE posts RENAME COLUMN headline TO title") == set()


async def test_a_table_that_comes_back_is_served_again(watched: Watched) -> None:
    assert await watched.after("ALTER TABLE posts RENAME TO kept") == {"posts"}
    again = 'CREATE TABLE posts (id VARCHAR(255) PRIMARY KEY, "title" VARCHAR(50), likes INTEGER, body TEXT, '
    keys = "author INTEGER REFERENCES authors (id), created TIMESTAMPTZ, updated TIMESTAMPTZ)"
    assert await watched.after(again + keys) == set()
    assert await watched.after("ALTER TABLE posts DROP COLUMN body") == {"posts"}


async def test_another_type_is_noticed(watched: Watched) -> None:
    changed = ("ALTER TABLE posts DROP COLUMN likes", "ALTER TABLE posts ADD COLUMN likes TEXT")
    assert await watched.after(*changed) == {"posts"}
    assert Post._meta.tablename in str(watched.told)


async def test_nothing_is_compared_as_long_as_nothing_has_changed(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def compared(db: Any) -> Any:
        raise AssertionError("compared")

    monkeypatch.setattr("piccobase.app.drift.read_shape", compared)
    await Author.insert(Author(name="a"))
    assert await watched.after() is None
