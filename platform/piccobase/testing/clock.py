"""A clock that stands still, and is moved by hand."""

from contextlib import AbstractContextManager
from datetime import UTC, datetime

from piccobase.base import clock
from piccobase.base.clock import FrozenClock


def frozen(moment: str | datetime) -> AbstractContextManager[FrozenClock]:
    """Stops the app's clock as long as the block lasts: dates of records, tokens, jobs, schedules and limits go by it.

    `moment` is an ISO 8601 text or a datetime; without a zone it counts as UTC. `as` gives the clock, with `.moment`,
    `.move(days=…, hours=…, minutes=…, seconds=…)` and `.move_to(…)`.

    >>> with frozen("2026-01-01T00:00:00Z") as clock:
    ...     clock.move(hours=1)
    ...     print(clock.moment)
    2026-01-01 01:00:00+00:00
    """
    if isinstance(moment, str):
        moment = datetime.fromisoformat(moment)
    return clock.frozen(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
