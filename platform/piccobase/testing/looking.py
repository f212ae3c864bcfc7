"""Looks into an app under test: its records, its log of requests, its log of changes."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from piccolo.table import Table

from piccobase.app.services import Services
from piccobase.base.json import encode_json
from piccobase.changes.opening import change_log
from piccobase.logs.reading import LogReader
from piccobase.records.asking import ListQuery
from piccobase.records.listing import list_records
from piccobase.records.viewing import view_record
from piccobase.rules.context import RequestContext
from piccobase.schema.actor import Actor
from piccobase.schema.collections import CollectionInfo
from piccobase.schema.naming import nearest
from piccobase.schema.registry import Registry

_PER_PAGE = 1000


def collection_of(registry: Registry, name: str | type[Table]) -> CollectionInfo:
    """A collection by its name, its id or its class. Raises LookupError with the nearest name."""
    wanted = name if isinstance(name, str) else name._meta.tablename
    found = registry.find(wanted)
    if found is None:
        raise LookupError(f"The app has no collection {wanted}.{nearest(wanted, registry.collections)}")
    return found


def as_superuser(services: Services, method: str = "GET") -> RequestContext:
    """A request that no rule holds up, made by no superuser in particular."""
    superusers = services.registry.find("_superusers")
    return services.records.context(Actor(collection=superusers, superuser=True), method, {}, {})


async def records(services: Services, collection: CollectionInfo) -> list[dict[str, Any]]:
    """All records, the oldest first."""
    found: list[dict[str, Any]] = []
    while True:
        asked = ListQuery(page=len(found) // _PER_PAGE + 1, per_page=_PER_PAGE, skip_total=True)
        page = await list_records(services.records, as_superuser(services), collection, asked)
        found += json.loads(encode_json(page.items))
        if len(page.items) < _PER_PAGE:
            return found


async def auth_record(
    services: Services, record: Mapping[str, Any] | Table
) -> tuple[CollectionInfo, Mapping[str, Any]]:
    """The record as a superuser sees it, and its collection. Raises NotFound, and LookupError for a collection."""
    if isinstance(record, Table):
        collection = collection_of(services.registry, type(record)._meta.tablename)
        record_id = str(getattr(record, collection.key.attribute))
    else:
        collection = collection_of(services.registry, record["collectionName"])
        record_id = record["id"]
    if collection.kind != "auth":
        raise LookupError(f"{collection.name} is no auth collection: nobody of it asks for anything.")
    seen = await view_record(services.records, as_superuser(services), collection, record_id)
    return collection, json.loads(encode_json(seen))


async def logged(services: Services) -> list[dict[str, Any]]:
    """The data of the requests in the log."""
    await services.request_log.flush()
    reader, found = LogReader(services.request_log.store), list[dict[str, Any]]()
    while True:
        page = await reader.page(
            "data.type = 'request'", page=len(found) // _PER_PAGE + 1, per_page=_PER_PAGE, skip_total=True
        )
        found += [entry["data"] for entry in page.items]
        if len(page.items) < _PER_PAGE:
            return found


@dataclass(frozen=True, slots=True)
class Changed:
    """One record that was created, changed or deleted. As text: `update posts (title, updated)`."""

    verb: str
    collection: str  # its name
    record: str  # its id
    fields: tuple[str, ...]  # of an update
    actor: str  # the id of who did it, empty for guests and for what the system does by itself

    def __str__(self) -> str:
        return f"{self.verb} {self.collection}" + (f" ({', '.join(self.fields)})" if self.fields else "")


async def changed(services: Services) -> list[Changed]:
    """All changes that the log keeps, in the order of their commits."""
    names = {one.id: one.name for one in services.registry.collections.values()}
    log, position, found = change_log(services.engine), "", list[Changed]()
    while more := await log.after(position):
        found += [
            Changed(one.verb, names.get(one.collection, one.collection), one.record, one.fields, one.actor)
            for one in more
        ]
        position = more[-1].position
    return found
