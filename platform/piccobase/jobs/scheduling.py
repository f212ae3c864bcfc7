"""Schedules: whose time has come is added as a job, by exactly one of all processes on the database.

A schedule's row says up to which instant its times have been dealt with. Whoever moves it on, from the value that was
read to the one that has come, adds the job in the same transaction; everybody else finds it moved.
"""

import logging
from dataclasses import dataclass

from piccobase.base.errors import NotFound
from piccobase.db.engine import Database, Row
from piccobase.db.placeholders import in_dialect
from piccobase.jobs.adding import Jobs
from piccobase.jobs.claiming import Claim
from piccobase.jobs.declaring import ScheduleInfo
from piccobase.jobs.tables import ms_text, now_ms

log = logging.getLogger("piccobase.jobs")

LATENESS = 60_000  # milliseconds: later than that a time was missed
CLOCK_TOLERANCE = 3_600_000  # milliseconds: a row further in the future than that was written by a wrong clock


@dataclass(slots=True)
class Schedules:
    """The schedules of this process, at work on the rows that all share."""

    db: Database
    jobs: Jobs

    async def look(self) -> int | None:
        """Adds whatever is due, and returns when to look again (milliseconds since 1970); None without a schedule."""
        declared = self.jobs.registry.schedules.values()
        if not declared:
            return None
        fired: dict[str, int] = dict(await self.db.rows('SELECT "id", "fired" FROM "_schedules"'))
        return min([await self._look_at(schedule, fired.get(schedule.id)) for schedule in declared])

    async def start(self, id_: str) -> str | None:
        """Adds a schedule's job now, beside its times. Its id, or None where it waits or is at work already.

        Raises NotFound for an id that is none.
        """
        if id_ not in self.jobs.registry.schedules:
            raise NotFound("Missing or invalid cron job.")
        async with self.db.transaction():
            return None if await self._unfinished(id_) else await self.jobs.add(id_, key=_key(id_))

    async def note(self, claim: Claim, outcome: str, error: str) -> None:
        """Keeps how an attempt of a schedule's job ended; of other jobs nothing."""
        if claim.name in self.jobs.registry.schedules:
            await self._know(claim.name)
            sql = """UPDATE "_schedules" SET "job" = ?, "outcome" = ?, "error" = ?, "ended" = ?,
            "started" = (SELECT "started" FROM "_jobs" WHERE "_jobs"."id" = ?) WHERE "id" = ?"""
            await self._rows(sql, claim.id, outcome, error, now_ms(), claim.id, claim.name)

    async def _look_at(self, schedule: ScheduleInfo, fired: int | None) -> int:
        """Deals with one schedule, and returns when it fires next."""
        now = now_ms()
        if fired is None:
            await self._know(schedule.id)
            return schedule.cron.after(now)
        if fired > now + CLOCK_TOLERANCE:
            log.warning("The clock was set back: %s had fired at %s.", schedule.id, ms_text(fired))
            await self._move(schedule, fired, now)
            return schedule.cron.after(now)
        first = schedule.cron.after(fired)
        if first > now:
            return first
        recent = schedule.cron.after(max(fired, now - LATENESS))
        if recent <= now:
            await self._fire(schedule, fired, recent)
        elif schedule.catch_up:
            await self._fire(schedule, fired, now)
        elif await self._move(schedule, fired, now, also='"missed" = ?'):
            log.warning("%s was missed at %s: no process was there.", schedule.id, ms_text(first))
        return schedule.cron.after(now)

    async def _know(self, id_: str) -> None:
        """Makes the row of a schedule where there is none yet: what was before it concerns nobody."""
        sql = """INSERT INTO "_schedules" ("id", "fired", "outcome", "error") VALUES (?, ?, '', '')
        ON CONFLICT DO NOTHING"""
        await self._rows(sql, id_, now_ms())

    async def _fire(self, schedule: ScheduleInfo, fired: int, due: int) -> None:
        async with self.db.transaction():
            unfinished = await self._unfinished(schedule.id)
            if not await self._move(schedule, fired, due, also='"skipped" = ?' if unfinished else ""):
                return  # another process was faster
            if unfinished:
                log.warning("%s is passed over at %s: it is still at work.", schedule.id, ms_text(due))
            else:
                await self.jobs.add(schedule.id, key=_key(schedule.id))

    async def _move(self, schedule: ScheduleInfo, fired: int, to: int, *, also: str = "") -> bool:
        """Moves the row on, and sets the column in `also` to the same instant. False when somebody else has done it."""
        sets, values = ('"fired" = ?', (to,)) if not also else (f'"fired" = ?, {also}', (to, to))
        sql = f'UPDATE "_schedules" SET {sets} WHERE "id" = ? AND "fired" = ? RETURNING 1'
        return bool(await self._rows(sql, *values, schedule.id, fired))

    async def _unfinished(self, name: str) -> bool:
        sql = """SELECT 1 FROM "_jobs" WHERE "name" = ? AND "state" IN ('delayed', 'waiting', 'running') LIMIT 1"""
        return bool(await self._rows(sql, name))

    async def _rows(self, sql: str, *values: object) -> list[Row]:
        return await self.db.rows(in_dialect(sql, self.db.dialect), values)


def _key(id_: str) -> str:
    """Two processes that would add it at once, one by the clock and one because somebody asked, add one."""
    return f"schedule {id_}"
