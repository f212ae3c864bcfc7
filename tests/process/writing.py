"""A process that writes to a database without end and says on stdout what it has been promised, for tests to kill."""

import asyncio
import sys

from piccobase.db.embedded import EmbeddedEngine


async def write(path: str, name: str, rounds: int) -> None:
    """Each round is a transaction of two rows that belong together, and of a counter that all processes count on."""
    engine = EmbeddedEngine(path)
    await engine.rows("CREATE TABLE IF NOT EXISTS entry (name TEXT, number INTEGER, half TEXT, padding TEXT)")
    await engine.rows("CREATE TABLE IF NOT EXISTS counter (id INTEGER PRIMARY KEY, n INTEGER)")
    await engine.rows("INSERT OR IGNORE INTO counter VALUES (1, 0)")
    ((done,),) = await engine.rows("SELECT coalesce(max(number), 0) FROM entry WHERE name = ?", (name,))
    insert = "INSERT INTO entry VALUES (?, ?, ?, ?)"
    for number in range(done + 1, done + 1 + rounds):
        async with engine.transaction():
            ((n,),) = await engine.rows("SELECT n FROM counter WHERE id = 1")
            await engine.rows(insert, (name, number, "left", "x" * 3000))
            await engine.rows("UPDATE counter SET n = ? WHERE id = 1", (n + 1,))
            await engine.rows(insert, (name, number, "right", "x" * 3000))
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()
    await engine.close()


if __name__ == "__main__":
    asyncio.run(write(sys.argv[1], sys.argv[2], int(sys.argv[3])))
