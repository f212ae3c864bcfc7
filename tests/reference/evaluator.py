"""Which records a filter finds, worked out in Python from the protocol's text alone (protocol.md §3.6-3.9).

It is slow and plain: every combination of joined records is tried.
"""

from collections.abc import Iterator, Sequence

from tests.reference.conditions import condition
from tests.reference.language import LONGEST_FILTER, Comparison, Forbidden, Group, Invalid, parse
from tests.reference.operands import BASE, Bound, Join, Names, Operand
from tests.reference.storage import Truth, both, either, negated
from tests.reference.world import Asking, Collection, Record, World

RESERVED = ("@request.", "@collection.")


def matching(
    world: World, asking: Asking, collection: Collection, text: str, *, as_reference: bool = False
) -> set[str]:
    """The ids that `GET …/records?filter=text` brings. Raises `Invalid` (400) or `Forbidden` (403).

    `as_reference`: PocketBase holds all related values against a plain operator, also those that the caller may not
    list and private addresses, and so tells whether they satisfy it. Piccobase looks only at what may be seen.
    """
    client = not asking.superuser
    if client and collection.list_rule is None:
        raise Forbidden("a locked collection")
    if client and any(word in text for word in RESERVED):
        raise Forbidden("words of rules")
    if len(text.encode()) > LONGEST_FILTER:
        raise Invalid("too long")
    question = _Question(world, asking, collection, text, client, sees_all=as_reference)
    return {
        record["id"]
        for record in collection.records
        if question.holds(record) and (not client or may_list(world, asking, collection, record))
    }


def may_list(world: World, asking: Asking, collection: Collection, record: Record) -> bool:
    """Whether the list rule lets a caller who is no superuser see a record."""
    if collection.list_rule is None:
        return False
    return _Question(world, asking, collection, collection.list_rule, client=False).holds(record)


class _Question:
    """A filter with its names resolved, to be asked of records of a collection."""

    def __init__(
        self, world: World, asking: Asking, collection: Collection, text: str, client: bool, *, sees_all: bool = False
    ) -> None:
        self.world, self.asking, self.client, self.sees_all = world, asking, client, sees_all
        names = Names(world, asking, collection, client, lambda target: target.list_rule is not None)
        self.tree = parse(text) if text else None
        self.operands: dict[Comparison, tuple[Operand, Operand]] = {}
        for comparison in _comparisons(self.tree):
            self.operands[comparison] = names.operand(comparison.left), names.operand(comparison.right)
        found = [join for pair in self.operands.values() for each in pair for join in each.joins]
        self.joins = list(dict.fromkeys(found))

    def holds(self, record: Record) -> bool:
        """Whether some combination of joined records satisfies the filter."""
        if self.tree is None:
            return True
        return any(self.truth(self.tree, bound) for bound in self.combinations(self.joins, {BASE: record}))

    def combinations(self, joins: Sequence[Join], bound: Bound, *, all: bool = False) -> Iterator[Bound]:
        """All ways to bind the joins, each LEFT JOINed: None where there is nothing.

        What a client may not list is not looked at, nor does it count as nothing.
        """
        if not joins:
            yield bound
            return
        first, *rest = joins
        for found in first.find(bound) or [None]:
            if all or found is None or self.passes(first, found):
                yield from self.combinations(rest, {**bound, first: found}, all=all)

    def passes(self, join: Join, found: Record) -> bool:
        return not self.client or join.collection is None or may_list(self.world, self.asking, join.collection, found)

    def truth(self, tree: Group | Comparison, bound: Bound) -> Truth:
        if isinstance(tree, Comparison):
            return self.comparison(tree, bound)
        some: Truth = False
        for items in tree.alternatives:
            every: Truth = True
            for item in items:
                every = both(every, self.truth(item, bound))
            some = either(some, every)
        return some

    def comparison(self, asked: Comparison, bound: Bound) -> Truth:
        """Some joined row satisfies it and, unless it is written with `?`, no value of the record violates it."""
        left, right = self.operands[asked]
        truth = condition(asked.operator, left, left.read(bound), right, right.read(bound))
        for operand in (left, right):
            if operand.guard is not None:
                truth = both(truth, operand.guard(bound))
        if asked.any_of or not (left.many or right.many):
            return truth
        return both(truth, not self.is_violated(asked, bound))

    def is_violated(self, asked: Comparison, bound: Bound) -> bool:
        left, right = self.operands[asked]
        return any(
            negated(condition(asked.operator, left, mine, right, other))
            for mine in self.values(left, bound)
            for other in self.values(right, bound)
        )

    def values(self, operand: Operand, bound: Bound) -> list[object]:
        """All values of an operand for the record that is asked about, or its one value."""
        if not operand.many:
            return [operand.read(bound)]
        return [
            operand.read(each)
            for each in self.combinations(operand.joins, {BASE: bound[BASE]}, all=self.sees_all)
            if operand.guard is None or self.sees_all or operand.guard(each)
        ]


def _comparisons(tree: Group | Comparison | None) -> Iterator[Comparison]:
    match tree:
        case Comparison():
            yield tree
        case Group(alternatives):
            for items in alternatives:
                for item in items:
                    yield from _comparisons(item)
