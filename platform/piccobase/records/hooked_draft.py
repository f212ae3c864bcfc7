"""The draft as hooks see it: what was sent, and what they have set."""

from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any

import msgspec

from piccobase.schema.collections import CollectionInfo
from piccobase.schema.naming import nearest

_PLAIN = (str, int, float, bool, list, dict, type(None))


class HookedDraft(MutableMapping[str, Any]):
    """Wire names to wire values. Reading gives what was sent, or what a hook has put in its place.

    What hooks set and take away is kept apart: it needs no right to write the field, what was sent does. Dates, UUIDs
    and Decimals become what the wire has for them. Raises LookupError where a field is set that there is none of, or
    that nobody sets.
    """

    __slots__ = ("_collection", "_fixed", "_sent", "removed", "set")

    def __init__(self, collection: CollectionInfo, sent: Mapping[str, Any], *, new: bool = True) -> None:
        self._collection = collection
        self._sent = {name: value for name, value in sent.items() if name in collection.by_name}
        self._fixed = {field.name for field in collection.fields if field.auto or (field.key and not new)}
        self.set: dict[str, Any] = {}
        self.removed: set[str] = set()

    @property
    def is_changed(self) -> bool:
        return bool(self.set or self.removed)

    def take_over(self, other: "HookedDraft") -> None:
        """What hooks have done to another draft of the same write."""
        self.set, self.removed = dict(other.set), set(other.removed)

    def __getitem__(self, name: str) -> Any:
        if name in self.set:
            return self.set[name]
        if name in self.removed:
            raise KeyError(name)
        return self._sent[name]

    def __setitem__(self, name: str, value: Any) -> None:
        fields = self._collection.by_name
        if name not in fields:
            raise LookupError(f'{self._collection.name} has no field "{name}".{nearest(name, fields)}')
        if name in self._fixed:
            raise LookupError(f"{self._collection.name}.{name} is set by the server, and by no hook.")
        self.set[name] = value if isinstance(value, _PLAIN) else msgspec.to_builtins(value)
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
