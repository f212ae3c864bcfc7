"""The request as rules see it: who asks, how, and with what."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from piccobase.filters.bindings import Bindings
from piccobase.filters.literals import LiteralValue
from piccobase.schema.actor import GUEST, Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestContext:
    """Made once a request.

    `access` says which field rules the actor satisfies (`FieldAccess.key`). `context` is one of protocol.md §3.2.
    """

    actor: Actor = GUEST
    access: int = 0
    method: str = "GET"
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    context: str = "default"

    @property
    def kind(self) -> tuple[str, bool, int]:
        """Requests of one kind share their plans: what differs between them is bound, not compiled."""
        collection = self.actor.collection
        return (collection.name if collection else "", self.actor.superuser, self.access)

    def bindings(self, literals: Sequence[LiteralValue] = (), body: Mapping[str, Any] | None = None) -> Bindings:
        """What the slots of a statement are filled from."""
        return Bindings(
            literals=literals,
            actor=self.actor,
            body=body or {},
            query=self.query,
            headers=self.headers,
            method=self.method,
            context=self.context,
        )
