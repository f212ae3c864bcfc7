"""The record service as hooks, routes and plugins call it: the verbs, with somebody's rights and on plain values."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from piccobase.base.errors import NotFound
from piccobase.hooks.dispatcher import code_at_work
from piccobase.records.asking import ListQuery
from piccobase.records.creating import create_record
from piccobase.records.deleting import delete_record
from piccobase.records.listing import Page, list_records
from piccobase.records.plain import plain
from piccobase.records.service import Records
from piccobase.records.updating import update_record
from piccobase.records.viewing import view_record
from piccobase.rules.context import RequestContext
from piccobase.schema.actor import Actor
from piccobase.schema.collections import CollectionInfo
from piccobase.schema.naming import nearest

log = logging.getLogger("piccobase.records")
SYSTEM = Actor(superuser=True)


@dataclass(frozen=True, slots=True)
class RecordService:
    """The verbs of records for one actor: each asks its rule, runs its hooks, and answers what the actor may see.

    Records are dicts by wire names. Within a transaction (a hook around WritingRecord) writes are part of it. Raises
    what the verbs raise: NotFound, Forbidden, InvalidRecord, InvalidQuery.
    """

    records: Records
    context: RequestContext
    who: str = ""  # whose code it is, for the log

    @property
    def actor(self) -> Actor:
        """Whose rights these are."""
        return self.context.actor

    def acting_for(self, actor: Actor) -> "RecordService":
        """The same with the rights of another actor, whom a token or a sign-in has vouched for."""
        return replace(self, context=self._context(actor))

    def as_system(self, why: str) -> "RecordService":
        """The same with all rights: no rule and no field rule holds. `why` stands in the log, with whose code it is."""
        who = self.who or code_at_work.get() or "Code of the app"
        log.info("%s acts with the rights of the system: %s", who, why)
        return replace(self, context=self._context(SYSTEM))

    async def list(
        self,
        collection: str,
        *,
        filter: str = "",  # noqa: A002  # as the query parameter
        sort: str = "",
        expand: str = "",
        fields: str = "",
        page: int = 1,
        per_page: int = 30,
        skip_total: bool = False,
    ) -> Page:
        """A page of the records that the list rule and the filter let through; its items are dicts."""
        asked = ListQuery(
            page=page,
            per_page=per_page,
            sort=sort,
            filter=filter,
            fields=fields,
            expand=expand,
            skip_total=skip_total,
        )
        found = await list_records(self.records, self._reading(), self.collection(collection), asked)
        return replace(found, items=plain(found.items))

    async def first(self, collection: str, filter: str, *, sort: str = "", expand: str = "") -> dict[str, Any]:  # noqa: A002
        """The first record that the filter finds. Raises NotFound where there is none."""
        page = await self.list(collection, filter=filter, sort=sort, expand=expand, per_page=1, skip_total=True)
        if not page.items:
            raise NotFound
        found: dict[str, Any] = page.items[0]
        return found

    async def view(self, collection: str, record_id: str, *, expand: str = "", fields: str = "") -> dict[str, Any]:
        """One record. Raises NotFound where the view rule hides it."""
        found = await view_record(self.records, self._reading(), self.collection(collection), record_id, fields, expand)
        return _plain(found)

    async def create(self, collection: str, values: Mapping[str, Any], *, expand: str = "") -> dict[str, Any]:
        """A new record. Raises InvalidRecord, with no field named where the rule refuses it."""
        context = replace(self.context, method="POST")
        return _plain(await create_record(self.records, context, self.collection(collection), values, "", expand))

    async def update(
        self, collection: str, record_id: str, values: Mapping[str, Any], *, expand: str = ""
    ) -> dict[str, Any]:
        """A changed record; modifiers such as `views+` are understood."""
        context = replace(self.context, method="PATCH")
        info = self.collection(collection)
        return _plain(await update_record(self.records, context, info, record_id, values, "", expand))

    async def delete(self, collection: str, record_id: str) -> None:
        """Deletes a record, and what goes along with it."""
        context = replace(self.context, method="DELETE")
        await delete_record(self.records, context, self.collection(collection), record_id)

    def collection(self, name: str) -> CollectionInfo:
        """A collection by its name or id. Raises LookupError with the nearest name."""
        found = self.records.registry.find(name)
        if found is None:
            raise LookupError(f'There is no collection "{name}".{nearest(name, self.records.registry.collections)}')
        return found

    def _reading(self) -> RequestContext:
        return replace(self.context, method="GET")

    def _context(self, actor: Actor) -> RequestContext:
        return replace(self.context, actor=actor, access=self.records.access.key(actor))


def _plain(record: Any) -> dict[str, Any]:
    found: dict[str, Any] = plain(record)
    return found
