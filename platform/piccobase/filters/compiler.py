"""A tree and the meaning of its names become SQL. Exact about what NULL, empty texts and kinds of values do (§3.6)."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import assert_never

from piccobase.filters import tree
from piccobase.filters.bindings import Bindings
from piccobase.filters.closing import Condition, Every, Part, Some, closed
from piccobase.filters.dialects.base import (
    Dialect,
    as_text,
    group_of,
    is_null_safe,
    is_whole_point,
    is_word,
    pattern_binder,
    plain_text,
    with_blank,
)
from piccobase.filters.errors import InvalidFilter
from piccobase.filters.fragments import FALSE, TRUE, Fragment, compose, join
from piccobase.filters.functions import compile_call, made_flag
from piccobase.filters.joins import Fan, no_row
from piccobase.filters.literals import NUMBER_KINDS, TEXT_KINDS, LiteralValue
from piccobase.filters.names import Names
from piccobase.filters.operands import Changed, Column, Read, Value
from piccobase.filters.scalars import Scalar, holds
from piccobase.filters.tree import Operator

Side = Column | Value
_TURNED: dict[Operator, Operator] = {"=": "=", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


def compile_filter(parsed: tree.Filter, names: Names, dialect: Dialect, *, constants: bool = False) -> Fragment:
    """The condition a filter stands for, in parentheses where it is joined of several.

    With `constants` the filter's own literals are part of the fragment (a rule); without, they come from
    `Bindings.literals` when the statement runs (a client's filter, whose plan serves all filters of its shape).
    Rows that it needs appear in the names' Joins. Raises UnknownField, UnsupportedFilter or LockedRelation, with the
    place.
    """
    return closed([open_filter(parsed, names, dialect, constants=constants)])


def open_filter(parsed: tree.Filter, names: Names, dialect: Dialect, *, constants: bool = False) -> Condition:
    """The same, before its fans are closed: together with other conditions on the same record, which may speak of the
    same related rows. See `closing.closed`."""
    literals = parsed.literals if constants else None
    try:
        return _Compiler(names, dialect, literals).node(parsed.root)
    except InvalidFilter as error:
        raise error.within(parsed.text) from None


class _Compiler:
    def __init__(self, names: Names, dialect: Dialect, literals: tuple[LiteralValue, ...] | None) -> None:
        self._names, self._dialect, self._literals = names, dialect, literals

    def node(self, node: tree.Node) -> Condition:
        match node:
            case tree.All(parts):
                return Every(tuple(map(self.node, parts)))
            case tree.Any(parts):
                return Some(tuple(map(self.node, parts)))
            case tree.Comparison():
                try:
                    return self._comparison(node)
                except InvalidFilter as error:
                    error.at = error.at or node.at
                    raise
        assert_never(node)

    def _comparison(self, node: tree.Comparison) -> Part:
        left, right = self._sides(node, self._names)
        if isinstance(left, Value) and isinstance(right, Value):
            return Part(self._dialect.boolean_slot(compare_values(left, node.operator, node.some, right)))
        sides = (left, right)
        condition = join(" AND ", [self._condition(left, node.operator, right), *_guards(sides)])
        fans = _fans_of(sides)
        if not fans:
            return Part(condition)
        present = _passed(sides) if _rejects_null(left, node.operator, right) else frozenset()
        if node.some or not any(_is_many(side) for side in sides):
            return Part(condition, fans, present)
        none_violates = self._none_violates(node, left, right)
        if all(_is_many(side) for side in sides if isinstance(side, Column) and side.fans):
            return Part(condition, fans, present, none_violates)
        return Part(join(" AND ", [condition, none_violates]), fans, present)

    def _none_violates(self, node: tree.Comparison, left: Side, right: Side) -> Fragment:
        """That none of all values of an operand breaks the comparison (protocol.md §3.7): they are looked for anew,
        in rows of their own. What is unknown, because NULL is compared, breaks nothing."""
        fresh = [
            self._fresh(operand, side) if _is_many(side) else side
            for operand, side in ((node.left, left), (node.right, right))
        ]
        one, other = fresh
        condition = self._condition(one, node.operator, other)
        broken = compose("(", condition, ") IS NOT TRUE")
        where = [*_guards(fresh), broken]
        present: frozenset[str] = frozenset()
        if _is_unknown_of_null(one, node.operator, other):
            where[:0] = [self._is_there(side) for side in fresh if isinstance(side, Column) or not side.known]
            present = _passed(fresh)
        fans = _fans_of(side for side in fresh if _is_many(side))
        where += [rule for fan in fans for rule in fan.restrictions.values()]
        of_itself = all(isinstance(side, Value) or _is_many(side) for side in fresh)
        return no_row(fans, where, present, of_itself=of_itself)

    def _is_there(self, side: Side) -> Fragment:
        if isinstance(side, Column):
            return self._dialect.is_there(side)
        read = side.read
        return self._dialect.boolean_slot(lambda bindings: read(bindings) is not None)

    def _sides(self, node: tree.Comparison, names: Names) -> tuple[Side, Side]:
        left, right = self._operand(node.left, names), self._operand(node.right, names)
        if isinstance(left, Value) and left.read_many and isinstance(right, Column):
            left = names.spread(left)
        if isinstance(right, Value) and right.read_many and isinstance(left, Column):
            right = names.spread(right)
        return left, right

    def _fresh(self, operand: tree.Operand, side: Side) -> Side:
        """An operand once more, in rows of its own."""
        again = self._operand(operand, self._names.apart())
        return self._names.spread(again) if isinstance(again, Value) and again.read_many else again

    def _operand(self, node: tree.Operand, names: Names) -> Side:
        match node:
            case tree.Name():
                found = names.resolve(node)
                return self._whether_changed(found) if isinstance(found, Changed) else found
            case tree.Constant():
                return constant(node, self._literals)
            case tree.Call():
                return compile_call(node, [self._operand(each, names) for each in node.arguments], self._dialect)
        assert_never(node)

    def _whether_changed(self, asked: Changed) -> Column:
        """1 where a value was sent that is not the stored one, else 0."""
        is_set = self._dialect.boolean_slot(asked.is_set)
        differs = self._condition(asked.value, "!=", asked.column)
        return made_flag(compose("(", is_set, " AND (", differs, "))"))

    def _condition(self, left: Side, operator: Operator, right: Side) -> Fragment:
        if operator in ("~", "!~"):
            return self._like(left, right, negated=operator == "!~")
        if isinstance(left, Column) and isinstance(right, Column):
            return compose("(", self._dialect.columns(left, operator, right), ")")
        if isinstance(left, Column):
            assert isinstance(right, Value)
            return self._column_with_value(left, operator, right)
        assert isinstance(right, Column)
        return self._column_with_value(right, _TURNED[operator], left)

    def _like(self, left: Side, right: Side, *, negated: bool) -> Fragment:
        dialect = self._dialect
        if isinstance(left, Column):
            subject = with_blank(left, dialect.like_text(left))
        else:
            subject = dialect.text_slot(plain_text(left))
        if isinstance(right, Value):
            return dialect.like(subject, dialect.text_slot(pattern_binder(right.read)), negated=negated, folded=True)
        pattern = compose("('%' || ", with_blank(right, dialect.like_text(right)), " || '%')")
        return dialect.like(subject, pattern, negated=negated, folded=False)

    def _column_with_value(self, column: Column, operator: Operator, value: Value) -> Fragment:
        match group_of(column):
            case "json" if is_whole_point(column) and operator in ("=", "!=") and value.kind in ("empty", "null"):
                there = self._dialect.is_there(column)
                return compose("NOT (", there, ")") if operator == "=" else there
            case "json" if is_whole_point(column) and operator in ("=", "!=") and value.kind == "unknown":
                read = value.read
                nothing_if_empty = replace(value, read=lambda bindings: read(bindings) or None)
                return self._dialect.json_with_value(column, operator, nothing_if_empty)
            case "json":
                return self._dialect.json_with_value(column, operator, value)
            case "number":
                return self._number_with_value(column, operator, value)
        return self._text_with_value(column, operator, value)

    # A text column against a value

    def _text_with_value(self, column: Column, operator: Operator, value: Value) -> Fragment:
        dialect = self._dialect
        if column.bare and value.kind in NUMBER_KINDS:
            return self._above_numbers(with_blank(column, dialect.text(column)), operator)
        if operator in ("=", "!="):
            if value.kind in ("empty", "null") and not column.exact:
                return self._emptiness(column, operator)
            if value.kind == "null":
                return compose(dialect.text(column), " IS NULL" if operator == "=" else " IS NOT NULL")
            if value.kind == "unknown":
                return self._text_with_request(column, operator, value)
            left, right = dialect.native(column, operator, value) or self._texts(column, value)
            return compose(left, " = ", right) if operator == "=" else dialect.differs(left, right)
        if value.kind == "null":
            return FALSE
        native = dialect.native(column, operator, value)
        if native is not None and not column.blank:
            return compose(native[0], f" {operator} ", native[1])
        left, right = self._texts(column, value)
        text = with_blank(column, left)
        above = dialect.order(text, operator, right)
        if not column.bare or value.kind != "unknown" or operator not in (">", ">="):
            return above
        is_number = dialect.boolean_slot(lambda bindings: _is_number(value.read(bindings)))
        return compose("(", above, " OR (", text, " IS NOT NULL AND ", is_number, "))")

    def _texts(self, column: Column, value: Value) -> tuple[Fragment, Fragment]:
        return self._dialect.text(column), self._dialect.text_slot(as_text(column, value), column)

    def _emptiness(self, column: Column, operator: Operator) -> Fragment:
        if not self._dialect.holds_blank(column):
            return compose(column.sql, " IS NULL" if operator == "=" else " IS NOT NULL")
        text = self._dialect.text(column)
        if operator == "=":
            return compose("(", text, " = '' OR ", text, " IS NULL)") if column.nullable else compose(text, " = ''")
        return compose("(", text, " <> '' AND ", text, " IS NOT NULL)") if column.nullable else compose(text, " <> ''")

    def _text_with_request(self, column: Column, operator: Operator, value: Value) -> Fragment:
        """NULL and the empty text are one; written so that an index on the column serves `=`."""
        dialect, of_value = self._dialect, as_text(column, value)
        text = dialect.text(column)
        if column.exact:
            return self._exact_text_with_request(text, operator, dialect.text_slot(of_value, column), value)
        filled = dialect.text_slot(lambda bindings: filled_text(of_value(bindings), value.read(bindings)), column)
        if operator == "!=":
            return dialect.differs(compose("COALESCE(", text, ", '')") if column.nullable else text, filled)
        left, right = dialect.native(column, "=", value) or (text, filled)
        if not column.nullable:
            return compose(left, " = ", right)
        is_empty = dialect.boolean_slot(lambda bindings: value.read(bindings) in (None, ""))
        return compose("(", left, " = ", right, " OR (", text, " IS NULL AND ", is_empty, "))")

    def _exact_text_with_request(self, text: Fragment, operator: Operator, given: Fragment, value: Value) -> Fragment:
        """NULL equals NULL alone, and a number equals no text."""
        dialect, read = self._dialect, value.read
        if operator == "!=":
            is_number = dialect.boolean_slot(lambda bindings: _is_number(read(bindings)))
            return compose("(", dialect.differs(text, given), " OR ", is_number, ")")
        is_nothing = dialect.boolean_slot(lambda bindings: read(bindings) is None)
        return compose("(", text, " = ", given, " OR (", text, " IS NULL AND ", is_nothing, "))")

    # A number column against a value

    def _number_with_value(self, column: Column, operator: Operator, value: Value) -> Fragment:
        dialect = self._dialect
        number = dialect.number(column)
        match value.kind:
            case "unknown":
                return self._number_with_request(column, operator, value)
            case "empty" if column.exact and operator in ("=", "!="):
                return FALSE if operator == "=" else TRUE
            case "empty" | "null" if operator in ("=", "!="):
                return compose(number, " IS NULL" if operator == "=" else " IS NOT NULL")
            case "null":
                return FALSE
            case "empty":
                return self._below_texts(number, operator)
        if value.kind in TEXT_KINDS and (column.bare or value.kind != "numeric"):
            return self._below_texts(number, operator)
        left, right = dialect.native(column, operator, value) or (
            number, dialect.number_slot(column, value.kind, value.read),
        )  # fmt: skip
        return dialect.differs(left, right) if operator == "!=" else compose(left, f" {operator} ", right)

    def _number_with_request(self, column: Column, operator: Operator, value: Value) -> Fragment:
        dialect, read = self._dialect, value.read
        number, right = dialect.number(column), dialect.number_slot(column, "unknown", read)
        nothing = (None,) if column.exact else (None, "")
        match operator:
            case "=":
                is_empty = dialect.boolean_slot(lambda bindings: read(bindings) in nothing)
                return compose("(", number, " = ", right, " OR (", number, " IS NULL AND ", is_empty, "))")
            case "!=":
                word = dialect.boolean_slot(
                    lambda bindings: is_word(column, read(bindings)) and read(bindings) not in nothing
                )
                return compose("(", dialect.differs(number, right), " OR ", word, ")")
            case "<" | "<=":
                word = dialect.boolean_slot(lambda bindings: is_word(column, read(bindings)))
                return compose("(", number, f" {operator} ", right, " OR (", number, " IS NOT NULL AND ", word, "))")
        return compose(number, f" {operator} ", right)

    @staticmethod
    def _below_texts(number: Fragment, operator: Operator) -> Fragment:
        """A number against a text that is none: every number sorts below every text."""
        match operator:
            case "!=":
                return TRUE
            case "<" | "<=":
                return compose(number, " IS NOT NULL")
        return FALSE

    @staticmethod
    def _above_numbers(text: Fragment, operator: Operator) -> Fragment:
        """A text without affinity against a number."""
        match operator:
            case "!=":
                return TRUE
            case ">" | ">=":
                return compose(text, " IS NOT NULL")
        return FALSE


def constant(node: tree.Constant, literals: tuple[LiteralValue, ...] | None) -> Value:
    """A literal: one of those given (a rule's own), else one that comes with the bindings."""
    return Value(kind=node.kind, read=_literal(node.index, literals), token=node.kind in ("integer", "number"))


def _literal(index: int, literals: tuple[LiteralValue, ...] | None) -> Read:
    if literals is None:
        return lambda bindings: bindings.literals[index]
    value = literals[index]
    return lambda bindings: value


def _is_many(side: Side) -> bool:
    """Whether a comparison without `?` asks it of all of its values."""
    return isinstance(side, Column) and bool(side.fans) and side.every


def _fans_of(sides: Iterable[Side]) -> frozenset[Fan]:
    return frozenset(fan for side in sides if isinstance(side, Column) for fan in side.fans)


def _guards(sides: Iterable[Side]) -> list[Fragment]:
    return [side.guard for side in sides if isinstance(side, Column) and side.guard]


def _passed(sides: Iterable[Side]) -> frozenset[str]:
    """The rows without which an operand would be NULL; the length of no list is 0."""
    return frozenset(row for side in sides if isinstance(side, Column) and not side.length for row in side.rows)


def _rejects_null(left: Side, operator: Operator, right: Side) -> bool:
    """Whether a comparison cannot hold where an operand is NULL."""
    return operator != "!=" and (
        operator != "=" or any(isinstance(side, Value) and side.known for side in (left, right))
    )


def _is_unknown_of_null(left: Side, operator: Operator, right: Side) -> bool:
    """Whether it is neither true nor false of NULL (protocol.md §3.6): where `=` is not the null-safe one."""
    null_safe = any(isinstance(side, Column) and is_null_safe(side) for side in (left, right))
    return _rejects_null(left, operator, right) and not (operator == "=" and null_safe)


def _is_number(value: Scalar) -> bool:
    return value is not None and not isinstance(value, str)


def filled_text(text: str | None, value: Scalar) -> str | None:
    """The empty text for no value; None stays where a value has no text here."""
    return "" if value is None else text


def compare_values(left: Value, operator: Operator, some: bool, right: Value) -> Callable[[Bindings], bool]:
    """Two values are compared here and not in the database. Of a list one element suffices with `?`, else all count."""
    literal = left.known or right.known
    quantifier = any if some else all
    if operator in ("~", "!~") and not left.read_many:
        left = replace(left, read=plain_text(left))
    if not left.read_many and not right.read_many:
        one_left, one_right = left.read, right.read
        return lambda bindings: holds(one_left(bindings), operator, one_right(bindings), literal=literal)

    def condition(bindings: Bindings) -> bool:
        lefts = left.read_many(bindings) if left.read_many else [left.read(bindings)]
        rights = right.read_many(bindings) if right.read_many else [right.read(bindings)]
        return quantifier(holds(one, operator, other, literal=literal) for one in lefts for other in rights)

    return condition
