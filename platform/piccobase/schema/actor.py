"""Whoever makes a request: a guest, an auth record or a superuser."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from piccobase.base.observing import ACTOR, current_scope

if TYPE_CHECKING:
    from piccobase.schema.collections import CollectionInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who asks. `values` are the auth record's fields as the driver gave them, hidden ones included, by wire name.

    `roles` is closed under inclusion: who has `admin`, which includes `editor`, has both.
    """

    collection: "CollectionInfo | None" = None
    id: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    roles: frozenset[str] = frozenset()
    superuser: bool = False
    refreshable: bool = True

    @property
    def guest(self) -> bool:
        return self.collection is None


GUEST = Actor()


def note_actor(actor: Actor) -> None:
    """Notes for the logs who makes the request that is being answered."""
    if actor.collection is not None and (scope := current_scope.get()) is not None:
        scope[ACTOR] = (actor.collection.name, actor.id, actor.collection.id)
