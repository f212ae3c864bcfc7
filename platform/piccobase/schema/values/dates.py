"""Time: instants, dates, times of day, durations. On the wire an instant reads `2026-11-23 00:16:37.866Z` (§1.9)."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, ClassVar

from piccobase.base.clock import instant_text
from piccobase.base.json import wire_number
from piccobase.schema.values.base import Convert, Dialect, Family, InvalidValue, ValueType, wrong_type
from piccobase.schema.values.numbers import not_a_number, number_of

_ISO = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d(?::\d\d)?)(?:[.,](\d{1,9})\d*)?\s?(Z|z|UTC|[+-]\d\d:?\d\d)?(?: UTC)?)?"
)
_WORDS = (
    "%d %b %Y",
    "%d %b %Y %H:%M:%S",
    "%d %b %Y %H:%M:%S %z",
    "%a, %d %b %Y %H:%M:%S %Z",
    "%a, %d %b %Y %H:%M:%S %z",
)


def parse_instant(text: str) -> datetime | None:
    """An instant out of RFC 3339, `YYYY-MM-DD`, `YYYY-MM-DD HH:MM:SS[.fff][Z]` or `02 Jan 2006` (protocol.md §2.6).

    No offset means UTC; fractions are cut to milliseconds, which is what is stored. None if it is none of them.
    """
    if found := _ISO.fullmatch(text):
        day, clock, fraction, offset = found.groups()
        iso = f"{day}T{clock or '00:00'}"
        zone = "+00:00" if offset in (None, "Z", "z", "UTC") else offset
        try:
            moment = datetime.fromisoformat(iso + zone)
            milliseconds = int((fraction or "0").ljust(3, "0")[:3])
            return (moment + timedelta(milliseconds=milliseconds)).astimezone(UTC)
        except (ValueError, OverflowError):
            return None
    for form in _WORDS:
        try:
            moment = datetime.strptime(text, form)
            return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        except (ValueError, OverflowError):
            continue
    return None


def cut(moment: datetime) -> datetime:
    """To milliseconds: what lies below them is not stored."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


@dataclass(frozen=True, slots=True, kw_only=True)
class InstantValue(ValueType):
    """A point in time. `naive` for Piccolo's Timestamp, whose values carry no zone and count as UTC."""

    type: ClassVar[str] = "date"
    family: ClassVar[Family] = "instant"
    naive: bool = False
    min: datetime | None = None
    max: datetime | None = None

    def zero(self) -> Any:
        return None

    def clean(self, wire: Any) -> Any:
        moment = self.coerce(wire)
        if moment is None:
            raise wrong_type("Must be a date such as 2026-11-23 10:00:00.000Z.")
        return moment

    def coerce(self, wire: Any) -> Any:
        moment = parse_instant(wire) if isinstance(wire, str) else None
        return moment.replace(tzinfo=None) if moment and self.naive else moment

    def check(self, value: Any) -> None:
        if self.min and _aware(value) < _aware(self.min):
            raise InvalidValue(
                "validation_min_greater_equal_than_required",
                f"Must be no earlier than {instant_text(self.min)}.",
                {"threshold": _aware(self.min).isoformat()},
            )
        if self.max and _aware(value) > _aware(self.max):
            raise InvalidValue(
                "validation_max_less_equal_than_required",
                f"Must be no later than {instant_text(self.max)}.",
                {"threshold": _aware(self.max).isoformat()},
            )

    def bind(self, dialect: Dialect) -> Convert | None:
        if dialect == "sqlite":
            return instant_text
        return _naive if self.naive else cut

    def read(self, dialect: Dialect) -> Convert | None:
        return stored_instant if dialect == "sqlite" else instant_text

    def is_wire_already(self, dialect: Dialect) -> Callable[[Sequence[Any]], bool] | None:
        return _have_wire_length if dialect == "sqlite" else None

    def sqlite_json(self, column: str) -> str | None:
        return f"CASE octet_length({column}) WHEN 24 THEN json_quote({column}) ELSE piccobase_instant({column}) END"

    def describe(self) -> dict[str, Any]:
        return {
            "min": instant_text(self.min) if self.min else "",
            "max": instant_text(self.max) if self.max else "",
        }


