"""Numbers: doubles, exact integers, exact decimals; and booleans."""

import decimal
import re
from dataclasses import dataclass
from typing import Any, ClassVar

from piccobase.base.json import JSONFloat, wire_number
from piccobase.schema.values.base import Convert, Dialect, Family, InvalidValue, ValueType, wrong_type

_NUMERIC = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_NO_NUMBER = {"nan", "inf", "+inf", "-inf", "infinity", "+infinity", "-infinity"}
Number = int | float | decimal.Decimal


def not_a_number() -> InvalidValue:
    return InvalidValue("validation_not_a_number", "The submitted number is not properly formatted.")


def number_of(wire: Any) -> int | float:
    """What a lenient collection makes of any JSON value where a number is expected (protocol.md §2.6)."""
    match wire:
        case bool():
            return int(wire)
        case int() | float():
            return wire
        case str() if wire.lower() in _NO_NUMBER:
            raise not_a_number()
        case str() if _NUMERIC.fullmatch(wire):
            return int(wire) if wire.lstrip("+-").isdecimal() and len(wire) < 400 else float(wire)
        case _:
            return 0


def check_limits(value: Number, least: Number | None, most: Number | None) -> None:
    """The limits of a number. Zero passes all of them, as in the reference."""
    if not value:
        return
    if least is not None and value < least:
        raise InvalidValue("validation_min_number_constraint", f"Must be larger than {least}.", {"min": _plain(least)})
    if most is not None and value > most:
        raise InvalidValue("validation_max_number_constraint", f"Must be less than {most}.", {"max": _plain(most)})


def _plain(limit: Number) -> Any:
    return wire_number(float(limit)) if not isinstance(limit, int) else limit


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberValue(ValueType):
    """A double. `single` says that PostgreSQL keeps only 4 bytes of it (Piccolo's Real)."""

    type: ClassVar[str] = "number"
    family: ClassVar[Family] = "number"
    min: float | None = None
    max: float | None = None
    single: bool = False

    def zero(self) -> Any:
        return 0.0

    def clean(self, wire: Any) -> Any:
        if isinstance(wire, bool) or not isinstance(wire, int | float):
            raise not_a_number()
        return _double(wire)

    def coerce(self, wire: Any) -> Any:
        return _double(number_of(wire))

    def check(self, value: Any) -> None:
        check_limits(value, self.min, self.max)
        if self.single and abs(value) > 3.4028234663852886e38:
            raise not_a_number()

    def read(self, dialect: Dialect) -> Convert | None:
        return wire_number

    def describe(self) -> dict[str, Any]:
        return {"min": self.min, "max": self.max, "onlyInt": False}


def _double(number: float) -> float:
    try:
        value = float(number)
    except OverflowError:
        raise not_a_number() from None
    if value in (float("inf"), float("-inf")):  # 1e999 reads as an infinity
        raise not_a_number()
    return value


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegerValue(ValueType):
    """An exact whole number of `bits` bits, signed."""

    type: ClassVar[str] = "number"
    family: ClassVar[Family] = "integer"
    bits: int = 32
    min: int | None = None
    max: int | None = None

    def zero(self) -> Any:
        return 0

    def clean(self, wire: Any) -> Any:
        if isinstance(wire, bool) or not isinstance(wire, int | float):
            raise not_a_number()
        return _whole(wire)

    def coerce(self, wire: Any) -> Any:
        return _whole(number_of(wire))

    def check(self, value: Any) -> None:
        check_limits(value, self.min, self.max)
        check_limits(value, -(2 ** (self.bits - 1)), 2 ** (self.bits - 1) - 1)

    def describe(self) -> dict[str, Any]:
        return {"min": self.min, "max": self.max, "onlyInt": True}


def _whole(number: int | float) -> int:
    if isinstance(number, float):
        if number in (float("inf"), float("-inf")):
            raise not_a_number()
        if not number.is_integer():
            raise InvalidValue("validation_only_int_constraint", "Decimal numbers are not allowed.")
    return int(number)


@dataclass(frozen=True, slots=True, kw_only=True)
class DecimalValue(ValueType):
    """An exact decimal number: a JSON number with all its digits on the wire; text in decimal order on SQLite."""

    type: ClassVar[str] = "number"
    family: ClassVar[Family] = "decimal"
    precision: int | None = None
    scale: int | None = None

    def zero(self) -> Any:
        return decimal.Decimal(0)

    def clean(self, wire: Any) -> Any:
        if isinstance(wire, bool) or not isinstance(wire, int | float):
            raise not_a_number()
        return _exact(wire)

    def coerce(self, wire: Any) -> Any:
        if isinstance(wire, str) and _NUMERIC.fullmatch(wire):
            return decimal.Decimal(wire)
        return _exact(number_of(wire))

    def check(self, value: Any) -> None:
        _, digits, exponent = value.as_tuple()
        if not isinstance(exponent, int):
            raise not_a_number()
        if abs(exponent) > 1000 or len(digits) > 1000:
            # PostgreSQL's own limits lie further out, but 1e999999 would be written with a million zeros.
            raise not_a_number()
        if self.precision is None:
            return
        scale = self.scale or 0
        if -value.normalize().as_tuple().exponent > scale:
            raise wrong_type(f"At most {scale} digit(s) after the decimal point.")
        if abs(value) >= decimal.Decimal(10) ** (self.precision - scale):
            limit = 10 ** (self.precision - scale)
            raise InvalidValue("validation_max_number_constraint", f"Must be less than {limit}.", {"max": limit})

    def bind(self, dialect: Dialect) -> Convert | None:
        return plain_digits if dialect == "sqlite" else None

    def read(self, dialect: Dialect) -> Convert | None:
        return _decimal_of if dialect == "sqlite" else _plain_decimal

    def describe(self) -> dict[str, Any]:
        return {"min": None, "max": None, "onlyInt": False}


def _exact(number: int | float) -> decimal.Decimal:
    text = number.text if isinstance(number, JSONFloat) else repr(number) if isinstance(number, float) else str(number)
    return decimal.Decimal(text)


def plain_digits(value: decimal.Decimal) -> str:
    """A decimal without exponent: how SQLite stores it and how the wire shows it."""
    return format(value, "f")


def _plain_decimal(value: decimal.Decimal) -> Any:
    return decimal.Decimal(plain_digits(value)) if value.is_finite() else None


def _decimal_of(stored: Any) -> Any:
    return _plain_decimal(decimal.Decimal(str(stored)))


_TRUE = {"1", "t", "T", "TRUE", "true", "True"}


@dataclass(frozen=True, slots=True, kw_only=True)
class BooleanValue(ValueType):
    """True or false."""

    type: ClassVar[str] = "bool"
    family: ClassVar[Family] = "boolean"

    def zero(self) -> Any:
        return False

    def clean(self, wire: Any) -> Any:
        if not isinstance(wire, bool):
            raise wrong_type("Must be true or false.")
        return wire

    def coerce(self, wire: Any) -> Any:
        if isinstance(wire, str):
            return wire in _TRUE
        return bool(wire) if isinstance(wire, bool | int | float) else False

    def bind(self, dialect: Dialect) -> Convert | None:
        return int if dialect == "sqlite" else None

    def read(self, dialect: Dialect) -> Convert | None:
        return bool if dialect == "sqlite" else None
