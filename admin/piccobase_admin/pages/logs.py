"""`/admin/logs`: what was asked of the server and what it had to say, filtered, with a chart of the last hours."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from litestar import Request, Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from piccobase.extending import DatabaseFailed, InvalidQuery, LogReader, Services, Unavailable, instant_text, now
from piccobase_admin.rendering import go_to, page

PATH = "/admin/logs"
PER_PAGE = 50
HOURS = 48  # in the chart
LEVELS = {8: ("error", "danger"), 4: ("warning", "warning"), 0: ("info", ""), -4: ("debug", "")}
KINDS = {"": "Everything", "errors": "Errors", "requests": "Requests", "messages": "Messages"}
_FILTERS = {"errors": "level >= 8", "requests": "data.type = 'request'", "messages": "data.logger != ''"}

AnyRequest = Request[Any, Any, Any]


@dataclass(frozen=True, slots=True)
class Bar:
    """An hour in the chart; `x` and `height` in its units, of which one hour is 10 wide and the tallest 100 high."""

    x: int
    height: float
    hour: str
    total: int


def log_pages(services: Services) -> Sequence[HTTPRouteHandler]:
    """The list, one entry, and deleting all of them."""
    reader = LogReader(services.request_log.store)

    @get(PATH)
    async def whole(request: AnyRequest) -> Response[str]:
        asked = request.query_params
        kind = asked.get("kind", "") if asked.get("kind", "") in KINDS else ""
        text = asked.get("filter", "").strip()[:2000]
        number = _number(asked.get("page", ""))
        filters = (_FILTERS.get(kind, ""), text)
        await services.request_log.flush()  # what was asked a moment ago is here already
        problem = ""
        items: list[dict[str, Any]] = []
        bars: list[Bar] = []
        try:
            found, bars = await asyncio.gather(
                reader.page(*filters, page=number, per_page=PER_PAGE + 1, sort="-@rowid", skip_total=True),
                _bars(reader, filters),
            )
            items = found.items
        except InvalidQuery as error:
            problem = error.message
        except (Unavailable, DatabaseFailed) as error:
            problem = f"The log cannot be read: {error.message}"
        return page(
            "logs.html",
            request.scope,
            items=items[:PER_PAGE],
            levels=LEVELS,
            kinds=KINDS,
            kind=kind,
            filter=text,
            problem=problem,
            bars=bars,
            hours=HOURS,
            total=sum(bar.total for bar in bars),
            number=number,
            more=len(items) > PER_PAGE,
            here_again=lambda **change: _address(kind=kind, filter=text, **change),
            keeping=services.request_log.keeping,
            settings=services.settings.current.logs,
            deleted=asked.get("told") == "deleted",
        )

    @get(f"{PATH}/{{entry_id:str}}")
    async def one(request: AnyRequest, entry_id: FromPath[str]) -> Response[str]:
        entry = await reader.view(entry_id)
        return page("log_entry.html", request.scope, entry=entry, levels=LEVELS, kind="", filter="")

    @post(f"{PATH}/delete")
    async def delete(request: AnyRequest) -> Response[str]:
        await services.request_log.flush()
        await services.request_log.store.clear()
        return go_to(f"{PATH}?told=deleted")

    return [whole, one, delete]


async def _bars(reader: LogReader, filters: Sequence[str]) -> list[Bar]:
    """The last hours that have entries, each at its place."""
    end = now().replace(minute=0, second=0, microsecond=0)
    begin = end - timedelta(hours=HOURS - 1)
    hours = await reader.stats(f"created >= '{instant_text(begin)}'", *filters)
    most = max((hour["total"] for hour in hours), default=1)
    return [
        Bar(
            x=10 * int((datetime.fromisoformat(hour["date"]) - begin).total_seconds() // 3600),
            height=max(2.0, round(100 * hour["total"] / most, 1)),
            hour=hour["date"][:16],
            total=hour["total"],
        )
        for hour in hours
    ]


def _address(**query: Any) -> str:
    return f"{PATH}?{urlencode({name: value for name, value in query.items() if value})}"


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 and int(text) else 1
