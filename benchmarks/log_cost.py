"""What the request log costs: the same server with and without it, by turns; first inside one process, then served.

    python -m benchmarks.log_cost [--rounds 7] [--seconds 2] [--only inside|served]

Inside, requests go straight to the ASGI application, and what is counted is processor time: of the event loop's thread
and of the whole process, in which the batches are written. Served, `wrk` asks a server of its own, whose log is turned
on and off over the API; its rate depends on what else the machine does, so the median of many short rounds is taken.
"""

import argparse
import asyncio
import gc
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.contestants import Contestant, contestant
from benchmarks.rounds import processor_seconds
from benchmarks.seeding import generated
from benchmarks.workloads import WORKLOADS
from benchmarks.wrk import measured
from piccolo.columns import Integer, Varchar

from piccobase import App, Collection, Rules

REQUESTS, ROUNDS = 4000, 20
KEY = "abcdefghijklmno"
PATH = f"/api/collections/notes/records/{KEY}"
QUERIES: dict[str, Callable[[int], bytes]] = {
    "a view": lambda number: b"",
    "a view, one of 300 queries": lambda number: b"fields=id%2Ctitle&page=" + b"%d" % (number % 300),
    "a view, each time another query": lambda number: b"fields=id%2Ctitle&page=" + b"%d" % number,
}
SERVED = ("list 30, expand one", "list 30, indexed filter and sort", "view")
CONNECTIONS = 16
SETTLING = 1.2  # seconds until the batch of the round before has been written
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


class Spent(NamedTuple):
    """Microseconds of processor time for each request."""

    loop: float
    process: float


async def send(message: Any) -> None:
    """Throws the answer away."""


async def receive() -> Any:
    return {"type": "http.request", "body": b"", "more_body": False}


async def measure_inside(folder: Path) -> None:
    app = App(collections=[Note])
    services = await app.start(app.config({"data_dir": folder}, environment={}))
    await services.engine.rows(
        "INSERT INTO notes (id, title, pages, created, updated) VALUES (?, 'A', 1, '2026-01-01', '2026-01-01')", (KEY,)
    )
    for task in services.background:
        task.cancel()
    asked = 0

    async def round_of(keeping: bool, query: Callable[[int], bytes]) -> Spent:
        nonlocal asked
        services.request_log.keeping = keeping
        loop, process = time.thread_time(), time.process_time()
        for _ in range(REQUESTS):
            asked += 1
            scope = {"type": "http", "method": "GET", "path": PATH, "raw_path": PATH.encode()}
            scope |= {"query_string": query(asked), "headers": HEADERS, "client": ("127.0.0.1", 1)}
            await app(scope, receive, send)
        await services.request_log.flush()
        return Spent(1e6 * (time.thread_time() - loop) / REQUESTS, 1e6 * (time.process_time() - process) / REQUESTS)

    gc.collect()
    gc.freeze()
    for name, query in QUERIES.items():
        found: dict[bool, list[Spent]] = {True: [], False: []}
        for number in range(ROUNDS):
            for keeping in (True, False) if number % 2 else (False, True):
                found[keeping].append(await round_of(keeping, query))
        pairs = [*zip(found[True], found[False], strict=True)]
        loop = statistics.median(one.loop - other.loop for one, other in pairs)
        process = statistics.median(one.process - other.process for one, other in pairs)
        without = statistics.median(each.loop for each in found[False])
        print(f"{name}: {without:.1f} µs; the log adds {loop:.2f} in the loop, {process:.2f} in the whole process")
    await app.stop()


def measure_served(asked: Contestant, name: str, rounds: int, seconds: int) -> None:
    workload = next(each for each in WORKLOADS if each.name == name)
    pid, load = asked.server.pid, os.getloadavg()[0]
    rates: dict[bool, list[float]] = {True: [], False: []}
    spent: dict[bool, list[float]] = {True: [], False: []}
    for number in range(2 * rounds):
        keeping = number % 4 in (0, 3)
        asked.server.superuser.ask("PATCH", "/api/settings", {"logs": {"maxDays": 5 if keeping else 0}})
        time.sleep(SETTLING)
        before = processor_seconds(pid)
        figures = measured(workload, asked.server.url, asked.draws, CONNECTIONS, seconds)
        rates[keeping].append(figures.rate)
        spent[keeping].append(1e6 * (processor_seconds(pid) - before) / figures.requests)
    rate = {keeping: statistics.median(found) for keeping, found in rates.items()}
    cpu = {keeping: statistics.median(found) for keeping, found in spent.items()}
    print(
        f"{name}: {rate[True]:,.0f} requests a second with the log, {rate[False]:,.0f} without "
        f"({100 * (1 - rate[True] / rate[False]):+.1f} %); processor time {cpu[True]:.1f} and {cpu[False]:.1f} µs "
        f"({100 * (cpu[True] / cpu[False] - 1):+.1f} %); load before {load:.1f}",
        flush=True,
    )


def main() -> None:
    import uvloop

    parser = argparse.ArgumentParser(description="What the request log costs.")
    parser.add_argument("--rounds", type=int, default=7, help="with the log and without, each")
    parser.add_argument("--seconds", type=int, default=2, help="of a round")
    parser.add_argument("--only", choices=("inside", "served"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if options.only != "served":
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(measure_inside(Path(folder) / "inside"))
        if options.only != "inside":
            with contestant("piccobase", Path(folder) / "served", generated(10_000, 100)) as asked:
                for name in SERVED:
                    measure_served(asked, name, options.rounds, options.seconds)


if __name__ == "__main__":
    main()
