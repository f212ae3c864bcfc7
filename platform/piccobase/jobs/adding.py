"""`Jobs`: puts work into the database, in the caller's transaction if there is one."""

import inspect
import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from piccobase.base.ids import new_record_id
from piccobase.db.engine import Database
from piccobase.db.placeholders import in_dialect
from piccobase.jobs.declaring import JobFunction, JobInfo, JobRegistry
from piccobase.jobs.errors import InvalidJob
from piccobase.jobs.tables import now_ms

MAX_ARGUMENTS = 256 << 10  # bytes of JSON
MAX_KEY = 255  # characters
MAX_DELAY = timedelta(days=3660)

_INSERT = """
INSERT INTO "_jobs"
("id", "name", "arguments", "state", "priority", "due", "key", "attempt", "attempts", "created", "error")
VALUES (?, ?, ?, ?, ?, ?, ?, 0, ?, ?, '') ON CONFLICT DO NOTHING RETURNING "id"
"""
_WITH_KEY = """SELECT "id" FROM "_jobs" WHERE "key" = ? AND "state" IN ('delayed', 'waiting')"""


class Jobs:
    """Adds jobs. `woken` is called after each commit that has added one: the workers of this process listen there."""

    def __init__(self, db: Database, registry: JobRegistry) -> None:
        self._db = db
        self.registry = registry
        self.woken: list[Callable[[], None]] = []

    async def add(
        self,
        job: str | JobFunction,
        arguments: Mapping[str, Any] | None = None,
        *,
        priority: int | None = None,
        delay: float | timedelta | None = None,
        at: datetime | None = None,
        key: str | None = None,
    ) -> str:
        """Adds a job and returns its id.

        `job` is its name or its function, `arguments` are given to the function by name and must be JSON. It is due at
        once, `delay` (seconds, or a timedelta) from now, or `at` an instant. `priority` overrides the declared one.
        While a job with the same `key` has not begun yet there is only that one: its id is returned and nothing added.

        Inside a transaction the job exists exactly if that commits. Raises UnknownJob, and InvalidJob for arguments
        that do not fit the function, are no JSON, or have more than 256 KiB.
        """
        info = self.registry.named(job)
        due = _due(delay, at)
        if key is not None and not (0 < len(key) <= MAX_KEY and key.isprintable()):
            raise InvalidJob(f"The key of a job has 1 to {MAX_KEY} characters, none of them a control character.")
        encoded = _encoded(info, dict(arguments or {}))
        now = now_ms()
        values = (
            info.name,
            encoded,
            "delayed" if due > now else "waiting",
            info.priority if priority is None else priority,
            due,
            key,
            info.attempts,
            now,
        )
        async with self._db.transaction() as transaction:
            while True:
                sql = in_dialect(_INSERT, self._db.dialect)
                if added := await self._db.rows(sql, (new_record_id(), *values)):
                    transaction.on_commit(self.wake)
                    return str(added[0][0])
                # The key is taken. Whoever has it may begin between these two statements, and then it is free again.
                if there := await self._db.rows(in_dialect(_WITH_KEY, self._db.dialect), (key,)):
                    return str(there[0][0])

    def wake(self) -> None:
        """Tells the workers of this process that there is something to do."""
        for wake in self.woken:
            wake()


def _due(delay: float | timedelta | None, at: datetime | None) -> int:
    if delay is not None and at is not None:
        raise InvalidJob("A job is added with a delay or for an instant, not with both.")
    if at is not None:
        if at.tzinfo is None:
            raise InvalidJob("`at` needs a time zone, for example datetime.now(UTC) + timedelta(hours=1).")
        return round(at.timestamp() * 1000)
    seconds = delay.total_seconds() if isinstance(delay, timedelta) else delay or 0
    if not seconds <= MAX_DELAY.total_seconds():
        raise InvalidJob(f"A job can be delayed by {MAX_DELAY.days} days at most.")
    return now_ms() + round(max(0, seconds) * 1000)


def _encoded(info: JobInfo, arguments: dict[str, Any]) -> str:
    try:
        inspect.signature(info.function).bind(**arguments)
    except TypeError as error:
        raise InvalidJob(f"The arguments do not fit the job {info.name}: {error}.") from None
    try:
        encoded = json.dumps(arguments, allow_nan=False, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidJob(f"The arguments of the job {info.name} are no JSON: {error}.") from None
    if len(encoded) > MAX_ARGUMENTS:
        raise InvalidJob(
            f"The arguments of the job {info.name} have {len(encoded)} bytes, more than {MAX_ARGUMENTS}: "
            "store what is large elsewhere and give the job its id."
        )
    return encoded
