"""One attempt of a job: its function is called, and whatever comes out of it becomes an outcome. Nothing gets past."""

import asyncio
import contextvars
import json
import logging
import threading
import traceback
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from piccobase.hooks.dispatcher import NO_HOOKS, Onions
from piccobase.jobs.claiming import Claim
from piccobase.jobs.declaring import JobInfo
from piccobase.jobs.errors import GiveUp, TryAgain
from piccobase.jobs.events import RunningJob

log = logging.getLogger("piccobase.jobs")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt ended. An empty `error` says that it went well; a `final` one is not tried again."""

    error: str = ""
    final: bool = False


@dataclass(frozen=True, slots=True)
class CurrentJob:
    """The job that runs here. `id` is the same in all its attempts: what others are asked to do only once, by it."""

    id: str
    name: str
    attempt: int  # from 1
    attempts: int  # the most there may be


_current: ContextVar[CurrentJob | None] = ContextVar("piccobase_job", default=None)


def current_job() -> CurrentJob | None:
    """The job that is being run by this task or thread; None outside of one."""
    return _current.get()


async def run_job(info: JobInfo, claim: Claim, hooks: Onions = NO_HOOKS) -> Outcome:
    """Runs the function. Raises nothing but CancelledError, and that only when this task itself is cancelled."""
    _current.set(CurrentJob(claim.id, claim.name, claim.attempt, claim.attempts))
    try:
        arguments: dict[str, Any] = json.loads(claim.arguments)
        if (around := hooks.around(RunningJob)) is None:
            return await _attempt(info, arguments)
        event = RunningJob(
            id=claim.id, name=claim.name, arguments=arguments, attempt=claim.attempt, attempts=claim.attempts
        )
        outcome: Outcome = await around.run(event, lambda: _attempt(info, event.arguments))
    except BaseException as error:
        if isinstance(error, asyncio.CancelledError) and _is_cancelled():
            raise
        return _failed(error)
    return outcome


async def _attempt(info: JobInfo, arguments: dict[str, Any]) -> Outcome:
    try:
        if not info.is_async:
            return await _in_thread(info, arguments)
        await _awaited(info, arguments)
    except _OutOfTime:
        return Outcome(f"It took longer than its time limit of {info.timeout:g} seconds.")
    except BaseException as error:  # also SystemExit and KeyboardInterrupt, which would end the process
        if isinstance(error, asyncio.CancelledError) and _is_cancelled():
            raise
        return _failed(error)
    return Outcome()


class _OutOfTime(Exception):
    pass


async def _awaited(info: JobInfo, arguments: dict[str, Any]) -> None:
    try:
        async with asyncio.timeout(info.timeout) as limit:
            await info.function(**arguments)
    except TimeoutError:
        if limit.expired():
            raise _OutOfTime from None
        raise


def _is_cancelled() -> bool:
    """Whether it was this task that somebody cancelled, and not just something in it that the function waited for."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


async def _in_thread(info: JobInfo, arguments: dict[str, Any]) -> Outcome:
    """Nobody can stop a thread: one that is out of time is told of, waited for all the same, and not begun again."""
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[Outcome] = loop.create_future()
    context = contextvars.copy_context()

    def work() -> None:
        try:
            context.run(info.function, **arguments)
            outcome = Outcome()
        except BaseException as error:
            outcome = _failed(error)
        with suppress(RuntimeError):  # the loop is closed: the process is ending, and has given the job back
            loop.call_soon_threadsafe(_settle, ended, outcome)

    # A daemon, so that a process that is to end does not wait for it.
    threading.Thread(target=work, name=f"job {info.name}", daemon=True).start()
    await asyncio.wait([ended], timeout=info.timeout)
    if not ended.done():
        log.warning("The job %s is at work for more than %g seconds, in a thread.", info.name, info.timeout)
    return await ended


def _settle(ended: "asyncio.Future[Outcome]", outcome: Outcome) -> None:
    if not ended.done():
        ended.set_result(outcome)


def _failed(error: BaseException) -> Outcome:
    if isinstance(error, TryAgain):
        return Outcome(_storable(error.message))
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename == __file__:
        trace = trace.tb_next  # how it was called interests nobody
    try:
        text = "".join(traceback.format_exception(type(error), error, trace))
    except Exception:
        text = f"{type(error).__name__}, which cannot be shown"
    return Outcome(_storable(text), final=isinstance(error, GiveUp))


def _storable(text: str) -> str:
    """Neither a database nor a log takes a NUL, or half of a character."""
    return text.rstrip("\n").replace("\0", "\\0").encode(errors="backslashreplace").decode()
