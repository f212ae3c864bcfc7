"""What is known of the request that is being answered, for logs: its id and who asks. Nothing is decided by it.

It stands in the request's own ASGI scope, which is a dictionary anyway: noting something costs next to nothing.
"""

import re
from collections.abc import MutableMapping
from contextvars import ContextVar
from typing import Any

from piccobase.base.ids import new_record_id

Scope = MutableMapping[str, Any]

current_scope: ContextVar[Scope | None] = ContextVar("piccobase_scope", default=None)
"""The scope of the request that this task answers; None outside of requests."""

ACTOR = "piccobase.actor"  # the collection's name, the record's id and the collection's id
ARRIVED = "piccobase.arrived"  # when the head was there, by `perf_counter`
REQUEST_ID = "piccobase.request_id"
ANSWERED = "piccobase.answered"  # status, user agent and referer, where whoever answers tells them
FAILED = "piccobase.failed"  # the error that was answered
NOBODY = ("", "")
_GUEST = ("", "", "")
# What proxies and tracing libraries send: UUIDs, hexadecimal ids, words with a few marks. Nothing that ends a line.
_WELL_FORMED = re.compile(rb"[A-Za-z0-9][A-Za-z0-9._:/+=@-]{0,127}")


def acting() -> tuple[str, str]:
    """Whoever makes the request that this task answers: the collection's id and the record's. Empty for guests, and
    outside of requests."""
    scope = current_scope.get()
    if scope is None:
        return NOBODY
    _, record, collection = scope.get(ACTOR, _GUEST)
    return collection, record


def request_id(scope: Scope) -> str:
    """The request's id: what `X-Request-Id` says where that is well-formed, else one made when first asked for."""
    known: str | None = scope.get(REQUEST_ID)
    if known is None:
        known = scope[REQUEST_ID] = sent_request_id(scope) or new_record_id()
    return known


def sent_request_id(scope: Scope) -> str | None:
    """The id that came with the request; None where there is none that can be used."""
    for name, value in scope["headers"]:
        if name == b"x-request-id":
            return value.decode() if _WELL_FORMED.fullmatch(value) else None
    return None
