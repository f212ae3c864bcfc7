"""Work that is done again when two transactions got into each other's way."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from piccobase.db.errors import SerializationFailed

ATTEMPTS = 10
FIRST_PAUSE, LONGEST_PAUSE = 0.005, 0.5  # seconds

Result = TypeVar("Result")


class _Engine(Protocol):
    def transaction_exists(self) -> bool: ...


async def retrying(db: _Engine, work: Callable[[], Awaitable[Result]], *, attempts: int = ATTEMPTS) -> Result:
    """Calls `work`, which opens its own transaction on `db`, and again when that ends in SerializationFailed.

    After the last of `attempts` the error is raised. Inside an open transaction `work` is called once: what has to be
    done again is the whole of it, and only whoever opened it can do that. The pauses in between grow and are random,
    so that those who met once do not meet again.
    """
    if db.transaction_exists():
        return await work()
    for attempt in range(attempts - 1):
        try:
            return await work()
        except SerializationFailed:
            await asyncio.sleep(random.uniform(0, min(LONGEST_PAUSE, FIRST_PAUSE * 2**attempt)))  # noqa: S311  # no secret
    return await work()
