"""Update a record."""

from collections.abc import Mapping
from typing import Any

from piccobase.base.errors import BadRequest, FieldError, InvalidRecord, NotFound
from piccobase.db.errors import ConstraintFailed, NotUnique, StillReferenced
from piccobase.records.auth_form import check_changed_account, renew_token_key
from piccobase.records.binding import bind_value, stored_value
from piccobase.records.drafting import Draft, draft_changes
from piccobase.records.modifiers import modified_fields, resolve
from piccobase.records.service import Records
from piccobase.records.versions import Expected, later
from piccobase.records.viewing import see_stored
from piccobase.records.writing import (
    Row,
    check_relations,
    hash_passwords,
    load_row,
    refused,
    stored_satisfies,
    submitted,
    update_statement,
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
    4. The auth collection's own pass, then the fields, relations included; all problems at once (InvalidRecord).
    5. Passwords are hashed, still without a transaction.
    6. In the transaction the row is locked and read again. If anything was committed since step 1, modifiers and rule
       are worked out once more from what stands there now. Then the row is written.
    """
    if collection.kind == "view":
        raise BadRequest("Unsupported collection type.")
    records.planner.refuse_locked(collection, context, "update")
    key = records.planner.key_value(collection, record_id)
    version = records.db.version()
    stored = await load_row(records, collection, key) if key is not None else None
    if stored is None:
        raise NotFound
    draft, seen_by_rules = _draft(records, context, collection, body, stored)
    if not await stored_satisfies(records, context, collection, "update", key, seen_by_rules):
        raise NotFound
    if only_if is not None:
        only_if.check(collection, stored, records.db.dialect)
    if collection.kind == "auth" and (
        errors := await check_changed_account(records, context, collection, body, draft, stored, key)
    ):
        raise InvalidRecord(FAILED, errors)
    await check_relations(records, collection, draft)
    if body.get("id", record_id) != record_id:
        draft.errors["id"] = _KEY_CHANGED
    if draft.errors:
        raise InvalidRecord(FAILED, draft.errors)
    await hash_passwords(records, collection, draft)

    async def write() -> Row:
        async with records.transaction():
            latest = stored
            if version is None or version != records.db.version():
                latest = await _again(records, context, collection, key, body, draft)
                if only_if is not None:
                    only_if.check(collection, latest, records.db.dialect)
            renew_token_key(collection, draft, latest)
            return await _write(records, collection, key, draft, latest)

    try:
        row = await records.written(write)
    except (NotUnique, StillReferenced, ConstraintFailed) as error:
        raise refused(collection, error, FAILED) from error
    return await see_stored(records, context, collection, row, fields=fields, expand=expand, body=seen_by_rules)


def _draft(
    records: Records, context: RequestContext, collection: CollectionInfo, body: Mapping[str, Any], stored: Row
) -> tuple[Draft, dict[str, Any]]:
    """The changes, and the submitted values as rules see them."""
    writable = records.access.writable(collection, context.access)
    before = {field.name: stored_value(collection, stored, field) for field in modified_fields(collection, body)}
    sent = resolve(collection, _without_empty_password(collection, body), before)
    draft = draft_changes(collection, sent, writable)
    return draft, submitted(collection, sent, draft, writable, before)


def _without_empty_password(collection: CollectionInfo, body: Mapping[str, Any]) -> Mapping[str, Any]:
    """An empty password changes nothing; that one is missing beside its confirmation, the auth pass says."""
    if collection.kind == "auth" and "password" in body and not body["password"]:
        return {name: value for name, value in body.items() if name != "password"}
    return body


async def _again(
    records: Records,
    context: RequestContext,
    collection: CollectionInfo,
    key: Any,
    body: Mapping[str, Any],
    draft: Draft,
) -> Row:
    """Steps 2 and 3 once more, on the locked row: it may have changed, and so may what the rule looks at."""
    locked = await load_row(records, collection, key, lock="update")
    if locked is None:
        raise NotFound
    newer, seen_by_rules = _draft(records, context, collection, body, locked)
    if not await stored_satisfies(records, context, collection, "update", key, seen_by_rules):
        raise NotFound
    if newer.errors:
        raise InvalidRecord(FAILED, newer.errors)
    for field in modified_fields(collection, body):
        if field.name in newer.values:
            draft.values[field.name] = newer.values[field.name]
    return locked


async def _write(records: Records, collection: CollectionInfo, key: Any, draft: Draft, before: Row) -> Row:
    """Writes what has changed, and returns the row as it is stored then."""
    changed = tuple(field for field in collection.fields if field.name in draft.values)
    if not changed:  # an empty change of a record without dates: there is nothing to write
        row = await load_row(records, collection, key)
        if row is None:
            raise NotFound
        return row
    statement = records.planner.remembered(
        ("update", collection.name, tuple(field.name for field in changed)),
        lambda: update_statement(records, collection, changed),
    )
    dialect = records.db.dialect
    values = [
        later(field, draft.values[field.name], before[collection.fields.index(field)], dialect)
        if field.auto
        else bind_value(field, draft.values[field.name], dialect)
        for field in changed
    ]
    rows = await records.db.rows(statement.sql, [*values, key])
    if not rows:
        raise NotFound
    return rows[0]
