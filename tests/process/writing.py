"""A process that writes to a database without end and says on stdout what it has been promised, for tests to kill.

    python writing.py PATH NAME ROUNDS [WRITERS [brief]]

With a number of writers these write at once and share their commits; some fail on purpose. Each commit waits for the
disk; with `brief`, in brief transactions, none does.
"""

import asyncio
import sys

from piccobase.base.company import COMPANY
from piccobase.db.embedded import EmbeddedEngine

_INSERT = "INSERT INTO entry VALUES (?, ?, ?, ?)"


class _OnPurpose(Exception):
    pass


async def write(path: str, name: str, rounds: int, writers: int, *, brief: bool) -> None:
    if brief:
        COMPANY.waiting = 1  # always one more than have begun
    engine = EmbeddedEngine(path, synchronous="FULL" if writers and not brief else "NORMAL")
    await engine.rows("CREATE TABLE IF NOT EXISTS entry (name TEXT, number INTEGER, half TEXT, padding TEXT)")
    await engine.rows("CREATE TABLE IF NOT EXISTS counter (id INTEGER PRIMARY KEY, n INTEGER)")
    await engine.rows("INSERT OR IGNORE INTO counter VALUES (1, 0)")
    names = [f"{name}{place}" for place in range(writers)] or [name]
    await asyncio.gather(*(_write_one(engine, each, rounds) for each in names))
    await engine.close()


async def _write_one(engine: EmbeddedEngine, name: str, rounds: int) -> None:
    """Each round is a transaction of two rows that belong together, and of a counter that all count on."""
    ((done,),) = await engine.rows("SELECT coalesce(max(number), 0) FROM entry WHERE name = ?", (name,))
    for number in range(done + 1, done + 1 + rounds):
        if number % 7 == 0:
            try:
                await _round(engine, name, number, fails=True)
            except _OnPurpose:
                pass
        await _round(engine, name, number)
        sys.stdout.write(f"{name} {number}\n")
        sys.stdout.flush()


async def _round(engine: EmbeddedEngine, name: str, number: int, *, fails: bool = False) -> None:
    async with engine.brief_transaction():
        ((n,),) = await engine.rows("SELECT n FROM counter WHERE id = 1")
        await engine.rows(_INSERT, (name, number, "left", "x" * 3000))
        await engine.rows("UPDATE counter SET n = ? WHERE id = 1", (n + 1,))
        if fails:
            raise _OnPurpose
        await engine.rows(_INSERT, (name, number, "right", "x" * 3000))


if __name__ == "__main__":
    path, name, rounds, *how = sys.argv[1:]
    asyncio.run(write(path, name, int(rounds), int(how[0]) if how else 0, brief="brief" in how))
