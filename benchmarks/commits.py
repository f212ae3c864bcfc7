"""How many transactions in a second writers get that come together, with commits that wait for the disk and without.

    python -m benchmarks.commits [SECONDS]

Each writer changes one row after another in a transaction of its own. In `own commits` one begins when the one before
has been committed; the `shared` ones queue for the write lock, and with FULL share a commit. What the disk does is told
too: everything that waits for it waits at least that long.
"""

import asyncio
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from piccobase.db.connections import Synchronous
from piccobase.db.embedded import EmbeddedEngine

ROWS = 1000
WRITERS = (1, 16, 64)
UPDATE = "UPDATE post SET title = ?, views = ? WHERE id = ? RETURNING *"


class Found(NamedTuple):
    """Of one run: transactions in a second, and milliseconds that half and 99 of 100 took at most."""

    rate: float
    half: float
    most: float
    processor: float  # microseconds for each

    def __str__(self) -> str:
        return f"{self.rate:8.0f}/s   p50 {self.half:7.2f} ms   p99 {self.most:7.2f} ms   {self.processor:5.0f} µs"


async def measure(folder: Path, synchronous: Synchronous, writers: int, seconds: float, *, alone: bool) -> Found:
    """With `alone` a lock around each transaction keeps them from sharing anything."""
    engine = EmbeddedEngine(folder / "data.db", synchronous=synchronous)
    await engine.rows("CREATE TABLE post (id TEXT PRIMARY KEY, title TEXT, body TEXT, views INTEGER)")
    async with engine.transaction():
        for number in range(ROWS):
            await engine.rows("INSERT INTO post VALUES (?, '', ?, 0)", (f"{number:015}", "word " * 80))
    one_at_a_time = asyncio.Lock()
    times: list[float] = []
    end = time.perf_counter() + seconds

    async def update(number: int) -> None:
        async with engine.transaction():
            await engine.rows(UPDATE, (f"title {number}", number, f"{number * 7 % ROWS:015}"))

    async def write(number: int) -> None:
        while (begun := time.perf_counter()) < end:
            if alone:
                async with one_at_a_time:
                    await update(number)
            else:
                await update(number)
            times.append(time.perf_counter() - begun)
            number += writers
            await asyncio.sleep(0)  # as a server does, which goes on to the next request

    processor, begun = time.process_time(), time.perf_counter()
    await asyncio.gather(*map(write, range(writers)))
    processor, taken = time.process_time() - processor, time.perf_counter() - begun
    await engine.close()
    times.sort()
    return Found(
        len(times) / taken,
        1e3 * times[len(times) // 2],
        1e3 * times[len(times) * 99 // 100],
        1e6 * processor / len(times),
    )


def disk(folder: Path) -> float:
    """Milliseconds that half of a hundred small writes take until the disk has them."""
    times = []
    file = os.open(folder / "disk", os.O_CREAT | os.O_RDWR)
    for place in range(100):
        os.pwrite(file, bytes(4096), place * 4096)
        begun = time.perf_counter()
        os.fsync(file)
        times.append(time.perf_counter() - begun)
    os.close(file)
    return 1e3 * sorted(times)[50]


def main() -> None:
    import uvloop

    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 3.0
    with tempfile.TemporaryDirectory() as folder:
        print(f"the disk: {disk(Path(folder)):.2f} ms")
    kinds: list[tuple[Synchronous, bool, str]] = [
        ("NORMAL", False, "NORMAL"),
        ("FULL", True, "FULL, own commits"),
        ("FULL", False, "FULL, shared"),
    ]
    for writers in WRITERS:
        for synchronous, alone, name in kinds:
            with (
                tempfile.TemporaryDirectory() as folder,
                asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
            ):
                found = runner.run(measure(Path(folder), synchronous, writers, seconds, alone=alone))
            print(f"{writers:3} writers   {name:18} {found}")


if __name__ == "__main__":
    main()
