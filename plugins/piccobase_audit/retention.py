"""How long entries are kept: a setting, and the deletion of what is older."""

from datetime import timedelta
from typing import Annotated

import msgspec

from piccobase.extending import Section, now, says
from piccobase_audit.entries import AuditEntry

PORTION = 500  # entries that are deleted at once, so that other writes come in between


class AuditSettings(Section, frozen=True):
    """What superusers may change."""

    days: Annotated[
        int,
        msgspec.Meta(ge=0, le=36_500),
        says("Days", "How long entries are kept. 0 keeps them for good."),
    ] = 365


async def delete_older(days: int) -> int:
    """Deletes the entries that are older. Returns how many those were."""
    limit = now() - timedelta(days=days)
    deleted = 0
    while True:
        old = await AuditEntry.select(AuditEntry.id).where(AuditEntry.at < limit).limit(PORTION)
        if not old:
            return deleted
        await AuditEntry.delete().where(AuditEntry.id.is_in([entry["id"] for entry in old]))
        deleted += len(old)
