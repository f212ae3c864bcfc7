"""What the request log costs the event loop: the same app with and without it, by turns, in one process.

    python -m benchmarks.log_cost

Requests go straight to the ASGI application, and what is counted is the processor time of the event loop's thread, the
batches that it hands over included: what other processes do to the machine does not count.
"""

import asyncio
import gc
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from piccolo.columns import Integer, Varchar

from piccobase import App, Collection, Rules

REQUESTS, ROUNDS = 1000, 80
KEY = "abcdefghijklmno"
PATH = f"/api/collections/notes/records/{KEY}"
HEADERS = [
    (b"host", b"127.0.0.1:8090"),
    (b"user-agent", b"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36"),
    (b"accept", b"*/*"),
    (b"accept-language", b"en"),
    (b"accept-encoding", b"gzip"),
]


class Note(Collection, tablename="notes"):
    title = Varchar()
    pages = Integer()
    rules = Rules(view="")


async def send(message: Any) -> None:
    """Throws the answer away."""


async def receive() -> Any:
    return {"type": "http.request", "body": b"", "more_body": False}


async def measure(folder: Path) -> tuple[list[float], list[float]]:
    """Microseconds of the loop's thread for each request, round by round: with the log and without."""
    app = App(collections=[Note])
    services = await app.start(app.config({"data_dir": folder}, environment={}))
    await services.engine.rows(
        "INSERT INTO notes (id, title, pages, created, updated) VALUES (?, 'A', 1, '2026-01-01', '2026-01-01')", (KEY,)
    )
    for task in services.background:
        task.cancel()

    async def round_of(keeping: bool) -> float:
        services.request_log.keeping = keeping
        begun = time.thread_time()
        for _ in range(REQUESTS):
            scope = {"type": "http", "method": "GET", "path": PATH, "raw_path": PATH.encode(), "query_string": b""}
            await app(scope | {"headers": HEADERS, "client": ("127.0.0.1", 1)}, receive, send)
        await services.request_log.flush()
        return 1e6 * (time.thread_time() - begun) / REQUESTS

    gc.collect()
    gc.freeze()
    found: dict[bool, list[float]] = {True: [], False: []}
    for number in range(ROUNDS):
        for keeping in (True, False) if number % 2 else (False, True):
            found[keeping].append(await round_of(keeping))
    await app.stop()
    return found[True], found[False]


def main() -> None:
    import uvloop

    with tempfile.TemporaryDirectory() as folder, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        with_log, without = runner.run(measure(Path(folder)))
    cost = statistics.median(one - other for one, other in zip(with_log, without, strict=True))
    print(f"a view without the log: {statistics.median(without):.1f} µs; the log adds {cost:.2f} µs")


if __name__ == "__main__":
    main()
