"""A filter as a tree of frozen nodes. `at` is a node's offset in the text. The tree knows no table."""

from dataclasses import dataclass
from typing import Literal

from piccobase.filters.literals import Kind, LiteralValue

Operator = Literal["=", "!=", ">", ">=", "<", "<=", "~", "!~"]


@dataclass(frozen=True, slots=True)
class Name:
    """`author.name:lower` is the path `("author", "name")` with the modifier `lower`."""

    path: tuple[str, ...]
    modifier: str
    at: int

    def __str__(self) -> str:
        return ".".join(self.path) + (f":{self.modifier}" if self.modifier else "")


@dataclass(frozen=True, slots=True)
class Constant:
    """A literal: its place among the filter's literals and its kind. The value is bound when the filter is asked."""

    index: int
    kind: Kind
    at: int


@dataclass(frozen=True, slots=True)
class Call:
    """A function with its arguments."""

    function: str
    arguments: "tuple[Operand, ...]"
    at: int


Operand = Name | Constant | Call


@dataclass(frozen=True, slots=True)
class Comparison:
    """`some` is the mark `?`: one of several values is enough."""

    left: Operand
    operator: Operator
    some: bool
    right: Operand
    at: int


@dataclass(frozen=True, slots=True)
class All:
    """Conditions joined by `&&`: two or more."""

    parts: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class Any:
    """Conditions joined by `||`: two or more."""

    parts: "tuple[Node, ...]"


Node = Comparison | All | Any


@dataclass(frozen=True, slots=True)
class Filter:
    """A parsed filter: its text, its tree, and the values of its literals in the order they stand there."""

    text: str
    root: Node
    literals: tuple[LiteralValue, ...]
