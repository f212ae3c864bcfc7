"""Connections to PostgreSQL: a pool for each event loop, filled as needed and closed with its loop.

asyncpg has a pool too. It asks the server to reset a session after each use, and hands connections on through tasks:
that costs about as much as a short query. We never change a session: no SET, no LISTEN, no lock that outlives its
transaction.
"""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import suppress
from typing import Any

import asyncpg

from piccobase.db.errors import DatabaseUnavailable
from piccobase.db.postgres_dates import keep_days_finite
from piccobase.db.postgres_errors import DRIVER_ERRORS

log = logging.getLogger("piccobase.db")

CONNECT_TIMEOUT = 10.0  # seconds
ACQUIRE_TIMEOUT = 30.0  # seconds to wait for a connection while all are in use
CLOSE_TIMEOUT = 5.0  # seconds to wait for those in use at the end

Connection = Any  # asyncpg's; it has no types


class Pools:
    """An asyncpg connection works in the loop that made it, and Piccolo's `run_sync` makes a loop for each call."""

    def __init__(self, url: str, *, min_size: int, max_size: int) -> None:
        self._url, self._min_size, self._max_size = url, min_size, max_size
        self._by_loop: dict[asyncio.AbstractEventLoop, _Pool] = {}

    async def acquire(self) -> Connection:
        """A connection, for `release` afterwards. Raises DatabaseUnavailable when there is none to be had."""
        pool = self._of_this_loop()
        try:
            return pool.take_idle() or await pool.take()
        except (*DRIVER_ERRORS, ValueError) as error:
            raise DatabaseUnavailable() from error

    def release(self, connection: Connection) -> None:
        """Gives it back. One in which a transaction is still open is ended instead, and the transaction with it."""
        pool = self._by_loop.get(asyncio.get_running_loop())
        if pool is not None:
            pool.give_back(connection)

    async def open(self) -> None:
        """Opens `min_size` connections. Raises the errors of the driver when the server cannot be reached."""
        pool = self._of_this_loop()
        taken = [await pool.take() for _ in range(self._min_size)]
        for connection in taken:
            pool.give_back(connection)

    async def close(self) -> None:
        """Closes the connections of the running loop. The next who needs one opens it."""
        pool = self._by_loop.get(asyncio.get_running_loop())
        if pool is not None:
            await pool.close()

    def _of_this_loop(self) -> "_Pool":
        here = asyncio.get_running_loop()
        pool = self._by_loop.get(here)
        if pool is None:
            self._by_loop = {loop: pool for loop, pool in self._by_loop.items() if not loop.is_closed()}
            pool = self._by_loop[here] = _Pool(self._url, self._max_size)
        return pool


class _Pool:
    def __init__(self, url: str, max_size: int) -> None:
        self._url, self._max_size = url, max_size
        self._idle: list[Connection] = []  # the last used comes first: its caches are warm
        self._busy: set[Connection] = set()
        self._opening = 0
        # Who waits gets a connection, or None when there is room to open one.
        self._waiting: deque[asyncio.Future[Connection | None]] = deque()
        self._given_back = asyncio.Event()
        self._lifetime: AsyncGenerator[None, None] | None = None

    def take_idle(self) -> Connection | None:
        """A connection that is open and free, if there is one."""
        while self._idle:
            connection = self._idle.pop()
            if not connection.is_closed():
                self._busy.add(connection)
                return connection
        return None

    async def take(self) -> Connection:
        """A connection that is free, or a new one, or the next that is given back."""
        while (connection := self.take_idle()) is None:
            if self._opening + len(self._busy) < self._max_size:
                connection = await self._connect()
                break
            if (connection := await self._wait()) is not None:
                break
        return connection

    def give_back(self, connection: Connection) -> None:
        if connection not in self._busy:
            return  # it was ended when the pool was closed
        self._busy.discard(connection)
        self._given_back.set()
        if not connection.is_closed() and connection.is_in_transaction():
            log.warning("A transaction was left open. It is rolled back, and its connection ended.")
            connection.terminate()
        self._offer(None if connection.is_closed() else connection)

    def _offer(self, connection: Connection | None) -> None:
        """To the one who waits longest; None says that there is room for a new one."""
        while self._waiting:
            waiting = self._waiting.popleft()
            if not waiting.done():
                if connection is not None:
                    self._busy.add(connection)
                waiting.set_result(connection)
                return
        if connection is not None:
            self._idle.append(connection)

    async def _connect(self) -> Connection:
        if self._lifetime is None:
            self._lifetime = self._live()
            await anext(self._lifetime)
        self._opening += 1
        try:
            connection = await _connected(self._url)
        except BaseException:
            self._opening -= 1
            self._offer(None)
            raise
        self._opening -= 1
        self._busy.add(connection)
        return connection

    async def _wait(self) -> Connection | None:
        waiting: asyncio.Future[Connection | None] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiting)
        try:
            async with asyncio.timeout(ACQUIRE_TIMEOUT):
                return await waiting
        except BaseException:
            if waiting.done() and not waiting.cancelled():  # it came at the same moment: the next may have it
                connection = waiting.result()
                self._busy.discard(connection)
                self._offer(connection)
            waiting.cancel()
            raise

    async def close(self) -> None:
        if self._lifetime is not None:
            await self._lifetime.aclose()

    async def _live(self) -> AsyncGenerator[None, None]:
        # A generator, because a loop closes those that still wait before it ends (asyncio.run and uvicorn call
        # `shutdown_asyncgens`): nobody has to remember the pool of a loop that lived for one query.
        try:
            yield
        finally:
            self._lifetime = None
            await self._close_all()

    async def _close_all(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_TIMEOUT):
                while self._busy:
                    self._given_back.clear()
                    await self._given_back.wait()
        for connection in self._busy:
            connection.terminate()
        self._busy.clear()
        for connection in self._idle:
            with suppress(*DRIVER_ERRORS):  # it was lost
                await connection.close(timeout=CLOSE_TIMEOUT)
        self._idle.clear()


async def _connected(url: str) -> Connection:
    connection = await asyncpg.connect(url, timeout=CONNECT_TIMEOUT)
    try:
        await keep_days_finite(connection)  # which asks the server
    except BaseException:
        connection.terminate()
        raise
    return connection
