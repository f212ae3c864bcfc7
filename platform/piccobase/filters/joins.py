"""The rows that paths lead to. A row that is the only one of its kind is joined to the statement itself; where a path
fans out into many, its rows live in a fan, which stands inside an EXISTS and never in the statement's own FROM.

The same path leads to the same row, so that two conditions speak of one related record (protocol.md §3.7).
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import TYPE_CHECKING

from piccobase.filters.errors import TooManyRows
from piccobase.filters.fragments import TRUE, Fragment, compose, join, quoted
from piccobase.filters.operands import Column
from piccobase.filters.paths import Hop
from piccobase.schema.collections import CollectionInfo

if TYPE_CHECKING:
    from piccobase.filters.dialects.base import Dialect

_ONE = Fragment("1")
MOST_ROWS = 50  # in one FROM; SQLite joins 64 tables and no more

Table = Callable[[str], Fragment]
"""The alias of a row -> a table that stands under it, or what ties it to the rows before it."""

Listed = Callable[[str, "Joins"], Fragment]
"""The list rule as a condition on a row: (its alias, joins for the rule's own paths) -> condition."""

Passage = Callable[[CollectionInfo], Listed | None]
"""What a client may see of a collection that a path goes into: None for everything. Raises LockedRelation for nothing.
"""


@dataclass(frozen=True, slots=True)
class Joined:
    """A row's place in a FROM: a table under an alias, and what ties it to the rows before it."""

    alias: str
    table: Fragment
    on: Fragment


@dataclass(frozen=True, slots=True)
class Pointing:
    """How the records of a back-relation are tied to the one they point to, where no index finds them by that.

    `seen` is what a client may see of them. PostgreSQL works out by itself what to do then.
    """

    pointer: Fragment
    key: Fragment
    seen: Fragment


@dataclass(slots=True, eq=False)
class Scope:
    """Rows that are joined one after another: those of the statement, or those of one fan.

    `restrictions` are what a client may see of the rows, by alias.
    """

    joined: list[Joined] = field(default_factory=list)
    restrictions: dict[str, Fragment] = field(default_factory=dict)

    @property
    def fans(self) -> "tuple[Fan, ...]":
        """The fans it stands in, the outermost first."""
        return ()


@dataclass(slots=True, eq=False)
class Fan(Scope):
    """The rows that a path fans out into, and all that are joined behind them. `order`: as they are stored."""

    number: int = 0
    outer: "tuple[Fan, ...]" = ()
    order: list[Fragment] = field(default_factory=list)
    pointing: Pointing | None = None

    @property
    def fans(self) -> "tuple[Fan, ...]":
        return (*self.outer, self)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Row:
    """A row that paths go on from. `alias` is quoted for SQL; `present` is NULL where there is no such row.

    `passed` are the aliases of the rows within fans on the way to it, its own among them.
    """

    alias: str
    collection: CollectionInfo
    scope: Scope
    present: Fragment | None = None
    draft: bool = False
    passed: tuple[str, ...] = ()

    @property
    def key(self) -> Fragment:
        return self.column(self.collection.key.column)

    def column(self, name: str) -> Fragment:
        return Fragment(f"{self.alias}.{quoted(name)}")


def _always(alias: str) -> Fragment:
    return TRUE


class Joins:
    """Grows while the filters and sorts of one statement are compiled; then `fragment` goes behind FROM."""

    def __init__(self, dialect: "Dialect", *, numbers: Iterator[int] | None = None) -> None:
        self.dialect = dialect
        self.statement = Scope()
        self._numbers = count(1) if numbers is None else numbers
        self._single: dict[object, Row] = {}  # of the statement
        self._fanned: dict[object, Row] = {}  # within fans
        self.entered: set[CollectionInfo] = set()  # whose records any part of the statement looks at

    def apart(self) -> "Joins":
        """The same rows, but fans of their own: for what is asked of all values of a path."""
        other = self.inside()
        other.statement, other._single = self.statement, self._single
        return other

    def inside(self) -> "Joins":
        """Those of a statement within this one: nothing is shared but the numbers of aliases."""
        other = Joins(self.dialect, numbers=self._numbers)
        other.entered = self.entered
        return other

    def fragment(self) -> Fragment:
        """All joins of the statement, each with a blank before it; empty for none."""
        return join("", [_left(joined) for joined in self.statement.joined])

    def scopes(self) -> list[Scope]:
        """The statement's own scope and that of every fan."""
        fans = {id(row.scope): row.scope for row in self._fanned.values()}
        return [self.statement, *fans.values()]

    def step(self, row: Row, hop: Hop, passage: Passage | None = None) -> Row:
        """The row, or one for many rows, that a hop leads to; with `passage` on behalf of a client.

        Along a relation a client's question leaves out records that point to what the client may not list
        (protocol.md §3.9). Against a relation, a record that the client may not list counts as absent: the client
        must not even notice it. Since a rule sees it all the same, the two speak of different rows then.
        """
        listed = passage(hop.target) if passage is not None else None
        if hop.back:
            return self._back(row, hop, listed)
        found = self._along(row, hop)
        if listed is not None and found.alias not in found.scope.restrictions:
            absent = compose(found.key, " IS NULL OR ")
            found.scope.restrictions[found.alias] = compose("(", absent, self._of_its_own(found.alias, listed), ")")
        return found

    def elements(self, row: Row, name: str, table: Table) -> Row:
        """The elements of a list, one by one, in the column `value`. `row` is the record that the list belongs to."""
        return self._join(row, ("elements", name), row.collection, table, _always, self._in_order)

    def begin(self, key: object, collection: CollectionInfo, on: Table = _always) -> Row:
        """Records of a collection to which no path leads from the statement's own row: all of them, but for `on`."""
        start = Row(alias="", collection=collection, scope=self.statement)
        return self._records(start, key, collection, on, many=True)

    def _along(self, row: Row, hop: Hop) -> Row:
        relation = hop.relation
        column = row.column(relation.column)
        if relation.multiple:
            listed = Column(field=relation, sql=column, strict=row.collection.strict)
            row = self.elements(row, relation.name, lambda alias: self.dialect.elements(listed, alias))
        return self.target(row, hop, None if relation.multiple else column)

    def target(self, row: Row, hop: Hop, key: Fragment | None = None) -> Row:
        """The record with the key `key`, or whose key is the text that the element `row` holds."""
        target, dialect = hop.target, self.dialect

        def on(alias: str) -> Fragment:
            own = Fragment(f"{alias}.{quoted(target.key.column)}")
            if key is not None:
                return compose(own, " = ", key)
            return compose(own, " = ", dialect.key_of_text(target.key, Fragment(f'{row.alias}."value"')))

        return self._records(row, hop.key, target, on, many=False)

    def _back(self, row: Row, hop: Hop, listed: Listed | None) -> Row:
        relation = hop.relation

        def seen(alias: str) -> Fragment:
            return TRUE if listed is None else self._of_its_own(alias, listed)

        def on(alias: str) -> Fragment:
            pointer = Fragment(f"{alias}.{quoted(relation.column)}")
            points = self.dialect.contains(pointer, row.key) if relation.multiple else compose(pointer, " = ", row.key)
            return points if listed is None else compose(points, " AND ", seen(alias))

        found = self._records(row, (hop.key, listed is not None), hop.target, on, many=hop.many)
        scanned = hop.many and not relation.multiple and not hop.indexed
        if scanned and isinstance(found.scope, Fan) and self.dialect.name == "sqlite":
            found.scope.pointing = Pointing(found.column(relation.column), row.key, seen(found.alias))
        return found

    def _of_its_own(self, alias: str, listed: Listed) -> Fragment:
        """A list rule in parentheses, with the rows that its own paths lead to inside."""
        joins = self.inside()
        rule = listed(alias, joins)
        if not joins.statement.joined:
            return compose("(", rule, ")")
        return compose('EXISTS (SELECT 1 FROM (SELECT 1) AS "one"', joins.fragment(), " WHERE ", rule, ")")

    def _records(self, row: Row, key: object, collection: CollectionInfo, on: Table, *, many: bool) -> Row:
        self.entered.add(collection)

        def table(alias: str) -> Fragment:
            return Fragment(f"{collection.source} AS {alias}")

        def order(alias: str) -> list[Fragment]:
            return self.dialect.insertion_order(collection, alias)

        return self._join(row, key, collection, table, on, order if many else None)

    def _join(
        self,
        row: Row,
        key: object,
        collection: CollectionInfo,
        table: Table,
        on: Table,
        order: Callable[[str], list[Fragment]] | None,
    ) -> Row:
        """The row under `key` behind `row`, made if it is not there. With an `order` there are many, in a fan."""
        fanned = order is not None or isinstance(row.scope, Fan)
        known = self._fanned if fanned else self._single
        if (found := known.get((row.alias, key))) is not None:
            return found
        number = next(self._numbers)
        alias = quoted(f"via_{number}")
        scope = row.scope if order is None else Fan(number=number, outer=row.scope.fans, order=order(alias))
        scope.joined.append(Joined(alias, table(alias), on(alias)))
        if len(scope.joined) > MOST_ROWS:
            raise TooManyRows(f"A filter can look at {MOST_ROWS} related records at once and no more.")
        found = known[row.alias, key] = Row(
            alias=alias,
            collection=collection,
            scope=scope,
            present=Fragment(f"{alias}.{quoted(collection.key.column)}"),
            passed=(*row.passed, alias) if fanned else (),
        )
        return found

    @staticmethod
    def _in_order(alias: str) -> list[Fragment]:
        return [Fragment(f'{alias}."key"')]


def select(
    what: Fragment, joined: Sequence[Joined], where: Sequence[Fragment], present: Collection[str] = ()
) -> Fragment:
    """`SELECT … FROM` the rows of fans. Where nothing is found there is one row that is absent.

    The rows in `present` are known to be there wherever `where` holds: the database may begin with any of them.
    """
    if len(joined) > MOST_ROWS:
        raise TooManyRows(f"A filter can look at {MOST_ROWS} related records at once and no more.")
    conditions = list(where)
    first, *others = joined
    if first.alias in present:
        source = first.table
        if first.on is not TRUE:
            conditions.insert(0, first.on)
    else:
        source, others = Fragment('(SELECT 1) AS "one"'), list(joined)
    tables = [_inner(each) if each.alias in present else _left(each) for each in others]
    selected = compose("SELECT ", what, " FROM ", source, join("", tables))
    return compose(selected, " WHERE ", join(" AND ", conditions)) if conditions else selected


def rows_of(fans: Iterable[Fan]) -> list[Joined]:
    """The rows of some fans, outer ones first: fans are numbered as they are opened."""
    return [joined for fan in sorted(fans, key=lambda fan: fan.number) for joined in fan.joined]


def no_row(fans: Collection[Fan], where: Sequence[Fragment], present: Collection[str], *, of_itself: bool) -> Fragment:
    """That fans have no such row; that there may be none at all is of no account.

    `of_itself`: `where` speaks of nothing but these rows. Then they can be looked for once and not for each record,
    which is the way where no index leads from a record to those that point to it.
    """
    first, *others = rows_of(fans)
    outermost = min(fans, key=lambda fan: fan.number)
    pointing = outermost.pointing
    if pointing is None or not of_itself or not all(outermost in fan.fans for fan in fans):
        return compose("NOT EXISTS (", select(_ONE, [first, *others], where, present), ")")
    pointers = [replace(first, on=pointing.seen), *others]
    known = compose(pointing.pointer, " IS NOT NULL")
    found = select(pointing.pointer, pointers, [known, *where], {first.alias, *present})
    return compose("(", pointing.key, " IS NULL OR ", pointing.key, " NOT IN (", found, "))")


def _left(joined: Joined) -> Fragment:
    return compose(" LEFT JOIN ", joined.table, " ON ", joined.on)


def _inner(joined: Joined) -> Fragment:
    return compose(" JOIN ", joined.table, " ON ", joined.on)
