"""Counting in fixed windows: in the memory of one process, or shared by all processes on one PostgreSQL.

A key's window begins with its first request. However many keys come, the memory has room for a bounded number: the
oldest windows go first.
"""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Callable
from typing import Protocol

from piccobase.base.clock import steady_time
from piccobase.db.engine import Database

Clock = Callable[[], float]
MEMORY = 100_000  # windows of all counters of a server together, some 300 bytes each
_SLICES = 20  # what a process takes from a shared window at once is a share of this many, or one


class Counter(Protocol):
    """So many for a key in a window."""

    async def take(self, key: str, *, exact: bool = False) -> float:
        """Counts one. 0.0 where it is allowed, else the seconds until the window ends; what is refused costs nothing.

        `exact` asks the database each time where the count is shared.
        """
        ...

    async def give_back(self, key: str) -> None:
        """Uncounts one that was taken."""
        ...

    async def forget(self, key: str) -> None:
        """Begins anew for a key."""
        ...


class _Window:
    __slots__ = ("ends", "left", "lock")

    def __init__(self, left: int, ends: float) -> None:
        self.left = left
        self.ends = ends
        self.lock: asyncio.Lock | None = None  # made by whoever has to ask the database


class LocalCounter:
    """`most` in `duration` seconds, as one process counts."""

    def __init__(self, most: int, duration: float, *, memory: int = MEMORY, clock: Clock = steady_time) -> None:
        self._most, self._duration, self._memory, self._clock = most, duration, memory, clock
        # All windows are of one length: those that began first end first, and stand first.
        self._windows: OrderedDict[str, _Window] = OrderedDict()

    def __len__(self) -> int:
        return len(self._windows)

    async def take(self, key: str, *, exact: bool = False) -> float:
        window, now = self._window(key)
        if window.left <= 0:
            return max(window.ends - now, 0.001)
        window.left -= 1
        return 0.0

    async def give_back(self, key: str) -> None:
        window = self._windows.get(key)
        if window is not None:
            window.left = min(window.left + 1, self._most)

    async def forget(self, key: str) -> None:
        self._windows.pop(key, None)

    def _window(self, key: str) -> tuple[_Window, float]:
        """The key's window, a new one if need be, and what time it is."""
        now = self._clock()
        window = self._windows.get(key)
        if window is None or window.ends <= now:
            self._windows.pop(key, None)
            self._make_room(now)
            window = self._windows[key] = self._begun(now)
        return window, now

    def _begun(self, now: float) -> _Window:
        return _Window(self._most, now + self._duration)

    def _make_room(self, now: float) -> None:
        """Drops what has ended, a little each time, and the oldest where there is no more room."""
        for _ in range(2):
            oldest = next(iter(self._windows.values()), None)
            if oldest is None or (oldest.ends > now and len(self._windows) < self._memory):
                return
            self._windows.popitem(last=False)


class SharedCounter(LocalCounter):
    """`most` in `duration` seconds among all processes.

    A process takes a slice of a window from the database and gives it out from memory. What it has taken and not given
    out is lost for the others, so all together never allow more than `most`, and may allow a few less.
    """

    def __init__(
        self,
        db: Database,
        name: str,
        most: int,
        duration: float,
        *,
        memory: int = MEMORY,
        clock: Clock = steady_time,
    ) -> None:
        super().__init__(most, duration, memory=memory, clock=clock)
        self._db, self._name = db, name
        self._slice = max(1, most // _SLICES)

    async def take(self, key: str, *, exact: bool = False) -> float:
        window = self._window(key)[0]
        if window.left > 0:
            window.left -= 1
            return 0.0
        if window.lock is None:
            window.lock = asyncio.Lock()
        async with window.lock:  # of many who come at once, one asks for all
            if window.left == 0:
                await self._lease(key, window, 1 if exact else self._slice)
        if window.left > 0:
            window.left -= 1
            return 0.0
        return max(window.ends - self._clock(), 0.001)

    async def give_back(self, key: str) -> None:
        await self._db.rows('UPDATE "_rate_windows" SET "used" = "used" - 1 WHERE "key" = $1', (self._digest(key),))
        self._windows.pop(key, None)

    async def forget(self, key: str) -> None:
        await self._db.rows('DELETE FROM "_rate_windows" WHERE "key" = $1', (self._digest(key),))
        self._windows.pop(key, None)

    async def _lease(self, key: str, window: _Window, wanted: int) -> None:
        """Puts into the window what the database grants; -1 where that is nothing, so that nobody asks again."""
        [(used, remaining)] = await self._db.rows(_LEASE, (self._digest(key), wanted, self._duration))
        granted = min(max(self._most - (used - wanted), 0), wanted)
        window.left = granted or -1
        window.ends = self._clock() + remaining

    def _begun(self, now: float) -> _Window:
        return _Window(0, now + self._duration)

    def _digest(self, key: str) -> str:
        """Of one length whatever is counted, and no list of addresses for who reads the database."""
        return hashlib.blake2b(f"{self._name}\0{key}".encode(), digest_size=24).hexdigest()


_NOW = "(extract(epoch FROM statement_timestamp()))::float8"
_LEASE = f"""
INSERT INTO "_rate_windows" AS w ("key", "used", "ends") VALUES ($1, $2::bigint, {_NOW} + $3::float8)
ON CONFLICT ("key") DO UPDATE SET
    "used" = CASE WHEN w."ends" <= {_NOW} THEN $2::bigint ELSE w."used" + $2::bigint END,
    "ends" = CASE WHEN w."ends" <= {_NOW} THEN {_NOW} + $3::float8 ELSE w."ends" END
RETURNING "used", "ends" - {_NOW}
"""


def make_counter(db: Database, name: str, most: int, duration: float, *, memory: int = MEMORY) -> Counter:
    """The counter for a database: shared where several processes can use it. `name` sets its keys apart."""
    if db.dialect == "sqlite":
        return LocalCounter(most, duration, memory=memory)
    return SharedCounter(db, name, most, duration, memory=memory)


async def sweep(db: Database) -> None:
    """Deletes shared windows that have ended."""
    await db.rows(f'DELETE FROM "_rate_windows" WHERE "ends" <= {_NOW}')
