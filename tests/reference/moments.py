"""The time macros for a given moment, and dates as texts (protocol.md §1.9, §3.3)."""

from datetime import UTC, datetime, timedelta

DAY = timedelta(days=1)
MILLISECOND = timedelta(milliseconds=1)


def wire(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S.") + f"{moment.microsecond // 1000:03}Z"


def macro(name: str, now: datetime) -> int | str | None:
    """The value of a macro without its `@`, None if there is none of this name."""
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    month = today.replace(day=1)
    year = month.replace(month=1)
    instants = {
        "now": now,
        "yesterday": now - DAY,
        "tomorrow": now + DAY,
        "todayStart": today,
        "todayEnd": today + DAY - MILLISECOND,
        "monthStart": month,
        "monthEnd": (month + 31 * DAY).replace(day=1) - MILLISECOND,
        "yearStart": year,
        "yearEnd": year.replace(year=year.year + 1) - MILLISECOND,
    }
    numbers = {
        "second": now.second,
        "minute": now.minute,
        "hour": now.hour,
        "day": now.day,
        "month": now.month,
        "year": now.year,
        "weekday": now.isoweekday() % 7,
    }
    return wire(instants[name]) if name in instants else numbers.get(name)


def instant(text: str) -> datetime | None:
    """A literal that says a moment, None if it does not: without an offset it is UTC."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
