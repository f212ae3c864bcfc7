"""Listeners: who learns what has happened, after the commit, in order for each record, and nobody waits for them."""

import asyncio
import inspect
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from contextvars import Context
from functools import partial
from typing import Any, Protocol

from piccobase.hooks.declaring import ListenerInfo
from piccobase.hooks.dispatcher import code_at_work, wants_to_end
from piccobase.hooks.point import AfterEvent
from piccobase.schema.registry import Registry

log = logging.getLogger("piccobase.hooks")

MOST_WAITING = 100_000  # events for one listener; what comes while so many wait is dropped and counted
LONGEST_END = 5.0  # seconds for what still waits when the server stops

Keep = Callable[[ListenerInfo, AfterEvent], Awaitable[None]]


class Transaction(Protocol):
    """What is asked of the open transaction."""

    def on_commit(self, callback: Callable[[], None]) -> None: ...

    def on_rollback(self, callback: Callable[[], None]) -> None: ...


class Listeners:
    """The listeners of an app, worked out when it starts. `keep` adds the job of a durable one."""

    def __init__(self, declared: Iterable[ListenerInfo], registry: Registry, keep: Keep) -> None:
        self._keep = keep
        self._direct: dict[tuple[type[AfterEvent], str], list[_Inbox]] = {}
        self._durable: dict[tuple[type[AfterEvent], str], list[ListenerInfo]] = {}
        self._inboxes: list[_Inbox] = []
        self._pending: dict[Any, deque[_Announced]] = {}
        for info in declared:
            self._add(info, registry)

    def _add(self, info: ListenerInfo, registry: Registry) -> None:
        names = [found.name for name in info.collections if (found := registry.find(name))]
        keys = [
            (info.event, name) for name in dict.fromkeys(names or ([] if info.collections else registry.collections))
        ]
        if info.durable:
            for key in keys:
                self._durable.setdefault(key, []).append(info)
            return
        inbox = _Inbox(info)
        self._inboxes.append(inbox)
        for key in keys:
            self._direct.setdefault(key, []).append(inbox)

    def hear(self, event: type[AfterEvent], collection: str) -> bool:
        """Whether anybody wants to know. Who announces nothing need not make an event."""
        key = (event, collection)
        return key in self._direct or key in self._durable

    async def announce(self, transaction: Transaction, event: AfterEvent) -> None:
        """What has been written in the open transaction: told once that is committed, forgotten when it is undone.

        Whoever announces holds the lock of what the event is about: so the order in which two announce is the order in
        which they commit, though their commits may become known here the other way round.
        """
        key = (type(event), event.collection.name)
        for info in self._durable.get(key, ()):
            await self._keep(info, event)
        inboxes = self._direct.get(key)
        if not inboxes:
            return
        announced = _Announced(event, inboxes)
        self._pending.setdefault(event.subject, deque()).append(announced)
        transaction.on_commit(partial(self._settle, announced, happened=True))
        transaction.on_rollback(partial(self._settle, announced, happened=False))

    def _settle(self, announced: "_Announced", *, happened: bool) -> None:
        """Tells what is certain by now, as far as nothing before it about the same record is still open."""
        announced.happened = happened
        subject = announced.event.subject
        queue = self._pending.get(subject)
        while queue and queue[0].happened is not None:
            first = queue.popleft()
            if first.happened:
                for inbox in first.inboxes:
                    inbox.put(first.event)
        if not queue:
            self._pending.pop(subject, None)

    async def settled(self) -> None:
        """Returns when no listener has anything left to do. For tests, and for a server that stops."""
        while working := [inbox.task for inbox in self._inboxes if inbox.task is not None]:
            await asyncio.wait(working)

    async def stop(self, grace: float = LONGEST_END) -> None:
        """Lets them do what waits, for `grace` seconds, and ends them."""
        try:
            async with asyncio.timeout(grace):
                await self.settled()
        except TimeoutError:
            for inbox in self._inboxes:
                await inbox.end()


class _Announced:
    """An event that waits for the end of its transaction."""

    __slots__ = ("event", "happened", "inboxes")

    def __init__(self, event: AfterEvent, inboxes: list["_Inbox"]) -> None:
        self.event, self.inboxes = event, inboxes
        self.happened: bool | None = None


class _Inbox:
    """The events that wait for one listener. It gets one after the other: a slow one holds up itself alone."""

    def __init__(self, info: ListenerInfo) -> None:
        self.info = info
        self.task: asyncio.Task[None] | None = None
        self._waiting: deque[AfterEvent] = deque()
        self._dropped = 0

    def put(self, event: AfterEvent) -> None:
        if len(self._waiting) >= MOST_WAITING:
            if not self._dropped:
                log.error("%s is too slow: %d events wait, and further ones are lost.", self.info.place, MOST_WAITING)
            self._dropped += 1
            return
        self._waiting.append(event)
        if self.task is None:
            # In a context of its own: the request that caused it is over, and so is its transaction.
            self.task = asyncio.get_running_loop().create_task(self._work(), context=Context())

    async def _work(self) -> None:
        try:
            while self._waiting:
                await call_listener(self.info, self._waiting.popleft())
            if self._dropped:
                log.error("%s has lost %d events.", self.info.place, self._dropped)
                self._dropped = 0
        finally:
            self.task = None

    async def end(self) -> None:
        left = len(self._waiting)
        self._waiting.clear()
        if self.task is not None:
            log.warning("%s was ended with the server, with %d events left.", self.info.place, left + 1)
            self.task.cancel()
            await asyncio.wait([self.task])


async def call_listener(info: ListenerInfo, event: AfterEvent) -> None:
    """Tells a listener of an event. What goes wrong with it stands in the log."""
    try:
        await tell(info, event)
    except TimeoutError:
        log.error("%s took longer than %g s for %r.", info.place, info.timeout, event.subject)
    except BaseException as error:
        if not isinstance(error, Exception) and not wants_to_end(error):
            raise
        log.exception("%s failed for %r.", info.place, event.subject)


async def tell(info: ListenerInfo, event: AfterEvent) -> None:
    """Tells a listener of an event. Raises what it raises, TimeoutError when it takes too long."""
    code_at_work.set(info.place)
    async with asyncio.timeout(info.timeout):
        if info.is_async:
            await info.function(event)
        else:  # which may wait for whatever it likes
            result = await asyncio.to_thread(info.function, event)
            if inspect.isawaitable(result):
                await result
