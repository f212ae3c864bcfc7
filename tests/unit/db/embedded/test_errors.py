"""SQLite's errors as ours."""

from collections.abc import AsyncIterator
from pathlib import Path

import apsw
import pytest

from piccobase.base.errors import PiccobaseError
from piccobase.db.embedded import EmbeddedEngine
from piccobase.db.errors import (
    ConstraintFailed,
    DatabaseFailed,
    DatabaseUnavailable,
    NotUnique,
    SerializationFailed,
    StillReferenced,
)
from piccobase.db.sqlite_errors import translated

SCHEMA = [
    (
        'CREATE TABLE hall (id TEXT PRIMARY KEY, name TEXT NOT NULL, "e mail" TEXT,'
        " size INTEGER CONSTRAINT big CHECK (size > 9), kind TEXT)"
    ),
    "CREATE UNIQUE INDEX hall_pair ON hall (name, kind)",
    'CREATE UNIQUE INDEX hall_mail ON hall ("e mail") WHERE "e mail" != \'\'',
    'CREATE UNIQUE INDEX "hall\'s ""own""" ON hall (lower("e mail"), [kind], size + 1) WHERE name IS NOT NULL',
    (
        "CREATE TABLE seat (hall TEXT REFERENCES hall (id) ON DELETE RESTRICT, other TEXT REFERENCES hall (id),"
        " number INTEGER CHECK (number > 0))"
    ),
    "CREATE TABLE strict (n INTEGER) STRICT",
    "INSERT INTO hall VALUES ('a', 'A', 'a@x', 10, 'k'), ('b', 'B', 'b@x', 20, 'k')",
    "INSERT INTO seat (hall) VALUES ('a')",
    "INSERT INTO seat (other) VALUES ('b')",
]
A_CLASH = "INSERT INTO hall (id, name, \"e mail\", size, kind) VALUES ('c', 'C', 'A@X', 10, 'k')"


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[EmbeddedEngine]:
    engine = EmbeddedEngine(tmp_path / "data.db")
    for statement in SCHEMA:
        await engine.rows(statement)
    yield engine
    await engine.close()


@pytest.mark.parametrize(
    ("statement", "columns"),
    [
        ("INSERT INTO hall (id, name) VALUES ('a', 'C')", ("id",)),
        ("INSERT INTO hall (id, name, kind) VALUES ('c', 'A', 'k')", ("name", "kind")),
        ("INSERT INTO hall (id, name, \"e mail\") VALUES ('c', 'C', 'a@x')", ("e mail",)),
        (A_CLASH, ("e mail", "kind", "size")),
        ("INSERT INTO seat (rowid) VALUES (1)", ("rowid",)),
        ("UPDATE hall SET name = 'B' WHERE id = 'a'", ("name", "kind")),
    ],
)
async def test_what_is_not_unique_is_named(db: EmbeddedEngine, statement: str, columns: tuple[str, ...]) -> None:
    with pytest.raises(NotUnique) as caught:
        await db.rows(statement)
    assert set(caught.value.columns) == set(columns)
    assert isinstance(caught.value.__cause__, apsw.ConstraintError)


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM hall WHERE id = 'a'",  # ON DELETE RESTRICT
        "DELETE FROM hall WHERE id = 'b'",  # no action
        "UPDATE hall SET id = 'c' WHERE id = 'b'",
        "INSERT INTO seat (hall) VALUES ('missing')",
    ],
)
async def test_what_is_still_referenced_stays(db: EmbeddedEngine, statement: str) -> None:
    with pytest.raises(StillReferenced):
        await db.rows(statement)
    assert await db.rows("SELECT count(*) FROM hall") == [(2,)]


@pytest.mark.parametrize(
    ("statement", "column", "constraint"),
    [
        ("INSERT INTO hall (id) VALUES ('c')", "name", ""),
        ("INSERT INTO hall (id, name, size) VALUES ('c', 'C', 1)", "", "big"),
        ("INSERT INTO seat (number) VALUES (0)", "", "number > 0"),
        ("INSERT INTO strict VALUES ('a')", "", ""),
    ],
)
async def test_what_a_constraint_refuses(db: EmbeddedEngine, statement: str, column: str, constraint: str) -> None:
    with pytest.raises(ConstraintFailed) as caught:
        await db.rows(statement)
    assert (caught.value.column, caught.value.constraint) == (column, constraint)


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT",
        "SELECT * FROM nothing",
        "INSERT INTO hall (nothing) VALUES (1)",
        "SELECT ?",
        'SELECT "nothing" FROM hall',
        "SELECT abs(-9223372036854775807 - 1)",
    ],
)
async def test_everything_else_failed(db: EmbeddedEngine, statement: str) -> None:
    for inside in (False, True):
        with pytest.raises(DatabaseFailed) as caught:
            if inside:
                async with db.transaction():
                    await db.rows(statement)
            else:
                await db.rows(statement)
        assert isinstance(caught.value.__cause__, apsw.Error)
        assert "nothing" not in caught.value.message  # SQLite's own text stays in the cause


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        (apsw.BusyError, SerializationFailed),
        (apsw.LockedError, SerializationFailed),
        (apsw.FullError, DatabaseUnavailable),
        (apsw.ReadOnlyError, DatabaseUnavailable),
        (apsw.CantOpenError, DatabaseUnavailable),
        (apsw.IOError, DatabaseUnavailable),
        (apsw.CorruptError, DatabaseUnavailable),
        (apsw.NotADBError, DatabaseUnavailable),
        (apsw.ConstraintError, ConstraintFailed),
        (apsw.TooBigError, DatabaseFailed),
        (apsw.InterruptError, DatabaseFailed),
    ],
)
def test_errors_by_their_code(theirs: type[apsw.Error], ours: type[PiccobaseError]) -> None:
    assert type(translated(theirs("text"), apsw.Connection(":memory:"))) is ours


async def test_a_damaged_file_is_unavailable(db: EmbeddedEngine, tmp_path: Path) -> None:
    await db.rows("INSERT INTO seat (number) SELECT value FROM json_each(?)", (str(list(range(1, 20000))),))
    await db.close()
    content = bytearray((tmp_path / "data.db").read_bytes())
    content[4096:] = b"\x99" * len(content[4096:])
    (tmp_path / "data.db").write_bytes(content)
    with pytest.raises(DatabaseUnavailable, match="damaged"):
        await db.rows("SELECT count(*), max(number) FROM seat")
