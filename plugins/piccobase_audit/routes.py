"""The history of a record over the API, and the way back."""

from collections.abc import Callable
from typing import Annotated, Any

import msgspec
from litestar import get, post
from litestar.params import FromPath, QueryParameter
from litestar.types import ControllerRouterHandler

from piccobase import RecordService
from piccobase.extending import CollectionInfo
from piccobase_audit.history import History, read_history
from piccobase_audit.undoing import undo_change

MOST_PER_PAGE = 1000


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
        return await read_history(records, collection, record_id, page, per_page)

    @post(
        "/api/audit/entries/{entry_id:str}/undo", status_code=200, operation_id="undoChange", summary="Undo of a change"
    )
    async def undo(entry_id: FromPath[str], records: RecordService) -> Undone:
        """Takes a change back, unless the same fields were changed since (409). It is a change itself."""
        return Undone(await undo_change(records, entry_id, follows))

    return [history, undo]
