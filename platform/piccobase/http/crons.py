"""`/api/crons` (protocol.md §8.4): schedules as the protocol has them. `/api/schedules` tells more of them."""

from collections.abc import Sequence
from typing import Any

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath
from msgspec import Struct

from piccobase.http.administering import SUPERUSERS_ONLY, AnyRequest, answered, the_superuser
from piccobase.identity.actors import Actors
from piccobase.jobs.looking import JobBook, SeenSchedule
from piccobase.jobs.scheduling import Schedules
from piccobase.jobs.tables import ms_text


class Cron(Struct):
    """A schedule: its id and its cron expression."""

    id: str
    expression: str


class Schedule(Struct):
    """A schedule and its last run. Instants are "" where there is none.

    `outcome` is `done`, `failed` (it will be tried again), `dead`, or "" before the first run has ended. `skipped` is
    when it was last passed over because it was still at work, `missed` when nobody had been there in time.
    """

    id: str
    expression: str
    timezone: str
    next: str
    atWork: bool  # noqa: N815
    outcome: str
    started: str
    ended: str
    error: str
    skipped: str
    missed: str
    job: str  # the id of the job that was the last run


def cron_routes(schedules: Schedules, book: JobBook, actors: Actors) -> Sequence[HTTPRouteHandler]:
    """List, run now, and what stands beside them."""

    @get(
        "/api/crons",
        operation_id="listCrons",
        summary="All schedules",
        opt=SUPERUSERS_ONLY,
        responses={200: ResponseSpec(list[Cron], description="All.", generate_examples=False)},
    )
    async def crons(request: AnyRequest) -> Response[bytes]:
        await the_superuser(actors, request)
        return answered(request, [{"id": info.id, "expression": info.cron.expression} for info in book.declared()])

    @post(
        "/api/crons/{id:str}",
        operation_id="runCron",
        summary="Run a schedule's job now, in the background",
        opt=SUPERUSERS_ONLY,
        status_code=204,
    )
    async def run(request: AnyRequest, id: FromPath[str]) -> None:  # noqa: A002
        """Does nothing more where the job waits or is at work already."""
        await the_superuser(actors, request)
        await schedules.start(id)

    @get(
        "/api/schedules",
        operation_id="listSchedules",
        summary="All schedules, with their next and their last run",
        opt=SUPERUSERS_ONLY,
        responses={200: ResponseSpec(list[Schedule], description="All.", generate_examples=False)},
    )
    async def list_schedules(request: AnyRequest) -> Response[bytes]:
        await the_superuser(actors, request)
        return answered(request, [_wire(seen) for seen in await book.schedules()])

    return [crons, run, list_schedules]


def _wire(seen: SeenSchedule) -> dict[str, Any]:
    return {
        "id": seen.info.id,
        "expression": seen.info.cron.expression,
        "timezone": seen.info.cron.timezone,
        "next": ms_text(seen.next),
        "atWork": seen.at_work,
        "outcome": seen.outcome,
        "started": ms_text(seen.started),
        "ended": ms_text(seen.ended),
        "error": seen.error,
        "skipped": ms_text(seen.skipped),
        "missed": ms_text(seen.missed),
        "job": seen.job or "",
    }
