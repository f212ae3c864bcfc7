"""Who may be asked as: a guest, oneself, or an auth record found by id, e-mail address or what else it is called."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from piccobase.extending import SUPERUSERS_ID, Actor, BadRequest, CollectionInfo, NotFound, Services
from piccobase_admin.api_pages.reading import first_records

MOST_FOUND = 6  # of one collection
_NAMES = ("name", "username", "title")


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks: nobody in particular, or a record of an auth collection."""

    label: str
    collection: CollectionInfo | None = None
    record_id: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """A record that was found. `chosen` is what the form sends for it."""

    chosen: str
    collection: str
    label: str
    details: str


async def find_askers(services: Services, actor: Actor, text: str) -> list[Found]:
    """Records of auth collections, superusers aside, whose id is `text`, or whose names or address hold it.

    With nothing to look for the newest are found, so that there is somebody to choose from.
    """
    found: list[Found] = []
    for collection in services.registry.collections.values():
        if collection.kind == "auth" and collection.id != SUPERUSERS_ID:
            where = _condition(collection, text.strip())
            records = await first_records(services, actor, collection, MOST_FOUND, where=where)
            found += [_found(collection, record) for record in records]
    return found


async def asker_of(services: Services, me: Actor, chosen: str) -> Asker:
    """From what the form sends: `guest`, `me`, or `collection/id`. Raises BadRequest, and NotFound without a record."""
    if chosen == "guest":
        return Asker("a guest")
    if chosen == "me":
        return Asker(f"{me.values['email']}, superuser", me.collection, me.id)
    name, _, record_id = chosen.partition("/")
    collection = services.registry.find(name) if name else None
    if collection is None or collection.kind != "auth" or not record_id:
        raise BadRequest("Choose who asks: a guest, yourself, or a record that the search has found.")
    records = [] if "\0" in record_id else await first_records(services, me, collection, 1, where=_is(record_id))
    if not records:
        raise NotFound
    return Asker(f"{_found(collection, records[0]).label} of {collection.name}", collection, record_id)


def _is(record_id: str) -> str:
    escaped = record_id.replace("\\", "\\\\").replace("'", "\\'")
    return f"id = '{escaped}'"


def _condition(collection: CollectionInfo, text: str) -> str:
    if not text:
        return ""
    pattern = text.replace("\\", "\\\\").replace("%", "\\%").replace("\\", "\\\\").replace("'", "\\'")
    like = [f"{name} ~ '{pattern}'" for name in _searched(collection)]
    return " || ".join([_is(text), *like])


def _searched(collection: CollectionInfo) -> Iterable[str]:
    identities = collection.auth.identity if collection.auth else ()
    names = dict.fromkeys(("email", *identities, *_NAMES))
    return [name for name in names if (field := collection.by_name.get(name)) and field.family == "text"]


def _found(collection: CollectionInfo, record: dict[str, Any]) -> Found:
    texts = [str(record[name]) for name in _searched(collection) if record.get(name)]
    return Found(
        chosen=f"{collection.name}/{record['id']}",
        collection=collection.name,
        label=texts[0] if texts else str(record["id"]),
        details=" · ".join([*texts[1:], str(record["id"])] if texts else []),
    )
