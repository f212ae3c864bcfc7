"""Takes a change back, with the rights of whoever asks for it, and only where nobody has changed the same since."""

import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from piccobase import Record, RecordService, WritingRecord
from piccobase.extending import (
    CollectionInfo,
    Conflict,
    FieldError,
    Forbidden,
    InvalidRecord,
    NotFound,
    Transaction,
    Unprocessable,
    WriteVerb,
)
from piccobase_audit.entries import NAME, PASSWORD, AuditEntry, exact, has_hidden_parts, joined, json_text, texts_of

_CHANGED_SINCE = FieldError("audit_changed_since", "It has been changed since.")
_NOT_RESTORED = FieldError(
    "audit_not_restored", "It did not become what it was: you may not write it, or a hook set it."
)
_TAKES_BACK: Mapping[str, WriteVerb] = {"create": "delete", "update": "update", "delete": "create"}
_running: ContextVar["Undo | None"] = ContextVar("piccobase_audit_undo", default=None)


@dataclass(slots=True)
class Undo:
    """A change that is being taken back. The hook around the write asks it, where the record cannot change any more."""

    entry: AuditEntry
    collection: CollectionInfo
    before: list[str]  # in JSON
    after: list[str]
    is_done: bool = False

    def is_about(self, event: WritingRecord) -> bool:
        """Whether this is the write that takes it back, and none that follows from that one."""
        if self.is_done or event.collection.id != self.collection.id or event.verb != _TAKES_BACK[self.entry.verb]:
            return False
        record_id = event.record.id if event.record is not None else event.draft.get("id")
        return bool(record_id == self.entry.record)

    def check(self, event: WritingRecord, transaction: Transaction | None) -> None:
        """Raises Conflict where a field is not any more what the change has made of it."""
        self.is_done = True
        if transaction is not None:
            transaction.on_rollback(self._begin_again)
        if event.record is not None:
            self._demand(event.record, self.after, "The record has been changed since.", _CHANGED_SINCE)

    def confirm(self, written: Record | None) -> None:
        """Raises Conflict where a field is not what it was: what may not be written is dropped from a draft."""
        if written is not None:
            self._demand(written, self.before, "Not all of it can be taken back.", _NOT_RESTORED)

    def _begin_again(self) -> None:
        """What was undone with its transaction is tried anew where that is."""
        self.is_done = False

    def _demand(self, record: Record, texts: list[str], message: str, error: FieldError) -> None:
        auto = {field.name for field in self.collection.fields if field.auto}
        wrong = [
            name
            for name, value in joined(texts, exact).items()
            if name in record and name not in auto and exact(json_text(record[name])) != value
        ]
        if wrong:
            raise Conflict(f"{message} Nothing was undone.", dict.fromkeys(wrong, error))


def current_undo(event: WritingRecord) -> Undo | None:
    """The undo that a write belongs to."""
    undo = _running.get()
    return undo if undo is not None and undo.is_about(event) else None


async def undo_change(
    records: RecordService, entry_id: str, follows: Callable[[CollectionInfo], bool]
) -> dict[str, Any] | None:
    """Takes back the change of an entry. Returns the record as it is then, None where there is none any more.

    `follows` says whether changes of a collection are noted, because what is not followed any more cannot be compared.

    Whoever asks must be able to read the entry, and needs the rights that the change back takes: nothing is done here
    that could not be done over the API. Raises NotFound, Forbidden, Conflict, Unprocessable, InvalidRecord.
    """
    await records.view(NAME, entry_id)
    entry = await AuditEntry.objects().get(AuditEntry.id == entry_id)
    if entry is None:
        raise NotFound
    if not records.actor.superuser and has_hidden_parts(entry):
        raise Forbidden("The change has parts that only superusers see: only they can undo it.")
    if entry.verb == "update" and PASSWORD in exact(entry.changed):
        raise Unprocessable("A password was set, and the one before it is not kept: that cannot be undone.")
    collection = _collection(records, entry)
    if not follows(collection):
        raise Conflict(f'Changes of "{collection.name}" are not followed any more, so none of them is undone.')
    undo = Undo(entry, collection, *texts_of(entry))
    with _taking_back(undo):
        return await _write(records, undo)


async def _write(records: RecordService, undo: Undo) -> dict[str, Any] | None:
    name, record_id = undo.collection.name, undo.entry.record
    try:
        match undo.entry.verb:
            case "create":
                await records.delete(name, record_id)
                return None
            case "update":
                return await records.update(name, record_id, joined(undo.before))
        return await records.create(name, _again(undo))
    except NotFound:
        if not records.actor.superuser:
            raise  # whether it is there may not be for them to know
        raise Conflict("The record has been deleted since. Nothing was undone.") from None
    except InvalidRecord as error:
        if undo.entry.verb == "delete" and "id" in error.data:
            raise Conflict("There is a record with this id again. Nothing was undone.") from error
        raise


def _again(undo: Undo) -> dict[str, Any]:
    """What a deleted record is made of again. An account gets a password that nobody knows: its own was not kept."""
    if undo.collection.kind != "auth":
        return joined(undo.before)
    password = secrets.token_urlsafe(32)
    return {**joined(undo.before), PASSWORD: password, "passwordConfirm": password}


def _collection(records: RecordService, entry: AuditEntry) -> CollectionInfo:
    try:
        return records.collection(entry.collection_key)
    except LookupError:
        raise Conflict(f'There is no collection "{entry.collection}" any more.') from None


@contextmanager
def _taking_back(undo: Undo) -> Iterator[None]:
    token = _running.set(undo)
    try:
        yield
    finally:
        _running.reset(token)
