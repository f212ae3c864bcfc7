"""`/admin/sql`: SQL from the dashboard, where the server was started so. The same as `POST /api/sql`, as a page."""

from collections.abc import Sequence
from typing import Any

from litestar import Request, Response, get, post
from litestar.handlers import HTTPRouteHandler

from piccobase.extending import FieldError, RequestError, Services, run_sql
from piccobase_admin.rendering import page

PATH = "/admin/sql"
AnyRequest = Request[Any, Any, Any]


def sql_pages(services: Services) -> Sequence[HTTPRouteHandler]:
    """The console; no page at all where SQL is turned off."""
    if services.sql_console is None:
        return []

    def shown(request: AnyRequest, query: str = "", answer: Any = None, problem: str = "") -> Response[str]:
        return page("sql.html", request.scope, query=query, answer=answer, problem=problem, product=_product(services))

    @get(PATH)
    async def console(request: AnyRequest) -> Response[str]:
        return shown(request)

    @post(PATH, status_code=200)
    async def run(request: AnyRequest) -> Response[str]:
        query = str((await request.form()).get("query", ""))
        try:
            return shown(request, query, await run_sql(services.sql_console, request.user, query))
        except RequestError as error:
            mistake = error.data.get("query")
            return shown(request, query, problem=mistake.message if isinstance(mistake, FieldError) else error.message)

    return [console, run]


def _product(services: Services) -> str:
    return "SQLite" if services.config.embedded else "PostgreSQL"
