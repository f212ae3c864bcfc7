"""Cron expressions in a time zone: which instant comes next, also where clocks are put forward and back.

Five fields (minute, hour, day of month, month, day of week) or a macro such as @daily. A time that the clock jumps over
fires once, right after the jump; one that comes twice fires the first time only. An hour field of `*` means every hour
that passes, so there both of the two count.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from croniter import CroniterError, croniter

from piccobase.schema.naming import nearest

_MACROS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_RANDOM = re.compile(r"(?:^|[\s,])[hr]", re.IGNORECASE)  # croniter's: another value in each process
_LONGEST_JUMP = timedelta(hours=26)  # Samoa left out a whole day


class InvalidCron(ValueError):
    """An expression or a time zone that cannot be; the message says why."""


@dataclass(frozen=True, slots=True)
class Cron:
    """An expression that has been checked, and its time zone."""

    expression: str  # as it was written
    timezone: str

    def after(self, instant: int) -> int:
        """The first time it fires after `instant`; both in milliseconds since 1970."""
        moment = datetime.fromtimestamp(instant / 1000, UTC)
        return round(_first_after(self.expression, self.timezone, moment).timestamp() * 1000)


def parse_cron(expression: str, timezone: str = "UTC") -> Cron:
    """Checks both. Raises InvalidCron."""
    fields = _fields(expression)
    if len(fields.split()) != 5:
        macros = ", ".join(_MACROS)
        raise InvalidCron(
            f'"{expression}" is no cron expression: it needs five fields (minute, hour, day of month, month, day of '
            f"week) or one of {macros}."
        )
    if _RANDOM.search(fields):
        raise InvalidCron(f'"{expression}" is no cron expression: H and R are not supported.')
    zone(timezone)
    try:
        croniter(fields, datetime(2026, 1, 1)).get_next(datetime)
    except (CroniterError, ValueError, KeyError, OverflowError) as error:
        raise InvalidCron(f'"{expression}" is no cron expression that ever fires: {error}') from error
    return Cron(expression, timezone)


def zone(name: str) -> ZoneInfo:
    """The time zone of this name. Raises InvalidCron, with the nearest name."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InvalidCron(f'There is no time zone "{name}".{nearest(name, available_timezones())}') from error


def _fields(expression: str) -> str:
    return _MACROS.get(expression.strip().lower(), expression)


@lru_cache(maxsize=1000)
def _first_after(expression: str, timezone: str, moment: datetime) -> datetime:
    fields = _fields(expression)
    folds = (0, 1) if fields.split()[1] == "*" else (0,)
    there = ZoneInfo(timezone)
    return min(_first_by(fold, fields, there, moment) for fold in folds)


def _first_by(fold: int, fields: str, there: ZoneInfo, moment: datetime) -> datetime:
    """The first after `moment` where times that come twice mean the first (0) or the second (1) of them."""
    for wall in _wall_times(fields, there, moment):
        if (fires := _instant(wall, fold, there)) > moment:
            return fires
    raise InvalidCron(f'"{fields}" does not fire any more.')


def _wall_times(fields: str, there: ZoneInfo, moment: datetime) -> Iterator[datetime]:
    """What the clock on the wall shows whenever the expression fits, beginning early enough to miss none."""
    wall = moment.astimezone(there).replace(tzinfo=None)
    around = (moment - _LONGEST_JUMP, moment, moment + _LONGEST_JUMP)
    if len({instant.astimezone(there).utcoffset() for instant in around}) > 1:
        wall -= _LONGEST_JUMP  # near a jump the wall's order is not the order of time
    found = croniter(fields, wall)
    while True:
        yield found.get_next(datetime)


def _instant(wall: datetime, fold: int, there: ZoneInfo) -> datetime:
    instant = wall.replace(tzinfo=there, fold=fold).astimezone(UTC)
    if instant.astimezone(there).replace(tzinfo=None) == wall:
        return instant
    # The clock jumped over it. By the offset from before the jump it lies after it, and the other way round.
    late = wall.replace(tzinfo=there, fold=0).astimezone(UTC)
    early = wall.replace(tzinfo=there, fold=1).astimezone(UTC)
    while late - early > timedelta(seconds=1):
        middle = early + (late - early) / 2
        if middle.astimezone(there).utcoffset() == early.astimezone(there).utcoffset():
            early = middle
        else:
            late = middle
    return late.replace(microsecond=0)
