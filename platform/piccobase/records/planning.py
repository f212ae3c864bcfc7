"""Plans: what is worked out once for all requests of one shape. Pure: parses, resolves and compiles, runs nothing.

A plan's key is the collection, the kind of actor, the shape of the filter (its literals taken out), the sort and the
wanted fields; everything else is bound when the plan runs.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from msgspec import Raw

from piccobase.base.errors import Forbidden
from piccobase.filters.bindings import Bindings
from piccobase.filters.compiler import compile_filter
from piccobase.filters.dialects.base import Dialect
from piccobase.filters.fragments import Fragment, Statement, compose, join, quoted, render, slot
from piccobase.filters.joins import Joins
from piccobase.filters.names import CollectionNames
from piccobase.filters.parser import CLIENT_LIMITS, parse, refuse_reserved
from piccobase.filters.shape import Shape
from piccobase.filters.sorting import compile_sort, parse_sort
from piccobase.records.asking import ListQuery
from piccobase.records.encoding import RecordShape
from piccobase.records.sqlite_json import record_json
from piccobase.rules.book import OPEN, RuleBook
from piccobase.rules.context import RequestContext
from piccobase.rules.fields import FieldAccess
from piccobase.schema.collections import CollectionInfo, Verb
from piccobase.schema.fields import FieldInfo
from piccobase.schema.registry import Registry

MOST_PLANS = 2000
ROW = "r"  # the alias of the collection's own row in every statement
# Macros: what they stand for changes by itself. Their common beginnings are enough.
_VOLATILE = ("@now", "@yes", "@tom", "@today", "@month", "@year", "@second", "@minute", "@hour", "@day", "@week")


@dataclass(frozen=True, slots=True)
class Plan:
    """A statement with its slots still open, and the shape of the records that it finds."""

    statement: Statement
    shape: RecordShape
    total: Statement | None = None
    remember_total: bool = False
    hides_email: bool = False  # the last column says whether the address may be seen
    encoded: bool = False  # the only column is the record's JSON

    def records(self, rows: list[Any]) -> list[Any]:
        """Rows as records: Structs, or what is JSON already."""
        if self.encoded:
            return [Raw(row[0]) for row in rows]
        if self.hides_email:
            return self.shape.records(rows, email_shown=[bool(row[-1]) for row in rows])
        return self.shape.records(rows)


Made = TypeVar("Made")


@dataclass(slots=True, kw_only=True)
class Asked(Bindings):
    """What a statement of this room is run with: the filters' bindings, and a key, a page and a draft of its own."""

    key: Any = None
    limit: int = 0
    offset: int = 0
    draft: Sequence[Any] = ()  # driver values of a draft, in the order of the collection's fields


def of_key(bindings: Bindings) -> Any:
    return cast("Asked", bindings).key


def _limit(bindings: Bindings) -> int:
    return cast("Asked", bindings).limit


def _offset(bindings: Bindings) -> int:
    return cast("Asked", bindings).offset


