"""`/admin/`: what this server holds, what was done last, and how it is."""

import asyncio
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from litestar import Request, Response, get
from litestar.handlers import HTTPRouteHandler

from piccobase.extending import Services, read_facts
from piccobase_admin.overview import Overview, look_over, ordered_collections
from piccobase_admin.rendering import page

PATIENCE = 0.25  # seconds that the page waits for its overview before it comes without


def home_pages(services: Services, patience: float = PATIENCE) -> Sequence[HTTPRouteHandler]:
    """The home page, and its overview for where that takes longer: the page then asks for it by itself."""

    @get("/admin")
    async def home(request: Request[Any, Any, Any]) -> Response[str]:
        overview: Overview | None = None
        try:
            async with asyncio.timeout(patience):
                overview = await look_over(services, request.user)
        except TimeoutError:
            pass
        return page(
            "home.html",
            request.scope,
            overview=overview,
            collections=ordered_collections(services),
            facts=await read_facts(services.engine),
            place=_place(services),
            data_dir=services.config.data_dir.resolve(),
            warnings=services.warnings,
        )

    @get("/admin/overview")
    async def overview_alone(request: Request[Any, Any, Any]) -> Response[str]:
        return page("overview.html", request.scope, overview=await look_over(services, request.user))

    return [home, overview_alone]


def _place(services: Services) -> str:
    """Where PostgreSQL is, without user and password; "" for the database in the data dir."""
    url = urlsplit(services.config.database_url)
    return f"{url.path.lstrip('/')} at {url.hostname or 'this machine'}" if url.scheme else ""
