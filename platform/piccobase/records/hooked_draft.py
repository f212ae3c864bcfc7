"""The draft as hooks see it: what was sent, and what they have set."""

from collections.abc import Iterator, Mapping, MutableMapping
from types import MappingProxyType
from typing import Any


class HookedDraft(MutableMapping[str, Any]):
    """Wire names to wire values. Reading gives what was sent, or what a hook has put in its place.

    What hooks set and take away is kept apart: it needs no right to write the field, what was sent does.
    """

    __slots__ = ("_sent", "removed", "set")

    def __init__(self, sent: Mapping[str, Any] = MappingProxyType({})) -> None:
        self._sent = sent
        self.set: dict[str, Any] = {}
        self.removed: set[str] = set()

    @property
    def is_changed(self) -> bool:
        return bool(self.set or self.removed)

    def __getitem__(self, name: str) -> Any:
        if name in self.set:
            return self.set[name]
        if name in self.removed:
            raise KeyError(name)
        return self._sent[name]

    def __setitem__(self, name: str, value: Any) -> None:
        self.set[name] = value
        self.removed.discard(name)

    def __delitem__(self, name: str) -> None:
        self[name]  # which says when there is none
        self.set.pop(name, None)
        self.removed.add(name)

    def __iter__(self) -> Iterator[str]:
        yield from (name for name in self._sent if name not in self.removed)
        yield from (name for name in self.set if name not in self._sent)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __repr__(self) -> str:
        return f"<draft {dict(self)}>"
