"""All collections of an app and its roles: looked up by name and id, and closed once they were built."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from piccobase.schema.collections import CollectionInfo
from piccobase.schema.fields import FieldInfo


@dataclass(frozen=True, slots=True)
class Roles:
    """The declared roles, closed under inclusion."""

    closure: Mapping[str, frozenset[str]]  # a role and all that come with it
    may_grant: Mapping[str, frozenset[str]]

    def of(self, granted: Iterable[str]) -> frozenset[str]:
        """All roles somebody has who was granted these. One that is no longer declared counts for nothing."""
        return frozenset().union(*(self.closure[name] for name in granted if name in self.closure))

    def grantable(self, held: Iterable[str]) -> frozenset[str]:
        """What somebody who has these roles may grant and take away."""
        return frozenset().union(*(self.may_grant[name] for name in held if name in self.may_grant))


class Registry:
    """The collections, by name and id. Closed: nothing is added after it was built."""

    def __init__(self, collections: Sequence[CollectionInfo], roles: Roles) -> None:
        self.collections: Mapping[str, CollectionInfo] = MappingProxyType({one.name: one for one in collections})
        self.roles = roles
        self._by_id = {one.id: one for one in collections}
        self._by_caseless_name = {one.name.lower(): one for one in collections}

    def find(self, name_or_id: str) -> CollectionInfo | None:
        """By id in exact case, else by name in any case (protocol.md §1.1)."""
        return self._by_id.get(name_or_id) or self._by_caseless_name.get(name_or_id.lower())

    def relations_to(self, target: CollectionInfo) -> list[tuple[CollectionInfo, FieldInfo]]:
        """Every relation that points to `target`, with the collection it is stored in: those of views are not."""
        return [
            (collection, field)
            for collection in self.collections.values()
            if collection.kind != "view"
            for field in collection.fields
            if field.target == target.name
        ]
