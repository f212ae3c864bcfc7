"""The questions a compiler asks of a dialect. SQLite's comparisons are the measure (protocol.md §3.6); PostgreSQL gives
the same answers by explicit casts. No answer relies on the affinity of a column: a draft is a one-row CTE without any.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from decimal import Decimal
from typing import Literal

from piccobase.base.clock import instant_text
from piccobase.filters.bindings import Bindings
from piccobase.filters.errors import UnsupportedFilter
from piccobase.filters.fragments import Fragment, compose
from piccobase.filters.literals import Kind
from piccobase.filters.operands import Column, Read, Value
from piccobase.filters.scalars import Scalar, as_double, decimal_of, float_of, fold, number_of, pattern_of, text_of
from piccobase.filters.tree import Operator
from piccobase.schema.values import base
from piccobase.schema.values.dates import parse_instant

Group = Literal[
    "text",  # texts, with SQLite's text affinity
    "lowered",  # texts without affinity: what a function has made
    "number",  # numbers, with numeric affinity
    "json",  # whatever a JSON value holds, without affinity
]
_NUMBER_FAMILIES = frozenset({"integer", "number", "decimal", "boolean", "duration"})


def group_of(column: Column) -> Group:
    """How the values of a column are compared. Raises UnsupportedFilter for bytes."""
    family = column.field.family
    if column.length:
        return "number"
    if column.lower:
        return "lowered"
    if family in ("json", "geo"):
        return "json"
    if family == "bytes":
        raise UnsupportedFilter(f'"{column.field.name}" holds bytes, which cannot be compared.')
    return "number" if family in _NUMBER_FAMILIES else "text"


class Dialect(ABC):
    """One database's SQL. All fragments are whole expressions that can stand as an operand."""

    name: base.Dialect

    # Texts

    @abstractmethod
    def text(self, column: Column) -> Fragment:
        """A column's text: what the wire shows. NULL stays NULL."""

    @abstractmethod
    def text_slot(self, read: Callable[[Bindings], str | None], column: Column | None = None) -> Fragment:
        """A slot for a text, to be compared with `text(column)` if there is one."""

    @abstractmethod
    def native(self, column: Column, operator: Operator, value: Value) -> tuple[Fragment, Fragment] | None:
        """Column and slot in the column's own type where that compares as the texts do, so that an index helps."""

    @abstractmethod
    def holds_blank(self, column: Column) -> bool:
        """Whether the column can hold an empty text at all."""

    @abstractmethod
    def order(self, left: Fragment, operator: str, right: Fragment) -> Fragment:
        """Binary comparison of two texts."""

    @abstractmethod
    def like(self, left: Fragment, right: Fragment, *, negated: bool, folded: bool) -> Fragment:
        """LIKE without regard to the case of ASCII letters only; `folded`: the pattern is in lower case already."""

    @abstractmethod
    def like_text(self, column: Column) -> Fragment:
        """A column as LIKE sees it: whole numbers without a point, JSON values as texts."""

    # Numbers

    @abstractmethod
    def number(self, column: Column) -> Fragment:
        """A column as a number to compare with `number_slot`."""

    @abstractmethod
    def number_slot(self, column: Column, kind: Kind, read: Read) -> Fragment:
        """A slot for a number that compares exactly with `number(column)`."""

    @abstractmethod
    def boolean_slot(self, read: Callable[[Bindings], bool]) -> Fragment:
        """A slot for a condition."""

    # Both

    @abstractmethod
    def differs(self, left: Fragment, right: Fragment) -> Fragment:
        """Not equal, where two NULLs are equal; never NULL."""

    @abstractmethod
    def json_with_value(self, column: Column, operator: Operator, value: Value) -> Fragment:
        """A JSON value against a value; `=` is null-safe."""

    @abstractmethod
    def columns(self, left: Column, operator: Operator, right: Column) -> Fragment:
        """Column against column, but for LIKE."""

    @abstractmethod
    def sort_keys(self, column: Column) -> list[Fragment]:
        """Expressions that sort as the column does: binary texts, decimals as numbers."""

    @abstractmethod
    def sorted(self, key: Fragment, *, descending: bool) -> Fragment:
        """An item of ORDER BY: NULL comes first when ascending."""

    @abstractmethod
    def elements(self, column: Column) -> Fragment:
        """A table `element` with the elements of a list in its column `value`; one NULL for an empty list."""

    def equals_key(self, column: Column, read: Read) -> Fragment:
        """Whether a row's key is the one that `read` gives; an index serves it."""
        if group_of(column) == "number":
            return compose(self.number(column), " = ", self.number_slot(column, "unknown", read))
        value = Value(kind="unknown", read=read)
        left, right = self.native(column, "=", value) or (
            self.text(column),
            self.text_slot(as_text(column, value), column),
        )
        return compose(left, " = ", right)


