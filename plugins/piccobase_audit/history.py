"""The history of a record: its entries, as whoever asks may see them."""

from typing import Any

import msgspec

from piccobase import RecordService
from piccobase.extending import NotFound, text_literal
from piccobase_audit.entries import NAME

_HIDDEN = {"hiddenBefore": "before", "hiddenAfter": "after"}


class ActorSeen(msgspec.Struct):
    """Whoever asked for a change. Both are empty for a guest, and for code that nobody asked."""

    collection: str
    id: str


class EntrySeen(msgspec.Struct, rename="camel"):
    """One change of a record."""

    id: str
    at: str
    verb: str
    collection: str
    record: str
    changed: list[str]
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    actor: ActorSeen
    by_system: bool
    request: str
    ip: str
    undoes: str


class History(msgspec.Struct, rename="camel"):
    """Changes of a record, the last one first."""

    page: int
    per_page: int
    total_items: int
    total_pages: int
    items: list[EntrySeen]


async def read_history(records: RecordService, collection: str, record_id: str, page: int, per_page: int) -> History:
    """A page of it. Raises NotFound where there is no such collection, Forbidden where nobody may look."""
    try:
        key = records.collection(collection).id
    except LookupError:
        raise NotFound from None
    found = await records.list(
        NAME,
        filter=f"collectionKey = {text_literal(key)} && record = {text_literal(record_id)}",
        sort="-at,-id",
        page=page,
        per_page=per_page,
    )
    return History(found.page, found.per_page, found.total_items, found.total_pages, [seen(one) for one in found.items])


def seen(entry: dict[str, Any]) -> EntrySeen:
    """An entry as its reader sees it. Hidden values are there for superusers, beside the others."""
    values = {name: entry[name] for name in _HIDDEN.values()}
    changed = list(entry["changed"])
    for hidden, name in _HIDDEN.items():
        if (more := entry.get(hidden)) is not None:
            values[name] = {**(values[name] or {}), **more}
            changed += [field for field in more if field not in changed]
    return EntrySeen(
        id=entry["id"],
        at=entry["at"],
        verb=entry["verb"],
        collection=entry["collection"],
        record=entry["record"],
        changed=changed,
        before=values["before"],
        after=values["after"],
        actor=ActorSeen(entry["actorCollection"], entry["actor"]),
        by_system=entry["bySystem"],
        request=entry["request"],
        ip=entry["ip"],
        undoes=entry["undoes"],
    )
