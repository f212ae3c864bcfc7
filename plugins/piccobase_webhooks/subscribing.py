"""Subscriptions as they are written and answered: checked, their secrets encrypted, and never shown."""

import json
from collections.abc import Mapping
from typing import Any

from piccobase import CreatingRecord, EnrichingRecords, Proceed, Record, UpdatingRecord
from piccobase.extending import InvalidRecord
from piccobase_webhooks.checking import mistakes_in, secret_mistake
from piccobase_webhooks.declaring import plugin
from piccobase_webhooks.running import running
from piccobase_webhooks.sealing import HIDDEN
from piccobase_webhooks.signing import new_secret

_UNSEEN = ("secret", "oldSecret", "oldSecretUntil")


@plugin.hook(CreatingRecord, collection="webhooks")
async def take_subscription(event: CreatingRecord, proceed: Proceed) -> Record:
    draft = event.draft
    _check(dict(draft), "Failed to create record.")
    secret = draft.get("secret")
    if not secret:
        draft["secret"] = running().seal.close(new_secret())
    elif isinstance(secret, str):
        draft["secret"] = running().seal.close(secret)
    _close_headers(draft, {})
    draft["oldSecret"], draft["oldSecretUntil"], draft["inactiveReason"] = "", None, ""
    if draft.get("active", True):
        await running().reader.begin_here()
    record: Record = await proceed()
    return record


@plugin.hook(UpdatingRecord, collection="webhooks")
async def change_subscription(event: UpdatingRecord, proceed: Proceed) -> Record:
    draft, before = event.draft, event.record
    _check({**before, **draft}, "Failed to update record.", changed=draft)
    secret = draft.get("secret")
    if isinstance(secret, str) and secret:
        draft["secret"] = running().seal.close(secret)
    elif "secret" in draft:
        del draft["secret"]
    for name in ("oldSecret", "oldSecretUntil"):
        if name in draft:
            del draft[name]
    _close_headers(draft, before["headers"] or {})
    if draft.get("active") and not before["active"]:
        draft["inactiveReason"] = ""
        await running().reader.begin_here()
    record: Record = await proceed()
    return record


@plugin.hook(EnrichingRecords, collection="webhooks")
def hide_secrets(event: EnrichingRecords) -> None:
    for item in event.items:
        for name in _UNSEEN:
            item.pop(name, None)
        if isinstance(headers := item.get("headers"), dict):
            item["headers"] = dict.fromkeys(headers, HIDDEN)


def _check(values: Mapping[str, Any], message: str, changed: Mapping[str, Any] | None = None) -> None:
    given = values if changed is None else changed
    mistakes = mistakes_in(values, running().records, running().settings)
    secret = given.get("secret")
    sealed = isinstance(secret, str) and running().seal.is_closed(secret)
    if isinstance(secret, str) and secret and not sealed and (mistake := secret_mistake(secret)):
        mistakes["secret"] = mistake
    if mistakes:
        raise InvalidRecord(message, mistakes)


def _close_headers(draft: Any, before: Mapping[str, Any]) -> None:
    headers = draft.get("headers")
    if isinstance(headers, str):
        try:
            headers = json.loads(headers)
        except ValueError:
            return  # which the validation refuses
    if isinstance(headers, dict):
        draft["headers"] = running().seal.close_headers(headers, before)
