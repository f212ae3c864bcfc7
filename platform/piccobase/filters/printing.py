"""A filter's tree as lines that a person reads: one comparison a line, what is joined indented below `all` or `any`."""

from typing import assert_never

from piccobase.filters import tree
from piccobase.filters.literals import LiteralValue


def tree_lines(parsed: tree.Filter) -> list[str]:
    """The lines of a whole filter."""
    return _lines(parsed.root, parsed.literals)


def comparison_text(node: tree.Comparison, literals: tuple[LiteralValue, ...]) -> str:
    """A comparison as it would be written, literals in single quotes."""
    operator = f"{'?' if node.some else ''}{node.operator}"
    return f"{_operand(node.left, literals)} {operator} {_operand(node.right, literals)}"


def _lines(node: tree.Node, literals: tuple[LiteralValue, ...]) -> list[str]:
    match node:
        case tree.All(parts):
            return ["all of", *_indented(parts, literals)]
        case tree.Any(parts):
            return ["any of", *_indented(parts, literals)]
        case tree.Comparison():
            return [comparison_text(node, literals)]
    assert_never(node)


def _indented(parts: tuple[tree.Node, ...], literals: tuple[LiteralValue, ...]) -> list[str]:
    return [f"  {line}" for part in parts for line in _lines(part, literals)]


def _operand(operand: tree.Operand, literals: tuple[LiteralValue, ...]) -> str:
    match operand:
        case tree.Name():
            return str(operand)
        case tree.Constant():
            value = literals[operand.index]
            return repr(value) if isinstance(value, str) else str(value)
        case tree.Call(function, arguments):
            return f"{function}({', '.join(_operand(argument, literals) for argument in arguments)})"
    assert_never(operand)
