"""What the slots of a statement are filled from when it runs: the client's literals and the request."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from piccobase.base import clock
from piccobase.filters.literals import LiteralValue
from piccobase.schema.actor import GUEST, Actor


@dataclass(slots=True, kw_only=True)
class Bindings:
    """One run's values. Subclass it to bind more than filters do (a page's limit, a cursor).

    `literals` are those of the client's filter (`Shape.literals`); rules bring theirs along. `body` holds submitted
    values by wire name after modifiers were resolved; what the collection knows should be cleaned already. `query` and
    `headers` hold first values, header names in lower case with `_` for `-`. `method` is in capitals; `context` one of
    protocol.md §3.2. All macros of one run see the same moment.
    """

    literals: Sequence[LiteralValue] = ()
    actor: Actor = GUEST
    body: Mapping[str, Any] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    method: str = "GET"
    context: str = "default"
    moment: datetime | None = None

    def now(self) -> datetime:
        """The moment of the run: that at which somebody asks first, where none is given."""
        if self.moment is None:
            self.moment = clock.now()
        return self.moment
