"""Update a record."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from piccobase.base.errors import BadRequest, FieldError, InvalidRecord, NotFound
from piccobase.db.errors import ConstraintFailed, NotUnique, StillReferenced
from piccobase.hooks.dispatcher import Wraps
from piccobase.records.announcing import announce_updated
from piccobase.records.auth_form import check_changed_account, renew_token_key
from piccobase.records.binding import stored_value
from piccobase.records.drafting import Draft, draft_changes
from piccobase.records.events import UpdatingRecord, WritingRecord
from piccobase.records.hooked_draft import HookedDraft
from piccobase.records.inside import acting_inside
from piccobase.records.modifiers import modified_fields, resolve
from piccobase.records.overlaying import overlaid, overlaid_inside
from piccobase.records.record import Record
from piccobase.records.service import Records
from piccobase.records.versions import Expected, later
from piccobase.records.viewing import see_stored
from piccobase.records.writing import (
    Lock,
    Row,
    Submitted,
    check_relations,
    hash_passwords,
    is_decided,
    load_row,
    password_fields,
    refused,
    row_update,
    stored_satisfies,
)
from piccobase.rules.context import RequestContext
from piccobase.schema.collections import CollectionInfo

FAILED = "Failed to update record."
_KEY_CHANGED = FieldError("validation_pk_change", "The record primary key cannot be changed.")


async def update_record(
    records: Records,
    context: RequestContext,
    collection: CollectionInfo,
    record_id: str,
    body: Mapping[str, Any],
    fields: str = "",
    expand: str = "",
    only_if: Expected | None = None,
) -> Any:
    """Changes a record and returns it as the caller may see it, whatever the view rule says.

    1. A locked verb refuses at once (Forbidden), then the row must be there (NotFound).
    2. The body becomes a draft of changes: modifiers resolved from the stored values, values cleaned.
    3. The update rule is asked of the stored row and the submitted values; a refusal is NotFound. Then the row must
       be of the version that is expected, if one is (Changed).
    4. The hooks around UpdatingRecord begin. What they set is laid over the draft.
    5. The auth collection's own pass, then the fields, relations included; all problems at once (InvalidRecord).
    6. Passwords are hashed, still without a transaction.
    7. In the transaction the row is locked and read again. If anything was committed since step 1, or hooks around
       WritingRecord have begun, modifiers and rule are worked out once more from what stands there now. Then the row is
       written.

    On the embedded database all of it stands in the transaction where none but the database is asked (`_is_brief`).
    """
    if collection.kind == "view":
        raise BadRequest("Unsupported collection type.")
    records.planner.refuse_locked(collection, context, "update")
    key = records.planner.key_value(collection, record_id)
    if key is None:
        raise NotFound
    asked = _Request(records, context, collection, record_id, key, body, only_if)
    if _is_brief(asked):
        row, seen_by_rules = await records.written(lambda: _change_at_once(asked))
    else:
        version = records.db.version_seen()
        stored, draft, seen_by_rules = await _begun(asked)
        change = _Change(asked, stored, version, draft, seen_by_rules)
        if (around := records.hooks.around(UpdatingRecord, collection.name)) is None:
            row = await change.settle()
        else:
            row = await _settle_inside(around, change)
    return await see_stored(records, context, collection, row, fields=fields, expand=expand, body=seen_by_rules)


@dataclass(slots=True)
class _Request:
    """What is to be changed how, and for whom."""

    records: Records
    context: RequestContext
    collection: CollectionInfo
    record_id: str
    key: Any
    body: Mapping[str, Any]
    only_if: Expected | None


async def _begun(asked: _Request, *, lock: Lock | None = None) -> tuple[Row, Draft, Submitted]:
    """Steps 1 to 3, after the refusal of a locked verb: the stored row, the draft, and what rules see of it."""
    records, context, collection = asked.records, asked.context, asked.collection
    stored = await load_row(records, collection, asked.key, lock=lock)
    if stored is None:
        raise NotFound
    draft, seen_by_rules = _draft(records, context, collection, asked.body, stored)
    if not await stored_satisfies(records, context, collection, "update", asked.key, seen_by_rules, stored):
        raise NotFound
    if asked.only_if is not None:
        asked.only_if.check(collection, stored, records.db.dialect)
    if asked.body.get("id", asked.record_id) != asked.record_id:
        draft.errors["id"] = _KEY_CHANGED
    return stored, draft, seen_by_rules


def _is_brief(asked: _Request) -> bool:
    """Whether all of it may stand in one transaction: the database is within this process, and nothing that can take
    long, or could be made to by somebody without rights, is asked while the lock for writing is held."""
    records, name = asked.records, asked.collection.name
    return (
        records.db.dialect == "sqlite"
        and asked.collection.kind == "base"
        and not password_fields(asked.collection)
        and records.hooks.around(UpdatingRecord, name) is None
        and records.hooks.around(WritingRecord, name) is None
        and is_decided(records, asked.context, asked.collection, "update")
    )


async def _change_at_once(asked: _Request) -> tuple[Row, Submitted]:
    """Steps 1 to 7 where that is so: the row is read once."""
    records, context, collection = asked.records, asked.context, asked.collection
    try:
        async with records.brief_transaction():
            before, draft, seen_by_rules = await _begun(asked, lock="update")
            await check_relations(records, collection, draft, context.actor)
            if draft.errors:
                raise InvalidRecord(FAILED, draft.errors)
            row = await _write(records, collection, asked.key, draft, before)
            if records.listeners is not None:
                await announce_updated(records, context.actor, collection, before, row)
    except (NotUnique, StillReferenced, ConstraintFailed) as error:
        raise refused(collection, error, FAILED) from error
    return row, seen_by_rules


@dataclass(slots=True)
class _Change:
    """What the last steps of one change need."""

    asked: _Request
    stored: Row
    version: int | None  # of the database, before the row was read
    draft: Draft
    sent: Mapping[str, Any]  # as rules and hooks see it
    overridden: frozenset[str] = frozenset()  # fields that hooks have decided

    async def settle(self, hooked: HookedDraft | None = None) -> Row:
        """Steps 5 to 7."""
        asked = self.asked
        records, collection = asked.records, asked.collection
        if collection.kind == "auth" and (
            # Of what was sent: what a hook sets needs no right.
            errors := await check_changed_account(
                records, asked.context, collection, asked.body, self.draft, self.stored, asked.key
            )
        ):
            raise InvalidRecord(FAILED, errors)
        if hooked is not None:
            self.draft, self.sent = overlaid(collection, self.draft, hooked, new=False), hooked
            self.overridden = frozenset((*hooked.set, *hooked.removed))
        await check_relations(records, collection, self.draft, asked.context.actor)
        if self.draft.errors:
            raise InvalidRecord(FAILED, self.draft.errors)
        await hash_passwords(records, collection, self.draft)
        try:
            return await records.written(self._write)
        except (NotUnique, StillReferenced, ConstraintFailed) as error:
            raise refused(collection, error, FAILED) from error

    async def _write(self) -> Row:
        asked = self.asked
        records, collection = asked.records, asked.collection
        around = records.hooks.around(WritingRecord, collection.name)
        async with records.brief_transaction() if around is None else records.transaction():
            if around is not None:
                before, row = await self._write_inside(around)
            else:
                before = self.stored
                if self.version is None or self.version != records.db.version():
                    before = await self._again()
                row = await self._write_row(before, self.draft)
            if records.listeners is not None:
                await announce_updated(records, asked.context.actor, collection, before, row)
        return row

    async def _write_inside(self, around: Wraps) -> tuple[Row, Row]:
        """The row before and after."""
        asked = self.asked
        records, collection = asked.records, asked.collection
        before = await self._locked()
        after: Row = ()
        event = WritingRecord(
            collection=collection,
            context=asked.context,
            service=partial(acting_inside, records),
            verb="update",
            record=Record(collection, before, records.db.dialect),
            draft=HookedDraft(collection, self.sent, new=False),
            dry_run=records.dry_run,
        )

        async def step() -> Record:
            nonlocal before, after
            before = await self._again()
            draft = await overlaid_inside(
                records, asked.context, collection, self.draft, event.draft, FAILED, new=False
            )
            after = await self._write_row(before, draft)
            return Record(collection, after, records.db.dialect)

        await around.run(event, step)
        return before, after

    async def _locked(self) -> Row:
        locked = await load_row(self.asked.records, self.asked.collection, self.asked.key, lock="update")
        if locked is None:
            raise NotFound
        return locked

    async def _again(self) -> Row:
        """Steps 2 and 3 once more, on the locked row: it may have changed, and so may what the rule looks at."""
        asked = self.asked
        records, collection = asked.records, asked.collection
        locked = await self._locked()
        newer, seen_by_rules = _draft(records, asked.context, collection, asked.body, locked)
        if not await stored_satisfies(records, asked.context, collection, "update", asked.key, seen_by_rules, locked):
            raise NotFound
        if wrong := {name: error for name, error in newer.errors.items() if name not in self.overridden}:
            raise InvalidRecord(FAILED, wrong)
        for field in modified_fields(collection, asked.body):
            if field.name in newer.values and field.name not in self.overridden:
                self.draft.values[field.name] = newer.values[field.name]
        if asked.only_if is not None:
            asked.only_if.check(collection, locked, records.db.dialect)
        return locked

    async def _write_row(self, before: Row, draft: Draft) -> Row:
        asked = self.asked
        renew_token_key(asked.collection, draft, before)
        return await _write(asked.records, asked.collection, asked.key, draft, before)


async def _settle_inside(around: Wraps, change: _Change) -> Row:
    row: Row = ()
    records, collection = change.asked.records, change.asked.collection
    event = UpdatingRecord(
        collection=collection,
        context=change.asked.context,
        service=records.acting,
        record=Record(collection, change.stored, records.db.dialect),
        draft=HookedDraft(collection, change.sent, new=False),
        dry_run=records.dry_run,
    )

    async def step() -> Record:
        nonlocal row
        row = await change.settle(event.draft)
        return Record(collection, row, records.db.dialect)

    await around.run(event, step)
    return row


def _draft(
    records: Records, context: RequestContext, collection: CollectionInfo, body: Mapping[str, Any], stored: Row
) -> tuple[Draft, Submitted]:
    """The changes, and the submitted values as rules see them."""
    writable = records.access.writable(collection, context.access)
    before = {field.name: stored_value(collection, stored, field) for field in modified_fields(collection, body)}
    sent = resolve(collection, _without_empty_password(collection, body), before)
    draft = draft_changes(collection, sent, writable)
    return draft, Submitted(collection, sent, draft, writable)


def _without_empty_password(collection: CollectionInfo, body: Mapping[str, Any]) -> Mapping[str, Any]:
    """An empty password changes nothing; that one is missing beside its confirmation, the auth pass says."""
    if collection.kind == "auth" and "password" in body and not body["password"]:
        return {name: value for name, value in body.items() if name != "password"}
    return body


async def _write(records: Records, collection: CollectionInfo, key: Any, draft: Draft, before: Row) -> Row:
    """Writes what has changed, and returns the row as it is stored then."""
    if not draft.values:  # an empty change of a record without dates: there is nothing to write
        row = await load_row(records, collection, key)
        if row is None:
            raise NotFound
        return row
    write = row_update(records, collection, draft)
    values = write.bind(draft)
    for index, field in enumerate(write.fields):
        if field.auto:
            values[index] = later(field, values[index], before[collection.fields.index(field)], records.db.dialect)
    rows = await records.db.rows(write.sql, [*values, key])
    if not rows:
        raise NotFound
    return rows[0]
