"""Connections to PostgreSQL: a pool for each event loop, opened by whoever first needs it and closed with its loop."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress
from typing import Any

import asyncpg

from piccobase.base.errors import PiccobaseError
from piccobase.db.errors import DatabaseUnavailable
from piccobase.db.postgres_errors import DRIVER_ERRORS, translated

CONNECT_TIMEOUT = 10.0  # seconds
ACQUIRE_TIMEOUT = 30.0  # seconds to wait for a connection while all are in use
CLOSE_TIMEOUT = 5.0  # seconds to wait for connections in use

# Both untyped in asyncpg.
Connection = Any
Pool = Any


class Pools:
    """An asyncpg connection works in the loop that made it, and Piccolo's `run_sync` makes a loop for each call."""

    def __init__(self, url: str, *, min_size: int, max_size: int) -> None:
        self._options = {
            "dsn": url,
            "min_size": min_size,
            "max_size": max_size,
            "timeout": CONNECT_TIMEOUT,
            "reset": _leave_as_it_is,
        }
        self._by_loop: dict[asyncio.AbstractEventLoop, _PoolOfLoop] = {}

    async def acquire(self) -> Connection:
        """A connection, for `release` afterwards. Raises DatabaseUnavailable when there is none to be had."""
        try:
            pool = await self.open()
            async with asyncio.timeout(ACQUIRE_TIMEOUT):
                return await pool.acquire()
        except DRIVER_ERRORS as error:
            raise _unavailable(error) from error

    async def release(self, connection: Connection) -> None:
        """Gives it back, or closes it if it is in no state to be used again. Cannot be cancelled halfway."""
        here = self._by_loop.get(asyncio.get_running_loop())
        if here is not None and here.pool is not None:  # else it was closed together with its pool
            with suppress(*DRIVER_ERRORS):  # whatever broke it was reported by who used it
                await here.pool.release(connection)

    def cut(self, connection: Connection) -> None:
        """Ends the connection at once; the server rolls back. Release it afterwards all the same."""
        with suppress(asyncpg.InterfaceError):  # it was lost already, and asyncpg has taken it back
            connection.terminate()

    async def open(self) -> Pool:
        """The pool of the running loop. Raises asyncpg's own errors when the server cannot be reached."""
        loop = asyncio.get_running_loop()
        here = self._by_loop.get(loop)
        if here is None:
            self._by_loop = {loop: it for loop, it in self._by_loop.items() if not loop.is_closed()}
            here = self._by_loop[loop] = _PoolOfLoop(self._options)
        return here.pool or await here.open()

    async def close(self) -> None:
        """Closes the pool of the running loop. The next who needs one opens another."""
        here = self._by_loop.pop(asyncio.get_running_loop(), None)
        if here is not None:
            await here.close()


class _PoolOfLoop:
    def __init__(self, options: dict[str, Any]) -> None:
        self.pool: Pool | None = None
        self._options = options
        self._opening = asyncio.Lock()
        self._lifetime: AsyncGenerator[Pool, None] | None = None

    async def open(self) -> Pool:
        async with self._opening:
            if self.pool is None:
                lifetime = self._live()
                self.pool = await anext(lifetime)
                self._lifetime = lifetime
            return self.pool

    async def close(self) -> None:
        if self._lifetime is not None:
            await self._lifetime.aclose()

    async def _live(self) -> AsyncGenerator[Pool, None]:
        # A generator, because a loop closes those that are still waiting before it ends (asyncio.run and uvicorn call
        # `shutdown_asyncgens`): nobody has to remember the pool of a loop that lived for one query.
        pool = await asyncpg.create_pool(**self._options)
        try:
            yield pool
        finally:
            self.pool = None
            with suppress(TimeoutError):  # connections that are still in use are cut off
                async with asyncio.timeout(CLOSE_TIMEOUT):
                    await pool.close()


async def _leave_as_it_is(connection: Connection) -> None:
    """In place of asyncpg's reset of a session's settings, which costs a round trip for each use of a connection.

    We never change them: no SET, no LISTEN, no lock that outlives its transaction. An open transaction is rolled back
    in any case.
    """


def _unavailable(error: BaseException) -> PiccobaseError:
    ours = translated(error)
    return ours if isinstance(ours, DatabaseUnavailable) else DatabaseUnavailable()
