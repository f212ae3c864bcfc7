"""How a worker gets jobs, and what becomes of them: every change of a job's state but adding it, a transaction each.

A worker that holds jobs has a row in `_workers`, and counts its beats there. Whoever sees a beat stand still for long
enough by its own monotonic clock takes the row away, and with it the jobs: nothing here depends on what the clocks on
the wall show, in one process or between several. What a worker says of a job counts only as long as it holds that very
attempt.
"""

import json
import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from piccobase.base.ids import new_record_id
from piccobase.db.engine import Database
from piccobase.db.errors import NotUnique
from piccobase.db.placeholders import in_dialect
from piccobase.jobs.tables import now_ms

LONGEST_PAUSE = 3600.0  # seconds between two attempts
MAX_ERROR = 8 << 10  # characters kept of an error; the end of a traceback says most

LOST = (
    "The process that ran it is gone: it was killed, ran out of memory, or could not reach the database for too long."
)
STOPPED = "The process that ran it was stopped before it had ended."


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A job that a worker holds: this attempt of it."""

    id: str
    name: str
    arguments: str  # a JSON object
    attempt: int
    attempts: int
    worker: str

    @property
    def is_last(self) -> bool:
        """Whether there is no attempt after this one."""
        return self.attempt >= self.attempts


@dataclass(frozen=True, slots=True)
class Waiting:
    """Whether a job waits that could be run, and when the next delayed one will (milliseconds since 1970)."""

    now: bool
    next_due: int | None


class Claims:
    """The statements. `known` are the jobs of this process, by name; it leaves others to those who know them."""

    def __init__(self, db: Database, known: Mapping[str, object]) -> None:
        self._db = db
        self._known = known
        is_known = "= ANY(?)" if db.dialect == "postgres" else "IN (SELECT value FROM json_each(?))"
        lock, skip = ("FOR UPDATE", "FOR UPDATE SKIP LOCKED") if db.dialect == "postgres" else ("", "")
        self._peek = self._sql(
            f"""SELECT EXISTS (SELECT 1 FROM "_jobs" WHERE "state" = 'waiting' AND "name" {is_known}),
            (SELECT min("due") FROM "_jobs" WHERE "state" = 'delayed')"""
        )
        self._come_due = self._sql(
            f"""UPDATE "_jobs" SET "state" = 'waiting' WHERE "id" IN
            (SELECT "id" FROM "_jobs" WHERE "state" = 'delayed' AND "due" <= ? LIMIT 1000 {skip})"""
        )
        self._lock_worker = self._sql(f'SELECT 1 FROM "_workers" WHERE "id" = ? {lock}')
        # MATERIALIZED: planned as a join the inner query might run several times, and lock more than its limit.
        self._claim = self._sql(
            f"""WITH picked AS MATERIALIZED (SELECT "id" FROM "_jobs" WHERE "state" = 'waiting' AND "name" {is_known}
            ORDER BY "priority" DESC, "due", "id" LIMIT ? {skip})
            UPDATE "_jobs"
            SET "state" = 'running', "worker" = ?, "attempt" = "attempt" + 1, "started" = ?, "ended" = NULL
            WHERE "id" IN (SELECT "id" FROM picked)
            RETURNING "id", "name", "arguments", "attempt", "attempts", "worker", "priority", "due" """
        )

    def _sql(self, sql: str) -> str:
        return in_dialect(sql, self._db.dialect)

    def _names(self) -> Any:
        names = list(self._known)
        return names if self._db.dialect == "postgres" else json.dumps(names)

    # --- workers

    async def join(self, place: str) -> str:
        """A new worker, who may claim from now on; `place` says to people where it is. Returns its id."""
        worker = new_record_id()
        sql = 'INSERT INTO "_workers" ("id", "beat", "place", "started") VALUES (?, 0, ?, ?)'
        await self._db.rows(self._sql(sql), (worker, place[:255], now_ms()))
        return worker

    async def leave(self, worker: str) -> None:
        """Ends a worker that holds nothing any more."""
        await self._db.rows(self._sql('DELETE FROM "_workers" WHERE "id" = ?'), (worker,))

    async def beat(self, worker: str) -> bool:
        """Shows that it lives. False when it was taken for dead: then it holds nothing any more."""
        sql = 'UPDATE "_workers" SET "beat" = "beat" + 1 WHERE "id" = ? RETURNING 1'
        return bool(await self._db.rows(self._sql(sql), (worker,)))

    async def beats(self) -> dict[str, int]:
        """The beats of all workers, by id."""
        return dict(await self._db.rows('SELECT "id", "beat" FROM "_workers"'))

    async def bury(self, worker: str, beat: int) -> list[Claim]:
        """Ends a worker whose beat has stood still, and gives back what it held: each of these attempts has failed.

        Does nothing when it has beaten since, or somebody else was faster.
        """
        async with self._db.transaction():
            sql = 'DELETE FROM "_workers" WHERE "id" = ? AND "beat" = ? RETURNING 1'
            if not await self._db.rows(self._sql(sql), (worker, beat)):
                return []
            held = await self.held(worker)
            for claim in held:
                await self.fail(claim, LOST, backoff=1.0)
        return held

    async def held(self, worker: str) -> list[Claim]:
        """What the database says the worker holds."""
        sql = """SELECT "id", "name", "arguments", "attempt", "attempts" FROM "_jobs"
        WHERE "state" = 'running' AND "worker" = ?"""
        return [
            Claim(id=id_, name=name, arguments=arguments, attempt=attempt, attempts=attempts, worker=worker)
            for id_, name, arguments, attempt, attempts in await self._db.rows(self._sql(sql), (worker,))
        ]

    # --- what waits

    async def waiting(self) -> Waiting:
        """Reads only: on SQLite an idle worker must not take the write lock again and again."""
        [(now, next_due)] = await self._db.rows(self._peek, (self._names(),))
        return Waiting(bool(now) or (next_due is not None and next_due <= now_ms()), next_due)

    async def claim(self, worker: str, most: int) -> list[Claim] | None:
        """Up to `most` jobs that are due, the most urgent first. None when the worker was taken for dead."""
        async with self._db.transaction():
            await self._db.rows(self._come_due, (now_ms(),))
            # Locked, so that whoever buries this worker sees either none of these jobs or all of them.
            if not await self._db.rows(self._lock_worker, (worker,)):
                return None
            rows = await self._db.rows(self._claim, (self._names(), most, worker, now_ms()))
        rows.sort(key=lambda row: (-row[6], row[7], row[0]))
        return [
            Claim(id=row[0], name=row[1], arguments=row[2], attempt=row[3], attempts=row[4], worker=row[5])
            for row in rows
        ]

    # --- how an attempt ends; each returns whether the claim still held

    async def finish(self, claim: Claim) -> bool:
        """It has done what it should."""
        return await self._end(claim, "'done'", error="")

    async def fail(self, claim: Claim, error: str, *, backoff: float, final: bool = False) -> bool:
        """It has failed: tried again after a pause, or dead when that was the last attempt or `final`."""
        error = error if len(error) <= MAX_ERROR else "… " + error[-MAX_ERROR:]
        if final or claim.is_last:
            return await self._end(claim, "'dead'", error=error)
        return await self._put_back(
            claim, "'delayed'", error=error, due=now_ms() + round(1000 * pause(claim.attempt, backoff))
        )

    async def give_back(self, claim: Claim, *, begun: bool = True) -> bool:
        """It was stopped on its way, and this attempt does not count; but one that may be begun only once is dead."""
        if begun and claim.attempts == 1:
            return await self._end(claim, "'dead'", error=STOPPED)
        return await self._put_back(claim, "'waiting'", error=STOPPED, due=now_ms(), uncounted=True)

    async def _end(self, claim: Claim, state: str, *, error: str) -> bool:
        sql = f"""UPDATE "_jobs" SET "state" = {state}, "ended" = ?, "error" = ?, "worker" = NULL
        WHERE "id" = ? AND "worker" = ? AND "attempt" = ? AND "state" = 'running' RETURNING 1"""
        return bool(await self._db.rows(self._sql(sql), (now_ms(), error, claim.id, claim.worker, claim.attempt)))

    async def _put_back(self, claim: Claim, state: str, *, error: str, due: int, uncounted: bool = False) -> bool:
        sql = f"""UPDATE "_jobs" SET "state" = {state}, "due" = ?, "ended" = ?, "error" = ?, "worker" = NULL,
        "attempt" = "attempt" - {int(uncounted)}
        WHERE "id" = ? AND "worker" = ? AND "attempt" = ? AND "state" = 'running' RETURNING 1"""
        values = (due, now_ms(), error, claim.id, claim.worker, claim.attempt)
        try:
            async with self._db.transaction():
                return bool(await self._db.rows(self._sql(sql), values))
        except NotUnique:
            # One with the same key was added while this one ran: it does the same work, and this one gives way.
            sql = 'DELETE FROM "_jobs" WHERE "id" = ? AND "worker" = ? AND "attempt" = ? RETURNING 1'
            return bool(await self._db.rows(self._sql(sql), (claim.id, claim.worker, claim.attempt)))


def pause(attempt: int, backoff: float) -> float:
    """Seconds from a failed attempt to the next: doubled each time, up to an hour, and each its own by chance.

    By chance, because what failed together would come together again, on what could not bear it.
    """
    doubled: float = backoff * 2 ** min(attempt - 1, 30)
    return min(LONGEST_PAUSE, doubled) * random.uniform(0.5, 1.5)  # noqa: S311  # no secret
