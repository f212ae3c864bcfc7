"""What the change log costs a write on SQLite: the same app with it and without it, by turns, in one process.

    python -m benchmarks.change_log_cost

Requests go straight to the ASGI application, and what is counted is the processor time of the event loop's thread.
"""

import asyncio
import gc
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
from piccolo.columns import Boolean, Integer, Text, Varchar

from piccobase import App, Collection, Rules
from piccobase.changes.watching import watched_tables
from piccobase.db.embedded import EmbeddedEngine

RECORDS, REQUESTS, ROUNDS = 10_000, 300, 24
PATH = "/api/collections/posts/records"


class Post(Collection, tablename="posts"):
    title = Varchar()
    body = Text()
    published = Boolean()
    views = Integer(index=True)
    rules = Rules(create="", update="")


async def send(message: Any) -> None:
    """Throws the answer away."""


async def measure(folder: Path) -> dict[tuple[str, bool], list[float]]:
    """Microseconds of the loop's thread for each request, by verb, and whether the change was logged."""
    app = App(collections=[Post])
    services = await app.start(app.config({"data_dir": folder}, environment={}))
    services.request_log.keeping = False
    for task in services.background:
        task.cancel()
    engine = services.engine
    assert isinstance(engine, EmbeddedEngine)
    ids = [f"{number:015}" for number in range(RECORDS)]
    for begin in range(0, RECORDS, 1000):
        posts = [Post(id=id_, title=f"title {id_}", body="word " * 80) for id_ in ids[begin : begin + 1000]]
        await Post.insert(*posts)

    async def ask(method: str, path: str, body: dict[str, Any]) -> None:
        content = msgspec.json.encode(body)

        async def receive() -> Any:
            return {"type": "http.request", "body": content, "more_body": False}

        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(content))]
        scope = {"type": "http", "method": method, "path": path, "raw_path": path.encode(), "query_string": b""}
        await app(scope | {"headers": headers, "client": ("127.0.0.1", 1)}, receive, send)

    async def create(number: int) -> None:
        await ask("POST", PATH, {"title": "some title", "body": "word " * 80, "published": True, "views": number})

    async def update(number: int) -> None:
        await ask("PATCH", f"{PATH}/{ids[number * 7 % RECORDS]}", {"title": f"new {number}", "views": number})

    async def round_of(verb: Callable[[int], Awaitable[None]], begin: int) -> float:
        begun = time.thread_time()
        for number in range(begin, begin + REQUESTS):
            await verb(number)
        return 1e6 * (time.thread_time() - begun) / REQUESTS

    gc.collect()
    gc.freeze()
    found: dict[tuple[str, bool], list[float]] = {}
    for number in range(ROUNDS):
        for logged in (True, False) if number % 2 else (False, True):
            await engine.watch(watched_tables(services.registry) if logged else [])
            for name, verb in (("update", update), ("create", create)):
                found.setdefault((name, logged), []).append(await round_of(verb, number * REQUESTS))
    await app.stop()
    return found


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(measure(Path(folder)))
    for name in ("update", "create"):
        without, logged = (statistics.median(found[name, on]) for on in (False, True))
        print(f"{name}: {without:.1f} µs without the change log, {logged:.1f} µs with it ({logged - without:+.1f} µs)")


if __name__ == "__main__":
    main()
