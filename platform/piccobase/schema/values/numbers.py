"""Numbers: doubles, exact integers, exact decimals; and booleans."""

import decimal
import re
import struct
from dataclasses import dataclass
from typing import Any, ClassVar

import msgspec

from piccobase.base.json import JSONFloat, wire_number
from piccobase.schema.values.base import Convert, Dialect, Family, InvalidValue, ValueType, wrong_type

_NUMERIC = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
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
    """A double. `single` is Piccolo's Real, of which PostgreSQL keeps 4 bytes: about seven digits, on SQLite too."""

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
        return self._of(wire)

    def coerce(self, wire: Any) -> Any:
        return self._of(number_of(wire))

    def _of(self, number: float) -> float:
        value = _double(number)
        return single(value) if self.single else value

    def check(self, value: Any) -> None:
        check_limits(value, self.min, self.max)

    def read(self, dialect: Dialect) -> Convert | None:
        return _wire_single if self.single else wire_number

    def sqlite_json(self, column: str) -> str | None:
        if self.single:
            return None
        # Whole numbers of up to 15 digits are written by SQLite itself, the others as ECMAScript does, by ours.
        whole = f"{column} = CAST({column} AS INTEGER) AND {column} BETWEEN -999999999999999 AND 999999999999999"
        return f"CASE WHEN {whole} THEN CAST({column} AS INTEGER) ELSE piccobase_number({column}) END"

    def describe(self) -> dict[str, Any]:
        return {"min": self.min, "max": self.max, "onlyInt": False}


def _double(number: float) -> float:
    try:
        value = float(number)
    except OverflowError:
        raise not_a_number() from None
    if value in (float("inf"), float("-inf")):  # 1e999 reads as an infinity
        raise not_a_number()
    return value + 0.0  # minus zero becomes zero, as it does in SQLite


def single(value: float) -> float:
    """The number of single precision that is nearest, by its shortest digits: 0.1, and not 0.10000000149011612."""
    try:
        packed = struct.pack("<f", value)
    except OverflowError:
        raise not_a_number() from None
    (nearest,) = struct.unpack("<f", packed)
    candidates = (float(f"{nearest:.{digits}g}") for digits in range(1, 10))
    return next(number for number in candidates if _packed(number) == packed) + 0.0


def _packed(number: float) -> bytes | None:
    try:
        return struct.pack("<f", number)
    except OverflowError:  # rounded up beyond the largest
        return None


def _wire_single(stored: float) -> Any:
    return wire_number(single(stored))


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

    def is_value_already(self, wire: Any) -> bool:
        if type(self) is not IntegerValue or type(wire) is not int or not wire:
            return False
        least, most = self.min, self.max
        if (least is not None and wire < least) or (most is not None and wire > most):
            return False
        return wire.bit_length() < self.bits

    def clean(self, wire: Any) -> Any:
        if isinstance(wire, bool) or not isinstance(wire, int | float):
            raise not_a_number()
        return _whole(wire)

    def coerce(self, wire: Any) -> Any:
        return _whole(number_of(wire))

    def check(self, value: Any) -> None:
        check_limits(value, self.min, self.max)
        check_limits(value, -(2 ** (self.bits - 1)), 2 ** (self.bits - 1) - 1)

    def sqlite_json(self, column: str) -> str | None:
        return column

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
            return _decimal(wire)
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
        if -exponent > scale and any(digits[exponent + scale :]):
            raise wrong_type(f"At most {scale} digit(s) after the decimal point.")
        limit = 10 ** (self.precision - scale)
        if value >= limit:
            raise InvalidValue("validation_max_number_constraint", f"Must be less than {limit}.", {"max": limit})
        if value <= -limit:
            raise InvalidValue("validation_min_number_constraint", f"Must be larger than {-limit}.", {"min": -limit})

    def bind(self, dialect: Dialect) -> Convert | None:
        return plain_digits if dialect == "sqlite" else None

    def read(self, dialect: Dialect) -> Convert | None:
        if dialect == "postgres":
            return _wire_decimal
        return _wire_stored if self.precision is None else self._wire_scaled

    def _wire_scaled(self, stored: Any) -> Any:
        """With as many digits after the point as were declared, as PostgreSQL stores it."""
        value = decimal.Decimal(str(stored))
        if not value.is_finite():
            return None
        return _wire_decimal(value.quantize(decimal.Decimal(1).scaleb(-(self.scale or 0)), context=_ALL_DIGITS))

    def describe(self) -> dict[str, Any]:
        return {"min": None, "max": None, "onlyInt": False}


_ALL_DIGITS = decimal.Context(prec=decimal.MAX_PREC)


def _exact(number: int | float) -> decimal.Decimal:
    return _decimal(
        number.text if isinstance(number, JSONFloat) else repr(number) if isinstance(number, float) else str(number)
    )


def _decimal(text: str) -> decimal.Decimal:
    try:
        value = decimal.Decimal(text)
    except decimal.InvalidOperation:  # an exponent that is larger than memory
        raise not_a_number() from None
    return value or value.copy_abs()  # PostgreSQL knows no minus zero


def plain_digits(value: decimal.Decimal) -> str:
    """A decimal without exponent: how SQLite stores it and how the wire shows it."""
    return format(value, "f")


def _wire_decimal(value: decimal.Decimal) -> Any:
    return msgspec.Raw(plain_digits(value).encode()) if value.is_finite() else None


def _wire_stored(stored: Any) -> Any:
    return _wire_decimal(decimal.Decimal(str(stored)))


_TRUE = {"1", "t", "T", "TRUE", "true", "True"}


@dataclass(frozen=True, slots=True, kw_only=True)
class BooleanValue(ValueType):
    """True or false."""

    type: ClassVar[str] = "bool"
    family: ClassVar[Family] = "boolean"

    def zero(self) -> Any:
        return False

    def is_value_already(self, wire: Any) -> bool:
        return wire is True and type(self) is BooleanValue

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

    def sqlite_json(self, column: str) -> str | None:
        return f"CASE WHEN {column} THEN 'true' WHEN NOT {column} THEN 'false' END"