def _aware(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def _naive(moment: datetime) -> datetime:
    return cut(moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment)


def _have_wire_length(column: Sequence[str]) -> bool:
    # No other form that was ever stored has 24 characters: stock Piccolo's have 19, 25, 26 and 32.
    return set(map(len, column)) == {24}


def stored_instant(text: str) -> str:
    """What SQLite holds, as the wire shows it: our own form passes, what stock Piccolo wrote is brought into it."""
    if len(text) == 24 and text[23] == "Z":
        return text
    try:
        return instant_text(datetime.fromisoformat(text))
    except ValueError:
        return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DateValue(ValueType):
    """A calendar day. On the wire midnight UTC, since the protocol has one date type; a clock time is dropped."""

    type: ClassVar[str] = "date"
    family: ClassVar[Family] = "date"

    def zero(self) -> Any:
        return None

    def clean(self, wire: Any) -> Any:
        day = self.coerce(wire)
        if day is None:
            raise wrong_type("Must be a date such as 2026-11-23.")
        return day

    def coerce(self, wire: Any) -> Any:
        moment = parse_instant(wire) if isinstance(wire, str) else None
        return moment.date() if moment else None

    def bind(self, dialect: Dialect) -> Convert | None:
        return date.isoformat if dialect == "sqlite" else None

    def read(self, dialect: Dialect) -> Convert | None:
        return _midnight_of_text if dialect == "sqlite" else _midnight

    def sqlite_json(self, column: str) -> str | None:
        return f"json_quote({column} || ' 00:00:00.000Z')"

    def describe(self) -> dict[str, Any]:
        return {"min": "", "max": ""}


def _midnight_of_text(day: str) -> str:
    return day + " 00:00:00.000Z"


def _midnight(day: date) -> str:
    return day.isoformat() + " 00:00:00.000Z"


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeValue(ValueType):
    """A time of day without a zone: `09:30:00` on the wire."""

    family: ClassVar[Family] = "time"

    def zero(self) -> Any:
        return None

    def clean(self, wire: Any) -> Any:
        moment = self.coerce(wire)
        if moment is None:
            raise wrong_type("Must be a time of day such as 09:30:00.")
        return moment

    def coerce(self, wire: Any) -> Any:
        if not isinstance(wire, str) or not re.fullmatch(r"\d\d:\d\d(:\d\d(\.\d{1,6})?)?", wire):
            return None
        try:
            return time.fromisoformat(wire)
        except ValueError:
            return None

    def bind(self, dialect: Dialect) -> Convert | None:
        return time.isoformat if dialect == "sqlite" else None

    def read(self, dialect: Dialect) -> Convert | None:
        return None if dialect == "sqlite" else time.isoformat

    def sqlite_json(self, column: str) -> str | None:
        return f"json_quote({column})"


@dataclass(frozen=True, slots=True, kw_only=True)
class DurationValue(ValueType):
    """A length of time: seconds on the wire, as a number."""

    type: ClassVar[str] = "number"
    family: ClassVar[Family] = "duration"

    def zero(self) -> Any:
        return timedelta()

    def clean(self, wire: Any) -> Any:
        if isinstance(wire, bool) or not isinstance(wire, int | float):
            raise not_a_number()
        return _seconds(wire)

    def coerce(self, wire: Any) -> Any:
        return _seconds(number_of(wire))

    def bind(self, dialect: Dialect) -> Convert | None:
        return timedelta.total_seconds if dialect == "sqlite" else None

    def read(self, dialect: Dialect) -> Convert | None:
        return _number_of_stored if dialect == "sqlite" else _number_of_seconds

    def describe(self) -> dict[str, Any]:
        return {"min": None, "max": None, "onlyInt": False}


def _seconds(number: float) -> timedelta:
    try:
        return timedelta(seconds=number)
    except (OverflowError, ValueError):
        raise not_a_number() from None


def _number_of_stored(seconds: Any) -> Any:
    return wire_number(float(seconds))


def _number_of_seconds(length: timedelta) -> Any:
    return wire_number(length.total_seconds())
