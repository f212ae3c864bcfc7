"""What a developer declares: functions as jobs, and schedules that add them. Mistakes are gathered, not raised."""

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from piccobase.base.errors import Problem
from piccobase.jobs.cron import Cron, InvalidCron, parse_cron
from piccobase.jobs.errors import UnknownJob
from piccobase.schema.naming import nearest

ATTEMPTS = 10  # of a job; with BACKOFF the last is made about three quarters of an hour after the first
BACKOFF = 5.0  # seconds before the second attempt; doubled from there on
TIMEOUT = 600.0  # seconds
SCHEDULE_PRIORITY = 100  # before all jobs that have just the usual one: what is to be in time must not queue
BUILT_IN = "__pb"  # the prefix of the system's own

JobFunction = Callable[..., Any]  # async, or not, and then run in a thread
Function = TypeVar("Function", bound=JobFunction)
_NAME = re.compile(r"[A-Za-z0-9_.:-]{1,100}")


@dataclass(frozen=True, slots=True, kw_only=True)
class JobInfo:
    """A function that can be run as a job."""

    name: str
    function: JobFunction
    attempts: int
    backoff: float
    timeout: float
    priority: int

    @property
    def is_async(self) -> bool:
        return inspect.iscoroutinefunction(self.function)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleInfo:
    """When the job of the same name is added by itself. With `catch_up` also when nobody was there in time."""

    id: str
    cron: Cron
    catch_up: bool

    @property
    def built_in(self) -> bool:
        return self.id.startswith(BUILT_IN)


@dataclass(slots=True)
class JobRegistry:
    """All jobs by name and all schedules by id. Open until the server starts."""

    jobs: dict[str, JobInfo] = field(default_factory=dict)
    schedules: dict[str, ScheduleInfo] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def copy(self) -> "JobRegistry":
        """One that can be added to without changing this one."""
        return JobRegistry(dict(self.jobs), dict(self.schedules), list(self.problems))

    def take_in(self, other: "JobRegistry") -> None:
        """Adds what another has; what is here already stays."""
        self.jobs = {**other.jobs, **self.jobs}
        self.schedules = {**other.schedules, **self.schedules}
        self.problems += other.problems

    def job(
        self,
        name: str | None = None,
        *,
        attempts: int = ATTEMPTS,
        backoff: float = BACKOFF,
        timeout: float = TIMEOUT,
        priority: int = 0,
    ) -> Callable[[Function], Function]:
        """Declares the decorated function as a job, called like the function unless `name` is given.

        It is tried up to `attempts` times (default 10), also when the process that ran it has died: with 1 it is never
        begun twice. Between attempts lie `backoff` seconds (default 5), doubled each time up to an hour, give or take a
        half. After `timeout` seconds (default 600) an attempt counts as failed. Of the jobs that wait, those of greater
        `priority` (default 0) go first.
        """

        def declare(function: Function) -> Function:
            info = JobInfo(
                name=_name(name, function),
                function=function,
                attempts=attempts,
                backoff=backoff,
                timeout=timeout,
                priority=priority,
            )
            self.problems += self._problems(info)
            self.jobs.setdefault(info.name, info)
            return function

        return declare

    def schedule(
        self,
        expression: str,
        *,
        id: str | None = None,  # noqa: A002
        timezone: str = "UTC",
        catch_up: bool = False,
        attempts: int = 1,
        backoff: float = BACKOFF,
        timeout: float = TIMEOUT,
        priority: int = SCHEDULE_PRIORITY,
    ) -> Callable[[Function], Function]:
        """Declares the decorated function as a job that is added by the clock; it is called without arguments.

        `expression` has five cron fields, or is a macro such as "@daily", and is meant in `timezone` (default "UTC").
        `id` is the function's name unless given. `catch_up` runs it once when it was missed, by more than a minute,
        because no process was there. The rest is as for `job`, but there is one attempt only, and `priority` is 100.
        """

        def declare(function: Function) -> Function:
            name = _name(id, function)
            place = _place(name, function)
            try:
                self.schedules.setdefault(
                    name, ScheduleInfo(id=name, cron=parse_cron(expression, timezone), catch_up=catch_up)
                )
            except InvalidCron as error:
                self.problems.append(Problem("schedule.E001", place, str(error)))
            if needed := ", ".join(_needed(function)):
                self.problems.append(
                    Problem(
                        "schedule.E002", place, f"it is called without arguments, and needs {needed}: give a default"
                    )
                )
            options: dict[str, Any] = {"attempts": attempts, "backoff": backoff, "timeout": timeout}
            return self.job(name, **options, priority=priority)(function)

        return declare

    def named(self, job: str | JobFunction) -> JobInfo:
        """The job of this name, or of this function. Raises UnknownJob, with the nearest name."""
        if not isinstance(job, str):
            found = next((info for info in self.jobs.values() if info.function is job), None)
            if found is None:
                raise UnknownJob(f"{getattr(job, '__name__', job)} is no job: declare it with @app.job().")
            return found
        if job not in self.jobs:
            raise UnknownJob(f'No job "{job}" is declared.{nearest(job, self.jobs)}')
        return self.jobs[job]

    def _problems(self, info: JobInfo) -> Iterator[Problem]:
        place = _place(info.name, info.function)
        if not _NAME.fullmatch(info.name):
            yield Problem("job.E001", place, "a name has 1 to 100 letters, digits, _, ., : and -; give it another")
        elif info.name in self.jobs:
            yield Problem(
                "job.E002", place, f"there is one of this name already: {_where(self.jobs[info.name].function)}"
            )
        for what, value, least in (
            ("attempts", info.attempts, 1),
            ("backoff", info.backoff, 0),
            ("timeout", info.timeout, 0.001),
        ):
            if not value >= least:
                yield Problem("job.E003", place, f"{what} must be at least {least:g}, not {value}")
        if not -1000 <= info.priority <= 1000:
            yield Problem("job.E004", place, f"a priority lies between -1000 and 1000, not at {info.priority}")


def _name(given: str | None, function: JobFunction) -> str:
    return given if given is not None else str(getattr(function, "__name__", ""))


def _needed(function: JobFunction) -> list[str]:
    """The names of the arguments that have no default."""
    return [
        parameter.name
        for parameter in _parameters(function).values()
        if parameter.default is parameter.empty
        and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    ]


def _parameters(function: JobFunction) -> Mapping[str, inspect.Parameter]:
    return inspect.signature(function).parameters


def _place(name: str, function: JobFunction) -> str:
    return f"{name} ({_where(function)})"


def _where(function: JobFunction) -> str:
    """File and line, as far as they are known."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    return f"{Path(code.co_filename).name}:{code.co_firstlineno}" if code else repr(function)
