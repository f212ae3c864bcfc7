"""Conditions on the actor alone, answered without a database: what field rules are made of."""

from collections.abc import Callable

from piccobase.filters import requests, tree
from piccobase.filters.bindings import Bindings
from piccobase.filters.compiler import compare_values
from piccobase.filters.errors import InvalidFilter, UnknownField, UnsupportedFilter
from piccobase.filters.literals import LiteralValue
from piccobase.filters.operands import Read, Value

Condition = Callable[[Bindings], bool]


class ActorNames:
    """Knows `@request.auth.…`, `@request.roles` and the constants, and nothing of any row."""

    def resolve(self, name: tree.Name) -> Value:
        match name.path:
            case ("@request", "auth" | "roles", *_):
                return requests.request_value(name)
            case (word,) if not name.modifier and (value := requests.constant(word)):
                return value
        raise UnknownField(
            f'"{name}" cannot be asked here: a field rule depends on the actor alone '
            "(@request.auth.… and @request.roles).",
            name.at,
        )


def condition(parsed: tree.Filter, names: ActorNames) -> Condition:
    """A filter as a function of the request. Raises UnknownField or UnsupportedFilter, with the place."""
    try:
        return _node(parsed.root, names, parsed.literals)
    except InvalidFilter as error:
        raise error.within(parsed.text) from None


def _node(node: tree.Node, names: ActorNames, literals: tuple[LiteralValue, ...]) -> Condition:
    match node:
        case tree.All(parts):
            every = [_node(part, names, literals) for part in parts]
            return lambda bindings: all(holds(bindings) for holds in every)
        case tree.Any(parts):
            several = [_node(part, names, literals) for part in parts]
            return lambda bindings: any(holds(bindings) for holds in several)
        case tree.Comparison():
            left, right = _operand(node.left, names, literals), _operand(node.right, names, literals)
            return compare_values(left, node.operator, node.some, right)


def _operand(node: tree.Operand, names: ActorNames, literals: tuple[LiteralValue, ...]) -> Value:
    match node:
        case tree.Name():
            return names.resolve(node)
        case tree.Constant():
            return Value(kind=node.kind, read=_constant(literals[node.index]))
        case tree.Call():
            raise UnsupportedFilter("A field rule takes no functions.", node.at)


def _constant(value: LiteralValue) -> Read:
    return lambda bindings: value
