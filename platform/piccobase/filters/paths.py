"""Where a path leads: relation after relation, looked up in the collections and joined to nothing yet."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from piccobase.filters.errors import UnknownField
from piccobase.filters.tree import Name
from piccobase.schema.collections import CollectionInfo
from piccobase.schema.fields import FieldInfo
from piccobase.schema.naming import nearest

MAX_HOPS = 6
JSON_FAMILIES = frozenset({"json", "geo"})
_VIA = "_via_"

Find = Callable[[str], CollectionInfo | None]
"""A collection by its name or id; None if there is none."""

Readable = Callable[[CollectionInfo, FieldInfo], bool]
"""Whether the caller may use a field in a filter or sort at all."""

Enter = Callable[[CollectionInfo], object]
"""Asked before anything is said of a collection that a path comes from. Raises LockedRelation."""


@dataclass(frozen=True, slots=True)
class Hop:
    """A step from a record to related ones: along `relation`, or when `back` to the records that point here by it."""

    relation: FieldInfo
    target: CollectionInfo
    back: bool = False

    @property
    def many(self) -> bool:
        """Whether it can lead to several records (protocol.md §3.7)."""
        if not self.back or self.relation.multiple:
            return self.relation.multiple
        return not self.relation.unique and (self.relation.column,) not in self.target.unique_together

    @property
    def indexed(self) -> bool:
        """Whether an index leads from a record to those whose relation points to it."""
        first = (columns[0] for columns in self.target.unique_together)
        return self.relation.unique or self.relation.piccolo._meta.index or self.relation.column in first

    @property
    def key(self) -> tuple[str, str, bool]:
        """Equal for the same step from the same record."""
        return self.target.name, self.relation.name, self.back


@dataclass(frozen=True, slots=True)
class End:
    """The field that a path ends in; what is left of it goes into a JSON value."""

    field: FieldInfo
    json_path: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Lookup:
    """Looks names up on behalf of a caller, and tells them nothing of what they may not read."""

    find: Find
    readable: Readable
    enter: Enter

    def field(self, collection: CollectionInfo, name: str) -> FieldInfo | None:
        """A field that the caller may read; None if there is none."""
        field = collection.by_name.get(name)
        return field if field is not None and self.readable(collection, field) else None

    def steps(
        self, collection: CollectionInfo, parts: tuple[str, ...], name: Name, taken: int = 0
    ) -> Iterator[Hop | End]:
        """The hops of a path that begins at a record of `collection`, and its end; each is looked up when asked for.
        `taken` hops have led there.

        Raises UnknownField, and LockedRelation where a hop comes from a collection that the caller may not list;
        whoever follows a hop asks whether it may be entered before asking for the next.
        """
        for index, part in enumerate(parts):
            rest = parts[index + 1 :]
            field = self.field(collection, part)
            if field is not None and (not rest or field.family in JSON_FAMILIES):
                yield End(field, rest)
                return
            between = self._between(collection, part) if field is None else None
            if between is not None:
                yield from self._through(between, rest, name, taken + index)
                return
            hop = self.back(collection, part, name) if field is None else self._along(collection, field, name)
            if not rest:
                raise UnknownField(f"Name a field of {hop.target.name} behind {part}, {part}.id for example.", name.at)
            if field is not None and not field.multiple and rest == (hop.target.key.name,):
                yield End(field)  # the key of a single relation is the relation itself (protocol.md §3.2)
                return
            if index + taken == MAX_HOPS:
                raise _too_far(name)
            yield hop
            collection = hop.target

    def _between(self, collection: CollectionInfo, part: str) -> tuple[Hop, Hop] | None:
        """Piccolo's M2M: back to the records of the joining table, and on to what they point to as well."""
        for m2m in collection.table._meta.m2m_relationships:
            if m2m._meta.name != part:
                continue
            joining = self.find(m2m._meta.resolved_joining_table._meta.tablename)
            if joining is None:
                return None
            self.enter(joining)
            here, there = (
                self.field(joining, key._meta.db_column_name)
                for key in (m2m._meta.primary_foreign_key, m2m._meta.secondary_foreign_key)
            )
            target = self.find(there.target) if there is not None else None
            if here is not None and there is not None and target is not None:
                return Hop(here, joining, back=True), Hop(there, target)
        return None

    def _through(self, hops: tuple[Hop, Hop], rest: tuple[str, ...], name: Name, taken: int) -> Iterator[Hop | End]:
        back, along = hops
        if not rest:
            raise UnknownField(f"Name a field of {along.target.name} behind {name}, {name}.id for example.", name.at)
        if taken + 2 > MAX_HOPS:
            raise _too_far(name)
        yield back
        yield along
        yield from self.steps(along.target, rest, name, taken + 2)

    def _along(self, collection: CollectionInfo, field: FieldInfo, name: Name) -> Hop:
        target = self.find(field.target) if field.target else None
        if target is None:
            raise UnknownField(f"{collection.name}.{field.name} leads no further: it is no relation.", name.at)
        return Hop(field, target)

    def back(self, collection: CollectionInfo, part: str, name: Name) -> Hop:
        """`comments_via_post`: the comments whose relation `post` points to a record of `collection`."""
        at = part.find(_VIA)
        while at >= 0:
            source = self.find(part[:at])
            if source is not None:
                self.enter(source)
                relation = self.field(source, part[at + len(_VIA) :])
                if relation is not None and relation.target == collection.name:
                    return Hop(relation, source, back=True)
            at = part.find(_VIA, at + 1)
        raise self.unknown(collection, part, name)

    def unknown(self, collection: CollectionInfo, part: str, name: Name) -> UnknownField:
        """The error for a name that leads nowhere; a hint names only what the caller may read."""
        if _VIA in part:
            return UnknownField(
                f'"{part}" leads nowhere: no collection of that name has a relation of that name to {collection.name}.',
                name.at,
            )
        known = [field.name for field in collection.fields if self.readable(collection, field)]
        return UnknownField(f'{collection.name} has no field "{part}".{nearest(part, known)}', name.at)


def _too_far(name: Name) -> UnknownField:
    return UnknownField(f"A path can go through {MAX_HOPS} relations and no more.", name.at)
