"""`/admin/jobs`: schedules with their next and last runs, and jobs by state; run now, try again, delete."""

from collections.abc import Callable, Coroutine, Sequence
from typing import Any
from urllib.parse import urlencode

from litestar import Request, Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from piccobase.extending import JOB_STATES, MOST_COUNTED, JobState, Services, now
from piccobase_admin.rendering import go_to, page

PATH = "/admin/jobs"
PER_PAGE = 30
STUCK_AFTER = 60.0  # seconds that the most urgent job may wait while nothing runs
# By what the address says after something was done. It is no text of its own: anybody could put one into a link.
TOLD = {
    "begun": "It begins now, in the background.",
    "at-work": "It is under way already, and was not begun a second time.",
    "retried": "The job is tried again.",
    "deleted": "The job is deleted.",
    "all-retried": "The dead jobs are tried again.",
    "none-retried": "No dead job could be tried again: others with the same keys are to be run already.",
    "all-deleted": "The dead jobs are deleted.",
}

AnyRequest = Request[Any, Any, Any]


def job_pages(services: Services) -> Sequence[HTTPRouteHandler]:
    """The page, the part of it that is asked for again while something is at work, and what its buttons do."""
    book = services.work.book

    async def shown(request: AnyRequest, template: str) -> Response[str]:
        state = _state(request)
        number = _number(request.query_params.get("page", ""))
        counts = await book.counts()
        jobs = await book.of_state(state, page=number, per_page=PER_PAGE + 1)
        schedules = await book.schedules()
        return page(
            template,
            request.scope,
            schedules=schedules,
            states=JOB_STATES,
            counts=counts,
            most=MOST_COUNTED,
            state=state,
            jobs=jobs[:PER_PAGE],
            number=number,
            more=len(jobs) > PER_PAGE,
            known=services.work.registry.jobs,
            told=TOLD.get(request.query_params.get("told", ""), ""),
            stuck=await _are_stuck(),
            busy=bool(counts["running"] or counts["waiting"]) or any(one.at_work for one in schedules),
        )

    async def _are_stuck() -> bool:
        first = await book.of_state("waiting", per_page=1)
        waited = now().timestamp() - first[0].due / 1000 if first else 0
        return waited > STUCK_AFTER and not await book.of_state("running", per_page=1)

    @get(PATH)
    async def whole(request: AnyRequest) -> Response[str]:
        return await shown(request, "jobs.html")

    @get(f"{PATH}/part")
    async def part(request: AnyRequest) -> Response[str]:
        return await shown(request, "jobs_part.html")

    @post(f"{PATH}/schedules/{{id:str}}/run")
    async def run(request: AnyRequest, id: FromPath[str]) -> Response[str]:  # noqa: A002
        begun = await services.work.schedules.start(id)
        return _back(request, "begun" if begun else "at-work")

    def action(path: str, act: Callable[[str], Coroutine[Any, Any, None]], told: str) -> HTTPRouteHandler:
        @post(f"{PATH}/{{id:str}}/{path}", name=f"job {path}")
        async def handler(request: AnyRequest, id: FromPath[str]) -> Response[str]:  # noqa: A002
            await act(id)
            return _back(request, told)

        return handler

    @post(f"{PATH}/retry-dead")
    async def retry_dead(request: AnyRequest) -> Response[str]:
        return _back(request, "all-retried" if await book.retry_dead() else "none-retried")

    @post(f"{PATH}/delete-dead")
    async def delete_dead(request: AnyRequest) -> Response[str]:
        await book.delete_dead()
        return _back(request, "all-deleted")

    return [
        whole,
        part,
        run,
        action("retry", book.retry, "retried"),
        action("delete", book.delete, "deleted"),
        retry_dead,
        delete_dead,
    ]


def _back(request: AnyRequest, told: str) -> Response[str]:
    """To the page as it was, which says what was done."""
    state = _state(request)
    return go_to(f"{PATH}?{urlencode({'state': state, 'told': told})}")


def _state(request: AnyRequest) -> JobState:
    given = request.query_params.get("state", "")
    return next((state for state in JOB_STATES if state == given), "waiting")


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 5 and int(text) else 1
