"""The log of a running server: takes what is noted, at once, and keeps it in batches, later.

Nobody waits for it, and nothing fails because of it. What it cannot keep it counts.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable
from typing import Protocol

from piccobase.base.clock import unix_time
from piccobase.base.errors import PiccobaseError
from piccobase.base.observing import current_scope, request_id
from piccobase.logs.entries import LoggedMessage, Noted, encode_entries, level_of
from piccobase.logs.store import BATCH, LogStore

log = logging.getLogger("piccobase.logs")

FLUSH_EVERY = 1.0  # seconds
MOST_WAITING = 40_000  # entries; what comes while so many wait is dropped and counted
RETRY_AFTER = 30.0  # seconds, after the database has refused a batch
LOOK_AFTER_EVERY = 600.0  # seconds: what is too old is deleted
SHRINK_EVERY = 60.0  # seconds: whether the log is too large …
SHRINK_AFTER = 20_000  # … and after so many entries
LONGEST_END = 3.0  # seconds for the last batches of a server that stops


class LogSettings(Protocol):
    """What the log asks of the settings."""

    @property
    def max_days(self) -> int: ...

    @property
    def max_data_size(self) -> int: ...

    @property
    def min_level(self) -> int: ...

    @property
    def log_ip(self) -> bool: ...

    @property
    def log_auth_id(self) -> bool: ...


class RequestLog:
    """The log. `keeping`, `keeps_ip` and `keeps_auth_id` are there to be asked by whoever notes something.

    `settings` is asked for what holds now; call `follow` when it has changed.
    """

    def __init__(self, store: LogStore, settings: Callable[[], LogSettings]) -> None:
        self.store = store
        self._settings = settings
        self._waiting: deque[Noted] = deque()
        self._flushing = asyncio.Lock()
        self._dropped = 0
        self._failing_since: float | None = None
        self._next_look = 0.0
        self._next_shrink = 0.0
        self._since_shrink = 0
        self.keeping = True
        self.keeps_ip = self.keeps_auth_id = False
        self.follow()

    def follow(self) -> None:
        """Does as the settings say from now on."""
        settings = self._settings()
        self.keeping = settings.max_days > 0
        self.keeps_ip, self.keeps_auth_id = settings.log_ip, settings.log_auth_id
        self._min_level = settings.min_level
        self._next_look = 0.0

    def note(self, entry: Noted, level: int) -> None:
        """Takes an entry, from any thread. Costs an append."""
        if level < self._min_level:
            return
        if len(self._waiting) < MOST_WAITING:
            self._waiting.append(entry)
        else:
            self._dropped += 1

    async def run(self) -> None:
        """Keeps what is waiting about once a second, until cancelled."""
        while True:
            await asyncio.sleep(FLUSH_EVERY)
            await self.flush()
            await self._look_after()

    async def flush(self) -> None:
        """Keeps what is waiting now. Never fails: entries that the database refuses are dropped and counted."""
        async with self._flushing:
            for _ in range(-(-len(self._waiting) // BATCH)):
                # Others may append meanwhile.
                batch = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
                if self._is_in_pause():
                    self._dropped += len(batch)
                    continue
                try:
                    epoch = unix_time() - time.perf_counter()
                    await self.store.insert(encode_entries(batch), self._settings().max_data_size, epoch=epoch)
                except Exception as error:
                    self._dropped += len(batch)
                    await self._has_failed(error)
                else:
                    self._since_shrink += len(batch)
                    self._works_again()

    def _is_in_pause(self) -> bool:
        return self._failing_since is not None and time.monotonic() - self._failing_since < RETRY_AFTER

    async def _has_failed(self, error: Exception) -> None:
        first = self._failing_since is None
        self._failing_since = time.monotonic()
        if first:
            reason = error.message if isinstance(error, PiccobaseError) else str(error)
            log.error(
                "The request log cannot be written: %s Requests are answered as ever, and not logged. "
                "It is tried again every %d seconds; a damaged logs.db can be deleted.",
                reason,
                RETRY_AFTER,
                exc_info=None if isinstance(error, PiccobaseError) else error,
            )
        try:
            await self.store.close()  # a file that was mended or replaced is opened anew
        except Exception:
            log.debug("The request log could not be closed.", exc_info=True)

    def _works_again(self) -> None:
        if self._failing_since is not None:
            self._failing_since = None
            log.warning("The request log is written again; %d entries were lost.", self._dropped)
        elif self._dropped:
            log.warning("More requests came than the log could take; %d were not logged.", self._dropped)
        self._dropped = 0

    async def _look_after(self) -> None:
        """Deletes what is too old or too much."""
        moment = time.monotonic()
        try:
            if moment >= self._next_look:
                self._next_look = moment + LOOK_AFTER_EVERY
                await self.store.drop_older_than(self._settings().max_days)
            if moment >= self._next_shrink or self._since_shrink >= SHRINK_AFTER:
                self._next_shrink, self._since_shrink = moment + SHRINK_EVERY, 0
                while await self.store.shrink():
                    pass
        except Exception as error:
            if self._failing_since is None:
                await self._has_failed(error)

    async def close(self) -> None:
        """Keeps what is still waiting, if that goes quickly, and closes the store."""
        try:
            async with asyncio.timeout(LONGEST_END):
                await self.flush()
                await self.store.close()
        except Exception:
            log.debug("The request log could not be closed.", exc_info=True)


class KeepingHandler(logging.Handler):
    """Keeps the program's own messages in the log, beside the requests."""

    def __init__(self, request_log: RequestLog) -> None:
        super().__init__(logging.DEBUG)
        self.request_log = request_log

    def emit(self, record: logging.LogRecord) -> None:
        level = level_of(record)
        if not self.request_log.keeping or record.name.startswith(log.name):
            return
        scope = current_scope.get()
        try:
            traceback = _formatter.formatException(record.exc_info) if record.exc_info else ""
            message = record.getMessage()
        except Exception:
            self.handleError(record)
            return
        asked = request_id(scope) if scope is not None else ""
        self.request_log.note(LoggedMessage(time.perf_counter(), level, record.name, message, traceback, asked), level)


_formatter = logging.Formatter()
