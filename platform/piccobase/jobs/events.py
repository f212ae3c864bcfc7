"""The hook point of jobs."""

from dataclasses import dataclass
from typing import Any

from piccobase.hooks.point import HookEvent


@dataclass(slots=True, kw_only=True)
class RunningJob(HookEvent):
    """A job's function is about to be called. `arguments` may be changed, for this attempt.

    The result is an `Outcome`: an error of the function stands in it as a text, empty where all went well. What a hook
    raises is an error of the attempt. The time limit of the job holds for its function alone.
    """

    id: str
    name: str
    arguments: dict[str, Any]
    attempt: int  # from 1
    attempts: int  # the most there may be
