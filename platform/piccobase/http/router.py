"""The Litestar application: its own routes, and every error in the one wire shape."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import msgspec
from litestar import Litestar, Request, Response, get
from litestar.exceptions import HTTPException
from litestar.types import ASGIApp, ControllerRouterHandler

from piccobase.base.errors import BadRequest, Forbidden, NotFound, RequestError, TooLarge, Unauthorized
from piccobase.base.json import encode_json
from piccobase.http.collections import CollectionsAPI, unexpected
from piccobase.http.edge import Edge
from piccobase.http.guard import Guard
from piccobase.http.openapi.serving import APIDocuments

# Well-known headers by which a proxy would tell the client's address, for the superuser who looks for the right one.
_PROXY_HEADERS = ("x-forwarded-for", "x-real-ip", "cf-connecting-ip", "fly-client-ip", "true-client-ip", "forwarded")
_STATUS_ERRORS: dict[int, type[RequestError]] = {
    400: BadRequest,
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    405: NotFound,  # protocol.md §1.1: a wrong method is a path that is not there
    413: TooLarge,
}


class HealthData(msgspec.Struct, omit_defaults=True):
    """What superusers learn besides."""

    canBackup: bool | msgspec.UnsetType = msgspec.UNSET  # noqa: N815
    possibleProxyHeader: str | msgspec.UnsetType = msgspec.UNSET  # noqa: N815
    realIP: str | msgspec.UnsetType = msgspec.UNSET  # noqa: N815


class Health(msgspec.Struct):
    """The server is ready."""

    message: str
    code: int
    data: HealthData


def make_application(
    collections_api: CollectionsAPI,
    documents: APIDocuments,
    mounts: Mapping[str, ASGIApp],
    routes: Sequence[ControllerRouterHandler] = (),
    *,
    guard: Guard,
    unguarded: Collection[str] = (),
    origins: Collection[str] = (),
) -> ASGIApp:
    """The whole HTTP side as one ASGI application, without a lifespan of its own.

    `routes` are those of other rooms, of the app and of its plugins, `unguarded` the paths of mounts that answer for
    limits themselves. Pages of `origins` only may read answers, of all where it is empty.
    """

    @get("/api/health", operation_id="readHealth", summary="Whether the server is ready")
    async def health(request: Request[Any, Any, Any]) -> Health:
        """Answers when the server is ready; superusers learn a little more (protocol.md §1.11)."""
        actor = await collections_api.actors.actor(request.headers.get("authorization", ""))
        data = HealthData()
        if actor.superuser:
            # No backup can run yet, so one could always begin.
            proxy = next((name for name in _PROXY_HEADERS if name in request.headers), "")
            address = guard.addresses.of(request.scope)
            data = HealthData(canBackup=True, possibleProxyHeader=proxy, realIP=address)
        return Health(message="API is healthy.", code=200, data=data)

    @get("/api/openapi.json", include_in_schema=False)
    async def openapi(request: Request[Any, Any, Any]) -> Response[bytes]:
        """The OpenAPI document for whoever asks; 304 where the ETag is still the same."""
        document = await documents.document_of(
            await collections_api.actors.actor(request.headers.get("authorization", ""))
        )
        # Private, and asked for anew each time: what it shows hangs on the token, and on what its bearer may do by now.
        headers = {"ETag": document.etag, "Cache-Control": "private, no-cache"}
        if document.etag in request.headers.get("if-none-match", ""):
            return Response(b"", status_code=304, headers=headers, media_type="application/json")
        return Response(document.body, headers=headers, media_type="application/json")

    documents.handlers = [health, openapi, *routes]
    application = Litestar(
        documents.handlers,
        exception_handlers={RequestError: _answer, HTTPException: _answer_http, Exception: _answer_unexpected},
        openapi_config=None,
        logging_config=None,
        debug=False,
    )
    return Edge(application, collections_api, mounts, guard, unguarded, origins)


def _answer(request: Request[Any, Any, Any], error: RequestError) -> Response[bytes]:
    return Response(
        encode_json(error.wire()),
        status_code=error.status,
        headers={"X-Error-Code": error.code},
        media_type="application/json",
    )


def _answer_http(request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    """Litestar's own errors: only their status says anything to a client of the protocol."""
    return _answer(request, _STATUS_ERRORS.get(error.status_code, BadRequest)())


def _answer_unexpected(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    return _answer(request, unexpected(request.method, request.scope))
