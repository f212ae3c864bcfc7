"""Hooks of writes that share a transaction: those that belong before it run before it, those after it after it."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from piccobase.hooks.dispatcher import Onion, Step, Wraps
from piccobase.hooks.point import HookEvent
from piccobase.records.events import CreatingRecord, DeletingRecord, UpdatingRecord
from piccobase.records.inside import limited
from piccobase.records.service import Records

_AROUND_WRITES = (CreatingRecord, UpdatingRecord, DeletingRecord)

Place = tuple[int, type[HookEvent], str]  # which one of its run, and around what


class RehearsedHooks:
    """Stands in for the onions while a transaction is open, since nothing may be waited for in it but the database.

    A run that meets a write whose hooks have not begun goes on without them, and was a rehearsal: by then rules and
    validation have let the write through. It is undone, `catch_up` begins these hooks, up to where they proceed, and
    the next run takes over what they have set. When the transaction is over, `finish` or `fail` lets them go on.

    Hooks inside the transaction run where they stand; hooks of what is read in it too, held to the same time.
    """

    def __init__(self, outside: Records) -> None:
        """`outside` is for what hooks do before and after the transaction."""
        self._outside = outside
        self._met = 0
        self._begun: dict[Place, _Begun] = {}
        self._missing: list[tuple[Place, Onion, Any]] = []
        self._used: list[_Begun] = []  # by this run, in order

    @property
    def hooked(self) -> frozenset[str]:
        return self._outside.hooks.hooked

    @property
    def missing(self) -> bool:
        return bool(self._missing)

    def begin(self) -> None:
        """Before each run."""
        self._met = 0
        self._missing.clear()
        self._used.clear()

    def around(self, point: type[HookEvent], collection: str = "") -> Wraps | None:
        onion = self._outside.hooks.around(point, collection)
        if isinstance(onion, Onion) and issubclass(point, _AROUND_WRITES):
            return _Rehearsed(self, onion)
        return limited(onion)

    async def step(self, onion: Onion, event: Any, step: Step) -> Any:
        place = (self._met, onion.point, event.collection.name)
        self._met += 1
        begun = self._begun.get(place)
        if begun is None:
            self._missing.append((place, onion, event))
            return await step()
        self._used.append(begun)
        begun.raise_failure()
        if not isinstance(event, DeletingRecord):
            event.draft.take_over(begun.event.draft)
        begun.result = await step()
        return begun.result

    async def catch_up(self) -> None:
        """Begins the hooks of the writes that were met for the first time. What they raise the next run does."""
        for place, onion, event in self._missing:
            event.service = self._outside.acting
            self._begun[place] = begun = _Begun(onion, event)
            await begun.begin()

    async def finish(self) -> None:
        """The transaction is over: the hooks go on, the last first, each with what its step gave.

        Raises the first error of theirs when all are through: what was written stands.
        """
        failure: BaseException | None = None
        used = set(map(id, self._used))
        for begun in reversed(list(self._begun.values())):
            try:
                await (begun.finish() if id(begun) in used else begun.fail(asyncio.CancelledError()))
            except Exception as error:
                failure = failure or error
        self._begun.clear()
        if failure is not None:
            raise failure

    async def fail(self, error: BaseException) -> None:
        """Nothing was kept: the hooks get the error where they proceed, the last first."""
        for begun in reversed(list(self._begun.values())):
            await begun.fail(error)
        self._begun.clear()


@dataclass(slots=True)
class _Rehearsed:
    hooks: RehearsedHooks
    onion: Onion

    async def run(self, event: HookEvent, step: Step) -> Any:
        return await self.hooks.step(self.onion, event, step)


@dataclass(slots=True)
class _Begun:
    """Hooks around one write, in a task of their own: they have proceeded, and wait for what comes of the write."""

    onion: Onion
    event: Any
    result: Any = None
    _failure: BaseException | None = None
    _task: "asyncio.Task[Any]" = field(init=False)
    _outcome: "asyncio.Future[Any]" = field(init=False)

    async def begin(self) -> None:
        """Returns when they have proceeded, or have failed before that."""
        loop = asyncio.get_running_loop()
        proceeded: asyncio.Future[None] = loop.create_future()
        self._outcome = loop.create_future()

        async def step() -> Any:
            proceeded.set_result(None)
            return await self._outcome

        self._task = loop.create_task(self.onion.run(self.event, step))
        try:
            await asyncio.wait([self._task, proceeded], return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            self._task.cancel()
            raise
        if not proceeded.done():  # to return without proceeding is an error, too
            self._failure = self._task.exception()

    def raise_failure(self) -> None:
        if self._failure is not None:
            raise self._failure

    async def finish(self) -> None:
        if not self._task.done():
            self._outcome.set_result(self.result)
            await self._task

    async def fail(self, error: BaseException) -> None:
        """What they make of it is of no interest: the error that led here is answered."""
        if not self._task.done():
            if isinstance(error, asyncio.CancelledError):
                self._task.cancel()
            elif not self._outcome.done():
                self._outcome.set_exception(error)
        await asyncio.wait([self._task])
        if not self._task.cancelled():
            self._task.exception()  # which is thereby taken notice of
