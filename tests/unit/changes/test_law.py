"""The law of the change log: a reader who comes back again and again sees each committed change exactly once, and each
record's changes in the order of the commits. Whatever transactions run side by side, however long, and however they
end.

Each change takes a record away and puts it back with the next number, so what is told of a record counts up from 0
without a gap, or the law is broken.
"""

import asyncio
import random
from pathlib import Path
from typing import Any

import pytest
from tests.unit.changes.blog import Shelves, blog

from piccobase.changes.opening import change_log
from piccobase.changes.reading import Change
from piccobase.db.errors import SerializationFailed
from piccobase.db.placeholders import in_dialect

RECORDS = 6


class Undone(Exception):
    pass


class Work:
    """Transactions of one to three changes, some of which are undone, alone or all together."""

    def __init__(self, engine: Any, seed: int) -> None:
        self.engine, self.random = engine, random.Random(seed)
        self.lock = " FOR UPDATE" if engine.dialect == "postgres" else ""

    async def do(self, transactions: int) -> None:
        for _ in range(transactions):
            try:
                async with self.engine.transaction():
                    # In the order of the keys, or they would wait for one another in a circle.
                    for number in sorted(self.random.sample(range(RECORDS), self.random.randint(1, 3))):
                        await self._change_or_not(number)
                        for _ in range(self.random.choice((0, 0, 1, 6))):
                            await self._run("SELECT 1")
                            await asyncio.sleep(0)
                    self._perhaps_undo()
            except (Undone, SerializationFailed):
                pass

    async def _change_or_not(self, number: int) -> None:
        try:
            async with self.engine.transaction():
                await self._run(f"SELECT 1 FROM locks WHERE number = ?{self.lock}", number)
                [[label]] = await self._run("DELETE FROM shelves WHERE number = ? RETURNING label", number)
                await self._run("INSERT INTO shelves (number, label) VALUES (?, ?)", number, str(int(label) + 1))
                self._perhaps_undo()
        except Undone:
            pass

    def _perhaps_undo(self) -> None:
        if self.random.random() < 0.2:
            raise Undone

    async def _run(self, sql: str, *args: Any) -> Any:
        return await self.engine.rows(in_dialect(sql, self.engine.dialect), args)


async def followed(engine: Any, start: str, done: asyncio.Event, limit: int) -> list[Change]:
    """What a reader is told who polls until all is done."""
    log, found, position = change_log(engine), [], start
    while True:
        over = done.is_set()
        more = await log.after(position, limit)
        found += more
        if more:
            position = more[-1].position
        elif over:
            return found
        await asyncio.sleep(0)


@pytest.mark.parametrize("seed", range(2))
async def test_each_change_once_and_each_records_in_order(database_url: str | None, tmp_path: Path, seed: int) -> None:
    await law(database_url, tmp_path, seed)


async def test_transactions_that_share_a_commit_keep_it_too(tmp_path: Path) -> None:
    await law(None, tmp_path, 7, synchronous="FULL")


async def law(database_url: str | None, folder: Path, seed: int, **config: Any) -> None:
    async with blog(database_url, folder, **config) as api:
        engine = api.services.engine
        await engine.rows("CREATE TABLE locks (number INTEGER PRIMARY KEY)")
        await Shelves.insert(*(Shelves(number=number, label="0") for number in range(RECORDS)))
        await engine.rows("INSERT INTO locks SELECT number FROM shelves")
        done, start, work = asyncio.Event(), await change_log(engine).last(), Work(engine, seed)
        readers = [asyncio.create_task(followed(engine, start, done, limit)) for limit in (3, 1000)]
        await asyncio.gather(*(work.do(25) for _ in range(6)))
        done.set()
        told = [*await asyncio.gather(*readers), await followed(engine, start, done, 1000)]
        final = {str(number): int(label) for number, label in await engine.rows("SELECT number, label FROM shelves")}
    assert min(final.values()) > 5
    for changes in told:
        for record, last in final.items():
            of_record = [it for it in changes if it.record == record]
            assert [it.verb for it in of_record] == ["delete", "create"] * last
            assert [it.row["label"] for it in of_record if it.row] == list(map(str, range(last)))
