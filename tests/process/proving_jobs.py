"""The long proof of jobs: three `piccobase worker` at their usual pace, two of them killed; and how fast they are.

./scripts/prove-jobs [NUMBER OF JOBS]
"""

import asyncio
import itertools
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.postgres_server import running_postgres
from tests.process import working
from tests.process.working import Run, add_jobs, app, result, started, unfinished

from piccobase.app.services import Services

PROCESSES = 3
PAUSE = 0.1  # seconds that a job of the proof takes


def worker_command(data_dir: Path, database_url: str) -> "subprocess.Popen[bytes]":
    words = ["worker", working.__file__, "--data-dir", str(data_dir)]
    words += ["--database-url", database_url] if database_url else []
    process = subprocess.Popen(
        [sys.executable, "-m", "piccobase", *words], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert process.stdout is not None
    assert process.stdout.readline().startswith(b"Working")
    return process


async def measure(services: Services, data_dir: Path, database_url: str, count: int, processes: int) -> None:
    """Adds jobs that note their run and do nothing else, all due at one moment, when so many processes wait for it."""
    await services.engine.rows('DELETE FROM "_jobs"')
    began = time.monotonic()
    due = datetime.now(UTC) + timedelta(seconds=20 + count / 300)
    await add_jobs(services, count, pause=0.0, at=due)
    added = time.monotonic() - began
    workers = [worker_command(data_dir, database_url) for _ in range(processes)]
    await asyncio.sleep((due - datetime.now(UTC)).total_seconds())
    await until(lambda: unfinished(services), 0)
    done = (datetime.now(UTC) - due).total_seconds()
    print(
        f"  {count} jobs: added at {count / added:.0f} a second; done by {processes} process(es) at {count / done:.0f}",
        flush=True,
    )
    await end(workers)


async def until(number: Callable[[], Awaitable[int]], most: int) -> None:
    """Waits until it is no more than `most`."""
    for _ in itertools.count():
        if await number() <= most:
            return
        await asyncio.sleep(0.05)


async def prove(services: Services, data_dir: Path, database_url: str, count: int) -> None:
    """Kills two of three processes in the middle of it, and says what then holds. Raises AssertionError where not."""
    await services.engine.rows('DELETE FROM "_jobs"')
    await Run.delete(force=True)
    workers = [worker_command(data_dir, database_url) for _ in range(PROCESSES)]
    began = time.time()
    await add_jobs(services, count, pause=PAUSE)
    for victim, share in ((workers[0], 0.2), (workers[1], 0.4)):
        await until(lambda: unfinished(services), round(count * (1 - share)))
        assert victim.poll() is None, "it has ended by itself"
        victim.send_signal(signal.SIGKILL)
    await until(lambda: unfinished(services), 0)
    ended = time.time()
    found = await result(services)
    await end(workers)
    found.check(count)
    minutes = int(ended // 60) - int(began // 60)
    assert minutes <= len(found.runs["minutely"]) <= minutes + 1, f"{minutes} minutes passed: {found.runs['minutely']}"
    assert set(found.runs["minutely"].values()) <= {1}
    twice = sum(1 for runs in found.runs["again"].values() if runs > 1)
    print(
        f"  {count} jobs, 2 of {PROCESSES} processes killed, {ended - began:.0f} s: none lost; of those begun at most "
        f"once none was run twice, {found.ended['once', 'dead']} died with their processes; of the others {twice} were "
        f"run twice; each of {len(found.runs['minutely'])} times of the schedule fired once"
    )


async def end(workers: "list[subprocess.Popen[bytes]]") -> None:
    for worker in workers:
        if worker.poll() is None:
            worker.send_signal(signal.SIGTERM)
    for worker in workers:
        await asyncio.to_thread(worker.communicate)


async def on(database_url: str, count: int) -> None:
    with tempfile.TemporaryDirectory(prefix="piccobase-jobs-") as folder:
        data_dir = Path(folder)
        services = await started(data_dir, database_url, migrate=True)
        try:
            for processes in (1, PROCESSES):
                await measure(services, data_dir, database_url, count, processes)
            await prove(services, data_dir, database_url, count)
        finally:
            await app.stop()


def main(arguments: list[str]) -> None:
    count = int(arguments[0]) if arguments else 10_000
    print("PostgreSQL", flush=True)
    with running_postgres() as server, server.empty_database() as url:
        asyncio.run(on(url, count))
    print("SQLite", flush=True)
    asyncio.run(on("", count))


if __name__ == "__main__":
    main(sys.argv[1:])
