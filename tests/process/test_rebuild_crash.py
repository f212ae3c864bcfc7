"""A table is made anew, and the process is killed meanwhile: at each statement, at rows of the copy, at each write."""

import itertools
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.process.rebuilding import CREATE

from piccobase.db.connections import open_connection

ROOT = Path(__file__).parents[2]
ROWS = 400


class Crashes:
    """Rebuilds that are killed at a given moment, and what is in the file afterwards."""

    def __init__(self, folder: Path) -> None:
        self.base, self.copy = folder / "base.db", folder / "copy.db"
        connection = open_connection(str(self.base), readonly=False, synchronous="OFF", busy_timeout=1)
        connection.execute(CREATE)
        for number in range(ROWS):
            parent = f"id{number - 1}" if number else None
            post = (f"id{number}", f"Title {number}", "x" * 100, number, parent)
            connection.execute("INSERT INTO posts (id, title, body, price, parent) VALUES (?, ?, ?, ?, ?)", post)
            connection.execute("INSERT INTO comments (post) VALUES (?)", (f"id{number}",))
        connection.pragma("journal_mode", "DELETE")  # so that it is one file, to be copied
        connection.close()
        command = [sys.executable, "-m", "tests.process.rebuilding", str(self.base), str(self.copy)]
        self._process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __call__(self, kind: str, number: int) -> str:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{kind} {number}\n")
        self._process.stdin.flush()
        return self._process.stdout.readline().strip()

    def found(self) -> tuple[Any, ...]:
        """The schema and the rows, after checking that the database is whole."""
        connection = open_connection(str(self.copy), readonly=False, synchronous="OFF", busy_timeout=1)
        try:
            assert connection.pragma("integrity_check") == "ok"
            assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
            questions = (
                "SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name",
                "SELECT rowid, * FROM posts ORDER BY rowid",
                "SELECT * FROM comments ORDER BY id",
                "SELECT * FROM top",
            )
            return tuple(tuple(connection.execute(question)) for question in questions)
        finally:
            connection.close()

    def close(self) -> None:
        self._process.communicate(timeout=30)


@pytest.fixture
def crashes(tmp_path: Path) -> Iterator[Crashes]:
    found = Crashes(tmp_path)
    yield found
    found.close()


def test_a_rebuild_that_is_killed_leaves_the_old_table_or_the_new_one(crashes: Crashes) -> None:
    assert crashes("statement", 1) == "killed"
    old = crashes.found()
    assert crashes("statement", 1_000_000) == "done"
    new = crashes.found()
    assert old != new
    assert len(old[1]) == len(new[1]) == len(old[2]) == len(new[2]) == ROWS
    seen = {}
    for kind, step in (("statement", 1), ("row", 150), ("write", 2)):
        outcomes = []
        for number in itertools.count(1, step):
            if crashes(kind, number) != "killed":
                break
            found = crashes.found()
            assert found in (old, new), f"killed at {kind} {number}"
            outcomes.append("old" if found == old else "new")
        assert outcomes == sorted(outcomes, reverse=True), kind  # at one moment it becomes the new one
        seen[kind] = outcomes
    assert seen["statement"].count("old") > 20
    assert "new" in seen["statement"]
    assert len(seen["row"]) == 3
    assert seen["write"].count("old") > 15
