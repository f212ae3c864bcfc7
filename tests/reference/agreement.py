"""Asks servers and the evaluator the same filters, and makes what they disagree about small."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from dataclasses import field as dataclass_field
from datetime import datetime
from random import Random

from tests.reference.evaluator import matching
from tests.reference.language import (
    Call,
    Comparison,
    Forbidden,
    Group,
    Identifier,
    Invalid,
    Number,
    Operand,
    Text,
    parse,
)
from tests.reference.making import FilterMaking
from tests.reference.pools import DATES, DATES_IN_FILTERS, NUMBERS, TEXTS, WHOLE, number, quoted
from tests.reference.serving import UNSUPPORTED, Outcome
from tests.reference.world import Asking, Field, Record, World
from tests.reference.worlds import MOMENT, a_world, an_asking, records_of

Ask = Callable[[str, str, Asking], Awaitable[Outcome]]
Expect = Callable[[World, "Question"], Outcome]


@dataclass(frozen=True)
class Question:
    collection: str
    text: str
    asking: Asking


@dataclass
class Tally:
    """What came of many questions."""

    asked: int = 0
    found_some: int = 0  # neither nothing nor everything: the filters that prove most
    refused: int = 0
    unsupported: int = 0
    disagreements: list[str] = dataclass_field(default_factory=list)

    def add(self, other: "Tally") -> None:
        self.asked += other.asked
        self.found_some += other.found_some
        self.refused += other.refused
        self.unsupported += other.unsupported
        self.disagreements += other.disagreements

    def __str__(self) -> str:
        return (
            f"{self.asked} asked, {self.found_some} found a part of the records, {self.refused} refused by both, "
            f"{self.unsupported} not built, {len(self.disagreements)} disagreements"
        )


def expected(world: World, question: Question, *, as_reference: bool = False) -> Outcome:
    collection = world.collections[question.collection]
    try:
        return frozenset(matching(world, question.asking, collection, question.text, as_reference=as_reference))
    except Invalid:
        return "400"
    except Forbidden:
        return "403"


def questions(dice: Random, world: World, count: int, moment: datetime = MOMENT) -> Iterator[Question]:
    """Each third one is the one before with other literals, for which a server may have kept a plan."""
    question: Question | None = None
    for _ in range(count):
        if question is not None and dice.random() < 0.33:
            yield replace(question, text=written(_with_other_literals(dice, parse(question.text))))
            continue
        collection = dice.choice(list(world.collections.values()))
        asking = an_asking(dice, world, collection, moment)
        text = FilterMaking(dice, world, collection, superuser=asking.superuser).filter()
        question = Question(collection.name, text, asking)
        yield question


def _with_other_literals(dice: Random, tree: Group) -> Group:
    def operand(of: Operand) -> Operand:
        match of:
            case Text():
                return Text(dice.choice(TEXTS + DATES + DATES_IN_FILTERS))
            case Number():
                return Number(number(dice.choice([*NUMBERS, *WHOLE])))
        return of

    def item(of: Comparison | Group) -> Comparison | Group:
        if isinstance(of, Group):
            return _with_other_literals(dice, of)
        return replace(of, left=operand(of.left), right=operand(of.right))

    return Group(tuple(tuple(map(item, items)) for items in tree.alternatives))


async def compare(world: World, asked: Iterator[Question], ask: Ask, expect: Expect, tally: Tally) -> None:
    """Adds to `tally` what one server answers to each question."""
    for question in asked:
        mine = expect(world, question)
        theirs = await ask(question.collection, question.text, question.asking)
        tally.asked += 1
        if theirs == UNSUPPORTED:
            tally.unsupported += 1
        elif mine != theirs:
            small = await smallest(world, question, ask, expect)
            tally.disagreements.append(report(world, small, expect(world, small), await _ask(ask, small)))
        elif isinstance(mine, str):
            tally.refused += 1
        elif 0 < len(mine) < len(world.collections[question.collection].records):
            tally.found_some += 1


async def _ask(ask: Ask, question: Question) -> Outcome:
    return await ask(question.collection, question.text, question.asking)


async def smallest(world: World, question: Question, ask: Ask, expect: Expect) -> Question:
    """A shorter filter that both sides still answer differently, as short as taking parts away makes it."""
    try:
        tree = parse(question.text)
    except Invalid:
        return question
    while True:
        for smaller in _smaller(tree):
            candidate = replace(question, text=written(smaller))
            theirs = await _ask(ask, candidate)
            if theirs != UNSUPPORTED and expect(world, candidate) != theirs:
                tree, question = smaller, candidate
                break
        else:
            return question


def _smaller(tree: Group) -> Iterator[Group]:
    """The tree with one of its parts left out, or one of its groups alone."""
    for at, items in enumerate(tree.alternatives):
        others = tree.alternatives[:at], tree.alternatives[at + 1 :]
        if others[0] or others[1]:
            yield Group((*others[0], *others[1]))
        for place, item in enumerate(items):
            if isinstance(item, Group):
                yield item
                for inner in _smaller(item):
                    yield Group((*others[0], (*items[:place], inner, *items[place + 1 :]), *others[1]))
            if len(items) > 1:
                yield Group((*others[0], (*items[:place], *items[place + 1 :]), *others[1]))


def written(tree: Group | Comparison | Operand) -> str:
    """A tree as a filter again."""
    match tree:
        case Group(alternatives):
            return " || ".join(
                " && ".join(f"({written(item)})" if isinstance(item, Group) else written(item) for item in items)
                for items in alternatives
            )
        case Comparison(left, operator, right, any_of):
            return f"{written(left)} {'?' if any_of else ''}{operator} {written(right)}"
        case Identifier(name):
            return name
        case Number(digits):
            return digits
        case Text(value):
            return quoted(value)
        case Call(name, arguments):
            return f"{name}({', '.join(map(written, arguments))})"


def report(world: World, question: Question, mine: Outcome, theirs: Outcome) -> str:
    """Everything that is needed to see a disagreement again."""
    asking = question.asking
    actor = "superuser" if asking.superuser else f"people {asking.record['id']}" if asking.record else "guest"
    rules = [collection.list_rule or "" for collection in world.collections.values()]
    if any("@request.body" in text for text in (question.text, *rules)):
        actor += f" with the body {asking.body}"
    lines = [
        f"{question.collection}?filter={' '.join(question.text.split(chr(10)))}   asked by {actor}",
        f"  evaluator: {_shown(mine)}",
        f"  server:    {_shown(theirs)}",
    ]
    for collection in world.collections.values():
        kind = "strict" if collection.strict else "lenient"
        fields = ", ".join(_described(each) for each in collection.fields)
        lines += [f"  {collection.name} ({kind}, list={collection.list_rule!r}): {fields}"]
        lines += [f"    {_values(record)}" for record in collection.records]
    return "\n".join(lines)


def _shown(outcome: Outcome) -> str:
    return outcome if isinstance(outcome, str) else str(sorted(outcome))


def _described(field: Field) -> str:
    parts = [field.name, field.kind, field.target]
    marks = [mark for mark in ("hidden", "members_only", "unique", "nullable") if getattr(field, mark)]
    return " ".join(part for part in (*parts, *marks) if part)


def _values(record: Record) -> dict[str, object]:
    return {name: value for name, value in record.items() if name not in ("collectionId", "collectionName", "expand")}


def new_world(seed: int, **options: bool | None) -> tuple[Random, World, list[tuple[str, Record]]]:
    """The world of a seed with the drafts of its records, and dice to go on with."""
    dice = Random(seed)
    world = a_world(dice, **options)  # type: ignore[arg-type]
    return dice, world, records_of(dice, world)


def settle(world: World, made: dict[str, list[Record]], ids: dict[str, str], superuser: Record) -> None:
    """Puts the stored records into the world, now that they and the collections have their ids."""
    world.superusers.records = [superuser]
    world.superusers.id = "pbc_3142635823"
    for name, collection in world.collections.items():
        collection.records = made.get(name, [])
        collection.id = ids[name]
