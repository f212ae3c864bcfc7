"""A tree and the meaning of its names become SQL. Exact about what NULL, empty texts and kinds of values do (§3.6)."""

from collections.abc import Callable
from dataclasses import replace
from typing import assert_never

from piccobase.filters import tree
from piccobase.filters.bindings import Bindings
from piccobase.filters.dialects.base import Dialect, as_text, group_of, is_word, pattern_binder, plain_text, with_blank
from piccobase.filters.errors import InvalidFilter, UnsupportedFilter
from piccobase.filters.fragments import FALSE, TRUE, Fragment, compose, join
from piccobase.filters.literals import NUMBER_KINDS, TEXT_KINDS, LiteralValue
from piccobase.filters.names import Names
from piccobase.filters.operands import Column, Read, Value
from piccobase.filters.scalars import Scalar, holds
from piccobase.filters.tree import Operator
from piccobase.schema.values.text import TextValue

_TURNED: dict[Operator, Operator] = {"=": "=", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


def compile_filter(parsed: tree.Filter, names: Names, dialect: Dialect, *, constants: bool = False) -> Fragment:
    """The condition a filter stands for, in parentheses where it is joined of several.

    With `constants` the filter's own literals are part of the fragment (a rule); without, they come from
    `Bindings.literals` when the statement runs (a client's filter, whose plan serves all filters of its shape).
    Joins appear in the names' Joins. Raises UnknownField, UnsupportedFilter or LockedRelation, with the place.
    """
    literals = parsed.literals if constants else None
    try:
        return _Compiler(names, dialect, literals).node(parsed.root)
    except InvalidFilter as error:
        raise error.within(parsed.text) from None


class _Compiler:
    def __init__(self, names: Names, dialect: Dialect, literals: tuple[LiteralValue, ...] | None) -> None:
        self._names, self._dialect, self._literals = names, dialect, literals
        self._lists: set[str] = set()  # columns whose elements have been compared

    def node(self, node: tree.Node) -> Fragment:
        match node:
            case tree.All(parts):
                return compose("(", join(" AND ", map(self.node, parts)), ")")
            case tree.Any(parts):
                return compose("(", join(" OR ", map(self.node, parts)), ")")
            case tree.Comparison():
                return self._comparison(node)
        assert_never(node)

    def _comparison(self, node: tree.Comparison) -> Fragment:
        left, right = self._operand(node.left), self._operand(node.right)
        try:
            condition = self._condition(left, node.operator, node.some, right)
        except UnsupportedFilter as error:
            error.at = error.at or node.at
            raise
        guards = [side.guard for side in (left, right) if isinstance(side, Column) and side.guard]
        return join(" AND ", [condition, *guards]) if guards else condition

    def _operand(self, node: tree.Operand) -> Column | Value:
        match node:
            case tree.Name():
                return self._names.resolve(node)
            case tree.Constant():
                return Value(kind=node.kind, read=self._literal(node.index), token=node.kind in ("integer", "number"))
            case tree.Call():
                raise UnsupportedFilter(f"The function {node.function} is not supported yet.", node.at)
        assert_never(node)

    def _literal(self, index: int) -> Read:
        if self._literals is None:
            return lambda bindings: bindings.literals[index]
        value = self._literals[index]
        return lambda bindings: value

    def _condition(self, left: Column | Value, operator: Operator, some: bool, right: Column | Value) -> Fragment:
        if isinstance(left, Value) and isinstance(right, Value):
            return self._dialect.boolean_slot(compare_values(left, operator, some, right))
        if any(isinstance(side, Value) and side.read_many for side in (left, right)):
            raise UnsupportedFilter("A list of the request cannot be compared with a field yet.")
        for side in (left, right):
            if isinstance(side, Column) and side.each:
                return self._of_elements(side, left, operator, some, right)
        if operator in ("~", "!~"):
            return self._like(left, right, negated=operator == "!~")
        if isinstance(left, Column) and isinstance(right, Column):
            return compose("(", self._dialect.columns(left, operator, right), ")")
        if isinstance(left, Column):
            assert isinstance(right, Value)
            return self._column_with_value(left, operator, right)
        assert isinstance(right, Column)
        return self._column_with_value(right, _TURNED[operator], left)

    def _of_elements(
        self, listed: Column, left: Column | Value, operator: Operator, some: bool, right: Column | Value
    ) -> Fragment:
        """`:each`: some element satisfies the comparison, and without `?` none violates it (protocol.md §3.7).

        An empty list counts as one element that is NULL. Two comparisons of one list would speak of the same element
        in the reference; here each would look for its own, so the second is refused.
        """
        if listed.sql.sql in self._lists:
            raise UnsupportedFilter(f"{listed.field.name}:each can be compared once in a filter, for now.")
        self._lists.add(listed.sql.sql)
        element = replace(
            listed,
            field=replace(listed.field, value=TextValue(), target=""),
            sql=Fragment('"element"."value"'),
            nullable=True,
            blank=False,
            each=False,
            guard=None,
        )
        sides = [element if side is listed else side for side in (left, right)]
        holds = self._condition(sides[0], operator, some, sides[1])
        rows = compose("SELECT 1 FROM ", self._dialect.elements(listed), " WHERE ")
        found = compose("EXISTS (", rows, holds, ")")
        return found if some else compose("(", found, " AND NOT EXISTS (", rows, "NOT (", holds, ")))")

    def _like(self, left: Column | Value, right: Column | Value, *, negated: bool) -> Fragment:
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
            case "json":
                return self._dialect.json_with_value(column, operator, value)
            case "number":
                return self._number_with_value(column, operator, value)
        return self._text_with_value(column, operator, value)

    # A text column against a value

    def _text_with_value(self, column: Column, operator: Operator, value: Value) -> Fragment:
        dialect = self._dialect
        if column.lower and value.kind in NUMBER_KINDS:
            return self._above_numbers(dialect.text(column), operator)
        if operator in ("=", "!="):
            if value.kind in ("empty", "null"):
                return self._emptiness(column, operator)
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
        return dialect.order(with_blank(column, left), operator, right)

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
        filled = dialect.text_slot(lambda bindings: _filled(of_value(bindings), value.read(bindings)), column)
        if operator == "!=":
            return dialect.differs(compose("COALESCE(", text, ", '')") if column.nullable else text, filled)
        left, right = dialect.native(column, "=", value) or (text, filled)
        if not column.nullable:
            return compose(left, " = ", right)
        is_empty = dialect.boolean_slot(lambda bindings: value.read(bindings) in (None, ""))
        return compose("(", left, " = ", right, " OR (", text, " IS NULL AND ", is_empty, "))")

    # A number column against a value

    def _number_with_value(self, column: Column, operator: Operator, value: Value) -> Fragment:
        dialect = self._dialect
        number = dialect.number(column)
        match value.kind:
            case "unknown":
                return self._number_with_request(column, operator, value)
            case "empty" | "null" if operator in ("=", "!="):
                return compose(number, " IS NULL" if operator == "=" else " IS NOT NULL")
            case "null":
                return FALSE
            case "empty":
                return self._below_texts(number, operator)
        if value.kind in TEXT_KINDS and (column.length or value.kind != "numeric"):
            return self._below_texts(number, operator)
        left, right = dialect.native(column, operator, value) or (
            number, dialect.number_slot(column, value.kind, value.read),
        )  # fmt: skip
        return dialect.differs(left, right) if operator == "!=" else compose(left, f" {operator} ", right)

    def _number_with_request(self, column: Column, operator: Operator, value: Value) -> Fragment:
        dialect, read = self._dialect, value.read
        number, right = dialect.number(column), dialect.number_slot(column, "unknown", read)
        match operator:
            case "=":
                is_empty = dialect.boolean_slot(lambda bindings: read(bindings) in (None, ""))
                return compose("(", number, " = ", right, " OR (", number, " IS NULL AND ", is_empty, "))")
            case "!=":
                word = dialect.boolean_slot(lambda bindings: is_word(column, read(bindings)) and read(bindings) != "")
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


def _filled(text: str | None, value: Scalar) -> str | None:
    """The empty text for no value; None stays where a value has no text here."""
    return "" if value is None else text


def compare_values(left: Value, operator: Operator, some: bool, right: Value) -> Callable[[Bindings], bool]:
    """Two values are compared here and not in the database. Of a list one element suffices with `?`, else all count."""
    literal = left.known or right.known
    quantifier = any if some else all
    if operator in ("~", "!~") and not left.read_many:
        left = replace(left, read=plain_text(left))

    def condition(bindings: Bindings) -> bool:
        lefts = left.read_many(bindings) if left.read_many else [left.read(bindings)]
        rights = right.read_many(bindings) if right.read_many else [right.read(bindings)]
        return quantifier(holds(one, operator, other, literal=literal) for one in lefts for other in rights)

    return condition
