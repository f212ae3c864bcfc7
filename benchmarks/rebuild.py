"""What it costs to make a table of SQLite anew: time, disk, and whether those who read meanwhile are held up.

    python -m benchmarks.rebuild [--rows 1000000]

The table has ids of 15 letters, texts, numbers, times and three indexes, and another table points to it. A number
becomes a decimal, and a text may no longer be NULL. Meanwhile a reader asks for a record every ten milliseconds, in the
event loop of the same process, as a server does.
"""

import argparse
import asyncio
import contextvars
import os
import random
import resource
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import apsw

from piccobase.db.embedded import EmbeddedEngine
from piccobase.db.sqlite_rebuild import Rebuild, read_stored, rebuild_statements

LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
WORDS = "the quick brown fox jumps over a lazy dog while seven wise owls keep watch in old oak trees".split()  # noqa: SIM905
MEGABYTE = 1_000_000

CREATE = """
CREATE TABLE posts (id VARCHAR(15) PRIMARY KEY NOT NULL, title VARCHAR(200) NULL, body TEXT NOT NULL DEFAULT '',
                    slug VARCHAR(200) NOT NULL, views INTEGER NOT NULL DEFAULT 0, score REAL,
                    created TIMESTAMPTZ NOT NULL, updated TIMESTAMPTZ NOT NULL);
CREATE INDEX posts_title ON posts (title);
CREATE UNIQUE INDEX posts_slug_key ON posts (slug);
CREATE INDEX posts_created ON posts (created);
CREATE TABLE comments (id VARCHAR(15) PRIMARY KEY NOT NULL, post VARCHAR(15) REFERENCES posts (id) ON DELETE CASCADE);
"""
REBUILD = Rebuild(
    "posts",
    change={"views": "views NUMERIC NOT NULL DEFAULT 0", "title": "title VARCHAR(200) NOT NULL DEFAULT ''"},
    values={"title": "ifnull(title, '')"},
)


def fill(path: Path, rows: int) -> list[str]:
    """Some of the ids."""
    chance = random.Random(1)
    ids = ["".join(chance.choices(LETTERS, k=15)) for _ in range(rows)]

    def post(number: int) -> tuple[object, ...]:
        moment = f"2026-{number % 12 + 1:02}-{number % 28 + 1:02} 08:{number % 60:02}:00.{number % 1000:03}Z"
        title, body = " ".join(chance.choices(WORDS, k=6)), " ".join(chance.choices(WORDS, k=40))
        return (ids[number], title, body, f"slug-{number}", number % 5000, number / 7, moment, moment)

    connection = apsw.Connection(str(path))
    connection.pragma("synchronous", "OFF")
    with connection:
        connection.execute(CREATE)
        connection.executemany("INSERT INTO posts VALUES (?, ?, ?, ?, ?, ?, ?, ?)", map(post, range(rows)))
        comments = ((f"c{number:014}", ids[number * 7 % rows]) for number in range(rows // 5))
        connection.executemany("INSERT INTO comments VALUES (?, ?)", comments)
    connection.close()
    return ids[:1000]


@dataclass
class Disk:
    """What the database takes on the disk, looked at all the time: file, log, and what SQLite sorts in."""

    path: Path
    peaks: dict[str, int] = field(default_factory=lambda: {"file": 0, "log": 0, "temporary": 0, "together": 0})
    stopped: threading.Event = field(default_factory=threading.Event)

    def watch(self) -> None:
        while not self.stopped.wait(0.005):
            now = {"file": _size(self.path), "log": _size(f"{self.path}-wal"), "temporary": _temporary()}
            now["together"] = sum(now.values())
            self.peaks = {name: max(size, self.peaks[name]) for name, size in now.items()}


def _size(path: str | Path) -> int:
    return os.stat(path).st_size if os.path.exists(path) else 0


def _temporary() -> int:
    """SQLite's temporary files have no name: only the process knows them."""
    size = 0
    for entry in os.scandir("/proc/self/fd"):
        with suppress(OSError):
            if os.readlink(entry.path).endswith(" (deleted)"):
                size += os.stat(entry.path).st_size
    return size


@dataclass
class Reader:
    """Asks for one record every ten milliseconds. `late` are the seconds from when it wanted to ask to its answer."""

    engine: EmbeddedEngine
    ids: list[str]
    late: list[float] = field(default_factory=list)

    async def run(self) -> None:
        wanted = time.perf_counter()
        while True:
            wanted += 0.01
            await asyncio.sleep(max(0.0, wanted - time.perf_counter()))
            id_ = self.ids[len(self.late) % len(self.ids)]
            [[found]] = await self.engine.rows("SELECT id FROM posts WHERE id = ?", (id_,))
            assert found == id_
            self.late.append(time.perf_counter() - wanted)
            wanted = max(wanted, time.perf_counter() - 0.01)

    def told(self) -> str:
        ordered = sorted(self.late)
        places = {"p50": len(ordered) // 2, "p99": int(len(ordered) * 0.99), "longest": -1}
        waits = ", ".join(f"{name} {ordered[place] * 1e3:.1f} ms" for name, place in places.items())
        return f"{len(ordered)} reads, {waits}"


async def measure(path: Path, rows: int) -> None:
    ids = fill(path, rows)
    before = _size(path)
    engine = EmbeddedEngine(path)
    await engine.start_connection_pool()
    disk, reader = Disk(path), Reader(engine, ids)
    watching = threading.Thread(target=disk.watch)
    watching.start()
    reading = asyncio.get_running_loop().create_task(reader.run(), context=contextvars.Context())
    await asyncio.sleep(1)
    quiet = reader.told()
    reader.late.clear()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begun, worked = time.perf_counter(), time.process_time()
    parts: list[tuple[float, str]] = []
    async with engine.schema_transaction():
        for statement in rebuild_statements(await read_stored(engine, REBUILD.table), REBUILD):
            started = time.perf_counter()
            await engine.rows(statement)
            parts.append((time.perf_counter() - started, statement))
        checks = time.perf_counter()
    ended, worked = time.perf_counter(), time.process_time() - worked
    parts.append((ended - checks, "foreign_key_check, COMMIT"))
    during = reader.told()
    reader.late.clear()
    await asyncio.sleep(3)  # the log is moved into the file
    reading.cancel()
    disk.stopped.set()
    watching.join()
    more = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory
    await engine.close()
    seconds = ended - begun
    print(
        f"{rows} rows in {seconds:.1f} s: {rows / seconds:,.0f} rows/s, {seconds / rows * 1e6:.1f} µs a row, "
        f"of which {worked / rows * 1e6:.1f} µs of a processor, the reader's included"
    )
    for took, statement in sorted(parts, reverse=True)[:7]:
        print(f"    {took:6.2f} s  {' '.join(statement.split())[:90]}")
    print(f"file before {before / MEGABYTE:.0f} MB, afterwards {_size(path) / MEGABYTE:.0f} MB")
    print("at most  " + ", ".join(f"{name} {size / MEGABYTE:.0f} MB" for name, size in disk.peaks.items()))
    print(f"memory   {more / 1024:.0f} MB more than before")
    print(f"readers  before    {quiet}\n         meanwhile {during}\n         afterwards {reader.told()}")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--rows", type=int, default=1_000_000)
    rows: int = options.parse_args().rows
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(measure(Path(folder) / "data.db", rows))


if __name__ == "__main__":
    main()
