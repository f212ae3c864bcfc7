"""An engine on an empty file, another one on the same file, and somebody else."""

from collections.abc import AsyncIterator
from pathlib import Path

import apsw
import pytest
from tests.unit.db.embedded.seen import forget_threads_of_others

from piccobase.base.company import COMPANY
from piccobase.db import group_commit
from piccobase.db.connections import Synchronous
from piccobase.db.embedded import EmbeddedEngine
from piccobase.db.writing import Writer


@pytest.fixture(autouse=True)
def nobody_is_expected(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever other tests of this process have left behind."""
    monkeypatch.setattr(COMPANY, "waiting", 0)


@pytest.fixture
def company(monkeypatch: pytest.MonkeyPatch, nobody_is_expected: None) -> None:
    """There is always one more who is expected, and never writes."""
    monkeypatch.setattr(COMPANY, "waiting", 1)


@pytest.fixture
def no_group_gets_old(monkeypatch: pytest.MonkeyPatch) -> None:
    """However slow the machine is: so that it is known who is in one."""
    monkeypatch.setattr(group_commit, "OLDEST", 60)


@pytest.fixture
def synchronous() -> Synchronous:
    return "NORMAL"


@pytest.fixture
async def db(tmp_path: Path, synchronous: Synchronous) -> AsyncIterator[EmbeddedEngine]:
    forget_threads_of_others()
    engine = EmbeddedEngine(tmp_path / "data.db", synchronous=synchronous)
    await engine.rows("CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT NOT NULL DEFAULT '', n INTEGER DEFAULT 0)")
    await engine.close()  # so that each test starts without threads; the first statement opens it again
    yield engine
    await engine.close()


@pytest.fixture
async def impatient(tmp_path: Path, db: EmbeddedEngine, synchronous: Synchronous) -> AsyncIterator[EmbeddedEngine]:
    """Another engine on the same file, which waits a tenth of a second at most."""
    engine = EmbeddedEngine(tmp_path / "data.db", busy_timeout=0.1, lock_timeout=0.1, synchronous=synchronous)
    yield engine
    await engine.close()


@pytest.fixture
async def stranger(tmp_path: Path, db: EmbeddedEngine) -> AsyncIterator[apsw.Connection]:
    # Not of Python's own sqlite3: two SQLite libraries in one process do not see each other's locks.
    connection = apsw.Connection(str(tmp_path / "data.db"))
    yield connection
    connection.close()


@pytest.fixture
async def writer(db: EmbeddedEngine) -> Writer:
    writer = await db.take_writer()
    writer.lock.release()
    return writer


@pytest.fixture
async def writing(writer: Writer) -> apsw.Connection:
    """The connection that writes, for tests that look at it or break it."""
    return writer.inline.connection


@pytest.fixture
async def commits(writing: apsw.Connection) -> list[str]:
    """Grows by one with each commit."""
    seen: list[str] = []
    writing.set_wal_hook(lambda *_: seen.append("one") or apsw.SQLITE_OK)
    return seen
