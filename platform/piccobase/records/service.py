"""The record service: what the verbs need, and one line for each of them."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from piccobase.db.engine import Database
from piccobase.db.errors import GroupUndone
from piccobase.db.retrying import retrying
from piccobase.hooks.dispatcher import NO_HOOKS, Onions
from piccobase.hooks.listeners import Listeners
from piccobase.records.planning import Planner
from piccobase.rules.book import RuleBook
from piccobase.rules.context import RequestContext
from piccobase.rules.fields import FieldAccess
from piccobase.schema.actor import Actor
from piccobase.schema.registry import Registry

if TYPE_CHECKING:
    from piccobase.records.acting import RecordService

Result = TypeVar("Result")


class Hasher(Protocol):
    """Hashes passwords off the event loop; `identity.hashing` has the one that the app uses."""

    async def hash(self, password: str) -> str: ...

    async def verify(self, stored_hash: str, password: str) -> bool: ...


@dataclass(slots=True)
class Records:
    """The collaborators of every verb. The verbs are functions of the modules beside this one and take it first."""

    db: Database
    registry: Registry
    book: RuleBook
    access: FieldAccess
    planner: Planner
    hasher: Hasher
    hooks: Onions = NO_HOOKS
    listeners: Listeners | None = None
    dry_run: bool = False  # whether what it writes is undone in any case
    in_batch: bool = False  # whether its writes stand in one transaction, which is undone whole when one fails
    totals: dict[Any, tuple[Any, int]] = field(default_factory=dict)  # a count and its values -> (when, total)

    def transaction(self) -> AbstractAsyncContextManager[Any]:
        """The transaction of one write. In a batch that is the batch's own: a savepoint for each would undo nothing."""
        return nullcontext() if self.in_batch else self.db.transaction()

    def brief_transaction(self) -> AbstractAsyncContextManager[Any]:
        """The same for a write in whose transaction only the database is waited for: there are no hooks inside."""
        return nullcontext() if self.in_batch else self.db.brief_transaction()

    async def written(self, work: Callable[[], Awaitable[Result]]) -> Result:
        """What `work` returns, which is one transaction. Again where two got into each other's way (PostgreSQL)."""
        if self.in_batch:
            return await work()
        if self.db.dialect == "sqlite":  # where writers stand in a queue
            try:
                return await work()
            except GroupUndone:
                pass
        return await retrying(self.db, work)

    def acting(self, context: RequestContext, who: str = "") -> "RecordService":
        """The verbs with the rights of whoever asks, for code of the app and of plugins."""
        from piccobase.records.acting import RecordService  # the verbs, which know this class

        # Each write of such code is one that can be undone alone: it may go on after an error.
        return RecordService(replace(self, in_batch=False) if self.in_batch else self, context, who)

    def context(
        self, actor: Actor, method: str, query: Mapping[str, str], headers: Mapping[str, str], context: str = "default"
    ) -> RequestContext:
        """The request as rules see it, with the field rules already decided."""
        return RequestContext(
            actor=actor,
            access=self.access.key(actor),
            method=method,
            query=query,
            headers=headers,
            context=context,
        )
