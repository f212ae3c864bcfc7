"""A new token for somebody who has one that still holds (protocol.md §5.5)."""

from piccobase.auth.signed_in import MaySignIn, SignedIn, check_auth_rule
from piccobase.base.errors import Forbidden, Unauthorized
from piccobase.identity.tokens import Tokens, bare_token
from piccobase.schema.actor import Actor
from piccobase.schema.collections import CollectionInfo


async def refresh(
    tokens: Tokens, may_sign_in: MaySignIn, collection: CollectionInfo, actor: Actor, authorization: str
) -> SignedIn:
    """The same sign-in, for the full time again. `authorization` is the header that `actor` came from.

    1. Only for somebody who has signed in: else Unauthorized.
    2. Only in one's own collection, superusers too: else Forbidden.
    3. The `auth` rule is asked again: else Forbidden.
    4. A token that was given out for somebody else to use (impersonation) stays what it is and ends when it ends.
    """
    if actor.collection is None:
        raise Unauthorized
    if actor.collection.id != collection.id:
        raise Forbidden(f"The request requires auth record from {actor.collection.name} collection.")
    await check_auth_rule(collection, actor.id, may_sign_in)
    if not actor.refreshable:
        return SignedIn(collection, actor.id, bare_token(authorization))
    token = await tokens.issue(collection, actor.id, actor.values["tokenKey"])
    return SignedIn(collection, actor.id, token)
