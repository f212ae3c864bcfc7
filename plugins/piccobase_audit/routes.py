"""The history of a record over the API, and the way back."""

from collections.abc import Callable
from typing import Annotated, Any

import msgspec
from litestar import get, post
from litestar.params import FromPath, QueryParameter
from litestar.types import ControllerRouterHandler

from piccobase import RecordService
from piccobase.extending import CollectionInfo, NotFound, text_literal
from piccobase_audit.entries import NAME
from piccobase_audit.undoing import undo_change

MOST_PER_PAGE = 1000
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
    changed: list[str]
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    actor: ActorSeen
    by_system: bool
    request: str
    ip: str
    undoes: str


class History(msgspec.Struct, rename="camel"):
    """The changes of a record, the last one first."""

    page: int
    per_page: int
    total_items: int
    total_pages: int
    items: list[EntrySeen]


class Undone(msgspec.Struct):
    """A change that was taken back: the record as it is now, null where there is none any more."""

    record: dict[str, Any] | None


def routes(follows: Callable[[CollectionInfo], bool]) -> list[ControllerRouterHandler]:
    """The handlers. They act with the rights of whoever asks: who may not read entries, sees none here either.

    `follows` says whether the changes of a collection are noted.
    """

    @get("/api/audit/{collection:str}/{record_id:str}", operation_id="readHistory", summary="History of a record")
    async def history(
        collection: FromPath[str],
        record_id: FromPath[str],
        records: RecordService,
        page: Annotated[int, QueryParameter(ge=1)] = 1,
        per_page: Annotated[int, QueryParameter(name="perPage", ge=1, le=MOST_PER_PAGE)] = 30,
    ) -> History:
        """Who changed what, before and after, the last change first. Also of a record that is deleted."""
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
        entries = [_seen(entry) for entry in found.items]
        return History(found.page, found.per_page, found.total_items, found.total_pages, entries)

    @post(
        "/api/audit/entries/{entry_id:str}/undo", status_code=200, operation_id="undoChange", summary="Undo of a change"
    )
    async def undo(entry_id: FromPath[str], records: RecordService) -> Undone:
        """Takes a change back, unless the same fields were changed since (409). It is a change itself."""
        return Undone(await undo_change(records, entry_id, follows))

    return [history, undo]


def _seen(entry: dict[str, Any]) -> EntrySeen:
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
        changed=changed,
        before=values["before"],
        after=values["after"],
        actor=ActorSeen(entry["actorCollection"], entry["actor"]),
        by_system=entry["bySystem"],
        request=entry["request"],
        ip=entry["ip"],
        undoes=entry["undoes"],
    )
