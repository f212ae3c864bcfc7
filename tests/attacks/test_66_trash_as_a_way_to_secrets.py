"""Attack 66: a superuser's SQL looks for hashes and secrets in what migrations have taken away."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.asking import serving

from piccobase import AuthCollection, Collection


class Reader(AuthCollection, tablename="readers"):
    pass


class Book(Collection, tablename="books"):
    pass


@pytest.fixture
async def root(database_url: str | None, tmp_path: Path) -> AsyncIterator[Any]:
    async with serving([Reader, Book], [], database_url, tmp_path, sql=True) as api:
        root = await api.superuser()
        await root.create("readers", email="r@example.com", password="12345678", passwordConfirm="12345678")
        yield root


async def ask(root: Any, query: str) -> str:
    answer = await root.ask("POST", "/api/sql", {"query": query})
    told: str = answer.text
    return told


async def test_what_migrations_have_taken_away_is_not_read(root: Any) -> None:
    """The column with the hashes may be among it, and with a collection its secrets."""
    engine = root.services.engine
    await engine.rows("CREATE TABLE _trash_abc AS SELECT id AS key, password AS value FROM readers")
    await engine.rows("CREATE TABLE _trash_def AS SELECT * FROM readers")
    await engine.rows(
        "INSERT INTO _trash (id, place, kind, rows, migration, created, details) "
        "SELECT 'abc', 'readers', 'dropped', 1, 'm', 1, min(value) FROM _secrets"
    )
    hidden = [text for row in await engine.rows('SELECT password, "tokenKey" FROM readers') for text in row]
    hidden += [text for (text,) in await engine.rows("SELECT value FROM _secrets")]
    for query in (
        "SELECT * FROM _trash_abc",
        'SELECT "value" FROM "_trash_abc"',
        "SELECT password FROM _trash_def",
        "SELECT * FROM _trash",
        "SELECT (SELECT value FROM _trash_abc)",
    ):
        told = await ask(root, query)
        assert not [text for text in hidden if text in told], query
    assert "readers" in await ask(root, "SELECT place FROM _trash")
