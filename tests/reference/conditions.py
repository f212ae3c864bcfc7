"""The condition that each operator means for two values (protocol.md §3.6)."""

from tests.reference.moments import instant, wire
from tests.reference.operands import Operand
from tests.reference.storage import (
    Affinity,
    Truth,
    Value,
    as_text,
    brought_together,
    contains_pattern,
    is_same,
    like,
    negated,
    order,
    shortest,
)

ORDERS = {">": (1,), ">=": (1, 0), "<": (-1,), "<=": (-1, 0)}


def condition(operator: str, left: Operand, mine: Value, right: Operand, other: Value) -> Truth:
    """`mine operator other`, where `left` and `right` say what the two values are."""
    if operator == "~":
        return like(mine, _pattern(right, other))
    if operator == "!~":
        return negated(condition("~", left, mine, right, other))
    mine, other = _of_strict_collections(left, mine, right), _of_strict_collections(right, other, left)
    if operator == "!=":
        return not condition("=", left, mine, right, other)  # null-safe: NULL differs from every literal
    if operator == "=" and not _is_null_safe(left, right) and not (left.is_literal or right.is_literal):
        mine, other = "" if mine is None else mine, "" if other is None else other
        if left.is_sent or right.is_sent:
            mine, other = brought_together(mine, left.affinity, other, right.affinity)
        # Nothing equals the empty text. Between two fields, COALESCE takes away the affinity of a column.
        return is_same(mine, other)
    mine, other = brought_together(mine, left.affinity, other, right.affinity)
    if operator == "=":
        return _equals(left, mine, right, other)
    return None if mine is None or other is None else order(mine, other) in ORDERS[operator]


def _is_null_safe(left: Operand, right: Operand) -> bool:
    return left.is_null_safe or right.is_null_safe


def _equals(left: Operand, mine: Value, right: Operand, other: Value) -> Truth:
    """With a literal, or null-safe."""
    if _is_null_safe(left, right):
        return is_same(mine, other)
    for literal, value in ((left, other), (right, mine)):
        if literal.is_empty_literal():
            return value is None or value == ""
    return None if mine is None or other is None else is_same(mine, other)


def _pattern(right: Operand, other: Value) -> Value:
    """Of a literal number the shortest writing counts, not the one in the filter: `~ 5.0` looks for 5."""
    if other is None:
        return None
    if right.is_literal or right.is_sent:
        return contains_pattern(shortest(other if right.exact is None else right.exact))
    return f"%{as_text(other)}%"


def _of_strict_collections(operand: Operand, value: Value, beside: Operand) -> Value:
    """Beside a date of a strict collection a literal is a moment; whole numbers are as they were written."""
    if not operand.is_literal:
        return value
    if beside.instant and isinstance(value, str) and (moment := instant(value)) is not None:
        return wire(moment)
    if beside.strict and beside.affinity is Affinity.NUMERIC and operand.exact is not None:
        return operand.exact
    return value
