"""The queue of writers within this process: SQLite lets one write at a time, and whoever came first is next."""

import asyncio
import threading
from collections import deque
from collections.abc import Callable


class WriteLock:
    """A fair lock for tasks of any event loop and for threads. Whoever waits is handed it, so nobody can overtake.

    A task that is cancelled while it waits, or in the moment it is handed the lock, leaves the queue intact.
    """

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._held = False
        # Each entry hands the lock over, and answers False when nobody is there any more to take it.
        self._waiting: deque[Callable[[], bool]] = deque()

    def try_acquire(self) -> bool:
        """Takes the lock if it is free; then nobody is waiting either."""
        with self._guard:
            if self._held:
                return False
            self._held = True
            return True

    async def acquire(self, seconds: float) -> None:
        """Waits for the lock, at most so long. Raises TimeoutError."""
        loop = asyncio.get_running_loop()
        handed: asyncio.Future[None] = loop.create_future()

        def accept() -> None:
            if handed.done():  # cancelled or timed out meanwhile
                self.release()
            else:
                handed.set_result(None)

        def hand_over() -> bool:
            try:
                loop.call_soon_threadsafe(accept)
            except RuntimeError:  # its loop is closed
                return False
            return True

        def give_up() -> None:
            if not handed.done():
                handed.set_exception(TimeoutError())

        if not self._enqueue(hand_over):
            return
        timer = loop.call_later(seconds, give_up)
        try:
            await handed
        except asyncio.CancelledError:
            if handed.done() and not handed.cancelled() and handed.exception() is None:
                self.release()  # it was handed over and could not be used any more
            raise
        finally:
            timer.cancel()
            self._dequeue(hand_over)

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

        if not self._enqueue(hand_over) or handed.wait(seconds):
            return True
        with answer:
            gone = not handed.is_set()
        self._dequeue(hand_over)
        return not gone

    def release(self) -> None:
        """Hands the lock to the next in the queue who is still there, or frees it."""
        while True:
            with self._guard:
                if not self._waiting:
                    self._held = False
                    return
                hand_over = self._waiting.popleft()
            if hand_over():
                return

    def _enqueue(self, hand_over: Callable[[], bool]) -> bool:
        """False when the lock was free and is now the caller's."""
        with self._guard:
            if self._held:
                self._waiting.append(hand_over)
                return True
            self._held = True
            return False

    def _dequeue(self, hand_over: Callable[[], bool]) -> None:
        with self._guard:
            if hand_over in self._waiting:
                self._waiting.remove(hand_over)
