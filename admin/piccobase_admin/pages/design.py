"""`/admin/design`: the components that pages are made of, all on one page."""

from collections.abc import Sequence
from typing import Any

from litestar import Request, Response, get
from litestar.handlers import HTTPRouteHandler

from piccobase_admin.rendering import page


def design_pages() -> Sequence[HTTPRouteHandler]:
    """The page of components."""

    @get("/admin/design")
    async def design(request: Request[Any, Any, Any]) -> Response[str]:
        return page("design.html", request.scope)

    return [design]
