"""The queue of writers within this process: SQLite lets one write at a time, and whoever came first is next."""

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple


def running_loop() -> asyncio.AbstractEventLoop | None:
    """The loop that is running in this thread."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


class _Place(NamedTuple):
    """A place in the queue."""

    hand_over: Callable[[], bool]  # answers False when nobody is there any more to take the lock
    joins: bool


class WriteLock:
    """A fair lock for tasks of any event loop and for threads. Whoever waits is handed it, so nobody can overtake.

    A task that is cancelled while it waits, or in the moment it is handed the lock, leaves the queue intact: what it
    was handed and cannot use, it gives to `take_back`, which is `release` unless said otherwise.
    """

    def __init__(self, take_back: Callable[[], None] | None = None) -> None:
        self._take_back = take_back or self.release
        self._guard = threading.Lock()
        self._held = False
        self._parked = False
        self._waiting: deque[_Place] = deque()

    def try_acquire(self) -> bool:
        """Takes the lock if it is free; then nobody is waiting either."""
        with self._guard:
            if self._held:
                return False
            self._held = True
            return True

    async def acquire(self, seconds: float, *, joins: bool = False) -> None:
        """Waits for the lock, at most so long; one that `joins` may be handed it by `pass_on`. Raises TimeoutError."""
        loop = asyncio.get_running_loop()
        handed: asyncio.Future[None] = loop.create_future()

        def accept() -> None:
            if handed.done():  # cancelled or timed out meanwhile
                self._take_back()
            else:
                handed.set_result(None)

        def hand_over() -> bool:
            if running_loop() is loop:
                if handed.done():
                    return False
                handed.set_result(None)
                return True
            try:
                loop.call_soon_threadsafe(accept)
            except RuntimeError:  # its loop is closed
                return False
            return True

        def give_up() -> None:
            if not handed.done():
                handed.set_exception(TimeoutError())

        place = _Place(hand_over, joins)
        if not self._enqueue(place):
            return
        timer = loop.call_later(seconds, give_up)
        try:
            await handed
        except asyncio.CancelledError:
            if handed.done() and not handed.cancelled() and handed.exception() is None:
                self._take_back()  # it was handed over and could not be used any more
            raise
        finally:
            timer.cancel()
            self._dequeue(place)

    def acquire_in_thread(self, seconds: float) -> bool:
        """Waits for the lock in a thread without an event loop, at most so long. True when it was got."""
        handed = threading.Event()
        answer = threading.Lock()
        gone = False

        def hand_over() -> bool:
            with answer:
                if not gone:
                    handed.set()
                return not gone

        place = _Place(hand_over, joins=False)
        if not self._enqueue(place) or handed.wait(seconds):
            return True
        with answer:
            gone = not handed.is_set()
        self._dequeue(place)
        return not gone

    def release(self) -> None:
        """Hands the lock to the next in the queue who is still there, or frees it."""
        while True:
            with self._guard:
                if not self._waiting:
                    self._held = False
                    return
                place = self._waiting.popleft()
            if place.hand_over():
                return

    def park(self) -> bool:
        """Leaves the lock, still held, to the next who comes and calls `unpark`. False while somebody is in the queue:
        nobody is to overtake."""
        with self._guard:
            self._parked = not self._waiting
            return self._parked

    def unpark(self) -> bool:
        """Takes the lock that somebody has left. False where nobody has."""
        with self._guard:
            if not self._parked:
                return False
            self._parked = False
            return True

    @property
    def next_joins(self) -> bool:
        """Whether somebody waits whom `pass_on` would hand the lock to."""
        if not self._waiting:
            return False
        with self._guard:
            return bool(self._waiting) and self._waiting[0].joins

    def pass_on(self) -> bool:
        """Hands the lock to the next in the queue if that one joins what the holder has begun. Else it stays held."""
        while True:
            with self._guard:
                if not self._waiting or not self._waiting[0].joins:
                    return False
                place = self._waiting.popleft()
            if place.hand_over():
                return True

    def _enqueue(self, place: _Place) -> bool:
        """False when the lock was free and is now the caller's."""
        with self._guard:
            if self._held:
                self._waiting.append(place)
                return True
            self._held = True
            return False

    def _dequeue(self, place: _Place) -> None:
        with self._guard, suppress(ValueError):  # it has been handed the lock
            self._waiting.remove(place)
