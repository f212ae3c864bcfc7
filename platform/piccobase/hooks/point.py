"""A hook point: a step that hooks can wrap. It is named by its event, which every hook around it gets."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from piccobase.schema.collections import CollectionInfo


@dataclass(slots=True, kw_only=True)
class HookEvent:
    """Tells what is happening. A point is a class derived from this one, with what its hooks may look at and change.

    `about_collection`: each event has a `collection`, and hooks can be for some collections only.
    `inside`: the step runs while the write lock is held, so hooks do database work only, and have `SECONDS_INSIDE`.
    `answers`: what a hook returns takes the place of the step's result, and it need not proceed for that. Elsewhere the
    result is what the step has given: a write that did not happen is not answered as if it had.
    """

    about_collection: ClassVar[bool] = False
    inside: ClassVar[bool] = False
    answers: ClassVar[bool] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AfterEvent:
    """Tells what has happened, once it is committed. Listeners get it; they can neither change nor stop anything."""

    can_be_kept: ClassVar[bool] = False  # as a job, for durable listeners

    collection: CollectionInfo

    @property
    def subject(self) -> Any:
        """What events stay in order about."""
        return None


class Proceed(Protocol):
    """Goes on inwards: to the next hook, in the end to the step itself, whose result it gives. To be called once."""

    def __call__(self) -> Awaitable[Any]: ...


HookFunction = Callable[..., Any]  # (event, proceed) or (event); async, or not
