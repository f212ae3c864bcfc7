"""A process whose database has no more room: it says what it was told of its writes, and what is there.

python full_disk.py PATH [brief]

Its transactions share commits that wait for the disk; with `brief`, brief ones share commits that do not.
"""

import asyncio
import resource
import signal
import sys
from collections import Counter

from piccobase.base.company import COMPANY
from piccobase.db.embedded import EmbeddedEngine
from piccobase.db.errors import DatabaseUnavailable

ROOM = 1_500_000  # bytes for each file


async def write(path: str, *, brief: bool) -> None:
    if brief:
        COMPANY.waiting = 1  # always one more than have begun
    engine = EmbeddedEngine(path, synchronous="NORMAL" if brief else "FULL")
    await engine.rows("CREATE TABLE entry (number INTEGER, padding BLOB)")
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # so that a write fails, and the process goes on
    resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM, resource.RLIM_INFINITY))
    kept: set[int] = set()
    called: Counter[str] = Counter()

    async def add(number: int) -> None:
        async with engine.brief_transaction() as transaction:
            transaction.on_commit(lambda: called.update(["kept"]))
            transaction.on_rollback(lambda: called.update(["undone"]))
            await engine.rows("INSERT INTO entry VALUES (?, zeroblob(10000))", (number,))
        kept.add(number)

    told: Counter[str] = Counter()
    for start in range(0, 300, 60):
        found = await asyncio.gather(*map(add, range(start, start + 60)), return_exceptions=True)
        told.update(type(outcome).__name__ for outcome in found)
    there = {number for (number,) in await engine.rows("SELECT number FROM entry")}
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    await add(1000)
    assert there == kept - {1000}
    assert 0 < len(there) < 300
    assert told == {"NoneType": len(there), DatabaseUnavailable.__name__: 300 - len(there)}
    assert called == {"kept": len(there) + 1, "undone": 300 - len(there)}
    assert await engine.rows("SELECT count(*) FROM entry") == [(len(there) + 1,)]
    await engine.close()
    print("all is as it was told")


if __name__ == "__main__":
    asyncio.run(write(sys.argv[1], brief="brief" in sys.argv[2:]))
