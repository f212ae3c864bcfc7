"""Which records a filter finds, worked out in Python from the protocol's text alone (protocol.md §3.6-3.9).

It is slow and plain: every combination of joined records is tried.
"""

from collections.abc import Iterator, Sequence

from tests.reference.conditions import condition
from tests.reference.language import LONGEST_FILTER, Comparison, Forbidden, Group, Invalid, parse
from tests.reference.names import Names
from tests.reference.operands import BASE, Bound, Join, Operand
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
    question = _Question(world, asking, collection, as_reference=as_reference)
    question.add(text, client=client)
    if client and collection.list_rule:
        question.add(collection.list_rule, client=False)
    return {record["id"] for record in collection.records if question.holds(record)}


def may_list(world: World, asking: Asking, collection: Collection, record: Record) -> bool:
    """Whether the list rule lets a caller who is no superuser see a record."""
    if not collection.list_rule:
        return collection.list_rule is not None
    question = _Question(world, asking, collection)
    question.add(collection.list_rule, client=False)
    return question.holds(record)


class _Question:
    """A client's filter and the list rule, to be asked of records of a collection.

    They are one filter: where both name the same path, they speak of the same related record (seen on the reference).
    """

    def __init__(self, world: World, asking: Asking, collection: Collection, *, as_reference: bool = False) -> None:
        self.world, self.asking, self.collection, self.as_reference = world, asking, collection, as_reference
        self.trees: list[Group] = []
        self.operands: dict[int, tuple[Operand, Operand, bool]] = {}  # by the identity of the comparison
        self.joins: list[Join] = []
        self.passages: set[Join] = set()  # those that a client's path leads through

    def add(self, text: str, *, client: bool) -> None:
        tree = parse(text)
        names = Names(self.world, self.asking, self.collection, client, self.as_reference)
        for comparison in _comparisons(tree):
            pair = names.operand(comparison.left), names.operand(comparison.right)
            self.operands[id(comparison)] = (*pair, client)
            joins = [join for operand in pair for join in operand.joins]
            self.joins += [join for join in dict.fromkeys(joins) if join not in self.joins]
            if client:
                self.passages |= {join for join in joins if join.collection is not None}
        self.trees.append(tree)

    def holds(self, record: Record) -> bool:
        """Whether some combination of joined records satisfies all of it."""
        combinations = self.combinations(self.joins, {BASE: record})
        return any(all(self.truth(tree, bound) for tree in self.trees) for bound in combinations)

    def combinations(self, joins: Sequence[Join], bound: Bound, *, all: bool = False) -> Iterator[Bound]:
        """All ways to bind the joins, each LEFT JOINed: None where there is nothing.

        What a client may not list is not looked at; whether it counts as nothing, the join knows.
        """
        if not joins:
            yield bound
            return
        first, *rest = joins
        there = first.find(bound)
        seen = there if all else [found for found in there if self.passes(first, found)]
        for found in seen or ([None] if first.hides or not there else []):
            yield from self.combinations(rest, {**bound, first: found}, all=all)

    def passes(self, join: Join, found: Record) -> bool:
        if join not in self.passages:
            return True
        assert join.collection is not None
        return may_list(self.world, self.asking, join.collection, found)

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
        left, right, _ = self.operands[id(asked)]
        truth = condition(asked.operator, left, left.read(bound), right, right.read(bound))
        for operand in (left, right):
            if operand.guard is not None:
                truth = both(truth, operand.guard(bound))
        if asked.any_of or not (left.many or right.many):
            return truth
        return both(truth, not self.is_violated(asked, bound))

    def is_violated(self, asked: Comparison, bound: Bound) -> bool:
        left, right, client = self.operands[id(asked)]
        all = self.as_reference or not client
        return any(
            negated(condition(asked.operator, left, mine, right, other))
            for mine in self.values(left, bound, all)
            for other in self.values(right, bound, all)
        )

    def values(self, operand: Operand, bound: Bound, all: bool) -> list[int | float | str | None]:
        """All values of an operand for the record that is asked about, or its one value. `all`: seen or not."""
        if not operand.many:
            return [operand.read(bound)]
        return [
            operand.read(each)
            for each in self.combinations(operand.joins, {BASE: bound[BASE]}, all=all)
            if all or operand.guard is None or operand.guard(each)
        ]


def _comparisons(tree: Group | Comparison) -> Iterator[Comparison]:
    match tree:
        case Comparison():
            yield tree
        case Group(alternatives):
            for items in alternatives:
                for item in items:
                    yield from _comparisons(item)
