"""What the guard costs a view of one record, in one process and without a socket: without it, off, and on.

    python -m benchmarks.guard

Rounds of the three take turns, and of each the fastest counts: whatever else the machine does can only add to it.
"""

import asyncio
import tempfile
import time
from pathlib import Path
from typing import Any

from piccolo.columns import Varchar

from piccobase import App, Collection, Rules
from piccobase.http.edge import Edge

ROUNDS, REQUESTS = 40, 2000
RULES = [
    {"label": "*:auth", "maxRequests": 2, "duration": 3},
    {"label": "*:create", "maxRequests": 20, "duration": 5},
    {"label": "/api/batch", "maxRequests": 3, "duration": 1},
    {"label": "/api/", "maxRequests": 10**9, "duration": 3600},
]


class Note(Collection, tablename="notes"):
    text = Varchar()
    rules = Rules(view="")


async def measure() -> dict[str, float]:
    """Microseconds for a request, by what is asked of it before."""
    app = App([Note])
    with tempfile.TemporaryDirectory() as folder:
        services = await app.start(app.config({"data_dir": Path(folder)}, environment={}))
        note = Note(text="x")
        await note.save()
        edge: Any = services.application
        while not isinstance(edge, Edge):
            edge = edge._app
        guard, path = edge._guard, f"/api/collections/notes/records/{note.id}"
        scope = {
            "type": "http",
            "method": "GET",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "headers": [(b"host", b"localhost")],
            "client": ("127.0.0.1", 1),
        }
        best: dict[str, float] = {}
        for _ in range(ROUNDS):
            for name, enabled in (("without", None), ("off", False), ("on", True)):
                edge._guard = None if enabled is None else guard
                await services.settings.update({"rateLimits": {"enabled": bool(enabled), "rules": RULES}})
                best[name] = min(best.get(name, 1e9), await _round(edge, scope))
        await app.stop()
    return best


async def _round(edge: Edge, scope: dict[str, Any]) -> float:
    async def receive() -> Any:
        return {"type": "http.request", "body": b""}

    async def send(message: Any) -> None:
        assert message.get("status", 200) == 200

    started = time.perf_counter()
    for _ in range(REQUESTS):
        await edge(dict(scope), receive, send)
    return (time.perf_counter() - started) / REQUESTS * 1e6


if __name__ == "__main__":
    for name, microseconds in asyncio.run(measure()).items():
        print(f"{name:8} {microseconds:.1f} µs")
