"""What goes on inside an app under test: which events there were, and how many statements the records asked."""

from collections.abc import Iterator, Sequence
from typing import Any

from piccobase.db.engine import Row
from piccobase.hooks.declaring import HookInfo, HookRegistry, ListenerInfo
from piccobase.hooks.point import AfterEvent, HookEvent

_OUTERMOST = -1_000_000

Event = HookEvent | AfterEvent


class EventWatch:
    """Keeps every event, in the order in which they begin; those after a commit when a listener hears of them."""

    def __init__(self) -> None:
        self.seen: list[Event] = []
        self._declared = HookRegistry()
        for point in _leaves(HookEvent):
            self._declared.hook(point, order=_OUTERMOST)(self._note)
        for event in _leaves(AfterEvent):
            self._declared.listen(event)(self._hear)

    @property
    def hooks(self) -> Sequence[HookInfo]:
        return self._declared.hooks

    @property
    def listeners(self) -> Sequence[ListenerInfo]:
        return self._declared.listeners

    def _note(self, event: HookEvent) -> None:
        self.seen.append(event)

    async def _hear(self, event: AfterEvent) -> None:
        self.seen.append(event)


def _leaves(kind: type[Any]) -> Iterator[type[Any]]:
    """The classes of events that there are, those of plugins included, without those that only gather others."""
    below = kind.__subclasses__()
    if not below:
        yield kind
    for one in below:
        yield from _leaves(one)


class CountedDatabase:
    """The database of the records, and how many statements it was asked to run."""

    def __init__(self, db: Any) -> None:
        self._db = db
        self.asked = 0

    async def rows(self, sql: str, args: Sequence[Any] = ()) -> list[Row]:
        self.asked += 1
        found: list[Row] = await self._db.rows(sql, args)
        return found

    def __getattr__(self, name: str) -> Any:
        return getattr(self._db, name)
