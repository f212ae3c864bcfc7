"""Rules answered without a database: what hangs on the request, and on texts and flags of a record that is in hand.

The second thing that becomes of a tree, beside the compiler's SQL: with the same names and the same values, and only
for comparisons whose meaning is plain. A rule with any other is the database's, and so is a value that surprises.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from piccobase.filters import tree
from piccobase.filters.bindings import Bindings
from piccobase.filters.compiler import compare_values, constant, filled_text
from piccobase.filters.dialects.base import as_text
from piccobase.filters.literals import TEXT_KINDS
from piccobase.filters.names import CollectionNames
from piccobase.filters.operands import Column, Value
from piccobase.schema.fields import FieldInfo

Row = Sequence[Any]
Verdict = bool | None  # None: the database has to be asked
Decide = Callable[[Bindings, Row], Verdict]


class Decision(NamedTuple):
    """How a rule is decided of a record. `decide` takes the driver values of `fields`, in that order."""

    fields: tuple[FieldInfo, ...]
    decide: Decide


class _Unclear(Exception):
    """Only the database can answer this comparison."""


def decision_of(rule: tree.Filter, names: CollectionNames) -> Decision | None:
    """How a rule with its own literals is decided here; None where the database has to be asked.

    The rule must be one that compiles with these names.
    """
    decider = _Decider(rule, names)
    try:
        decide = decider.node(rule.root)
    except _Unclear:
        return None
    return Decision(tuple(decider.fields), decide)


class _Decider:
    def __init__(self, rule: tree.Filter, names: CollectionNames) -> None:
        self._literals, self._names = rule.literals, names
        self.fields: list[FieldInfo] = []

    def node(self, node: tree.Node) -> Decide:
        match node:
            case tree.All(parts):
                return _all([self.node(part) for part in parts])
            case tree.Any(parts):
                return _any([self.node(part) for part in parts])
        return self._comparison(node)

    def _comparison(self, node: tree.Comparison) -> Decide:
        left, right = self._operand(node.left), self._operand(node.right)
        if isinstance(left, Value) and isinstance(right, Value):
            holds = compare_values(left, node.operator, node.some, right)
            return lambda bindings, row: holds(bindings)
        if node.operator not in ("=", "!="):
            raise _Unclear
        if isinstance(left, Value):
            left, right = right, left
        if not isinstance(left, Column) or not isinstance(right, Value) or right.read_many:
            raise _Unclear
        return self._equality(left, right, wanted=node.operator == "=")

    def _operand(self, operand: tree.Operand) -> Column | Value:
        match operand:
            case tree.Constant():
                return constant(operand, self._literals)
            case tree.Name():
                found = self._names.resolve(operand)
                if isinstance(found, Value) or (isinstance(found, Column) and self._is_own(operand, found)):
                    return found
        raise _Unclear

    def _is_own(self, name: tree.Name, column: Column) -> bool:
        """Whether a name is a field of the record itself, and nothing but its value."""
        own = self._names.collection.by_name.get(name.path[0])
        return len(name.path) == 1 and not name.modifier and column.field is own and column.guard is None

    def _equality(self, column: Column, value: Value, *, wanted: bool) -> Decide:
        if column.field not in self.fields:
            self.fields.append(column.field)
        place = self.fields.index(column.field)
        if column.field.family == "boolean" and value.kind == "boolean":
            return _flag_equality(place, value, wanted=wanted)
        if _is_plain_text(column.field):
            return _text_equality(place, column, value, wanted=wanted)
        raise _Unclear


def _is_plain_text(field: FieldInfo) -> bool:
    """No enum, which PostgreSQL casts, and no type that pads or folds what it holds."""
    declared = str(field.piccolo.column_type).upper().partition("(")[0]
    return field.family == "text" and declared in ("TEXT", "VARCHAR")


def _text_equality(place: int, column: Column, value: Value, *, wanted: bool) -> Decide:
    """NULL is the empty text, but where the text compared with is a literal that is not empty (protocol.md §3.6)."""
    if value.kind in ("empty", "null", "unknown"):
        empty = "" if column.nullable else None
        text, read = as_text(column, value), value.read
        given = (lambda bindings: filled_text(text(bindings), read(bindings))) if value.kind == "unknown" else _nothing
    elif value.kind in TEXT_KINDS:
        empty, given = None, as_text(column, value)
    else:
        raise _Unclear

    def decide(bindings: Bindings, row: Row) -> Verdict:
        stored, sought = row[place], given(bindings)
        if stored is None:
            stored = empty
        if type(stored) is not str or sought is None or "\0" in sought:
            return None
        return (stored == sought) is wanted

    return decide


def _nothing(bindings: Bindings) -> str:
    return ""


def _flag_equality(place: int, value: Value, *, wanted: bool) -> Decide:
    read = value.read

    def decide(bindings: Bindings, row: Row) -> Verdict:
        stored = row[place]
        return None if stored is None else (stored == read(bindings)) is wanted

    return decide


def _all(parts: Sequence[Decide]) -> Decide:
    def decide(bindings: Bindings, row: Row) -> Verdict:
        verdict: Verdict = True
        for part in parts:
            found = part(bindings, row)
            if found is False:
                return False
            if found is None:
                verdict = None
        return verdict

    return decide


def _any(parts: Sequence[Decide]) -> Decide:
    def decide(bindings: Bindings, row: Row) -> Verdict:
        verdict: Verdict = False
        for part in parts:
            found = part(bindings, row)
            if found:
                return True
            if found is None:
                verdict = None
        return verdict

    return decide
