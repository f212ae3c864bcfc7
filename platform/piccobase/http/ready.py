"""`/api/ready`: whether this process can serve requests now. For load balancers and orchestrators."""

from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Any

from litestar import get
from litestar.handlers import HTTPRouteHandler
from msgspec import Struct

from piccobase.base.errors import RequestError, Unavailable

REMEMBERED = 1.0  # seconds: however many ask, the database is asked once

Check = Callable[[], Awaitable[str]]
"""What stands in the way, "" for nothing. Database errors may be raised."""


class Readiness(Struct):
    """The server can take requests."""

    message: str
    code: int
    data: dict[str, Any]


def ready_route(check: Check) -> HTTPRouteHandler:
    """200 where the database answers and has all migrations, else 503."""
    known = (-REMEMBERED, "")

    @get("/api/ready", operation_id="readReadiness", summary="Whether this process can serve requests now")
    async def ready() -> Readiness:
        nonlocal known
        if monotonic() - known[0] >= REMEMBERED:
            try:
                obstacle = await check()
            except RequestError:
                obstacle = "The database does not answer."
            known = (monotonic(), obstacle)
        if known[1]:
            raise Unavailable(known[1])
        return Readiness(message="Ready to serve requests.", code=200, data={})

    return ready
