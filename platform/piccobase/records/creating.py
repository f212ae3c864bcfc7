"""Create a record."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from piccobase.base.errors import BadRequest, FieldError, InvalidRecord
from piccobase.db.errors import ConstraintFailed, NotUnique, StillReferenced
from piccobase.hooks.dispatcher import Wraps
from piccobase.identity.roles import Grants
from piccobase.records.announcing import announce_created
from piccobase.records.auth_form import check_new_account
from piccobase.records.binding import wire_id
from piccobase.records.drafting import Draft, draft_new
from piccobase.records.events import CreatingRecord, WritingRecord
from piccobase.records.hooked_draft import HookedDraft
from piccobase.records.inside import acting_inside
from piccobase.records.modifiers import resolve
from piccobase.records.overlaying import overlaid, overlaid_inside
from piccobase.records.record import Record
from piccobase.records.service import Records
from piccobase.records.viewing import see_stored
from piccobase.records.writing import (
    Row,
    Submitted,
    check_relations,
    draft_satisfies,
    hash_passwords,
    load_row,
    password_fields,
    refused,
    row_insert,
)
from piccobase.rules.context import RequestContext
from piccobase.schema.collections import CollectionInfo

FAILED = "Failed to create record."
_TAKEN = FieldError("validation_invalid_auth_id", "The id is used by a record of another auth collection.")


async def create_record(
    records: Records,
    context: RequestContext,
    collection: CollectionInfo,
    body: Mapping[str, Any],
    fields: str = "",
    expand: str = "",
) -> Any:
    """Writes a new record and returns it as the caller may see it, whatever the view rule says.

    1. A locked verb refuses at once (Forbidden).
    2. The body becomes a draft: modifiers resolved, values cleaned, defaults filled in; what is wrong is only noted.
    3. The create rule is asked of the draft. A refusal says nothing of the fields (InvalidRecord with no data).
    4. The hooks around CreatingRecord begin. What they set is laid over the draft.
    5. The auth collection's own pass, then the fields, relations included; all problems at once (InvalidRecord). Where
       a relation is the only question left, it is asked in the transaction.
    6. Passwords are hashed, still without a transaction.
    7. In the transaction, inside the hooks around WritingRecord, the row is written. A clash with a unique index
       becomes a field error.
    """
    if collection.kind == "view":
        raise BadRequest("Unsupported collection type.")
    records.planner.refuse_locked(collection, context, "create")
    writable = records.access.writable(collection, context.access)
    sent = resolve(collection, body, {})
    draft = draft_new(collection, sent, writable)
    seen_by_rules = Submitted(collection, sent, draft, writable)
    if not await draft_satisfies(records, context, collection, "create", draft, seen_by_rules):
        raise InvalidRecord(FAILED)
    if (around := records.hooks.around(CreatingRecord, collection.name)) is None:
        row = await _settle(records, context, collection, body, draft, seen_by_rules)
    else:
        row = await _settle_inside(around, records, context, collection, body, draft, seen_by_rules)
    return await see_stored(records, context, collection, row, fields=fields, expand=expand, body=seen_by_rules)


async def _settle_inside(
    around: Wraps,
    records: Records,
    context: RequestContext,
    collection: CollectionInfo,
    body: Mapping[str, Any],
    draft: Draft,
    sent: Mapping[str, Any],
) -> Row:
    row: Row = ()
    event = CreatingRecord(
        collection=collection,
        context=context,
        service=records.acting,
        draft=HookedDraft(collection, sent),
        dry_run=records.dry_run,
    )

    async def step() -> Record:
        nonlocal row
        row = await _settle(records, context, collection, body, draft, sent, event.draft)
        return Record(collection, row, records.db.dialect)

    await around.run(event, step)
    return row


async def _settle(
    records: Records,
    context: RequestContext,
    collection: CollectionInfo,
    body: Mapping[str, Any],
    draft: Draft,
    sent: Mapping[str, Any],
    hooked: HookedDraft | None = None,
) -> Row:
    """Steps 5 to 7."""
    if collection.kind == "auth":
        if hooked is not None and "password" in hooked.set:  # which nobody need confirm
            body = {**body, "password": hooked["password"], "passwordConfirm": hooked["password"]}
        # Of what was sent: what a hook sets needs no right.
        if errors := await check_new_account(records, context, collection, body, draft):
            raise InvalidRecord(FAILED, errors)
    if hooked is not None:
        draft, sent = overlaid(collection, draft, hooked, new=True), hooked
    if draft.errors or password_fields(collection) or records.hooks.around(WritingRecord, collection.name) is not None:
        # Of several problems all are told, nothing is hashed in vain, and hooks see no relation to nothing. Otherwise
        # it is looked for where the row is written, which spares a look at the database.
        await check_relations(records, collection, draft, context.actor)
    if collection.kind == "auth" and (body.get("id") or "id" in sent):
        await _check_auth_id(records, collection, draft)
    if draft.errors:
        raise InvalidRecord(FAILED, draft.errors)
    await hash_passwords(records, collection, draft)
    return await records.written(lambda: _write(records, context, collection, draft, sent))


async def _write(
    records: Records, context: RequestContext, collection: CollectionInfo, draft: Draft, sent: Mapping[str, Any]
) -> Row:
    """Writes the row in a transaction of its own, inside of its hooks, and returns it as it is stored."""
    around = records.hooks.around(WritingRecord, collection.name)
    try:
        async with records.brief_transaction() if around is None else records.transaction():
            if around is None:
                await check_relations(records, collection, draft, context.actor)
                if draft.errors:
                    raise InvalidRecord(FAILED, draft.errors)
                row = await _insert(records, collection, draft)
            else:
                row = await _insert_inside(around, records, context, collection, draft, sent)
            if records.listeners is not None:
                await announce_created(records, context.actor, collection, row)
    except (NotUnique, StillReferenced, ConstraintFailed) as error:
        raise refused(collection, error, FAILED) from error
    return row


async def _insert_inside(
    around: Wraps,
    records: Records,
    context: RequestContext,
    collection: CollectionInfo,
    draft: Draft,
    sent: Mapping[str, Any],
) -> Row:
    row: Row = ()
    event = WritingRecord(
        collection=collection,
        context=context,
        service=partial(acting_inside, records),
        verb="create",
        record=None,
        draft=HookedDraft(collection, sent),
        dry_run=records.dry_run,
    )

    async def step() -> Record:
        nonlocal row
        final = await overlaid_inside(records, context, collection, draft, event.draft, FAILED, new=True)
        row = await _insert(records, collection, final)
        return Record(collection, row, records.db.dialect)

    await around.run(event, step)
    return row


async def _insert(records: Records, collection: CollectionInfo, draft: Draft) -> Row:
    write = row_insert(records, collection, draft)
    rows = await records.db.rows(write.sql, write.bind(draft))
    if collection.kind == "auth":
        # A record of this id may have gone by another way than the API, and left its roles behind.
        record_id = wire_id(collection, rows[0], records.db.dialect)
        await Grants(records.db).take_all(collection, record_id)
    return rows[0]


async def _check_auth_id(records: Records, collection: CollectionInfo, draft: Draft) -> None:
    """An id that a client chose is unique over all auth collections, so that it never stands for two people (§2.6)."""
    wanted = draft.values.get("id")
    for other in records.registry.collections.values():
        if other.kind == "auth" and other is not collection:
            key = records.planner.key_value(other, str(wanted))
            if await load_row(records, other, key) is not None:
                draft.errors["id"] = _TAKEN
