"""What comes of a request to a receiver, and what it may reach and take."""

from dataclasses import dataclass, field

from piccobase_webhooks.addresses import Allowed


class NotSent(Exception):
    """No answer came. The message says why, for those who look at the log of deliveries."""


class NotAllowed(NotSent):
    """The URL leads to where no webhook may go."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a receiver has answered. `excerpt` is the beginning of the body, as text."""

    status: int
    excerpt: str = ""
    location: str = ""  # of a redirect, which is not followed


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a request may reach and take. `timeout` in seconds for all of it, `excerpt` in bytes."""

    allowed: Allowed = field(default_factory=Allowed)
    plain_http: bool = False  # also to public addresses
    timeout: float = 10.0
    excerpt: int = 1024
