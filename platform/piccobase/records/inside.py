"""What code does inside a transaction, while the write lock is held: database work only, and not for long."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from piccobase.hooks.dispatcher import SECONDS_INSIDE, Onion, Onions, Step, Wraps
from piccobase.hooks.errors import HookMisused
from piccobase.hooks.point import HookEvent
from piccobase.records.service import Records
from piccobase.rules.context import RequestContext

if TYPE_CHECKING:
    from piccobase.records.acting import RecordService


def acting_inside(records: Records, context: RequestContext) -> "RecordService":
    """The verbs for a hook that runs in the transaction: what it writes is part of it."""
    if not records.in_batch and not isinstance(records.hasher, NoHasher):
        # In a batch these stand in already, by what works all the same: it can be run again.
        records = replace(records, hooks=LimitedHooks(records.hooks), hasher=NoHasher())
    return records.acting(context)


class NoHasher:
    """Refuses to hash: that takes longer than the write lock may be held."""

    async def hash(self, password: str) -> str:
        raise HookMisused(
            "A hook around WritingRecord cannot set a password, which would be hashed while the write lock is held: do "
            "it around CreatingRecord or UpdatingRecord, or in a listener."
        )

    async def verify(self, stored_hash: str, password: str) -> bool:
        return bool(await self.hash(password))


@dataclass(frozen=True, slots=True)
class LimitedHooks:
    """The same hooks, all of them held to the time of those inside."""

    hooks: Onions

    @property
    def hooked(self) -> frozenset[str]:
        return self.hooks.hooked

    def around(self, point: type[HookEvent], collection: str = "") -> Wraps | None:
        return limited(self.hooks.around(point, collection))


def limited(onion: Wraps | None) -> Wraps | None:
    """The onion, with each of its hooks held to `SECONDS_INSIDE`."""
    return _Limited(onion) if isinstance(onion, Onion) and not onion.point.inside else onion


@dataclass(frozen=True, slots=True)
class _Limited:
    onion: Onion

    async def run(self, event: HookEvent, step: Step) -> Any:
        return await self.onion.run(event, step, limit=SECONDS_INSIDE)
