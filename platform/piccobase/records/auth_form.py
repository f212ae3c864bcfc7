"""What creating and updating an auth record asks beyond its fields (protocol.md §2.8): passwords and protected fields.

This is a first pass of its own: if it fails, the other fields' errors are not reported.
"""

from collections.abc import Mapping
from typing import Any

from piccobase.base.errors import FieldError
from piccobase.base.ids import new_secret
from piccobase.records.drafting import REQUIRED, Draft
from piccobase.records.service import Records
from piccobase.records.writing import Row, draft_satisfies, stored_satisfies
from piccobase.rules.context import RequestContext
from piccobase.schema.collections import CollectionInfo

_MISMATCH = FieldError("validation_values_mismatch", "Values don't match.")
_WRONG_OLD_PASSWORD = FieldError("validation_invalid_old_password", "Missing or invalid old password.")


async def check_new_account(
    records: Records, context: RequestContext, collection: CollectionInfo, body: Mapping[str, Any], draft: Draft
) -> dict[str, FieldError]:
    """The pass for a new auth record. Who may not manage it cannot call it verified; that is refused, not dropped."""
    errors = _password_errors(body)
    if draft.values.get("verified") and not await _manages_draft(records, context, collection, draft, body):
        errors["verified"] = _MISMATCH
    return errors


async def check_changed_account(
    records: Records,
    context: RequestContext,
    collection: CollectionInfo,
    body: Mapping[str, Any],
    draft: Draft,
    stored: Row,
    key: Any,
) -> dict[str, FieldError]:
    """The pass for changes. Who does not manage the record leaves its address and verification as they are, and gives
    the old password along with a new one."""
    wants_password = any(body.get(name) for name in ("password", "passwordConfirm", "oldPassword"))
    errors = _password_errors(body) if wants_password else {}
    if await _manages_stored(records, context, collection, key, stored):
        return errors
    before = dict(zip((field.name for field in collection.fields), stored, strict=True))
    if wants_password and not body.get("oldPassword"):
        errors["oldPassword"] = REQUIRED
    elif wants_password and not await records.hasher.verify(before["password"], str(body["oldPassword"])):
        errors["oldPassword"] = _WRONG_OLD_PASSWORD
    if draft.values.get("email", before["email"]) != before["email"]:
        errors["email"] = _MISMATCH
    if draft.values.get("verified", before["verified"]) != bool(before["verified"]):
        errors["verified"] = _MISMATCH
    return errors


def _password_errors(body: Mapping[str, Any]) -> dict[str, FieldError]:
    password, confirm = body.get("password") or "", body.get("passwordConfirm") or ""
    errors = {}
    if not password:
        errors["password"] = REQUIRED
    if not confirm:
        errors["passwordConfirm"] = REQUIRED
    elif confirm != password:
        errors["passwordConfirm"] = _MISMATCH
    return errors


def renew_token_key(collection: CollectionInfo, draft: Draft, stored: Row) -> None:
    """A new password or address makes every token given out before invalid, by a new token key."""
    if collection.kind != "auth" or "tokenKey" in draft.values:
        return
    email = stored[collection.fields.index(collection.by_name["email"])]
    if "password" in draft.values or draft.values.get("email", email) != email:
        draft.values["tokenKey"] = new_secret()


async def _manages_stored(
    records: Records, context: RequestContext, collection: CollectionInfo, key: Any, stored: Row
) -> bool:
    """Whether the caller has manage access to a stored auth record: a superuser, or the manage rule holds."""
    if context.actor.superuser:
        return True
    if context.actor.guest or records.book.rule(collection, "manage") is None:
        return False
    return await stored_satisfies(records, context, collection, "manage", key, {}, stored)


async def _manages_draft(
    records: Records, context: RequestContext, collection: CollectionInfo, draft: Draft, body: Mapping[str, Any]
) -> bool:
    """The same of a record that does not exist yet."""
    if context.actor.superuser:
        return True
    if context.actor.guest or records.book.rule(collection, "manage") is None:
        return False
    return await draft_satisfies(records, context, collection, "manage", draft, body)
