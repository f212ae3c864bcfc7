"""Days on their way to PostgreSQL and back. asyncpg by itself stores the first and the last day of the calendar as
infinities: then 9999-12-31, by which many say "without end", would not equal itself in a comparison."""

from datetime import date
from typing import Any

_EPOCH = date(2000, 1, 1).toordinal()  # PostgreSQL counts days from here (src/include/datatype/timestamp.h)


async def keep_days_finite(connection: Any) -> None:
    """Teaches one asyncpg connection to take days as they are."""
    await connection.set_type_codec("date", schema="pg_catalog", encoder=_stored, decoder=_day, format="tuple")


def _stored(day: date) -> tuple[int]:
    return (day.toordinal() - _EPOCH,)


def _day(stored: tuple[int]) -> date:
    """What lies outside Python's calendar, PostgreSQL's infinities too, becomes its first or last day."""
    return date.fromordinal(max(1, min(stored[0] + _EPOCH, date.max.toordinal())))
