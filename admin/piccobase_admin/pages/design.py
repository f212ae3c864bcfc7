"""`/admin/design`: the components that pages are made of, all on one page."""

import re
from collections.abc import Sequence
from typing import Any

from litestar import Request, Response, get
from litestar.handlers import HTTPRouteHandler

from piccobase_admin import assets
from piccobase_admin.rendering import page

_COLOUR = re.compile(r"--([\w-]+): light-dark\((#\w+), (#\w+)\)")


def design_pages() -> Sequence[HTTPRouteHandler]:
    """The page of components."""

    @get("/admin/design")
    async def design(request: Request[Any, Any, Any]) -> Response[str]:
        return page("design.html", request.scope, tokens=[name for name, _, _ in colour_tokens()])

    return [design]


def colour_tokens() -> list[tuple[str, str, str]]:
    """The colours of tokens.css: name, light value, dark value."""
    return _COLOUR.findall(assets.load("static/tokens.css").content.decode())
