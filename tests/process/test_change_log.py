"""Records and the change log stand or fall together, also when the process is killed in the middle of its work."""

import asyncio
import itertools
import subprocess
import sys
from pathlib import Path

import apsw

from piccobase.db.embedded import EmbeddedEngine
from piccobase.db.watched import CHANGES, WatchedTable, stored_form

SETUP = (
    "CREATE TABLE entry (id INTEGER PRIMARY KEY, half TEXT)",
    f"""CREATE TABLE {CHANGES} (position INTEGER PRIMARY KEY, collection TEXT, record TEXT, verb TEXT, fields TEXT,
    actor_collection TEXT, actor TEXT, time INTEGER, row TEXT)""",
    "CREATE TABLE _collections (id TEXT PRIMARY KEY, watched TEXT)",
)
ENTRIES = WatchedTable(table="entry", collection="entries", key="id", fields={"id": "id", "half": "half"})


async def write(path: str) -> None:
    """Two records a transaction without end. What is watched, it reads from the database."""
    engine = EmbeddedEngine(path)
    for number in itertools.count(1):
        async with engine.transaction():
            await engine.rows("INSERT INTO entry (half) VALUES ('left')")
            await engine.rows("INSERT INTO entry (half) VALUES ('right')")
        print(number, flush=True)


def test_a_killed_process_leaves_no_record_without_its_change_nor_a_change_without_its_record(tmp_path: Path) -> None:
    path = tmp_path / "data.db"
    connection = apsw.Connection(str(path))
    for statement in SETUP:
        connection.execute(statement)
    connection.execute("INSERT INTO _collections VALUES ('entries', ?)", (stored_form(ENTRIES),))
    for kill in range(8):
        process = subprocess.Popen([sys.executable, __file__, str(path)], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        with process.stdout as lines:
            said = list(itertools.islice(lines, 1 + kill * 40))
            process.kill()
        process.wait()
        assert len(said) == 1 + kill * 40
        records = connection.execute("SELECT id FROM entry ORDER BY id").fetchall()
        logged = connection.execute(f"SELECT CAST(record AS INTEGER), position FROM {CHANGES} ORDER BY 2").fetchall()
        assert logged == [(id_, position) for position, (id_,) in enumerate(records, 1)]
        assert len(records) % 2 == 0
    assert len(records) > 2 * sum(1 + kill * 40 for kill in range(8)) - 1
    connection.close()


if __name__ == "__main__":
    asyncio.run(write(sys.argv[1]))
