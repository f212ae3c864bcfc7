"""What every way of signing in ends with: the `auth` rule, and a token."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from piccobase.base.errors import Forbidden, NotFound
from piccobase.schema.auth_options import AuthOptions
from piccobase.schema.collections import CollectionInfo

MaySignIn = Callable[[CollectionInfo, str], Awaitable[bool]]
"""Whether a record, by its id on the wire, satisfies the `auth` rule of its collection. Asked only where one is set."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Somebody has signed in: the record, by its id on the wire, and the token to come back with."""

    collection: CollectionInfo
    record_id: str
    token: str


def auth_options(collection: CollectionInfo) -> AuthOptions:
    """How records of the collection sign in. Raises NotFound where they do not: it is no auth collection."""
    if collection.auth is None:
        raise NotFound("Missing or invalid auth collection context.")
    return collection.auth


async def check_auth_rule(collection: CollectionInfo, record_id: str, may_sign_in: MaySignIn) -> None:
    """Raises Forbidden unless the record satisfies the `auth` rule (protocol.md §5.2). Without a rule nobody does."""
    rule = collection.rules["auth"]
    if rule == "" or (rule is not None and await may_sign_in(collection, record_id)):
        return
    raise Forbidden("The request doesn't satisfy the collection requirements to authenticate.")