def as_text(column: Column, value: Value) -> Callable[[Bindings], str | None]:
    """The text of a value for a column: where a strict collection compares dates the instant it means, otherwise the
    text that SQLite's text affinity makes."""
    if column.lower:
        # A function's result has no affinity: a number equals no text.
        return lambda bindings: found if isinstance(found := value.read(bindings), str) else None
    text, family = plain_text(value), column.field.family
    if column.strict and family in ("instant", "date"):
        form = date_text if family == "date" else instant_text_of
        return lambda bindings: form(text(bindings))
    return text


def plain_text(value: Value) -> Callable[[Bindings], str | None]:
    """The text of a value; a number token is a double and shows its point."""
    read = value.read
    if value.token:
        return lambda bindings: text_of(as_double(read(bindings)))
    return lambda bindings: text_of(read(bindings))


def instant_text_of(text: str | None) -> str | None:
    """A text that reads as a date, in the wire's form; any other as it is."""
    moment = parse_instant(text) if text else None
    return text if moment is None else instant_text(moment)


def date_text(text: str | None) -> str | None:
    """As `instant_text_of`, for days stored as `YYYY-MM-DD`: midnight is the bare day, and a later time of that day
    sorts right behind it."""
    text = instant_text_of(text)
    return text.removesuffix(" 00:00:00.000Z") if text else text


def as_number(column: Column, read: Read) -> Callable[[Bindings], int | float | None]:
    """The number of a value, None where it is none. In a lenient collection numbers outside of texts are doubles."""

    def number(bindings: Bindings) -> int | float | None:
        given = read(bindings)
        value = _counted(column, given)
        if value is None:
            return None
        if isinstance(value, int) and (column.strict or isinstance(given, str)) and abs(value) < 2**63:
            return value
        double = float_of(value)
        return int(double) if double.is_integer() and abs(double) < 2**63 else double

    return number


def _counted(column: Column, value: Scalar) -> int | float | Decimal | None:
    """The number of a value; with a `:length`, which has no affinity, a text is none whatever it reads as."""
    return None if column.length and isinstance(value, str) else number_of(value)


def is_word(column: Column, value: Scalar) -> bool:
    """Whether a value is a text that is no number to a number column."""
    return isinstance(value, str) and _counted(column, value) is None


def as_decimal(column: Column, read: Read) -> Callable[[Bindings], Decimal | None]:
    """As `as_number`, to compare exactly: with a decimal column every digit counts, elsewhere fractions are doubles."""
    exact = column.strict and column.field.family == "decimal" and not column.length

    def decimal(bindings: Bindings) -> Decimal | None:
        given = read(bindings)
        if exact:
            return decimal_of(given)
        value = _counted(column, given)
        is_exact = isinstance(value, int) and (column.strict or isinstance(given, str))
        return decimal_of(value if is_exact else as_double(value))

    return decimal


def pattern_binder(read: Read) -> Callable[[Bindings], str | None]:
    """A LIKE pattern in lower case."""

    def pattern(bindings: Bindings) -> str | None:
        found = pattern_of(read(bindings))
        return None if found is None else fold(found)

    return pattern


def with_blank(column: Column, text: Fragment) -> Fragment:
    """In a lenient collection a NULL that stands for no text is the empty text, unless the whole row is absent."""
    if not column.blank or group_of(column) not in ("text", "lowered"):
        return text
    filled = compose("COALESCE(", text, ", '')")
    if column.present is None:
        return filled
    return compose("CASE WHEN ", column.present, " IS NOT NULL THEN ", filled, " END")
