"""The questions a compiler asks of a dialect. SQLite's comparisons are the measure (protocol.md §3.6); PostgreSQL gives
the same answers by explicit casts. No answer relies on the affinity of a column: a draft is a one-row CTE without any.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import ClassVar, Literal

from piccobase.base.clock import instant_text
from piccobase.base.json import dump_json
from piccobase.filters.bindings import Bindings
from piccobase.filters.errors import UnsupportedFilter
from piccobase.filters.fragments import Fragment, compose, join, slot
from piccobase.filters.literals import Kind
from piccobase.filters.operands import Column, Read, ReadMany, Value
from piccobase.filters.own_functions import NO_FUNCTIONS, Functions, Gives
from piccobase.filters.scalars import Scalar, as_double, decimal_of, float_of, fold, number_of, pattern_of, text_of
from piccobase.filters.tree import Operator
from piccobase.schema.collections import CollectionInfo
from piccobase.schema.fields import FieldInfo
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
    if column.lower or (column.made and family == "text"):
        return "lowered"
    if family in ("json", "geo"):
        return "json"
    if family == "bytes":
        raise UnsupportedFilter(f'"{column.field.name}" holds bytes, which cannot be compared.')
    return "number" if family in _NUMBER_FAMILIES else "text"


EARTH_RADIUS = "6371.0"  # kilometres
_ENDS = ("x1", "y1", "x2", "y2")
_LARGEST_ANGLE = 1e300  # beyond it there is no sine, and PostgreSQL fails


def is_whole_point(column: Column) -> bool:
    """Whether it is a point and not one of its numbers: as a text among others, it can be empty (protocol.md §3.6)."""
    return column.field.family == "geo" and not column.json_path and not column.lower


def is_null_safe(column: Column) -> bool:
    """Whether NULL equals NULL alone, and not the empty text too (protocol.md §3.6)."""
    return column.exact or (group_of(column) == "json" and not is_whole_point(column))


class Dialect(ABC):
    """One database's SQL. All fragments are whole expressions that can stand as an operand."""

    name: base.Dialect
    double: ClassVar[str] = ""  # what makes a slot one for a double

    def __init__(self, functions: Functions = NO_FUNCTIONS) -> None:
        """`functions` are those that the app and its plugins have added to the language."""
        self.functions = functions

    def read_column(self, sql: Fragment, field: FieldInfo) -> Fragment:
        """A field's column as one of the types that the rest knows."""
        return sql

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

    # Functions

    @abstractmethod
    def coordinate(self, column: Column) -> Fragment:
        """A column as a double; NULL where it is no number."""

    def coordinate_slot(self, read: Read) -> Fragment:
        """A value as a double."""
        return compose(slot(lambda bindings: _finite(number_of(read(bindings)))), self.double)

    def geo_distance(self, ends: Sequence[Fragment]) -> Fragment:
        """Kilometres along the great circle between (lonA, latA) and (lonB, latB), in degrees."""
        radians = [compose("radians(", end, f') AS "{name}"') for end, name in zip(ends, _ENDS, strict=True)]
        cosine = 'cos("y1") * cos("y2") * cos("x2" - "x1") + sin("y1") * sin("y2")'
        # Rounding can leave the cosine of no distance at all a little above 1, where there is no arc.
        within = 'CASE WHEN "c" > 1 THEN 1 WHEN "c" < -1 THEN -1 ELSE "c" END'
        return compose(
            f'(SELECT {EARTH_RADIUS} * acos({within}) FROM (SELECT {cosine} AS "c" FROM (SELECT ',
            join(", ", radians), ') AS "ends") AS "arc")',
        )  # fmt: skip

    @abstractmethod
    def strftime(self, form: Read, time: Column, modifiers: Sequence[Read]) -> Fragment:
        """A column's time as a text in a format, as SQLite's strftime gives it."""

    # Arguments of functions that were added to the language (`own_functions.Takes`), and what these give

    @abstractmethod
    def text_argument(self, column: Column) -> Fragment:
        """A column as a text, whatever it holds."""

    @abstractmethod
    def number_argument(self, column: Column) -> Fragment:
        """A column of numbers, or of JSON values, as a double; NULL where it is no number."""

    @abstractmethod
    def instant_argument(self, column: Column) -> Fragment:
        """A column of instants or days."""

    @abstractmethod
    def instant_slot(self, read: Read) -> Fragment:
        """A value as an instant; NULL where it is none."""

    @abstractmethod
    def list_argument(self, column: Column) -> Fragment:
        """A column of lists, or of JSON values, as a JSON array, which is empty where it is none."""

    @abstractmethod
    def list_slot(self, read: ReadMany) -> Fragment:
        """A list of the request as a JSON array."""

    @abstractmethod
    def result(self, sql: Fragment, gives: Gives) -> Fragment:
        """An expression, surely of the type that it was said to give."""

    # Rows that paths lead to

    @abstractmethod
    def elements(self, column: Column, alias: str = '"element"') -> Fragment:
        """A table with the elements of a list: their number in `key`, and `value`."""

    @abstractmethod
    def sent_elements(self, read: ReadMany, alias: str) -> Fragment:
        """The same of a list that comes with the request; its values are texts."""

    def element(self, field: FieldInfo, alias: str) -> Fragment:
        """The value of an element as `field` has it."""
        return Fragment(f'{alias}."value"')

    @abstractmethod
    def key_of_text(self, key: FieldInfo, text: Fragment) -> Fragment:
        """An id of a list, which is a text, in the type of the key it stands for; NULL or nobody's where it is none."""

    @abstractmethod
    def contains(self, listed: Fragment, key: Fragment) -> Fragment:
        """Whether a list of ids has the id of a record in it."""

    @abstractmethod
    def insertion_order(self, collection: CollectionInfo, alias: str) -> list[Fragment]:
        """What sorts records in the order in which they were made, or nearly so."""

    @abstractmethod
    def is_there(self, column: Column) -> Fragment:
        """Whether a column's value is not NULL."""

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
    if column.bare:
        # A function's result has no affinity: a number equals no text.
        return lambda bindings: found if isinstance(found := value.read(bindings), str) else None
    text, family = plain_text(value), column.field.family
    if column.strict and family in ("instant", "date") and not value.lower:
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


def _finite(number: int | float | Decimal | None) -> float | None:
    double = None if number is None else float_of(number)
    return None if double is None or not abs(double) < _LARGEST_ANGLE else double


def _counted(column: Column, value: Scalar) -> int | float | Decimal | None:
    """The number of a value; where there is no affinity, a text is none whatever it reads as."""
    return None if column.bare and isinstance(value, str) else number_of(value)


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


def sent_list(read: ReadMany) -> Callable[[Bindings], str]:
    """A list of the request as JSON text, its elements as texts."""
    return lambda bindings: dump_json([text_of(each) for each in read(bindings)])


def pattern_binder(read: Read) -> Callable[[Bindings], str | None]:
    """A LIKE pattern in lower case."""

    def pattern(bindings: Bindings) -> str | None:
        found = pattern_of(read(bindings))
        return None if found is None else fold(found)

    return pattern


def with_blank(column: Column, text: Fragment) -> Fragment:
    """In a lenient collection a NULL that stands for no text is the empty text, unless the whole row is absent."""
    if not column.blank or group_of(column) not in ("text", "lowered") or column.field.family in ("json", "geo"):
        return text
    filled = compose("COALESCE(", text, ", '')")
    if column.present is None:
        return filled
    return compose("CASE WHEN ", column.present, " IS NOT NULL THEN ", filled, " END")