class Planner:
    """Makes plans and remembers them. One for a database and a registry."""

    def __init__(self, registry: Registry, book: RuleBook, access: FieldAccess, dialect: Dialect) -> None:
        self.registry, self.book, self.access, self.dialect = registry, book, access, dialect
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

    def view(self, collection: CollectionInfo, context: RequestContext, wanted: frozenset[str] | None) -> Plan:
        """One record by key, under the view rule."""
        key = ("view", collection.name, context.kind, wanted)
        return self.remembered(key, lambda: self._view(collection, context, wanted, "view"))

    def seen(self, collection: CollectionInfo, context: RequestContext, wanted: frozenset[str] | None) -> Plan:
        """One record by key without any rule: what whoever just wrote it gets to see."""
        key = ("seen", collection.name, context.kind, wanted)
        return self.remembered(key, lambda: self._view(collection, context, wanted, None))

    def _view(
        self, collection: CollectionInfo, context: RequestContext, wanted: frozenset[str] | None, verb: Verb | None
    ) -> Plan:
        joins = Joins(self.dialect)
        conditions = [self.key_condition(collection)]
        if verb is not None and (rule := self.rule_condition(collection, context, verb, joins)) is not None:
            conditions.append(rule)
        return self._select(collection, context, wanted, joins, conditions, Fragment(""))

    def page(
        self,
        collection: CollectionInfo,
        context: RequestContext,
        asked: ListQuery,
        shape: Shape | None,
        wanted: frozenset[str] | None,
    ) -> Plan:
        """A page, under the list rule and the client's filter and sort."""
        key = ("list", collection.name, context.kind, shape and shape.key, asked.sort, wanted)
        return self.remembered(key, lambda: self._list(collection, context, asked, wanted))

    def _list(
        self, collection: CollectionInfo, context: RequestContext, asked: ListQuery, wanted: frozenset[str] | None
    ) -> Plan:
        if not context.actor.superuser:
            refuse_reserved(asked.filter)
            refuse_reserved(asked.sort)
        joins = Joins(self.dialect)
        conditions = []
        if (rule := self.rule_condition(collection, context, "list", joins)) is not None:
            conditions.append(rule)
        names = self.client_names(collection, context, joins)
        if asked.filter:
            conditions.append(compile_filter(parse(asked.filter, limits=CLIENT_LIMITS), names, self.dialect))
        order = compile_sort(parse_sort(asked.sort), names, self.dialect, text=asked.sort)
        if (restriction := joins.restrictions()) is not None:
            conditions.append(restriction)
        tail = compose(self._order(collection, order), " LIMIT ", slot(_limit), " OFFSET ", slot(_offset))
        plan = self._select(collection, context, wanted, joins, conditions, tail, in_order=bool(order.sql))
        count = compose("SELECT COUNT(*)", self._from(collection, joins, conditions))
        texts = f"{asked.filter} {collection.rules.get('list') or ''}"
        return Plan(
            plan.statement,
            plan.shape,
            total=render(count, self.dialect.name),
            remember_total=not any(macro in texts for macro in _VOLATILE),
            hides_email=plan.hides_email,
            encoded=plan.encoded,
        )

    def _order(self, collection: CollectionInfo, order: Fragment) -> Fragment:
        # SQLite answers in the order of insertion by itself, ties too. PostgreSQL promises nothing, and pages would
        # overlap: there the key decides last.
        last = [Fragment(_column(collection.key))] if self.dialect.name == "postgres" else []
        parts = [order, *last] if order.sql else last
        return compose(" ORDER BY ", join(", ", parts)) if parts else Fragment("")

    def client_names(self, collection: CollectionInfo, context: RequestContext, joins: Joins) -> CollectionNames:
        """What the names in a client's filter or sort may mean to whoever asks."""
        if context.actor.superuser:
            return CollectionNames(
                collection=collection,
                find=self.registry.find,
                joins=joins,
                alias=ROW,
                signed_in_as=context.actor.collection,
            )
        return CollectionNames(
            collection=collection,
            find=self.registry.find,
            joins=joins,
            alias=ROW,
            readable=lambda where, field: self._may_ask_about(where, field, context.access),
            passage=self.book.passage,
            private_email=True,
        )

    def _may_ask_about(self, collection: CollectionInfo, field: FieldInfo, access: int) -> bool:
        return self.access.may_read(field, access)

    def rule_condition(
        self, collection: CollectionInfo, context: RequestContext, verb: Verb, joins: Joins, *, draft: bool = False
    ) -> Fragment | None:
        """The rule of a verb for the row, None where it asks nothing. Raises Forbidden where it lets nobody through."""
        if context.actor.superuser:
            return None
        rule = self.book.rule(collection, verb)
        if rule is None:
            raise Forbidden("Only superusers can perform this action.")
        if rule == OPEN:
            return None
        return self.book.compile(rule, collection, joins, ROW, signed_in_as=context.actor.collection, draft=draft)

    def refuse_locked(self, collection: CollectionInfo, context: RequestContext, verb: Verb) -> None:
        """Raises Forbidden where only superusers may, before anything else is looked at (protocol.md §2.1)."""
        if not context.actor.superuser and self.book.rule(collection, verb) is None:
            raise Forbidden("Only superusers can perform this action.")

    def key_condition(self, collection: CollectionInfo) -> Fragment:
        return compose(_column(collection.key), " = ", slot(of_key))

    def key_value(self, collection: CollectionInfo, record_id: str) -> Any:
        """An id from a path as a driver value; None if no record can have it."""
        return self._key_binders[collection.name](record_id)

    def _select(
        self,
        collection: CollectionInfo,
        context: RequestContext,
        wanted: frozenset[str] | None,
        joins: Joins,
        conditions: list[Fragment],
        tail: Fragment,
        *,
        in_order: bool = False,
    ) -> Plan:
        shape = self.shape(collection, context, wanted)
        hides_email = not context.actor.superuser and collection.kind == "auth" and "email" in shape.names
        json = record_json(shape, _column) if self.dialect.name == "sqlite" and not hides_email else None
        if json is not None:
            found = compose(self._from(collection, joins, conditions), tail)
            if in_order:
                found = self._rows_of(collection, found)
            statement = compose("SELECT ", json, found)
            return Plan(render(statement, self.dialect.name), shape, encoded=True)
        columns = [Fragment(_column(field)) for field in shape.fields] or [Fragment("1")]
        if hides_email:
            columns.append(self._email_shown(collection, context, joins))
        statement = compose("SELECT ", join(", ", columns), self._from(collection, joins, conditions), tail)
        return Plan(render(statement, self.dialect.name), shape, hides_email=hides_email)

    @staticmethod
    def _rows_of(collection: CollectionInfo, found: Fragment) -> Fragment:
        """The rows of a sorted page, looked up when it is known which they are.

        SQLite works out what a statement selects for each row that it sorts, and only then throws away all but a page.
        """
        page = compose(f'(SELECT "{ROW}".rowid AS "row"', found, ') AS "page"')
        return compose(" FROM ", page, f' CROSS JOIN {collection.source} AS "{ROW}" ON "{ROW}".rowid = "page"."row"')

    @staticmethod
    def _from(collection: CollectionInfo, joins: Joins, conditions: Iterable[Fragment]) -> Fragment:
        where = join(" AND ", conditions)
        found = compose(f' FROM {collection.source} AS "{ROW}"', joins.fragment())
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

    def shape(self, collection: CollectionInfo, context: RequestContext, wanted: frozenset[str] | None) -> RecordShape:
        """How records of the collection look to whoever asks."""
        key = ("shape", collection.name, context.access, context.actor.superuser, wanted)
        return self.remembered(key, lambda: self._shape(collection, context, wanted))

    def _shape(self, collection: CollectionInfo, context: RequestContext, wanted: frozenset[str] | None) -> RecordShape:
        fields = self.access.visible(collection, context.access)
        if wanted is not None:
            fields = tuple(field for field in fields if field.name in wanted)
        return RecordShape(collection, fields, self.dialect.name, wanted)


def _column(field: FieldInfo) -> str:
    return f'"{ROW}".{quoted(field.column)}'


def _key_binder(collection: CollectionInfo, dialect: Dialect) -> Callable[[str], Any]:
    if collection.key.family == "text":
        return lambda record_id: None if "\0" in record_id else record_id
    value = collection.key.value
    bind = value.bind(dialect.name)

    def binder(record_id: str) -> Any:
        key = value.coerce(record_id)
        return key if key is None or bind is None else bind(key)

    return binder
