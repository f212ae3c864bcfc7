"""Time: the one clock that everything asks, and instants as text (protocol.md §1.9)."""

import time as _time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

_frozen: datetime | None = None


def now() -> datetime:
    """The current instant in UTC, cut to milliseconds (dates are stored with milliseconds and no more)."""
    moment = _frozen or datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def unix_time() -> float:
    """Seconds since 1970, of the same clock."""
    return _frozen.timestamp() if _frozen else _time.time()


def steady_time() -> float:
    """Seconds since some moment: for how long things last, whoever sets the clock. Stops with the clock, too."""
    return _frozen.timestamp() if _frozen else _time.monotonic()


class FrozenClock:
    """The clock while it stands still."""

    @property
    def moment(self) -> datetime:
        """Where it stands."""
        return now()

    def move(self, *, days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0) -> None:
        """Moves it on, or back by what is less than zero."""
        self.move_to(now() + timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds))

    def move_to(self, moment: datetime) -> None:
        """Moves it to an instant (aware)."""
        global _frozen
        _frozen = moment


@contextmanager
def frozen(moment: datetime) -> Iterator[FrozenClock]:
    """Stops the clock at `moment` (aware) as long as the block lasts, for tests."""
    global _frozen
    before, _frozen = _frozen, moment
    try:
        yield FrozenClock()
    finally:
        _frozen = before


def instant_text(moment: datetime) -> str:
    """An aware datetime as the wire writes it: `2026-11-23 00:16:37.866Z`. Naive ones count as UTC."""
    if moment.tzinfo is not None and moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    text = moment.isoformat(" ", "milliseconds")
    return text[:23] + "Z"
