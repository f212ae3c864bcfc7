"""`/api/logs` (protocol.md §8.3): what superusers read of requests and messages."""

from collections.abc import Sequence
from typing import Any

from litestar import Response, delete, get
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath
from msgspec import Struct

from piccobase.base.json import encode_json
from piccobase.http.administering import SUPERUSERS_ONLY, AnyRequest, answered, the_superuser
from piccobase.http.query import parse_list_query, parse_query
from piccobase.identity.actors import Actors
from piccobase.logs.reading import LogReader
from piccobase.logs.store import LogStore
from piccobase.records.picking import parse_fields, pick

_PATH = "/api/logs"


class LogEntry(Struct):
    """One entry: a request that was answered, or a message. `level` is -4 debug, 0 info, 4 warning or 8 error."""

    id: str
    created: str
    level: int
    message: str
    data: dict[str, Any]


class LogPage(Struct):
    """A page of entries."""

    items: list[LogEntry]
    page: int
    perPage: int  # noqa: N815
    totalItems: int  # noqa: N815
    totalPages: int  # noqa: N815


class HourOfLog(Struct):
    """How many entries an hour has."""

    date: str
    total: int


def log_routes(store: LogStore, actors: Actors) -> Sequence[HTTPRouteHandler]:
    """List, view, stats and delete."""
    reader = LogReader(store)

    @get(
        _PATH,
        operation_id="listLogs",
        summary="Entries of the log, a page at a time",
        opt=SUPERUSERS_ONLY,
        responses={200: ResponseSpec(LogPage, description="A page.", generate_examples=False)},
    )
    async def list_entries(request: AnyRequest) -> Response[bytes]:
        await the_superuser(actors, request)
        asked = parse_list_query(request.scope["query_string"])
        page = await reader.page(
            asked.filter,
            page=asked.page,
            per_page=asked.per_page,
            sort=asked.sort,
            skip_total=asked.skip_total,
        )
        wanted = parse_fields(asked.fields)
        answer = {
            "items": pick(page.items, wanted) if wanted else page.items,
            "page": page.page,
            "perPage": page.per_page,
            "totalItems": page.total_items,
            "totalPages": page.total_pages,
        }
        return Response(encode_json(answer), media_type="application/json")

    @get(
        f"{_PATH}/stats",
        operation_id="readLogStats",
        summary="How many entries there are, by the hour",
        opt=SUPERUSERS_ONLY,
        responses={200: ResponseSpec(list[HourOfLog], description="By the hour.", generate_examples=False)},
    )
    async def stats(request: AnyRequest) -> Response[bytes]:
        await the_superuser(actors, request)
        return answered(request, await reader.stats(parse_query(request.scope["query_string"]).get("filter", "")))

    @get(
        f"{_PATH}/{{entry_id:str}}",
        operation_id="viewLog",
        summary="One entry of the log",
        opt=SUPERUSERS_ONLY,
        responses={200: ResponseSpec(LogEntry, description="The entry.", generate_examples=False)},
    )
    async def view(request: AnyRequest, entry_id: FromPath[str]) -> Response[bytes]:
        await the_superuser(actors, request)
        return answered(request, await reader.view(entry_id))

    @delete(_PATH, operation_id="deleteLogs", summary="Delete all entries of the log", opt=SUPERUSERS_ONLY)
    async def clear(request: AnyRequest) -> None:
        await the_superuser(actors, request)
        await store.clear()

    return [list_entries, stats, view, clear]
