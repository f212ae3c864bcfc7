"""Databases for the tests: whatever asks for `engine` or `database_url` runs on SQLite and on PostgreSQL."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from tests.browser import chromium, page, pytest_collection_modifyitems
from tests.postgres_server import PostgresServer, running_postgres

from piccobase.db.embedded import EmbeddedEngine
from piccobase.db.postgres import PostgresEngine

__all__ = ["chromium", "page", "pytest_collection_modifyitems"]  # fixtures for all tests, and a hook of pytest's


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """One server for each process that runs tests, started when the first of its tests asks for it."""
    with running_postgres() as server:
        yield server


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """The URL of an empty PostgreSQL database of this test alone."""
    with postgres_server.empty_database() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str | None:
    """None for the embedded database, the URL of an empty database for PostgreSQL."""
    return request.getfixturevalue("postgres_url") if request.param == "postgres" else None


@pytest.fixture
async def engine(database_url: str | None, tmp_path: Path) -> AsyncIterator[EmbeddedEngine | PostgresEngine]:
    """An engine of ours on an empty database."""
    opened = EmbeddedEngine(str(tmp_path / "data.db")) if database_url is None else PostgresEngine(database_url)
    yield opened
    await opened.close()


@pytest.fixture
async def postgres_engine(postgres_url: str) -> AsyncIterator[PostgresEngine]:
    """An engine on an empty PostgreSQL database, for what only PostgreSQL does."""
    opened = PostgresEngine(postgres_url)
    yield opened
    await opened.close()
