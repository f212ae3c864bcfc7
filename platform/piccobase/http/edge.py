"""The outermost layer: what holds for every path. Preflights, HEAD, and the headers that every answer carries."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from piccobase.base.errors import NotFound
from piccobase.http.answers import CORS_HEADER, SECURITY_HEADERS, Send, send_error
from piccobase.http.body import Receive
from piccobase.http.collections import PREFIX

ASGIApp = Callable[[Any, Receive, Send], Awaitable[None]]
_METHODS = b"GET,HEAD,PUT,PATCH,POST,DELETE"
_OURS = frozenset(name for name, _ in (*SECURITY_HEADERS, CORS_HEADER))


class Edge:
    """Wraps the application, and mounts before it the collections' API and what stands beside the API, by its path.

    The API brings all headers itself, and the router's own work, 11 µs a request, is a quarter of what a view costs.
    """

    def __init__(self, app: ASGIApp, collections: ASGIApp, mounts: Mapping[str, ASGIApp]) -> None:
        self._app, self._collections = app, collections
        self._mounts = tuple((path, path + "/", app) for path, app in mounts.items())

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if scope["method"] == "OPTIONS":
            await _answer_preflight(scope, send)
            return
        if scope["path"].startswith(PREFIX + "/"):
            await self._collections(scope, receive, send)
            return
        for path, below, mounted in self._mounts:
            if scope["path"] == path or scope["path"].startswith(below):
                await mounted(scope, receive, send)
                return
        head = scope["method"] == "HEAD"
        cors = any(name == b"origin" for name, _ in scope["headers"])
        if "//" in scope["path"]:  # the router would see one slash there, and whatever guards a path by its text, two
            await send_error(send, NotFound(), cors=cors, head=head)
            return
        if scope["path"].startswith("/api/") and scope["path"].endswith("/"):
            # protocol.md §1.1: such a path never matches; the router would take it for the one without.
            await send_error(send, NotFound(), cors=cors, head=head)
            return

        async def send_with_headers(message: Any) -> None:
            if message["type"] == "http.response.start":
                kept = [(name, value) for name, value in message["headers"] if name.lower() not in _OURS]
                message = {**message, "headers": [*kept, *SECURITY_HEADERS, *((CORS_HEADER,) if cors else ())]}
            elif head and message["type"] == "http.response.body":
                message = {"type": "http.response.body", "body": b""}
            await send(message)

        # HEAD is GET without its body, wherever there is a GET (protocol.md §1.1); the router knows only GET.
        asked = {**scope, "method": "GET"} if head else scope
        await self._app(asked, receive, send_with_headers)


async def _answer_preflight(scope: Any, send: Send) -> None:
    """204 on any path (protocol.md §1.10)."""
    asked = {name: value for name, value in scope["headers"] if name.startswith((b"origin", b"access-control-"))}
    if b"origin" not in asked:
        headers = [(b"vary", b"Origin")]
    else:
        headers = [
            (b"vary", b"Origin, Access-Control-Request-Method, Access-Control-Request-Headers"),
            CORS_HEADER,
            (b"access-control-allow-methods", _METHODS),
        ]
        if wanted := asked.get(b"access-control-request-headers"):
            headers.append((b"access-control-allow-headers", wanted))
    await send({"type": "http.response.start", "status": 204, "headers": headers})
    await send({"type": "http.response.body", "body": b""})
