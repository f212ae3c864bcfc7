"""Jobs among real processes, of which some are killed; and the command that works on them."""

import asyncio
import itertools
import signal
import subprocess
import sys
from pathlib import Path

from tests.process.working import Run, add_jobs, app, result, started, unfinished, worker_process

COUNT = 300
PATIENCE = 60.0  # seconds


async def test_three_processes_two_of_them_killed_lose_no_job_and_run_none_twice_that_may_not(
    database_url: str | None, tmp_path: Path
) -> None:
    """And a schedule that is due when all of them begin fires once. The long one: `scripts/prove-jobs`."""
    services = await started(tmp_path, database_url or "", migrate=True)
    processes: list[subprocess.Popen[bytes]] = []
    try:
        await services.work.schedules.look()
        # As if the schedules had last been seen a minute ago: whoever looks first finds one time due.
        await services.engine.rows('UPDATE "_schedules" SET "fired" = "fired" - 60000')
        processes += [worker_process(tmp_path, database_url or "", 0.3, 2.0) for _ in range(3)]
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == b"working\n"
        await add_jobs(services, COUNT, pause=0.05)
        async with asyncio.timeout(PATIENCE):
            for victim in processes[:2]:
                await _until_run(victim.pid, 20)
                victim.send_signal(signal.SIGKILL)
            for _ in itertools.count():
                if not await unfinished(services):
                    break
                await asyncio.sleep(0.1)
        found = await result(services)
    finally:
        for process in processes:
            process.kill()
            process.communicate()
        await app.stop()
    found.check(COUNT)
    assert found.processes == 3
    # One time was due; another may have come while the test ran.
    assert 1 <= len(found.runs["minutely"]) <= 2
    assert set(found.runs["minutely"].values()) == {1}


async def _until_run(process: int, count: int) -> None:
    """Waits until the process has noted so many runs."""
    for _ in itertools.count():
        if await Run.count().where(Run.process == process) >= count:
            return
        await asyncio.sleep(0.02)


APP = """
from piccobase import App
app = App()

@app.job()
async def greet(name: str) -> None:
    print("hello", name, flush=True)

@app.job()
def die() -> None:
    raise SystemExit(3)
"""


def test_the_command_works_on_jobs_that_another_process_adds_and_ends_cleanly(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(APP)
    adding = (
        "import asyncio\nfrom app import app\n"
        "async def add():\n"
        "    await app.start()\n"
        "    await app.jobs.add('die', priority=1)\n"
        "    await app.jobs.add('greet', {'name': 'from elsewhere'})\n"
        "    await app.stop()\n"
        "asyncio.run(add())"
    )
    command = [sys.executable, "-m", "piccobase", "worker", "app.py", "--concurrency", "3"]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == "Working on jobs, 3 at once. Press Ctrl+C to stop.\n"
        subprocess.run([sys.executable, "-c", adding], cwd=tmp_path, check=True, timeout=PATIENCE)
        assert process.stdout.readline() == "hello from elsewhere\n"
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
        assert "SystemExit: 3" in process.stderr.read()
    finally:
        process.kill()
        process.wait()
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()
    assert (tmp_path / "data" / "data.db").exists()
