"""Notes each change of a record in the transaction of the change: both are kept, or neither."""

from collections.abc import Sequence
from typing import Any

from piccolo.table import Table

from piccobase import Proceed, Record, StartingApp, WritingRecord
from piccobase.extending import CollectionInfo, Services, current_request
from piccobase_audit.entries import PASSWORD, difference, insert_entry
from piccobase_audit.undoing import current_undo


class Recording:
    """The hooks of one plugin: `begin` takes over what a server brings, `note` is around each followed write."""

    def __init__(self, collections: Sequence[str | type[Table]] | None) -> None:
        self._wanted = collections
        self._services: Services | None = None
        self._followed: frozenset[str] | None = None  # ids of collections; None for all

    def begin(self, event: StartingApp) -> None:
        self._services = event.services
        if self._wanted is not None:
            names = [one if isinstance(one, str) else one._meta.tablename for one in self._wanted]
            self._followed = frozenset(event.records.collection(name).id for name in names)

    def follows(self, collection: CollectionInfo) -> bool:
        """Whether `note` is around the writes to it."""
        return self._followed is None or collection.id in self._followed

    async def note(self, event: WritingRecord, proceed: Proceed) -> Record | None:
        """Stands next to the write itself, so that it sees what all other hooks have made of it."""
        db = self._services.engine if self._services is not None else None
        undo = current_undo(event)
        if undo is not None:
            undo.check(event, db.open_transaction() if db is not None else None)
        after: Record | None = await proceed()
        if undo is not None:
            undo.confirm(after)
        sets_password = event.collection.kind == "auth" and PASSWORD in event.draft
        changes = difference(event.collection, event.record, after, sets_password=sets_password)
        written = after or event.record
        if changes and written is not None and db is not None:
            about = {
                "verb": event.verb,
                "collection": event.collection.name,
                "collectionKey": event.collection.id,
                "record": written.id,
                "undoes": undo.entry.id if undo is not None else "",
            }
            await insert_entry(db, about | changes | self._who(event))
        return after

    def _who(self, event: WritingRecord) -> dict[str, Any]:
        """Whoever asked. Of what code does with all rights in the course of a request: whoever has made that."""
        actor = event.actor
        by_system = actor.superuser and actor.collection is None
        request = current_request(self._services) if self._services is not None else None
        if by_system and request is not None:
            whose, who = request.collection, request.record
        else:
            whose, who = actor.collection.name if actor.collection is not None else "", actor.id
        return {
            "actorCollection": whose,
            "actor": who,
            "bySystem": by_system,
            "request": request.id if request is not None else "",
            "ip": request.ip if request is not None else "",
        }
