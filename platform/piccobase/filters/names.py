"""What names in a filter mean: the question the compiler asks, and the resolver for declared collections."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Protocol, cast

from piccolo.columns import Array

from piccobase.filters import requests
from piccobase.filters.dialects.base import is_whole_point
from piccobase.filters.errors import LockedRelation, UnknownField, UnsupportedFilter
from piccobase.filters.fragments import FALSE, Fragment, compose, quoted, slot
from piccobase.filters.joins import Joins, Passage, Row, rows_of, select
from piccobase.filters.operands import Changed, Column, Read, ReadMany, Value
from piccobase.filters.paths import JSON_FAMILIES, End, Find, Hop, Lookup, Readable
from piccobase.filters.scalars import text_of
from piccobase.filters.tree import Name
from piccobase.schema.collections import CollectionInfo
from piccobase.schema.fields import FieldInfo
from piccobase.schema.values.lists import ArrayValue
from piccobase.schema.values.text import TextValue

_LIST_TYPES = frozenset({"select", "relation", "file"})
_LISTS = frozenset({"list", "array"})


def not_hidden(collection: CollectionInfo, field: FieldInfo) -> bool:
    """What a client that is no superuser may read, field rules aside."""
    return not field.hidden


def everything(collection: CollectionInfo, field: FieldInfo) -> bool:
    """What rules and superusers may read."""
    return True


class Names(Protocol):
    """Resolves the names of one filter or sort. Raises UnknownField or UnsupportedFilter, with the name's offset."""

    @property
    def joins(self) -> Joins:
        """The rows that names have led to."""
        ...

    def resolve(self, name: Name) -> Column | Value | Changed:
        """The column or value a name means."""
        ...

    def spread(self, value: Value) -> Column:
        """A list of the request as a column of its elements, in rows of their own."""
        ...

    def apart(self) -> "Names":
        """The same names, but a path that fans out leads to rows of its own."""
        ...

    def insertion_order(self) -> list[Fragment]:
        """What `@rowid` sorts by; empty if nothing can."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionNames:
    """Names of a collection's fields, and of what its relations lead to.

    `alias` is the row's name in FROM, unquoted; the row may come from a one-row CTE (`draft=True`: then any of its
    columns may be NULL whatever the table says). Paths lead to rows of `joins`, which whoever assembles the statement
    puts behind FROM. Rules and superusers take the defaults; a client's filter gets `readable` (not_hidden,
    or a stricter one of field rules) and `passage`, and `private_email=True` where the caller is no superuser: then a
    comparison with the `email` of an auth record holds only where that record shows it.

    `signed_in_as` is the auth collection whose fields `@request.auth.…` are; to a guest all of them are NULL.
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

    def resolve(self, name: Name) -> Column | Value | Changed:
        try:
            return self._special(name) if name.path[0].startswith("@") else self._plain(name)
        except LockedRelation as error:
            error.at = name.at
            raise

    def apart(self) -> "CollectionNames":
        return replace(self, joins=self.joins.apart())

    def insertion_order(self) -> list[Fragment]:
        if self.collection.kind == "view":
            return []
        return self.joins.dialect.insertion_order(self.collection, quoted(self.alias))

    # Paths

    def _plain(self, name: Name) -> Column | Value:
        lookup, first = self._lookup(), name.path[0]
        constant = requests.constant(first) if name.path == (first,) and not name.modifier else None
        if constant is not None and lookup.field(self.collection, first) is None:
            return constant
        return self._follow(self._row(), lookup.steps(self.collection, name.path, name), name)

    def _lookup(self) -> Lookup:
        return Lookup(self.find, self.readable, self.passage or (lambda collection: None))

    def _row(self) -> Row:
        alias = quoted(self.alias)
        present = Fragment(f"{alias}.{quoted(self.collection.key.column)}") if self.optional else None
        return Row(
            alias=alias, collection=self.collection, scope=self.joins.statement, present=present, draft=self.draft
        )

    def _follow(self, row: Row, steps: Iterable[Hop | End], name: Name) -> Column:
        """Walks the steps: relations lead to rows, and the end is a column of the last one."""
        for step in steps:
            if isinstance(step, End):
                return self._modified(row, self._column(row, step), name)
            row = self.joins.step(row, step, self.passage)
        raise AssertionError("a path ends in a field")

    def _column(self, row: Row, end: End) -> Column:
        collection, field = row.collection, end.field
        return Column(
            field=field,
            sql=self.joins.dialect.read_column(row.column(field.column), field),
            strict=collection.strict,
            nullable=field.nullable or row.draft or row.present is not None,
            blank=not collection.strict and field.nullable,
            present=row.present,
            json_path=end.json_path,
            guard=self._guard(row, field),
            fans=row.scope.fans,
            rows=row.passed,
        )

    def _guard(self, row: Row, field: FieldInfo) -> Fragment | None:
        """Private addresses never match, not even by `!=` (protocol.md §3.9)."""
        if not self.private_email or row.collection.kind != "auth" or field.name != "email":
            return None
        shown = row.collection.by_name.get("emailVisibility")
        return compose(row.column(shown.column), " = TRUE") if shown else FALSE

    def _modified(self, row: Row, column: Column, name: Name) -> Column:
        match name.modifier:
            case "":
                return column
            case "lower":
                # JSON stays null-safe (protocol.md §3.6); a point as a whole is a text like any other.
                exact = column.field.family in JSON_FAMILIES and not is_whole_point(column)
                return replace(column, lower=True, exact=exact)
            case "length" if column.field.type in _LIST_TYPES or column.field.family in _LISTS:
                return replace(column, length=True)
            case "each" if column.field.family in _LISTS:
                return self._elements(row, column, name)
            case "each" if column.field.type in _LIST_TYPES:
                return self._only_element(column)
            case "length" | "each" | "isset" | "changed":
                return column  # ignored where it means nothing (protocol.md §3.5)
        raise _no_modifier(name)

    def _elements(self, row: Row, column: Column, name: Name) -> Column:
        field = column.field
        element = _element(field, name)
        found = self.joins.elements(row, field.name, lambda alias: self.joins.dialect.elements(column, alias))
        return self._of_list(element, found, column)

    def _only_element(self, column: Column) -> Column:
        """The value of a single select or relation as an element: a text, empty where there is none."""
        text = compose("COALESCE(", self.joins.dialect.like_text(column), ", '')")
        if column.present is not None:
            text = compose("CASE WHEN ", column.present, " IS NOT NULL THEN ", text, " END")
        field = replace(column.field, value=TextValue(), target="")
        return replace(column, field=field, sql=text, made=True, nullable=column.present is not None, blank=False)

    def _of_list(self, field: FieldInfo, row: Row, listed: Column | None = None) -> Column:
        """The elements of a list as a column; where there are none, it is NULL once."""
        return Column(
            field=field,
            sql=self.joins.dialect.element(field, row.alias),
            made=field.family == "text",  # a text out of a list has no affinity
            strict=self.collection.strict if listed is None else listed.strict,
            guard=None if listed is None else listed.guard,
            fans=row.scope.fans,
            rows=row.passed,
        )

    # What begins with @

    def _special(self, name: Name) -> Column | Value | Changed:
        match name.path:
            case ("@request", "auth", first, *rest):
                return self._of_auth(name, first, tuple(rest))
            case ("@request", "body", first, *rest):
                return self._of_body(name, first, tuple(rest))
            case ("@request", *_):
                return requests.request_value(name)
            case ("@collection", named, *rest) if self.passage is None:
                return self._of_collection(name, named, tuple(rest))
            case (macro,) if value := requests.macro(macro):
                if name.modifier:
                    raise UnknownField(f"{macro} takes no modifier.", name.at)
                return value
        raise UnknownField(f'There is no "{name}".', name.at)

    def _of_collection(self, name: Name, named: str, path: tuple[str, ...]) -> Column:
        """Every record of a collection; `@collection.cats:x` and `@collection.cats:y` are two records, not one."""
        called, _, alias = named.partition(":")
        target = self.find(called)
        if target is None:
            raise UnknownField(f'There is no collection "{called}".', name.at)
        if not path:
            raise UnknownField(f"Name a field of {target.name} behind {named}.", name.at)
        row = self.joins.begin(("@collection", target.name, alias), target)
        return self._follow(row, self._lookup().steps(target, path, name), name)

    def _of_auth(self, name: Name, first: str, path: tuple[str, ...]) -> Column | Value:
        """A field of the auth record, or what its relations lead to. What is missing is NULL and never an error."""
        who, value = self.signed_in_as, requests.request_value(replace(name, modifier=_of_values(name.modifier)))
        field = None if who is None else who.by_name.get(first)
        if who is None or (field is not None and field.family in JSON_FAMILIES):
            return value
        if not path:
            if field is None or not (field.type in _LIST_TYPES or _is_list(field)):
                return value
            return self._of_sent_list(name, field, requests.auth_list(field), value)
        if field is None:
            hop = _back_or_none(self._lookup(), who, first, name)
            if hop is None:
                return value
            return self._beyond(name, hop, path, requests.auth_field("id"), None)
        if not field.target:
            raise UnknownField(f'"{name}" leads nowhere: {first} is no relation.', name.at)
        return self._along_sent(name, field, path, requests.auth_field(first), requests.auth_list(field))

    def _of_body(self, name: Name, first: str, path: tuple[str, ...]) -> Column | Value | Changed:
        """A value that was sent, or what a relation that was sent leads to."""
        field = self.collection.by_name.get(first)
        if field is not None and field.target and path and name.modifier != "changed":
            return self._along_sent(name, field, path, requests.body_value(first), requests.body_list(first))
        if name.modifier in ("changed", "each", "length"):
            return self._asked_of_body(name, field if not path else None)
        return requests.request_value(name)

    def _asked_of_body(self, name: Name, field: FieldInfo | None) -> Column | Value | Changed:
        plain = requests.request_value(replace(name, modifier=""))
        if name.modifier == "changed":
            if field is None:
                raise UnknownField(f":changed asks of a field of {self.collection.name}.", name.at)
            column = self._column(self._row(), End(field))
            return Changed(column=column, value=plain, is_set=requests.is_submitted(field.name))
        if field is None or not (field.type in _LIST_TYPES or _is_list(field)):
            raise UnknownField(f":{name.modifier} asks of a field that holds a list.", name.at)
        return self._of_sent_list(name, field, requests.body_list(field.name), plain)

    def _of_sent_list(self, name: Name, field: FieldInfo, read: ReadMany, plain: Value) -> Column | Value:
        """A list of the request with `:each` or `:length`; without, it is its JSON text."""
        match name.modifier:
            case "length":
                return requests.length_of(read)
            case "each" if field.multiple:
                row = self._sent_elements(".".join(name.path), read)
                return self._of_list(_element(field, name), row)
        return plain

    def spread(self, value: Value) -> Column:
        """The elements of a list of the request as a column, in rows of their own."""
        assert value.read_many is not None
        names = self.apart()
        field = replace(self.collection.key, value=TextValue(), target="")
        return names._of_list(field, names._sent_elements("", value.read_many))

    def _sent_elements(self, called: str, read: ReadMany) -> Row:
        return self.joins.elements(self._row(), called, lambda alias: self.joins.dialect.sent_elements(read, alias))

    def _along_sent(
        self, name: Name, field: FieldInfo, path: tuple[str, ...], read: Read, read_many: ReadMany
    ) -> Column | Value:
        """Along a relation whose ids come with the request."""
        target = self.find(field.target)
        if target is None:
            raise UnknownField(f"{field.name} leads no further: it is no relation.", name.at)
        if name.path[1] == "auth" and not field.multiple and path == (target.key.name,):
            return requests.request_value(replace(name, path=name.path[:3]))
        return self._beyond(name, Hop(field, target), path, read, read_many)

    def _beyond(self, name: Name, hop: Hop, path: tuple[str, ...], read: Read, read_many: ReadMany | None) -> Column:
        """What a path leads to that begins with an id of the request.

        With a hop to many its rows are a fan; else it is a scalar sub-select, which is worked out once.
        """
        steps = list(self._lookup().steps(hop.target, path, name, taken=1))
        many = hop.many or any(
            step.many if isinstance(step, Hop) else name.modifier == "each" and _is_list(step.field) for step in steps
        )
        names = self if many else replace(self, joins=self.joins.inside())
        column = names._follow(names._first(name, hop, read, read_many), steps, name)
        if many:
            return column

        def found(sql: Fragment) -> Fragment:
            return compose("(", select(sql, rows_of(column.fans), [], column.rows), ")")

        present = found(column.present or Fragment("1")) if column.blank else None
        return replace(column, sql=found(column.sql), fans=(), rows=(), present=present, nullable=True)

    def _first(self, name: Name, hop: Hop, read: Read, read_many: ReadMany | None) -> Row:
        joins, called = self.joins, ".".join(name.path[:3])
        if hop.relation.multiple and not hop.back:
            assert read_many is not None
            return joins.target(self._sent_elements(called, read_many), hop)

        def on(alias: str) -> Fragment:
            field = hop.relation if hop.back else hop.target.key
            sql = Fragment(f"{alias}.{quoted(field.column)}")
            if field.multiple:
                return joins.dialect.contains(sql, slot(lambda bindings: text_of(read(bindings))))
            return joins.dialect.equals_key(Column(field=field, sql=sql, strict=hop.target.strict), read)

        return joins.begin((called, hop.key), hop.target, on)


def _is_list(field: FieldInfo) -> bool:
    return field.family in _LISTS


def _of_values(modifier: str) -> str:
    """Modifiers that single values of the request know; the others are passed over."""
    return "" if modifier in ("each", "length", "changed") else modifier


def _element(field: FieldInfo, name: Name) -> FieldInfo:
    """What one element of a list is."""
    if not isinstance(field.value, ArrayValue):
        return replace(field, value=TextValue(), target="")
    element = field.value.element
    if isinstance(element, ArrayValue):
        raise UnsupportedFilter(f"{field.name} holds lists in lists, which :each does not go into.", name.at)
    return replace(field, value=element, target="", piccolo=cast("Array", field.piccolo).base_column)


def _back_or_none(lookup: Lookup, collection: CollectionInfo, part: str, name: Name) -> Hop | None:
    try:
        return lookup.back(collection, part, name)
    except UnknownField:
        return None


def _no_modifier(name: Name) -> UnknownField:
    return UnknownField(f'There is no modifier ":{name.modifier}".', name.at)
