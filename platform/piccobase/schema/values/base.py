"""What every kind of value can do. A value lives in three forms:

    wire    what JSON carries            "2026-11-23 00:16:37.866Z"
    value   what Python code works with  datetime(2026, 11, 23, …, tzinfo=UTC): Piccolo's own type, always
    driver  what a database takes        SQLite: text; PostgreSQL: the datetime itself

`clean` goes from wire to value, `bind` from value to driver, `read` from driver back to wire.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from piccobase.base.errors import FieldError

Family = Literal[
    "text",  # str
    "integer",  # int, exact
    "number",  # float
    "decimal",  # Decimal, exact
    "boolean",  # bool
    "instant",  # datetime, aware or naive (which counts as UTC)
    "date",  # date: on the wire midnight UTC
    "time",  # time of day, as text
    "duration",  # timedelta: on the wire seconds
    "uuid",  # UUID, as text
    "bytes",  # bytes: on the wire base64
    "json",  # any JSON value
    "list",  # a list of texts or ids, stored as a JSON array
    "array",  # Piccolo's Array: PostgreSQL's own array, JSON text on SQLite
    "geo",  # {"lon": …, "lat": …}, stored as JSON
]
Dialect = Literal["sqlite", "postgres"]
Convert = Callable[[Any], Any]


class InvalidValue(Exception):
    """A wire value that cannot become a value of this kind, or breaks one of its limits. Carries the field error."""

    def __init__(self, code: str, message: str, params: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.error = FieldError(code, message, params or {})


def wrong_type(message: str = "Invalid value.") -> InvalidValue:
    """What a strict collection answers to a value of the wrong JSON type."""
    return InvalidValue("validation_invalid_value", message)


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueType:
    """One kind of value with its limits. Subclasses are frozen and hold nothing that changes."""

    type: ClassVar[str] = "text"
    family: ClassVar[Family] = "text"
    multiple: ClassVar[bool] = False

    def __init_subclass__(cls) -> None:
        """Shortcuts around `read` are inherited only by kinds that read as their parent does."""
        if "read" in vars(cls):
            for shortcut in ("sqlite_json", "is_wire_already"):
                if shortcut not in vars(cls):
                    setattr(cls, shortcut, getattr(ValueType, shortcut))

    def zero(self) -> Any:
        """The empty value of the protocol (§2.2): what a lenient collection stores for nothing."""
        return ""

    def is_zero(self, value: Any) -> bool:
        """Whether `required` refuses it in a lenient collection: 0, false and {} too."""
        return value is None or value == self.zero()

    def is_blank(self, value: Any) -> bool:
        """Whether `required` refuses it in a strict collection: only text and lists can be blank."""
        return value is None

    def is_value_already(self, wire: Any) -> bool:
        """Whether a wire value is a value as it is, neither blank nor zero, and within all limits: a short way past
        `clean`, `coerce` and `check` for what is sent most. False where that is not known."""
        return False

    def clean(self, wire: Any) -> Any:
        """Strict: wire to value. Raises InvalidValue for a value of the wrong type. Never called with None."""
        raise NotImplementedError

    def coerce(self, wire: Any) -> Any:
        """Lenient: whatever came becomes a value, as protocol.md §2.6 says; what cannot becomes the zero value."""
        raise NotImplementedError

    def check(self, value: Any) -> None:
        """Raises InvalidValue for a value outside the limits. Not asked about None."""

    def bind(self, dialect: Dialect) -> Convert | None:
        """The function from value to driver value; None where nothing has to be done. Not called with None."""
        return None

    def read(self, dialect: Dialect) -> Convert | None:
        """The function from driver value to wire; None where the driver value is sent as it is. Never given None."""
        return None

    def sqlite_json(self, column: str) -> str | None:
        """SQL of SQLite that writes the wire value of a column as JSON, for NULL as NULL or `null`.

        It gives what `read` and `encode_json` give together, for about a third of the time. None where it takes Python.
        """
        return None

    def is_wire_already(self, dialect: Dialect) -> Callable[[Sequence[Any]], bool] | None:
        """A quick look at a whole column of driver values: True when `read` would change none of them."""
        return None

    def json_schema(self) -> Mapping[str, Any] | None:
        """The JSON Schema of its wire values, for documents; None where it is that of the kind it is derived from.

        The test kit takes records' values from its `examples`.
        """
        return None

    def describe(self) -> dict[str, Any]:
        """The type's own options as the Collections API shows them (protocol.md §8.1)."""
        return {}
