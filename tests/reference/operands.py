"""What a name in a filter reads, and from which joined records (protocol.md §3.5, §3.7).

An operand reads from *bound* records: each join of its path is bound to one record, one element of a list, or None.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tests.reference.language import Invalid
from tests.reference.storage import Affinity, Truth, Value, lower
from tests.reference.world import LISTS, Collection, Field, inside, scalar

COUNTABLE = (*LISTS, "select", "relation")  # kinds of fields that `:each` and `:length` are for
MODIFIERS = ("lower", "length", "each", "isset", "changed")


@dataclass(frozen=True)
class Join:
    """A hop of a path. Two of the same name are one and the same within a filter."""

    name: str
    parent: "Join | None" = field(default=None, compare=False)
    find: "Callable[[Bound], list[Any]]" = field(default=lambda bound: [], compare=False)
    collection: Collection | None = field(default=None, compare=False)  # what it brings records of
    hides: bool = field(default=False, compare=False)  # what may not be listed is absent, not in the way

    def chain(self) -> "tuple[Join, ...]":
        """This join and those it needs, the outermost first; the record that is asked about is no join."""
        return () if self.parent is None else (*self.parent.chain(), self)


Bound = Mapping[Join, Any]
BASE = Join("")


@dataclass(frozen=True)
class Operand:
    read: Callable[[Bound], Value]
    affinity: Affinity = Affinity.NONE
    joins: tuple[Join, ...] = ()
    many: bool = False  # there may be several values for one record
    is_literal: bool = False  # written in the filter, or a macro
    is_sent: bool = False  # a value of the request, the same for every record
    is_null_safe: bool = False  # JSON, geoDistance and `:changed` are compared with IS
    guard: Callable[[Bound], Truth] | None = None  # whether the address that is read may be read
    instant: bool = False  # of a strict collection: literals beside it are moments
    exact: int | None = None  # a whole number as it was written
    strict: bool = False

    def is_empty_literal(self) -> bool:
        return self.is_literal and self.read({}) in ("", None)


def split(name: str) -> tuple[str, str]:
    """A path and the modifier at its end."""
    path, colon, modifier = name.rpartition(":")
    if not colon or "." in modifier:  # the colon stands before an alias
        return name, ""
    if modifier not in MODIFIERS or (":" in path.rpartition(".")[2]):
        raise Invalid(f"no modifier {modifier}")
    return path, modifier


def fixed(value: Value, modifier: str, is_set: bool = True) -> Operand:
    """A value of the request, the same for every record."""
    if modifier == "isset":
        return Operand(lambda _: int(is_set))
    if modifier in ("length", "each", "changed"):
        raise Invalid(f":{modifier} of a single value of the request")
    return Operand(lambda _: lower(value) if modifier == "lower" else value, is_sent=True)


def elements(at: Join, name: str) -> Join:
    """The elements of a list. `cats:each` and `cats.name` speak of the same element: seen on the reference."""
    return Join(f"{at.name}.{name}[]", at, lambda bound: [] if bound[at] is None else as_list(bound[at][name]))


def _only_element(at: Join, name: str) -> Join:
    """A single value as a list of one, also where it is empty, and then a text: seen on the reference."""
    return Join(f"{at.name}.{name}[]", at, lambda bound: [] if bound[at] is None else [bound[at][name] or ""])


def as_list(value: Any) -> list[Any]:
    if isinstance(value, list):
        return value
    return [] if value in (None, "") else [value]


def json_operand(of: Field, at: Join, path: list[str], modifier: str, many: bool) -> Operand:
    def value(bound: Bound) -> Value:
        found = None if bound[at] is None else scalar(inside(bound[at][of.name], path))
        return lower(found) if modifier == "lower" else found

    return Operand(value, joins=at.chain(), many=many, is_null_safe=True)


def modified(operand: Operand, of: Field, at: Join, modifier: str) -> Operand:
    countable = of.kind in COUNTABLE
    if modifier == "lower":
        return replace(operand, read=lambda bound: lower(operand.read(bound)), affinity=Affinity.NONE, instant=False)
    if modifier == "length" and countable:
        # JSON_ARRAY_LENGTH of a list; a missing record has none.
        return replace(
            operand,
            read=lambda bound: 0 if bound[at] is None else len(as_list(bound[at][of.name])),
            affinity=Affinity.NONE,
        )
    if modifier == "each" and countable:
        element = elements(at, of.name) if of.kind in LISTS else _only_element(at, of.name)
        return replace(
            operand,
            read=lambda bound: bound[element],
            affinity=Affinity.NONE,
            joins=element.chain(),
            many=operand.many or of.kind in LISTS,
        )
    if modifier in ("isset", "changed"):
        raise Invalid(f":{modifier} of a field")
    return operand
