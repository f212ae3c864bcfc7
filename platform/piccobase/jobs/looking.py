"""What people see of jobs and schedules, and what they may do to single jobs: try again, delete."""

from dataclasses import dataclass
from typing import get_args

from piccobase.base.errors import BadRequest, NotFound
from piccobase.db.engine import Database, Row
from piccobase.db.errors import NotUnique
from piccobase.db.placeholders import in_dialect
from piccobase.jobs.adding import Jobs
from piccobase.jobs.declaring import ScheduleInfo
from piccobase.jobs.tables import State, now_ms

MOST_COUNTED = 10_000  # jobs of one state
MOST_AT_ONCE = 1_000  # jobs of a retry or a deletion of all
STATES: tuple[State, ...] = get_args(State)

_COLUMNS = (
    '"id", "name", "arguments", "state", "priority", "due", "key", '
    '"attempt", "attempts", "created", "started", "ended", "error"'
)
# The partial indexes are found by the literal; what comes first is what the reader wants to see first.
_OF_STATE: dict[State, str] = {
    "delayed": """"state" = 'delayed' ORDER BY "due", "id" """,
    "waiting": """"state" = 'waiting' ORDER BY "priority" DESC, "due", "id" """,
    "running": """"state" = 'running' ORDER BY "started", "id" """,
    "done": """"state" = 'done' ORDER BY "ended" DESC, "id" """,
    "dead": """"state" = 'dead' ORDER BY "ended" DESC, "id" """,
}


@dataclass(frozen=True, slots=True)
class SeenJob:
    """A job as it stands. Instants are milliseconds since 1970."""

    id: str
    name: str
    arguments: str  # a JSON object
    state: State
    priority: int
    due: int
    key: str | None
    attempt: int
    attempts: int
    created: int
    started: int | None
    ended: int | None
    error: str


@dataclass(frozen=True, slots=True)
class SeenSchedule:
    """A schedule and how its last attempt ended: done, failed (to be tried again), dead, or "" for none yet."""

    info: ScheduleInfo
    next: int
    skipped: int | None
    missed: int | None
    job: str | None
    outcome: str
    started: int | None
    ended: int | None
    error: str
    at_work: bool


@dataclass(frozen=True, slots=True)
class JobBook:
    """Reading, and single corrections."""

    db: Database
    jobs: Jobs

    async def counts(self) -> dict[State, int]:
        """How many jobs each state has; `MOST_COUNTED` + 1 stands for more."""
        found: dict[State, int] = {}
        for state in STATES:
            sql = f"""SELECT count(*) FROM (SELECT 1 FROM "_jobs" WHERE "state" = '{state}' LIMIT ?) AS found"""
            [[count]] = await self._rows(sql, MOST_COUNTED + 1)
            found[state] = count
        return found

    async def of_state(self, state: State, *, page: int = 1, per_page: int = 30) -> list[SeenJob]:
        """A page of the jobs in this state: those that come next, or ended last, first."""
        sql = f'SELECT {_COLUMNS} FROM "_jobs" WHERE {_OF_STATE[state]} LIMIT ? OFFSET ?'
        return [SeenJob(*row) for row in await self._rows(sql, per_page, (page - 1) * per_page)]

    async def one(self, id_: str) -> SeenJob:
        """Raises NotFound."""
        _check_id(id_)
        rows = await self._rows(f'SELECT {_COLUMNS} FROM "_jobs" WHERE "id" = ?', id_)
        if not rows:
            raise NotFound
        return SeenJob(*rows[0])

    async def retry(self, id_: str) -> None:
        """Lets a dead job begin anew with all its attempts, and a delayed one at once.

        Raises NotFound, and BadRequest for a job in another state, or where one with the same key is to be run already.
        """
        sql = """UPDATE "_jobs" SET "attempt" = CASE "state" WHEN 'dead' THEN 0 ELSE "attempt" END,
        "state" = 'waiting', "due" = ?, "worker" = NULL WHERE "id" = ? AND "state" IN ('delayed', 'dead') RETURNING 1"""
        _check_id(id_)
        try:
            async with self.db.transaction() as transaction:
                if not await self._rows(sql, now_ms(), id_):
                    state = (await self.one(id_)).state
                    raise BadRequest(f"Only a dead or a delayed job can be tried again; this one is {state}.")
                transaction.on_commit(self.jobs.wake)
        except NotUnique:
            raise BadRequest("Another job with the same key is to be run already.") from None

    async def delete(self, id_: str) -> None:
        """Raises NotFound, and BadRequest for one that is running."""
        sql = """DELETE FROM "_jobs" WHERE "id" = ? AND "state" <> 'running' RETURNING 1"""
        _check_id(id_)
        if not await self._rows(sql, id_):
            await self.one(id_)
            raise BadRequest("The job is running: it can be deleted when it has ended.")

    async def retry_dead(self) -> int:
        """Retries all dead jobs but those whose key is taken, at most `MOST_AT_ONCE`. Returns how many."""
        retried = 0
        for id_ in await self._dead():
            try:
                await self.retry(id_)
                retried += 1
            except (BadRequest, NotFound):
                continue
        return retried

    async def delete_dead(self) -> int:
        """Deletes all dead jobs, at most `MOST_AT_ONCE`. Returns how many."""
        ids = await self._dead()
        for id_ in ids:
            await self._rows("""DELETE FROM "_jobs" WHERE "id" = ? AND "state" = 'dead'""", id_)
        return len(ids)

    async def schedules(self) -> list[SeenSchedule]:
        """All schedules, in the order of their declaration, the built-in ones last."""
        rows = await self._rows(
            """SELECT "id", "fired", "skipped", "missed", "job", "outcome", "started", "ended", "error",
            EXISTS (SELECT 1 FROM "_jobs"
                    WHERE "name" = "_schedules"."id" AND "state" IN ('delayed', 'waiting', 'running'))
            FROM "_schedules" """
        )
        stored = {row[0]: row[1:] for row in rows}
        return [_seen(info, stored.get(info.id)) for info in self.declared()]

    def declared(self) -> list[ScheduleInfo]:
        """What is declared of them, in the same order."""
        return sorted(self.jobs.registry.schedules.values(), key=lambda schedule: schedule.built_in)

    async def _dead(self) -> list[str]:
        rows = await self._rows("""SELECT "id" FROM "_jobs" WHERE "state" = 'dead' LIMIT ?""", MOST_AT_ONCE)
        return [id_ for (id_,) in rows]

    async def _rows(self, sql: str, *values: object) -> list[Row]:
        return await self.db.rows(in_dialect(sql, self.db.dialect), values)


def _check_id(id_: str) -> None:
    """Raises NotFound for what can be no id: a database may not even take it as a value."""
    if not (id_.isascii() and id_.isalnum()):
        raise NotFound


def _seen(info: ScheduleInfo, row: Row | None) -> SeenSchedule:
    now = now_ms()
    if row is None:  # no worker has seen it yet
        return SeenSchedule(info, info.cron.after(now), None, None, None, "", None, None, "", at_work=False)
    _, skipped, missed, job, outcome, started, ended, error, at_work = row
    return SeenSchedule(
        info,
        info.cron.after(now),
        skipped,
        missed,
        job,
        outcome,
        started,
        ended,
        error,
        bool(at_work),
    )
