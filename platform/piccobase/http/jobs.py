"""`/api/jobs`, an addition to the protocol: what superusers see of jobs, and what they may do to them."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from litestar import Response, delete, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath
from msgspec import Struct

from piccobase.base.errors import InvalidQuery
from piccobase.http.administering import SUPERUSERS_ONLY, AnyRequest, answered, the_superuser
from piccobase.http.query import parse_list_query, parse_query
from piccobase.identity.actors import Actors
from piccobase.jobs.looking import STATES, JobBook, SeenJob
from piccobase.jobs.tables import State, ms_text

_PATH = "/api/jobs"


class Job(Struct):
    """A job. Instants are "" where there is none yet.

    `state` is `delayed` (it waits for `due`), `waiting`, `running`, `done` or `dead`. Of at most `attempts` it has
    begun `attempt`; `started`, `ended` and `error` are those of the last.
    """

    id: str
    name: str
    arguments: dict[str, Any]
    state: State
    priority: int
    due: str
    key: str
    attempt: int
    attempts: int
    created: str
    started: str
    ended: str
    error: str


class JobPage(Struct):
    """A page of the jobs in one state, and how many each state has; none is counted beyond 10,001."""

    items: list[Job]
    counts: dict[State, int]
    page: int
    perPage: int  # noqa: N815


def job_routes(book: JobBook, actors: Actors) -> Sequence[HTTPRouteHandler]:
    """List, view, retry, delete."""

    @get(
        _PATH,
        operation_id="listJobs",
        summary="The jobs in one state, a page at a time",
        opt=SUPERUSERS_ONLY,
        responses={200: ResponseSpec(JobPage, description="A page.", generate_examples=False)},
    )
    async def list_jobs(request: AnyRequest) -> Response[bytes]:
        """`state` is one of delayed, waiting (the default), running, done, dead; `page` and `perPage` as everywhere."""
        await the_superuser(actors, request)
        query = request.scope["query_string"]
        asked = parse_list_query(query)
        jobs = await book.of_state(_state(parse_query(query)), page=asked.page, per_page=asked.per_page)
        answer = {
            "items": [_wire(job) for job in jobs],
            "counts": await book.counts(),
            "page": asked.page,
            "perPage": asked.per_page,
        }
        return answered(request, answer)

    @get(
        _PATH + "/{id:str}",
        operation_id="viewJob",
        summary="A job",
        opt=SUPERUSERS_ONLY,
        responses={200: ResponseSpec(Job, description="The job.", generate_examples=False)},
    )
    async def view(request: AnyRequest, id: FromPath[str]) -> Response[bytes]:  # noqa: A002
        await the_superuser(actors, request)
        return answered(request, _wire(await book.one(id)))

    @post(
        _PATH + "/{id:str}/retry",
        operation_id="retryJob",
        summary="Try a dead job again, or a delayed one now",
        opt=SUPERUSERS_ONLY,
        status_code=204,
    )
    async def retry(request: AnyRequest, id: FromPath[str]) -> None:  # noqa: A002
        await the_superuser(actors, request)
        await book.retry(id)

    @delete(
        _PATH + "/{id:str}",
        operation_id="deleteJob",
        summary="Delete a job that is not running",
        opt=SUPERUSERS_ONLY,
        status_code=204,
    )
    async def remove(request: AnyRequest, id: FromPath[str]) -> None:  # noqa: A002
        await the_superuser(actors, request)
        await book.delete(id)

    return [list_jobs, view, retry, remove]


def _state(query: Mapping[str, str]) -> State:
    given = query.get("state", "waiting")
    for state in STATES:
        if state == given:
            return state
    raise InvalidQuery(f'There is no state "{given}"; there are {", ".join(STATES)}.')


def _wire(job: SeenJob) -> dict[str, Any]:
    return {
        "id": job.id,
        "name": job.name,
        "arguments": json.loads(job.arguments),
        "state": job.state,
        "priority": job.priority,
        "due": ms_text(job.due),
        "key": job.key or "",
        "attempt": job.attempt,
        "attempts": job.attempts,
        "created": ms_text(job.created),
        "started": ms_text(job.started),
        "ended": ms_text(job.ended),
        "error": job.error,
    }
