"""Plans: what is worked out once for all requests of one shape. Pure: parses, resolves and compiles, runs nothing.

A plan's key is the collection, the kind of actor, the shape of the filter (its literals taken out), the sort and the
wanted fields; everything else is bound when the plan runs.
"""

from collections.abc import Callable, Iterable, Sequence, Set
from dataclasses import dataclass, replace
from itertools import repeat
from typing import Any, TypeVar, cast

from msgspec import Raw

from piccobase.base.errors import Forbidden
from piccobase.filters.bindings import Bindings
from piccobase.filters.closing import Condition, closed, restrictions
from piccobase.filters.compiler import open_filter
from piccobase.filters.deciding import Decision, decision_of
from piccobase.filters.dialects.base import Dialect
from piccobase.filters.fragments import Fragment, Statement, compose, join, quoted, render, slot
from piccobase.filters.joins import Joins, Listed
from piccobase.filters.names import CollectionNames
from piccobase.filters.parser import CLIENT_LIMITS, parse, refuse_reserved
from piccobase.filters.shape import Shape
from piccobase.filters.sorting import open_sort, order_by, parse_sort
from piccobase.records.asking import ListQuery
from piccobase.records.encoding import RecordShape
from piccobase.records.sqlite_json import joined_halves, record_json, record_json_halves
from piccobase.rules.book import OPEN, RuleBook
from piccobase.rules.context import RequestContext
from piccobase.rules.fields import FieldAccess
from piccobase.schema.collections import CollectionInfo, Verb
from piccobase.schema.fields import FieldInfo
from piccobase.schema.registry import Registry

MOST_PLANS = 2000
ROW = "r"  # the alias of the collection's own row in every statement
# Macros: what they stand for changes by itself. Their common beginnings are enough.
_VOLATILE = (
    "@now",
    "@yes",
    "@tom",
    "@today",
    "@month",
    "@year",
    "@second",
    "@minute",
    "@hour",
    "@day",
    "@week",
    "strftime",
)


@dataclass(frozen=True, slots=True)
class Plan:
    """A statement with its slots still open, and the shape of the records that it finds."""

    statement: Statement
    shape: RecordShape
    total: Statement | None = None
    remember_total: bool = False
    counted: tuple[str, ...] = ()  # of the total: ids of the collections it depends on, where all of them are watched
    hides_email: bool = False  # the last column says whether the address may be seen
    encoded: bool = False  # the first column is the record's JSON, or the first two are its halves
    beside: int = 0  # where the columns begin that an expand starts from; 0 where nothing is expanded

    def records(self, rows: Sequence[Any], expanded: Sequence[bytes] | None = None) -> list[Any]:
        """Rows as records: Structs, or what is JSON already. `expanded` is the JSON of each record's `expand`."""
        if self.encoded:
            if not self.beside:
                return [Raw(row[0]) for row in rows]
            middles = expanded or repeat(None)
            return [Raw(joined_halves(row[0], middle, row[1])) for row, middle in zip(rows, middles, strict=False)]
        email_shown = [bool(row[-1]) for row in rows] if self.hides_email else None
        return self.shape.records(rows, email_shown=email_shown, expanded=expanded)


Made = TypeVar("Made")
Wanted = frozenset[str] | None
"""The keys that are asked for; None = all."""
Beside = tuple[FieldInfo, ...]
"""Fields whose stored values are selected beside the records: what an expand starts from."""


@dataclass(slots=True, kw_only=True)
class Asked(Bindings):
    """What a statement of this room is run with: the filters' bindings, and a key, a page and a draft of its own."""

    key: Any = None
    limit: int = 0
    offset: int = 0
    draft: Sequence[Any] = ()  # driver values of a draft, in the order of the collection's fields
    keys: Sequence[Any] = ()  # driver values of keys, whose records are looked up together


NOTHING = Fragment("")


def of_key(bindings: Bindings) -> Any:
    return cast("Asked", bindings).key


def of_limit(bindings: Bindings) -> int:
    return cast("Asked", bindings).limit


def _offset(bindings: Bindings) -> int:
    return cast("Asked", bindings).offset


