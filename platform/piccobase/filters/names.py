"""What names in a filter mean: the question the compiler asks, and the resolver for declared collections."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Protocol

from piccobase.filters import requests
from piccobase.filters.errors import UnknownField, UnsupportedFilter
from piccobase.filters.fragments import FALSE, Fragment, compose, quoted
from piccobase.filters.joins import Joins
from piccobase.filters.operands import Column, Value
from piccobase.filters.tree import Name
from piccobase.schema.collections import CollectionInfo
from piccobase.schema.fields import FieldInfo

MAX_HOPS = 6
_LIST_TYPES = frozenset({"select", "relation", "file"})
_JSON_FAMILIES = frozenset({"json", "geo"})

Find = Callable[[str], CollectionInfo | None]
"""A collection by its name; None if there is none."""

Passage = Callable[[CollectionInfo, str, Joins], Fragment | None]
"""Asked when a client's path goes into a collection: (target, alias of the joined row, joins) -> the target's list rule
compiled for that alias, or None when the rule is empty. Raises LockedRelation where the rule is None. The alias is
quoted for SQL already."""

Readable = Callable[[CollectionInfo, FieldInfo], bool]
"""Whether the caller may use a field in a filter or sort at all."""


def not_hidden(collection: CollectionInfo, field: FieldInfo) -> bool:
    """What a client that is no superuser may read, field rules aside."""
    return not field.hidden


def everything(collection: CollectionInfo, field: FieldInfo) -> bool:
    """What rules and superusers may read."""
    return True


class Names(Protocol):
    """Resolves the names of one filter or sort. Raises UnknownField or UnsupportedFilter, with the name's offset."""

    def resolve(self, name: Name) -> Column | Value:
        """The column or value a name means."""
        ...

    def insertion_order(self) -> list[Fragment]:
        """What `@rowid` sorts by; empty if nothing can."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionNames:
    """Names of a collection's fields, and of what its relations lead to.

    `alias` is the row's name in FROM, unquoted; the row may come from a one-row CTE (`draft=True`: then any of its
    columns may be NULL whatever the table says). Hops become LEFT JOINs in `joins`, which whoever assembles the
    statement puts behind FROM. Rules and superusers take the defaults; a client's filter gets `readable` (not_hidden,
    or a stricter one of field rules) and `passage`, and `private_email=True` where the caller is no superuser: then a
    comparison with the `email` of an auth record holds only where that record shows it.

    `signed_in_as` is the auth collection whose relations `@request.auth.<relation>.…` follows; without it only fields
    of the auth record itself can be asked for.
    """

    collection: CollectionInfo
    find: Find
    joins: Joins
    alias: str
    draft: bool = False
    optional: bool = False  # the row may be absent: it was joined by another resolver
    readable: Readable = everything
    passage: Passage | None = None
    private_email: bool = False
    signed_in_as: CollectionInfo | None = None

    def resolve(self, name: Name) -> Column | Value:
        first = name.path[0]
        if first.startswith("@"):
            return self._special(name)
        constant = requests.constant(first) if name.path == (first,) and not name.modifier else None
        if constant is not None and self._field(self.collection, first) is None:
            return constant
        return self._path(name)

    def insertion_order(self) -> list[Fragment]:
        if self.collection.kind == "view":
            return []
        if self.joins.dialect.name == "sqlite":
            return [Fragment(f"{quoted(self.alias)}.rowid")]
        # PostgreSQL numbers no rows: the time of creation is what comes nearest, the key settles ties.
        made = [field for field in self.collection.fields if field.auto == "create"]
        return [Fragment(f"{quoted(self.alias)}.{quoted(field.column)}") for field in (*made[:1], self.collection.key)]

    def _special(self, name: Name) -> Column | Value:
        match name.path:
            case ("@request", "auth", first, _, *_) if self._leads_on(first):
                return self._beyond_auth(name)
            case ("@request", "auth", first, _, *_) if self._is_scalar_of_auth(first):
                raise UnknownField(f'"{name}" leads nowhere: {first} is no relation.', name.at)
            case ("@request", "body", field_name) if name.modifier == "length" and self._is_list(field_name):
                return requests.body_length(field_name)
            case ("@request", *_):
                return requests.request_value(name)
            case ("@collection", *_):
                raise UnsupportedFilter("@collection is not supported yet.", name.at)
            case (macro,):
                if value := requests.macro(macro):
                    if name.modifier:
                        raise UnknownField(f"{macro} takes no modifier.", name.at)
                    return value
        raise UnknownField(f'There is no "{name}".', name.at)

    def _leads_on(self, field_name: str) -> bool:
        field = self.signed_in_as and self.signed_in_as.by_name.get(field_name)
        return bool(field and field.target)

    def _is_scalar_of_auth(self, field_name: str) -> bool:
        field = self.signed_in_as and self.signed_in_as.by_name.get(field_name)
        return bool(field and field.family not in _JSON_FAMILIES)

    def _is_list(self, field_name: str) -> bool:
        field = self.collection.by_name.get(field_name)
        return field is not None and field.type in _LIST_TYPES

    def _beyond_auth(self, name: Name) -> Column:
        """A scalar sub-select that starts at the record the actor's relation points to."""
        assert self.signed_in_as is not None
        first = self.signed_in_as.by_name[name.path[2]]
        target = self.find(first.target)
        if first.multiple or target is None:
            raise UnsupportedFilter(f'"{name}" goes through a relation of many, which is not supported yet.', name.at)
        inner_joins = Joins(self.joins.dialect)
        inner = CollectionNames(
            collection=target, find=self.find, joins=inner_joins, alias="auth_target", optional=True
        )
        column = inner._path(replace(name, path=name.path[3:]))
        key = Column(field=target.key, sql=Fragment(f'"auth_target".{quoted(target.key.column)}'), strict=target.strict)
        select = compose(
            "(SELECT ", column.sql, f' FROM {target.source} AS "auth_target"', inner_joins.fragment(),
            " WHERE ", self.joins.dialect.equals_key(key, requests.auth_field(first.name)), " LIMIT 1)",
        )  # fmt: skip
        return replace(column, sql=select, present=None, nullable=True, blank=False)

    def _path(self, name: Name) -> Column:
        """Walks the path: relations are joined, the last field is the answer; the rest of it goes into a JSON field."""
        collection, alias, optional = self.collection, quoted(self.alias), self.optional
        present: Fragment | None = Fragment(f"{alias}.{quoted(collection.key.column)}") if optional else None
        for index, part in enumerate(name.path):
            field = self._field(collection, part)
            rest = name.path[index + 1 :]
            if field is None:
                raise self._unknown(collection, part, name)
            if not rest or field.family in _JSON_FAMILIES:
                return self._modified(self._column(collection, field, alias, present, json_path=rest), name)
            target = self.find(field.target) if field.target else None
            if target is None:
                raise UnknownField(f"{collection.name}.{part} leads no further: it is no relation.", name.at)
            if field.multiple:
                raise UnsupportedFilter(
                    f"{collection.name}.{part} is a relation of many; paths through it are not supported yet.", name.at
                )
            if rest == (target.key.name,):  # the key of a single relation is the relation itself (protocol.md §3.2)
                return self._modified(self._column(collection, field, alias, present), name)
            if index == MAX_HOPS:
                raise UnknownField(f"A path can go through {MAX_HOPS} relations and no more.", name.at)
            alias = self.joins.join(alias, field, target, self.passage)
            present = Fragment(f"{alias}.{quoted(target.key.column)}")
            collection = target
        raise AssertionError("a path has at least one part")

    def _field(self, collection: CollectionInfo, name: str) -> FieldInfo | None:
        field = collection.by_name.get(name)
        return field if field is not None and self.readable(collection, field) else None

    def _unknown(self, collection: CollectionInfo, part: str, name: Name) -> UnknownField | UnsupportedFilter:
        if "_via_" in part:
            return UnsupportedFilter("Back-relations are not supported yet.", name.at)
        known = [field.name for field in collection.fields if self.readable(collection, field)]
        nearest = get_close_matches(part, known, n=1)
        hint = f' Did you mean "{nearest[0]}"?' if nearest else ""
        return UnknownField(f'{collection.name} has no field "{part}".{hint}', name.at)

    def _column(
        self,
        collection: CollectionInfo,
        field: FieldInfo,
        alias: str,
        present: Fragment | None,
        json_path: tuple[str, ...] = (),
    ) -> Column:
        return Column(
            field=field,
            sql=Fragment(f"{alias}.{quoted(field.column)}"),
            strict=collection.strict,
            nullable=field.nullable or self.draft or present is not None,
            blank=not collection.strict and field.nullable,
            present=present,
            json_path=json_path,
            guard=self._guard(collection, field, alias),
        )

    def _guard(self, collection: CollectionInfo, field: FieldInfo, alias: str) -> Fragment | None:
        """Private addresses never match, not even by `!=` (protocol.md §3.9)."""
        if not self.private_email or collection.kind != "auth" or field.name != "email":
            return None
        shown = collection.by_name.get("emailVisibility")
        return Fragment(f"{alias}.{quoted(shown.column)} = TRUE") if shown else FALSE

    def _modified(self, column: Column, name: Name) -> Column:
        match name.modifier:
            case "":
                return column
            case "lower":
                return replace(column, lower=True)
            case "length" if column.field.type in _LIST_TYPES:
                return replace(column, length=True)
            case "each" if column.field.family == "list":
                return replace(column, each=True)
            case "each" | "length" if column.field.multiple:
                # Also of an array, which the protocol does not know: passed over, the answer would be a wrong one.
                raise UnsupportedFilter(f":{name.modifier} on a field of many is not supported yet.", name.at)
            case "length" | "each" | "isset" | "changed":
                return column  # ignored where it means nothing (protocol.md §3.5)
        raise UnknownField(f'There is no modifier ":{name.modifier}".', name.at)
