"""What `strftime` understands: SQLite's formats and modifiers (sqlite.org/lang_datefunc.html).

Where only values are given, SQLite itself is asked, in memory; so both databases answer alike.
"""

import re
import threading
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

import apsw

from piccobase.base.clock import instant_text
from piccobase.filters.scalars import Scalar, float_of

_of_thread = threading.local()
_ITSELF = "+0 days"  # the server's local time counts as UTC: an answer does not depend on where the server stands


def strftime(form: str | None, time: Scalar, modifiers: Sequence[str | None], moment: datetime) -> str | None:
    """SQLite's strftime of values; `moment` is now."""
    given = [form, time_value(time, moment), *(None if each is None else in_utc(each) for each in modifiers)]
    marks = ", ".join("?" * len(given))
    [(text,)] = _memory().execute(f"SELECT strftime({marks})", given)
    return text if text is None else str(text)


def _memory() -> apsw.Connection:
    try:
        found: apsw.Connection = _of_thread.memory
    except AttributeError:
        found = _of_thread.memory = apsw.Connection(":memory:")
    return found


def time_value(time: Scalar, moment: datetime) -> str | int | float | None:
    """A time as SQLite takes it. The word `now` is the moment of the request, as it is for `@now`."""
    if isinstance(time, str) and time.strip().lower() == "now":
        return instant_text(moment)
    if isinstance(time, Decimal) or (isinstance(time, int) and abs(time) >= 1 << 63):
        return float_of(time)
    return time


def in_utc(modifier: str) -> str:
    """A modifier; one that asks for local time asks for nothing."""
    return _ITSELF if modifier.lower() in ("localtime", "utc") else modifier


# The same, taken apart for a database that has no such function.

_DIRECTIVE = re.compile(r"%(.?)|[^%]+", re.DOTALL)
DIRECTIVES = frozenset("deFfGgHIjJklmMpPRsSTuUVwWY")


def pieces_of(form: str | None) -> list[str] | None:
    """A format as pieces: `%Y` a directive, `=text` a text that stands for itself. None where one is unknown."""
    if form is None:
        return None
    pieces = []
    for found in _DIRECTIVE.finditer(form):
        directive = found[1]
        if directive is None or directive == "%":
            pieces.append("=" + (found[0] if directive is None else "%"))
        elif directive in DIRECTIVES and directive:
            pieces.append("%" + directive)
        else:
            return None
    return pieces or ["="]


class Shift(NamedTuple):
    """What a modifier does to a time.

    `kind`: `start` (of `unit`), `weekday` (the next day `amount`, 0 is Sunday), `move` (by `months` and then `amount`
    milliseconds), `floor` (back to the end of the month that a move went beyond), `ceiling`, `keep` (nothing);
    `unixepoch`, `julianday` and `auto` say what a number means. `settles`: nothing is left to go back to afterwards.
    """

    kind: str
    unit: str = "day"
    months: int = 0
    amount: int = 0
    settles: bool = False


_UNITS = {  # milliseconds, and the largest number that SQLite takes
    "second": (1000, 4.6427e14),
    "minute": (60_000, 7.7379e12),
    "hour": (3_600_000, 1.2897e11),
    "day": (86_400_000, 5373485.0),
    "month": (2_592_000_000, 176546.0),
    "year": (31_536_000_000, 14713.0),
}
_AMOUNT = re.compile(r"([+-]?[0-9]+\.?[0-9]*(?:[eE][+-]?[0-9]+)?|[+-]?\.[0-9]+) *([a-z]+?)s?", re.IGNORECASE)
_CLOCK = r"(\d\d):(\d\d)(?::(\d\d(?:\.\d+)?))?"
_MOVE_OF_CLOCK = re.compile(rf"([+-]?){_CLOCK}")
_MOVE_OF_DATE = re.compile(rf"([+-])(\d{{4,5}})-(\d\d)-(\d\d)(?:\s{_CLOCK})?")
_WORDS = {
    "ceiling": Shift("ceiling"),
    "floor": Shift("floor"),
    "start of day": Shift("start", "day"),
    "start of month": Shift("start", "month"),
    "start of year": Shift("start", "year"),
    "unixepoch": Shift("unixepoch"),
    "julianday": Shift("julianday"),
    "auto": Shift("auto"),
    "subsec": Shift("keep"),
    "subsecond": Shift("keep"),
}
_NUMBERS_FIRST = frozenset({"unixepoch", "julianday", "auto"})


def shift_of(modifier: str | None, *, first: bool) -> Shift | None:
    """What a modifier does; None for one that SQLite does not know. What a number means only the first one says."""
    if modifier is None:
        return None
    modifier = in_utc(modifier)
    if (word := _WORDS.get(modifier.lower())) is not None:
        return word if first or word.kind not in _NUMBERS_FIRST else None
    if found := re.fullmatch(r"weekday +([0-7](?:\.0*)?)", modifier, re.IGNORECASE):
        return Shift("weekday", amount=int(float(found[1])) % 7) if float(found[1]) < 7 else None
    if found := _MOVE_OF_DATE.fullmatch(modifier):
        return _of_date(found)
    if found := _MOVE_OF_CLOCK.fullmatch(modifier):
        return _of_clock(found)
    return _of_amount(modifier)


def _of_date(found: re.Match[str]) -> Shift | None:
    sign = -1 if found[1] == "-" else 1
    years, months, days = int(found[2]), int(found[3]), int(found[4])
    clock = _milliseconds(found[5], found[6], found[7]) if found[5] else 0
    if months >= 12 or days >= 31 or clock is None:
        return None
    return Shift("move", months=sign * (years * 12 + months), amount=sign * (days * 86_400_000 + clock))


def _of_clock(found: re.Match[str]) -> Shift | None:
    clock = _milliseconds(found[2], found[3], found[4])
    return None if clock is None else Shift("move", amount=-clock if found[1] == "-" else clock)


def _milliseconds(hours: str, minutes: str, seconds: str | None) -> int | None:
    if int(hours) > 24 or int(minutes) > 59 or float(seconds or 0) >= 60:
        return None
    return (int(hours) * 60 + int(minutes)) * 60_000 + round(float(seconds or 0) * 1000)


def _of_amount(modifier: str) -> Shift | None:
    found = _AMOUNT.fullmatch(modifier)
    unit = _UNITS.get(found[2].lower()) if found else None
    if found is None or unit is None:
        return None
    amount, (milliseconds, limit) = float(found[1]), unit
    if not -limit < amount < limit:
        return None
    months = int(amount) * {"month": 1, "year": 12}.get(found[2].lower(), 0)
    left = amount - int(amount) if months or found[2].lower() in ("month", "year") else amount
    moved = int(left * milliseconds + (-0.5 if left < 0 else 0.5))
    return Shift("move", months=months, amount=moved, settles=True)
