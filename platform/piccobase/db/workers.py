"""Threads for statements that would hold up the event loop. Each has a connection; results go back to the loop."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import Any

import apsw

Work = Callable[[apsw.Connection], Any]
_INTERRUPTED_EVERY = 0.05  # seconds


class _Job:
    """One piece of work, from the moment it is asked for until its outcome is delivered to the loop that asked."""

    __slots__ = ("_guard", "_running_on", "abandoned", "delivered", "future", "loop", "work")

    def __init__(self, work: Work) -> None:
        self.work = work
        self.loop = asyncio.get_running_loop()
        self.future: asyncio.Future[Any] = self.loop.create_future()
        self.delivered = self.abandoned = False
        self._running_on: apsw.Connection | None = None
        self._guard = threading.Lock()

    def run(self, connection: apsw.Connection) -> None:
        """In the worker's thread."""
        with self._guard:
            if not self.abandoned:
                self._running_on = connection
        result: Any = None
        failure: BaseException | None = None
        try:
            if self._running_on is None:
                raise asyncio.CancelledError
            result = self.work(connection)
        except BaseException as error:
            failure = error
        with self._guard:
            self._running_on = None
        self.finish(result, failure)

    def finish(self, result: Any, failure: BaseException | None) -> None:
        """Sends the outcome to the loop."""
        try:
            self.loop.call_soon_threadsafe(self._deliver, result, failure)
        except RuntimeError:  # the loop is closed: nobody is waiting
            pass

    def _deliver(self, result: Any, failure: BaseException | None) -> None:
        """In the loop. A future that was cancelled has been replaced by whoever still wants to know."""
        self.delivered = True
        if self.future.done():
            return
        if failure is None:
            self.future.set_result(result)
        else:
            self.future.set_exception(failure)

    def abandon(self) -> None:
        """In the loop. Not begun, it will not be; running, its statement is interrupted, until it has ended: SQLite
        forgets an interrupt that comes the moment before a statement begins."""
        self.interrupt()
        if not self.delivered:
            self.loop.call_later(_INTERRUPTED_EVERY, self.abandon)

    def interrupt(self) -> None:
        """In any thread: the same, once."""
        with self._guard:
            self.abandoned = True
            # Under the guard, so that the interrupt cannot hit the next job on that connection.
            if self._running_on is not None:
                self._running_on.interrupt()


class Workers:
    """Up to `count` threads that take work from one queue. They start with the first work, and end with `stop`.

    `connect` is called in each thread; a connection that is `owned` is closed with it.
    """

    def __init__(self, name: str, count: int, connect: Callable[[], apsw.Connection], *, owned: bool = True) -> None:
        self._name = name
        self._count = count
        self._connect = connect
        self._owned = owned
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._running: set[_Job] = set()
        self._guard = threading.Lock()

    async def run(self, work: Work) -> Any:
        """The outcome of `work`. Cancelled, it interrupts the statement and does not wait for it."""
        job = self._submit(work)
        try:
            return await job.future
        except asyncio.CancelledError:
            job.abandon()
            raise

    async def run_to_end(self, work: Work, *, interrupt: bool = True) -> Any:
        """The outcome of `work`. Cancelled, it waits until the thread has let go of the connection, then raises.

        With `interrupt=False` work that has been asked for is done whoever is cancelled.
        """
        job = self._submit(work)
        try:
            return await job.future
        except asyncio.CancelledError:
            if interrupt:
                job.abandon()
            while not job.delivered:
                job.future = job.loop.create_future()
                with suppress(BaseException):  # whatever came of it, the cancellation is what the caller hears
                    await job.future
            raise

    def post(self, work: Work) -> None:
        """Has `work` done, which answers for its own errors. Nobody waits for it."""
        self._submit(work)

    def stop(self) -> None:
        """Interrupts what runs, and returns when the threads have ended. Later work starts new ones."""
        with self._guard:
            threads, self._threads = self._threads, []
        for _ in threads:
            self._jobs.put(None)
        for thread in threads:
            while thread.is_alive():
                for job in list(self._running):
                    job.interrupt()
                thread.join(_INTERRUPTED_EVERY)

    def _submit(self, work: Work) -> _Job:
        job = _Job(work)
        with self._guard:
            if not self._threads:
                self._threads = [
                    threading.Thread(target=self._work, name=f"{self._name}-{number}", daemon=True)
                    for number in range(self._count)
                ]
                for thread in self._threads:
                    thread.start()
        self._jobs.put(job)
        return job

    def _work(self) -> None:
        connection: apsw.Connection | None = None
        try:
            while (job := self._jobs.get()) is not None:
                try:
                    connection = connection or self._connect()
                except BaseException as error:
                    job.finish(None, error)
                    continue
                self._running.add(job)
                job.run(connection)
                self._running.discard(job)
        finally:
            if connection is not None and self._owned:
                connection.close()
