"""The hook point of requests."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from piccobase.hooks.point import HookEvent
from piccobase.schema.actor import Actor


@dataclass(slots=True, kw_only=True)
class AnsweringRequest(HookEvent):
    """A request is about to be answered: of the API, of the dashboard, of what stands beside them.

    An error of ours is answered in its place. `answer_headers` are sent with the answer, if they are set before it
    begins. The result is the status, 0 where nothing was answered.
    """

    method: str
    path: str
    query: str  # as it was sent
    headers: Mapping[str, str]  # by names in small letters
    address: str  # of the client, as the settings say
    find_actor: Callable[[], Awaitable[Actor]]  # who asks, by the header Authorization
    answer_headers: dict[str, str] = field(default_factory=dict)
