"""What hooks cost a request: the same app without any, and with one of each form, by turns, in one process.

    python -m benchmarks.hook_cost

Requests go straight to the ASGI application, and what is counted is the processor time of the event loop's thread.
What a point costs that nobody uses is told apart: the look into the dictionary, times the points of the verb.
"""

import asyncio
import gc
import statistics
import tempfile
import time
import timeit
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
from piccolo.columns import Boolean, Integer, Text, Varchar

from piccobase import (
    App,
    Collection,
    CreatingRecord,
    HookEvent,
    ListingRecords,
    Proceed,
    RecordCreated,
    Rules,
    ViewingRecord,
    WritingRecord,
)
from piccobase.hooks.declaring import HookRegistry
from piccobase.hooks.dispatcher import NO_HOOKS, Hooks
from piccobase.hooks.listeners import Listeners

RECORDS, REQUESTS, ROUNDS = 10_000, 300, 24
PATH = "/api/collections/posts/records"
LOOKS = {"view": 2, "list 30": 2, "create": 3}  # for hooks, where nobody has any


class Post(Collection, tablename="posts"):
    title = Varchar()
    body = Text()
    published = Boolean()
    views = Integer(index=True)
    rules = Rules(list="", view="", create="")


async def wraps(event: HookEvent, proceed: Proceed) -> Any:
    return await proceed()


async def before(event: HookEvent) -> None:
    pass


def generator(event: HookEvent) -> Any:
    yield


async def hears(event: RecordCreated) -> None:
    pass


def kinds() -> Mapping[str, HookRegistry]:
    """By name, what is declared in a round."""
    found = {"none": HookRegistry(), "a listener": HookRegistry()}
    found["a listener"].listen(RecordCreated)(hears)
    for name, function in (("async, wrapping", wraps), ("async, before", before), ("generator", generator)):
        found[name] = HookRegistry()
        for point in (ViewingRecord, ListingRecords, CreatingRecord):
            found[name].hook(point)(function)
    found["async, inside"] = HookRegistry()
    found["async, inside"].hook(WritingRecord)(wraps)
    return found


async def send(message: Any) -> None:
    """Throws the answer away."""


async def measure(folder: Path) -> dict[tuple[str, str], list[float]]:
    """Microseconds of the loop's thread for each request, by verb and by what is declared."""
    app = App(collections=[Post])
    services = await app.start(app.config({"data_dir": folder}, environment={}))
    services.request_log.keeping = False
    for task in services.background:
        task.cancel()
    ids = [f"{number:015}" for number in range(RECORDS)]
    for begin in range(0, RECORDS, 1000):
        posts = [Post(id=id_, title=f"title {id_}", body="word " * 80) for id_ in ids[begin : begin + 1000]]
        await Post.insert(*posts)

    async def ask(method: str, path: str, body: dict[str, Any] | None = None, query: str = "") -> None:
        content = b"" if body is None else msgspec.json.encode(body)

        async def receive() -> Any:
            return {"type": "http.request", "body": content, "more_body": False}

        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(content))] if body else []
        scope = {"type": "http", "method": method, "path": path, "raw_path": path.encode()}
        scope |= {"query_string": query.encode(), "headers": headers, "client": ("127.0.0.1", 1)}
        await app(scope, receive, send)

    async def create(number: int) -> None:
        await ask("POST", PATH, {"title": "some title", "body": "word " * 80, "published": True, "views": number})

    async def view(number: int) -> None:
        await ask("GET", f"{PATH}/{ids[number * 7 % RECORDS]}")

    async def listing(number: int) -> None:
        await ask("GET", PATH, query=f"page={number % 100 + 1}&skipTotal=1")

    async def round_of(verb: Callable[[int], Awaitable[None]], begin: int) -> float:
        begun = time.thread_time()
        for number in range(begin, begin + REQUESTS):
            await verb(number)
        return 1e6 * (time.thread_time() - begun) / REQUESTS

    async def keep(*event: Any) -> None:
        raise AssertionError("no listener is durable")

    gc.collect()
    gc.freeze()
    declared = list(kinds().items())
    found: dict[tuple[str, str], list[float]] = {}
    for number in range(ROUNDS):
        for kind, registry in declared if number % 2 else reversed(declared):
            services.records.hooks = Hooks.of(registry.hooks, services.registry)
            listeners = Listeners(registry.listeners, services.registry, keep)
            services.records.listeners = listeners if registry.listeners else None
            for name, verb in (("view", view), ("list 30", listing), ("create", create)):
                found.setdefault((name, kind), []).append(await round_of(verb, number * REQUESTS))
            await listeners.settled()
    await app.stop()
    return found


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(measure(Path(folder)))
    loops = 1_000_000
    look = 1e6 * timeit.timeit('"posts" in hooks.hooked', globals={"hooks": NO_HOOKS}, number=loops) / loops
    for name, points in LOOKS.items():
        without = statistics.median(found[name, "none"])
        print(f"{name}: {without:.1f} µs without hooks, of which {points} looks for some are {points * look:.2f} µs")
        for kind in kinds():
            if kind != "none":
                more = statistics.median(found[name, kind]) - without
                print(f"    {kind}: {more:+.1f} µs")


if __name__ == "__main__":
    main()
