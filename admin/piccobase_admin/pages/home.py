"""`/admin/`: what this server holds and how it is."""

from collections.abc import Sequence
from typing import Any

from litestar import Request, Response, get
from litestar.handlers import HTTPRouteHandler

from piccobase.extending import Services
from piccobase_admin.rendering import page


def home_pages(services: Services) -> Sequence[HTTPRouteHandler]:
    """The home page."""

    @get("/admin")
    async def home(request: Request[Any, Any, Any]) -> Response[str]:
        return page("home.html", request.scope)

    return [home]
