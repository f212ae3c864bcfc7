"""Every way of signing in, inside of its hooks."""

from collections.abc import Awaitable, Callable
from typing import Protocol

from piccobase.auth.events import SigningIn, Way
from piccobase.auth.signed_in import SignedIn
from piccobase.hooks.dispatcher import Onions
from piccobase.records.acting import RecordService
from piccobase.rules.context import RequestContext
from piccobase.schema.collections import CollectionInfo


class Hooked(Protocol):
    """What is asked of the record service: who wraps a point, and the service for their code."""

    @property
    def hooks(self) -> Onions: ...

    def acting(self, context: RequestContext) -> RecordService: ...


async def signing_in(
    records: Hooked,
    context: RequestContext,
    collection: CollectionInfo,
    way: Way,
    step: Callable[[], Awaitable[SignedIn]],
    *,
    identity: str = "",
) -> SignedIn:
    """What `step` gives. Raises what it raises, and what hooks do."""
    if (around := records.hooks.around(SigningIn, collection.name)) is None:
        return await step()
    event = SigningIn(collection=collection, context=context, service=records.acting, way=way, identity=identity)
    signed_in: SignedIn = await around.run(event, step)
    return signed_in
