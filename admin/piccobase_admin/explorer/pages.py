"""`/admin/docs`: the whole document, for superusers, within the dashboard."""

from collections.abc import Sequence
from typing import Any

from litestar import Request, Response, get
from litestar.handlers import HTTPRouteHandler

from piccobase.extending import Services
from piccobase_admin.rendering import page

DOCUMENT = "/admin/docs/openapi.json"


def explorer_pages(services: Services) -> Sequence[HTTPRouteHandler]:
    """The page, and the document that it shows: the dashboard's cookie counts here, which the API does not read."""

    @get("/admin/docs")
    async def explorer(request: Request[Any, Any, Any]) -> Response[str]:
        return page("docs.html", request.scope, document=DOCUMENT)

    @get(DOCUMENT)
    async def document(request: Request[Any, Any, Any]) -> Response[bytes]:
        made = await services.documents.document_of(request.user)
        return Response(made.body, media_type="application/json")

    return [explorer, document]
