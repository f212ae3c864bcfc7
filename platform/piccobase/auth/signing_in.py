"""Every way of signing in, inside of its hooks."""

from collections.abc import Awaitable, Callable

from piccobase.auth.events import SigningIn, Way
from piccobase.auth.signed_in import SignedIn
from piccobase.records.service import Records
from piccobase.rules.context import RequestContext
from piccobase.schema.collections import CollectionInfo


async def signing_in(
    records: Records,
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
    event = SigningIn(
        collection=collection, context=context, service=records.acting, way=way, identity=identity
    )
    signed_in: SignedIn = await around.run(event, step)
    return signed_in