class Planner:
    """Makes plans and remembers them. One for a database and a registry."""

    def __init__(
        self,
        registry: Registry,
        book: RuleBook,
        access: FieldAccess,
        dialect: Dialect,
        watched: Set[str] = frozenset(),
    ) -> None:
        """`watched` are the ids of the collections whose changes the change log has."""
        self.registry, self.book, self.access, self.dialect = registry, book, access, dialect
        self._watched = watched
        self._plans: dict[Any, Any] = {}
        self._key_binders = {
            collection.name: _key_binder(collection, dialect) for collection in registry.collections.values()
        }

    def remembered(self, key: Any, make: Callable[[], Made]) -> Made:
        """The plan under `key`, made if it is not there. The oldest goes when there are too many."""
        plan = self._plans.get(key)
        if plan is None:
            plan = make()
            if len(self._plans) >= MOST_PLANS:
                self._plans.pop(next(iter(self._plans)), None)
            self._plans[key] = plan
        return cast("Made", plan)

    def view(self, collection: CollectionInfo, context: RequestContext, wanted: Wanted, beside: Beside = ()) -> Plan:
        """One record by key, under the view rule."""
        key = ("view", collection.name, context.kind, wanted, beside)
        return self.remembered(key, lambda: self._view(collection, context, wanted, "view", beside))

    def seen(self, collection: CollectionInfo, context: RequestContext, wanted: Wanted, beside: Beside = ()) -> Plan:
        """One record by key without any rule: what whoever just wrote it gets to see."""
        key = ("seen", collection.name, context.kind, wanted, beside)
        return self.remembered(key, lambda: self._view(collection, context, wanted, None, beside))

    def _view(
        self,
        collection: CollectionInfo,
        context: RequestContext,
        wanted: Wanted,
        verb: Verb | None,
        beside: Beside,
    ) -> Plan:
        joins = Joins(self.dialect)
        conditions = [self.key_condition(collection)]
        if verb is not None and (rule := self.rule_condition(collection, context, verb, joins)) is not None:
            conditions.append(rule)
        return self.select(collection, context, wanted, joins, conditions, Fragment(""), beside=_columns(beside))

    def page(
        self,
        collection: CollectionInfo,
        context: RequestContext,
        asked: ListQuery,
        shape: Shape | None,
        wanted: Wanted,
        beside: Beside = (),
    ) -> Plan:
        """A page, under the list rule and the client's filter and sort."""
        key = ("list", collection.name, context.kind, shape and shape.key, asked.sort, wanted, beside)
        return self.remembered(key, lambda: self._list(collection, context, asked, wanted, beside))

    def _list(
        self,
        collection: CollectionInfo,
        context: RequestContext,
        asked: ListQuery,
        wanted: Wanted,
        beside: Beside,
    ) -> Plan:
        if not context.actor.superuser:
            refuse_reserved(asked.filter)
            refuse_reserved(asked.sort)
        joins = Joins(self.dialect)
        entered: set[str] = set()
        names = self.client_names(collection, context, joins, entered)
        together: list[Condition] = []  # rule, filter and what list rules restrict may speak of the same related rows
        if (rule := self._open_rule(collection, context, "list", joins)) is not None:
            together.append(rule)
        if asked.filter:
            together.append(open_filter(parse(asked.filter, limits=CLIENT_LIMITS), names, self.dialect))
        sort = open_sort(parse_sort(asked.sort), names, self.dialect, text=asked.sort)
        together += restrictions(joins)
        order = order_by(sort, self.dialect, together)
        conditions = [closed(together)] if together else []
        tail = compose(self._order(collection, order), " LIMIT ", slot(of_limit), " OFFSET ", slot(_offset))
        plan = self.select(
            collection, context, wanted, joins, conditions, tail, beside=_columns(beside), in_order=bool(order.sql)
        )
        count = compose("SELECT COUNT(*)", self.from_where(collection, joins, conditions))
        rules = (self.registry.collections[name].rules.get("list") for name in (collection.name, *entered))
        texts = " ".join((asked.filter, *(rule or "" for rule in rules)))
        counted = {collection.id, *(one.id for one in joins.entered)}
        return replace(
            plan,
            total=render(count, self.dialect.name),
            # A view may select what changes by itself.
            remember_total=collection.kind != "view" and not any(macro in texts for macro in _VOLATILE),
            counted=tuple(sorted(counted)) if counted <= self._watched else (),
        )

    def _order(self, collection: CollectionInfo, order: Fragment) -> Fragment:
        # SQLite answers in the order of insertion by itself, ties too. PostgreSQL promises nothing, and pages would
        # overlap: there the key decides last.
        last = [Fragment(_column(collection.key))] if self.dialect.name == "postgres" else []
        parts = [order, *last] if order.sql else last
        return compose(" ORDER BY ", join(", ", parts)) if parts else Fragment("")

    def insertion_order(self, collection: CollectionInfo) -> list[Fragment]:
        """What sorts records as they were made; of a view, which cannot tell, by their keys."""
        names = CollectionNames(collection=collection, find=self.registry.find, joins=Joins(self.dialect), alias=ROW)
        return names.insertion_order() or [Fragment(_column(collection.key))]

    def client_names(
        self, collection: CollectionInfo, context: RequestContext, joins: Joins, entered: set[str] | None = None
    ) -> CollectionNames:
        """What the names in a client's filter or sort may mean to whoever asks. The collections whose list rules
        restrict it are noted in `entered`."""
        if context.actor.superuser:
            return CollectionNames(
                collection=collection,
                find=self.registry.find,
                joins=joins,
                alias=ROW,
                signed_in_as=context.actor.collection,
            )

        def passage(target: CollectionInfo) -> Listed | None:
            if entered is not None:
                entered.add(target.name)
            return self.book.passage(target, context.actor.collection)

        return CollectionNames(
            collection=collection,
            find=self.registry.find,
            joins=joins,
            alias=ROW,
            readable=lambda where, field: self.access.may_read(field, context.access),
            passage=passage,
            private_email=True,
        )

    def rule_condition(
        self, collection: CollectionInfo, context: RequestContext, verb: Verb, joins: Joins, *, draft: bool = False
    ) -> Fragment | None:
        """The rule of a verb for the row, None where it asks nothing. Raises Forbidden where it lets nobody through."""
        rule = self._open_rule(collection, context, verb, joins, draft=draft)
        return None if rule is None else closed([rule])

    def decision(
        self, collection: CollectionInfo, context: RequestContext, verb: Verb, *, draft: bool = False
    ) -> Decision | None:
        """How a verb's rule is decided of a record in hand; None where it asks nothing, or takes the database."""
        rule = self.book.rule(collection, verb)
        if rule is None or rule == OPEN:
            return None
        names = CollectionNames(
            collection=collection,
            find=self.registry.find,
            joins=Joins(self.dialect),
            alias=ROW,
            draft=draft,
            signed_in_as=context.actor.collection,
        )
        return decision_of(rule, names)

    def _open_rule(
        self, collection: CollectionInfo, context: RequestContext, verb: Verb, joins: Joins, *, draft: bool = False
    ) -> Condition | None:
        if context.actor.superuser:
            return None
        rule = self.book.rule(collection, verb)
        if rule is None:
            raise Forbidden("Only superusers can perform this action.")
        if rule == OPEN:
            return None
        return self.book.open(rule, collection, joins, ROW, signed_in_as=context.actor.collection, draft=draft)

    def refuse_locked(self, collection: CollectionInfo, context: RequestContext, verb: Verb) -> None:
        """Raises Forbidden where only superusers may, before anything else is looked at (protocol.md §2.1)."""
        if not context.actor.superuser and self.book.rule(collection, verb) is None:
            raise Forbidden("Only superusers can perform this action.")

    def key_condition(self, collection: CollectionInfo) -> Fragment:
        return compose(_column(collection.key), " = ", slot(of_key))

    def key_value(self, collection: CollectionInfo, record_id: str) -> Any:
        """An id from a path as a driver value; None if no record can have it."""
        return self._key_binders[collection.name](record_id)

    def select(
        self,
        collection: CollectionInfo,
        context: RequestContext,
        wanted: Wanted,
        joins: Joins,
        conditions: list[Fragment],
        tail: Fragment,
        *,
        beside: Sequence[Fragment] = (),
        fan: Fragment = NOTHING,
        in_order: bool = False,
    ) -> Plan:
        """The statement for records as whoever asks may see them, and the columns `beside` them.

        `fan` joins what makes several rows of one, the elements of a list.
        """
        shape = self.shape(collection, context, wanted)
        hides_email = not context.actor.superuser and collection.kind == "auth" and "email" in shape.names
        json = self._json(shape, halves=bool(beside)) if self.dialect.name == "sqlite" and not hides_email else None
        columns = json or [Fragment(_column(field)) for field in shape.fields] or [Fragment("1")]
        selected = [*columns, *beside]
        if hides_email:
            selected.append(self._email_shown(collection, context, joins))
        found = compose(self.from_where(collection, joins, conditions, fan), tail)
        if json is not None and in_order and collection.kind != "view":  # whose rows have no number
            found = self._rows_of(collection, found)
        return Plan(
            render(compose("SELECT ", join(", ", selected), found), self.dialect.name),
            shape,
            hides_email=hides_email,
            encoded=json is not None,
            beside=len(columns) if beside else 0,
        )

    @staticmethod
    def _json(shape: RecordShape, *, halves: bool) -> list[Fragment] | None:
        if halves:
            both = record_json_halves(shape, _column)
            return None if both is None else list(map(Fragment, both))
        whole = record_json(shape, _column)
        return None if whole is None else [Fragment(whole)]

    @staticmethod
    def _rows_of(collection: CollectionInfo, found: Fragment) -> Fragment:
        """The rows of a sorted page, looked up when it is known which they are.

        SQLite works out what a statement selects for each row that it sorts, and only then throws away all but a page.
        """
        page = compose(f'(SELECT "{ROW}".rowid AS "row"', found, ') AS "page"')
        return compose(" FROM ", page, f' CROSS JOIN {collection.source} AS "{ROW}" ON "{ROW}".rowid = "page"."row"')

    @staticmethod
    def from_where(
        collection: CollectionInfo, joins: Joins, conditions: Iterable[Fragment], fan: Fragment = NOTHING
    ) -> Fragment:
        where = join(" AND ", conditions)
        found = compose(f' FROM {collection.source} AS "{ROW}"', joins.fragment(), fan)
        return compose(found, " WHERE ", where) if where.sql else found

    def _email_shown(self, collection: CollectionInfo, context: RequestContext, joins: Joins) -> Fragment:
        """Whether the reader may see a record's address: all may, it is the reader's own, or the reader manages it."""

        def own_key(bindings: Bindings) -> Any:
            return self.key_value(collection, bindings.actor.id)

        ways = [Fragment(f"{_column(collection.by_name['emailVisibility'])} = TRUE")]
        if context.actor.collection is collection:
            ways.append(compose(_column(collection.key), " = ", slot(own_key)))
        rule = self.book.rule(collection, "manage")
        if rule is not None and rule != OPEN and not context.actor.guest:
            ways.append(self.book.compile(rule, collection, joins, ROW, signed_in_as=context.actor.collection))
        return compose("(", join(" OR ", ways), ")")

    def shape(self, collection: CollectionInfo, context: RequestContext, wanted: Wanted) -> RecordShape:
        """How records of the collection look to whoever asks."""
        key = ("shape", collection.name, context.access, context.actor.superuser, wanted)
        return self.remembered(key, lambda: self._shape(collection, context, wanted))

    def _shape(self, collection: CollectionInfo, context: RequestContext, wanted: Wanted) -> RecordShape:
        fields = self.access.visible(collection, context.access)
        if wanted is not None:
            fields = tuple(field for field in fields if field.name in wanted)
        return RecordShape(collection, fields, self.dialect.name, wanted)


def _column(field: FieldInfo) -> str:
    return f'"{ROW}".{quoted(field.column)}'


def _columns(fields: Iterable[FieldInfo]) -> list[Fragment]:
    return [Fragment(_column(field)) for field in fields]


def _key_binder(collection: CollectionInfo, dialect: Dialect) -> Callable[[str], Any]:
    if collection.key.family == "text":
        return lambda record_id: None if "\0" in record_id else record_id
    value = collection.key.value
    bind = value.bind(dialect.name)

    def binder(record_id: str) -> Any:
        key = value.coerce(record_id)
        return key if key is None or bind is None else bind(key)

    return binder
