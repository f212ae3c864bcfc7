"""Who changed what, before and after: `App(plugins=[audit()])`. History of a record over the API, and undo."""

import logging
from collections.abc import Sequence

from piccolo.table import Table

from piccobase import Plugin, Rules, StartingApp, WritingRecord, __version__
from piccobase.extending import Forbidden, RuleLike
from piccobase_audit.entries import AuditEntry
from piccobase_audit.pages import add_pages
from piccobase_audit.recording import Recording
from piccobase_audit.retention import AuditSettings, delete_older
from piccobase_audit.routes import routes

__all__ = ["AuditEntry", "audit"]

log = logging.getLogger("piccobase.audit")
INNERMOST = 1_000_000  # an order beyond those of other hooks


def audit(collections: Sequence[str | type[Table]] | None = None, read: RuleLike = None) -> Plugin:
    """A plugin that keeps an entry of each change of a record in `collections`, by default in all there are.

    `read` says who may read entries, as the list and view rules of their collection `audit_entries` do: by default
    superusers only, `role("auditor")` for those with that role. What is hidden in a record, superusers alone read.

    How long entries are kept is a setting, 365 days unless superusers say otherwise.
    """
    AuditEntry.rules = Rules(list=read, view=read)
    recording = Recording(collections)
    plugin = Plugin("audit", __version__, collections=[AuditEntry], routes=routes(recording.follows))
    plugin.hook(StartingApp)(recording.begin)
    plugin.hook(WritingRecord, collection=collections, order=INNERMOST)(recording.note)
    add_pages(plugin, recording.follows)
    settings = plugin.settings("audit", AuditSettings, title="Audit log")

    @plugin.hook(WritingRecord, collection=AuditEntry)
    def refuse(event: WritingRecord) -> None:
        raise Forbidden("Entries of the audit log are written by the server alone.")

    @plugin.schedule("40 3 * * *", id="audit.forget")
    async def forget() -> None:
        if settings.value.days and (deleted := await delete_older(settings.value.days)):
            log.info("Deleted %d entries of the audit log that were older than %d days.", deleted, settings.value.days)

    return plugin
