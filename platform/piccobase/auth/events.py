"""The hook points of signing in."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from piccobase.records.events import RecordEvent

Way = Literal["password", "refresh"]


@dataclass(slots=True, kw_only=True)
class SigningIn(RecordEvent):
    """Somebody wants to sign in to `collection`, in the `way` given, or to go on with a token that still holds.

    `identity` is what was sent with a password: who this is, is not certain before the step. The result is a
    `SignedIn`, with the record's id and a token that nobody has got yet: an error keeps it from them.
    """

    about_collection: ClassVar[bool] = True

    way: Way
    identity: str = ""
