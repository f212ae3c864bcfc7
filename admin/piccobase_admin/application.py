"""The dashboard as one ASGI application: its pages, its own files, and the rooms below it.

A page is a module under `pages/` (or a package of its own) with a function that takes the services and returns
Litestar handlers, listed here. Its paths begin with `/admin/`; `request.user` is the superuser who has signed in
(`signing.py`), and `rendering.page(template, request.scope, …)` makes the answer. A room is an ASGI application that
is imported when it is first opened.
"""

from typing import Any

from litestar import Litestar, Request, Response
from litestar.exceptions import HTTPException
from litestar.types import ASGIApp

from piccobase.extending import BadRequest, Forbidden, NotFound, RequestError, Services, TooLarge, unexpected
from piccobase_admin.api_pages.pages import api_pages
from piccobase_admin.entrance import Entrance
from piccobase_admin.explorer.pages import explorer_pages
from piccobase_admin.pages.design import design_pages
from piccobase_admin.pages.home import home_pages
from piccobase_admin.pages.jobs import job_pages
from piccobase_admin.pages.logs import log_pages
from piccobase_admin.pages.mails import mail_pages
from piccobase_admin.pages.set_up import set_up_pages
from piccobase_admin.pages.sign_in import sign_in_pages
from piccobase_admin.pages.sql import sql_pages
from piccobase_admin.plugin_pages import plugin_pages
from piccobase_admin.rendering import page
from piccobase_admin.settings.pages import settings_pages

ROOMS = {"/admin/tables": "piccobase_admin.tables.application:make_tables"}
_STATUS_ERRORS: dict[int, type[RequestError]] = {403: Forbidden, 404: NotFound, 405: NotFound, 413: TooLarge}


def make_application(services: Services) -> ASGIApp:
    """Everything below `/admin`."""
    pages = Litestar(
        [
            *home_pages(services),
            *sign_in_pages(services),
            *set_up_pages(services),
            *design_pages(),
            *api_pages(services),
            *job_pages(services),
            *log_pages(services),
            *sql_pages(services),
            *explorer_pages(services),
            *mail_pages(services),
            *settings_pages(services),
            *plugin_pages(services),
        ],
        exception_handlers={RequestError: _answer, HTTPException: _answer_http, Exception: _answer_unexpected},
        openapi_config=None,
        logging_config=None,
        debug=False,
        request_max_body_size=1 << 20,
    )
    return Entrance(services, pages, ROOMS)


def _answer(request: Request[Any, Any, Any], error: RequestError) -> Response[str]:
    return page("error.html", request.scope, status=error.status, error=error)


def _answer_http(request: Request[Any, Any, Any], error: HTTPException) -> Response[str]:
    known = _STATUS_ERRORS.get(error.status_code)
    return _answer(request, known() if known else BadRequest("The form could not be read. Go back and try again."))


def _answer_unexpected(request: Request[Any, Any, Any], error: Exception) -> Response[str]:
    return _answer(request, unexpected(request.method, request.scope))
