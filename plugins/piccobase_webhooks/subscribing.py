"""Subscriptions as they are written and answered: checked, their secrets encrypted, and never shown."""

import json
from collections.abc import Mapping
from typing import Any

from piccobase import CreatingRecord, EnrichingRecords, Proceed, Record, UpdatingRecord
from piccobase.extending import BadRequest, Forbidden, InvalidRecord, NotFound
from piccobase_webhooks.checking import mistakes_in, secret_mistake
from piccobase_webhooks.declaring import plugin
from piccobase_webhooks.running import running
from piccobase_webhooks.sealing import HIDDEN
from piccobase_webhooks.signing import new_secret
from piccobase_webhooks.tables import Delivery, Position, Webhook

KEEP_OLD_HOURS = 24
LONGEST_OVERLAP = 30 * 24  # hours


@plugin.hook(CreatingRecord, collection=Webhook)
async def take_subscription(event: CreatingRecord, proceed: Proceed) -> Record:
    draft = event.draft
    _check(draft, draft, "Failed to create record.")
    draft["secret"] = running().seal.close_secret(draft.get("secret") or new_secret())
    _close_headers(draft, {})
    draft["inactiveReason"] = ""
    if draft.get("active", True):
        await running().reader.begin_here()
    record: Record = await proceed()
    return record


@plugin.hook(UpdatingRecord, collection=Webhook)
async def change_subscription(event: UpdatingRecord, proceed: Proceed) -> Record:
    draft, before = event.draft, event.record
    _check({**before, **draft}, draft, "Failed to update record.")
    if secret := draft.get("secret"):
        draft["secret"] = running().seal.close_secret(secret)
    elif "secret" in draft:
        del draft["secret"]
    _close_headers(draft, before["headers"] or {})
    if "inactiveReason" in draft:
        del draft["inactiveReason"]
    if draft.get("active") and not before["active"]:
        draft["inactiveReason"] = ""
        await running().reader.begin_here()
    record: Record = await proceed()
    return record


@plugin.hook(EnrichingRecords, collection=Webhook)
def hide_secrets(event: EnrichingRecords) -> None:
    for item in event.items:
        item.pop("secret", None)
        if isinstance(headers := item.get("headers"), dict):
            item["headers"] = dict.fromkeys(headers, HIDDEN)


@plugin.hook(CreatingRecord, collection=[Delivery, Position])
@plugin.hook(UpdatingRecord, collection=[Delivery, Position])
async def refuse_to_write(event: CreatingRecord | UpdatingRecord) -> None:
    raise Forbidden(f"{event.collection.name} is written by the server alone.")


async def replace_secret_of(webhook_id: str, secret: str = "", keep_old_hours: int = KEEP_OLD_HOURS) -> str:
    """Signs with a secret from now on, a new one unless it is given, and for so many hours with the old one as well.

    Returns it. Raises BadRequest where it cannot be used, NotFound.
    """
    secret = secret or new_secret()
    if mistake := secret_mistake(secret):
        raise BadRequest("The secret cannot be used.", {"secret": mistake})
    if not 0 <= keep_old_hours <= LONGEST_OVERLAP:
        raise BadRequest(f"keepOldHours lies between 0 and {LONGEST_OVERLAP}.")
    found = await Webhook.select(Webhook.secret).where(Webhook.id == webhook_id)
    if not found:
        raise NotFound
    sealed = running().seal.close_secret(secret, before=found[0]["secret"], hours=keep_old_hours)
    await Webhook.update({Webhook.secret: sealed}).where(Webhook.id == webhook_id)
    return secret


def _check(values: Mapping[str, Any], given: Mapping[str, Any], message: str) -> None:
    """Raises InvalidRecord for a subscription that would have these values; `given` are those that were sent."""
    mistakes = mistakes_in(values, running().records, running().settings)
    if (secret := given.get("secret")) and (mistake := secret_mistake(secret)):
        mistakes["secret"] = mistake
    if mistakes:
        raise InvalidRecord(message, mistakes)


def _close_headers(draft: Any, before: Mapping[str, Any]) -> None:
    headers = draft.get("headers")
    if isinstance(headers, str):  # as a form sends it
        try:
            headers = json.loads(headers)
        except ValueError:
            return  # which the validation refuses
    if isinstance(headers, dict):
        draft["headers"] = running().seal.close_headers(headers, before)
