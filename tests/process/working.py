"""Processes that work on the same jobs, some of which are killed in the middle of it: what must hold afterwards.

As a program it is one of these processes:

    python -m tests.process.working DATA_DIR DATABASE_URL BEAT LOST_AFTER
"""

import asyncio
import os
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from piccolo.columns import Integer, Varchar
from piccolo.table import Table

from piccobase import App, current_job
from piccobase.app.services import Services
from piccobase.jobs.claiming import Claims
from piccobase.jobs.scheduling import Schedules
from piccobase.jobs.worker import Worker

ROOT = Path(__file__).parents[2]


class Run(Table, tablename="runs"):
    """One run of a job, written by the job itself in the middle of its work."""

    job = Varchar()
    name = Varchar()
    process = Integer()


app = App(collections=[Run])


async def note_run() -> None:
    job = current_job()
    assert job is not None
    await Run(job=job.id, name=job.name, process=os.getpid()).save()


@app.job()
async def again(pause: float = 0.0) -> None:
    """Done at least once."""
    await asyncio.sleep(pause)
    await note_run()


@app.job(attempts=1)
async def once(pause: float = 0.0) -> None:
    """Begun at most once."""
    await note_run()
    await asyncio.sleep(pause)


@app.schedule("* * * * *")
async def minutely() -> None:
    await note_run()


async def started(data_dir: Path, database_url: str, *, migrate: bool = False) -> Services:
    config = app.config({"data_dir": data_dir, "database_url": database_url}, environment={})
    return await app.start(config, migrate=migrate or None)


def worker_process(data_dir: Path, database_url: str, beat: float, lost_after: float) -> "subprocess.Popen[bytes]":
    """Another process, with a worker of these paces."""
    words = [data_dir, database_url, beat, lost_after]
    return subprocess.Popen([sys.executable, "-m", __name__, *map(str, words)], cwd=ROOT, stdout=subprocess.PIPE)


async def add_jobs(services: Services, count: int, pause: float, at: datetime | None = None) -> None:
    """Half of them `again`, half of them `once`."""
    for start in range(0, count, 500):
        async with services.engine.transaction():
            for number in range(start, min(count, start + 500)):
                await services.work.jobs.add("once" if number % 2 else "again", {"pause": pause}, at=at)


async def unfinished(services: Services) -> int:
    counts = await services.work.book.counts()
    return counts["delayed"] + counts["waiting"] + counts["running"]


@dataclass(frozen=True)
class Result:
    """What came of the jobs, by name and state, and how often each was run."""

    ended: Counter[tuple[str, str]]
    runs: dict[str, Counter[str]]  # by name: job id and number of runs
    processes: int  # that have run any

    def check(self, count: int) -> None:
        """No job was lost, none that may be begun once was run twice, and what is dead was begun by who was killed."""
        half = count // 2
        assert self.ended["again", "done"] == half
        assert set(self.ended) <= {("again", "done"), ("once", "done"), ("once", "dead"), ("minutely", "done")}
        assert self.ended["once", "done"] + self.ended["once", "dead"] == half
        assert len(self.runs["again"]) == half
        assert max(self.runs["once"].values()) == 1
        assert self.ended["once", "done"] <= len(self.runs["once"]) <= half


async def result(services: Services) -> Result:
    rows: list[Any] = await services.engine.rows(
        'SELECT "name", "state", count(*) FROM "_jobs" WHERE "name" NOT LIKE \'\\_\\_%\' ESCAPE \'\\\' GROUP BY 1, 2'
    )
    runs: dict[str, Counter[str]] = {"again": Counter(), "once": Counter(), "minutely": Counter()}
    processes = set()
    for name, job, process in await services.engine.rows('SELECT "name", "job", "process" FROM "runs"'):
        runs[name][job] += 1
        processes.add(process)
    return Result(Counter({(name, state): count for name, state, count in rows}), runs, len(processes))


async def _work(data_dir: Path, database_url: str, beat: float, lost_after: float) -> None:
    services = await started(data_dir, database_url)
    work, db = services.work, services.engine
    worker = Worker(
        work.jobs, Claims(db, work.registry.jobs), Schedules(db, work.jobs), beat=beat, lost_after=lost_after
    )
    async with worker.running():
        print("working", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_work(Path(sys.argv[1]), sys.argv[2], float(sys.argv[3]), float(sys.argv[4])))
