"""Attack 59: an error in work in the background takes the whole server with it. Here a real one, with jobs that try."""

import signal
from pathlib import Path

import httpx
from tests.process.commands import command
from tests.process.test_serve import PATIENCE, served

APP = """
import asyncio, sys, threading
from piccobase import App

app = App()
WAYS = {
    "exit": lambda: sys.exit(3),
    "interrupt": lambda: (_ for _ in ()).throw(KeyboardInterrupt()),
    "cancelled": lambda: (_ for _ in ()).throw(asyncio.CancelledError()),
    "recursion": lambda: (lambda again: again(again))(lambda again: again(again)),
    "memory": lambda: (_ for _ in ()).throw(MemoryError()),
}

@app.job(attempts=1)
async def fail(how: str) -> None:
    WAYS[how]()

@app.job(attempts=1)
def fail_in_thread(how: str) -> None:
    WAYS[how]()

@app.job(attempts=1)
async def leave_a_task_behind() -> None:
    asyncio.create_task(asyncio.to_thread(lambda: 1 / 0))

@app.schedule("0 0 1 1 *")
async def attack() -> None:
    for how in WAYS:
        await app.jobs.add(fail, {"how": how})
        await app.jobs.add(fail_in_thread, {"how": how})
    await app.jobs.add(leave_a_task_behind)
"""


def test_whatever_jobs_raise_the_server_answers_and_goes_on_working(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(APP)
    assert command(tmp_path, "superuser", "upsert", "root@example.com", "12345678").returncode == 0
    with served(tmp_path) as (process, address), httpx.Client(base_url=address) as client:
        signing_in = {"identity": "root@example.com", "password": "12345678"}
        token = client.post("/api/collections/_superusers/auth-with-password", json=signing_in).json()["token"]
        client.headers["Authorization"] = token
        assert client.post("/api/crons/attack").status_code == 204
        wanted = {"delayed": 0, "waiting": 0, "running": 0, "done": 2, "dead": 10}
        for _ in range(2000):
            assert process.poll() is None, "the server is gone"
            counts = client.get("/api/jobs").json()["counts"]
            if counts == wanted:
                break
        assert counts == wanted
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
