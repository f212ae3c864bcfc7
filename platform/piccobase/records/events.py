"""The hook points of records, a class a point, and what has happened to them after the commit."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from piccobase.hooks.point import AfterEvent, HookEvent
from piccobase.records.asking import ListQuery
from piccobase.records.hooked_draft import HookedDraft
from piccobase.records.record import Record
from piccobase.rules.context import RequestContext
from piccobase.schema.actor import GUEST, Actor
from piccobase.schema.collections import CollectionInfo
from piccobase.schema.fields import FieldInfo

if TYPE_CHECKING:
    from piccobase.records.acting import RecordService

WriteVerb = Literal["create", "update", "delete"]


@dataclass(slots=True, kw_only=True)
class RecordEvent(HookEvent):
    """What all points of records have. `records` acts with the rights of `actor`, who asks."""

    about_collection: ClassVar[bool] = True

    collection: CollectionInfo
    context: RequestContext
    service: "Callable[[RequestContext], RecordService]" = field(repr=False)

    @property
    def actor(self) -> Actor:
        return self.context.actor

    @property
    def records(self) -> "RecordService":
        return self.service(self.context)  # made for those who use it


@dataclass(slots=True, kw_only=True)
class ListingRecords(RecordEvent):
    """A page of records is asked for. `query` may be replaced; the result is a `Page` whose items are dicts."""

    answers: ClassVar[bool] = True

    query: ListQuery


@dataclass(slots=True, kw_only=True)
class ViewingRecord(RecordEvent):
    """One record is asked for. The result is a dict, as whoever asks may see it."""

    answers: ClassVar[bool] = True

    record_id: str


@dataclass(slots=True, kw_only=True)
class CreatingRecord(RecordEvent):
    """A record is about to be created. The create rule has been asked, and no transaction is open.

    `draft` has what was sent, as far as whoever asks may write it. What a hook sets in it needs no right, and is
    validated as everything is. The result is the `Record`, which is committed by then.
    """

    draft: HookedDraft
    dry_run: bool = False  # all is done, and undone again


@dataclass(slots=True, kw_only=True)
class UpdatingRecord(RecordEvent):
    """A record is about to be changed. `record` is as it was, `draft` has the changes; the rest is as for creating."""

    record: Record
    draft: HookedDraft
    dry_run: bool = False


@dataclass(slots=True, kw_only=True)
class DeletingRecord(RecordEvent):
    """A record is about to be deleted. There is no result. Records that go along with another are only written."""

    record: Record
    dry_run: bool = False


@dataclass(slots=True, kw_only=True)
class WritingRecord(RecordEvent):
    """A row is about to be written, in the transaction: also of what goes along with a deleted record.

    `record` is as it was, None for a new one. What a hook sets in `draft` is validated. The result is the `Record` as
    it is stored then, None where it was deleted; an error undoes the whole transaction.
    """

    inside: ClassVar[bool] = True

    verb: WriteVerb
    record: Record | None
    draft: HookedDraft
    dry_run: bool = False


@dataclass(slots=True, kw_only=True)
class ExpandingRecords(RecordEvent):
    """Records of `collection` are about to be followed along a relation, or back along it, to those of `target`.

    The result is a list of dicts: what was found, as whoever asks may see it. What a hook leaves out is not delivered.
    """

    answers: ClassVar[bool] = True

    segment: str  # of the expand path
    relation: FieldInfo
    target: CollectionInfo


@dataclass(slots=True, kw_only=True)
class EnrichingRecords(RecordEvent):
    """Records are about to be answered: listed, viewed, expanded, written or signed in. There is no result.

    `items` are dicts, as whoever asks may see them: a hook may change, add and take away what is in them.
    """

    items: list[dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchedWrite:
    """One write of a batch. `collection` is None where there is none of the name that was sent."""

    action: str  # create, update, upsert or delete
    collection: CollectionInfo | None
    record_id: str


@dataclass(slots=True, kw_only=True)
class RunningBatch(HookEvent):
    """A batch of a client's is about to be run: all of its writes in one transaction, or none.

    The result are the records as they are answered, in the order of the writes, None for what was deleted. By then they
    are committed. The hooks of each write are inside of these.
    """

    context: RequestContext
    service: "Callable[[RequestContext], RecordService]" = field(repr=False)
    writes: Sequence[BatchedWrite]
    dry_run: bool = False

    @property
    def actor(self) -> Actor:
        return self.context.actor

    @property
    def records(self) -> "RecordService":
        return self.service(self.context)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordChanged(AfterEvent):
    """What all events about a written record have. `actor` is who asked for it, a guest where nobody did."""

    can_be_kept: ClassVar[bool] = True
    verb: ClassVar[WriteVerb]

    record: Record
    actor: Actor = GUEST
    at: datetime

    @property
    def subject(self) -> tuple[str, str]:
        return self.collection.name, self.record.id


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordCreated(RecordChanged):
    """A record was created."""

    verb: ClassVar[WriteVerb] = "create"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordUpdated(RecordChanged):
    """A record was changed: `before` is as it was."""

    verb: ClassVar[WriteVerb] = "update"

    before: Record


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordDeleted(RecordChanged):
    """A record was deleted, alone or along with another: `record` is as it was."""

    verb: ClassVar[WriteVerb] = "delete"
