"""The outermost layer: what holds for every path. Preflights, limits, HEAD, and the headers of every answer."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any

from piccobase.base.errors import NotFound, RequestError
from piccobase.http.answers import CORS_HEADER, SECURITY_HEADERS, Send, send_error
from piccobase.http.body import Receive
from piccobase.http.collections import send_refusal, unexpected
from piccobase.http.guard import Guard
from piccobase.http.paths import PREFIX

ASGIApp = Callable[[Any, Receive, Send], Awaitable[None]]
ROOT = "/"  # the mount of whatever is neither the API's nor another mount's
API = "/api/"
_METHODS = b"GET,HEAD,PUT,PATCH,POST,DELETE"
_OURS = frozenset(name for name, _ in (*SECURITY_HEADERS, CORS_HEADER))


class Edge:
    """Wraps the application, and mounts before it the collections' API and what stands beside the API, by its path.

    The API brings all headers itself, and the router's own work, 11 µs a request, is a quarter of what a view costs.
    """

    def __init__(
        self,
        app: ASGIApp,
        collections: ASGIApp,
        mounts: Mapping[str, ASGIApp],
        guard: Guard | None = None,
        unguarded: Collection[str] = (),
        origins: Collection[str] = (),
    ) -> None:
        self._app, self._collections, self._guard = app, collections, guard
        deepest_first = sorted(mounts.items(), key=lambda mount: len(mount[0]), reverse=True)
        self._mounts = tuple((path, path + "/", app) for path, app in deepest_first if path != ROOT)
        self._root = mounts.get(ROOT)
        self._unguarded = frozenset(unguarded) - {ROOT}
        self._below_unguarded = tuple(path + "/" for path in self._unguarded)
        self._origins = frozenset(origin.encode() for origin in origins)  # empty: any

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if self._origins:
            send = _answering_origins(scope, send, self._origins)
        if scope["method"] == "OPTIONS":
            await _answer_preflight(scope, send)
            return
        guard = self._guard
        if guard is not None and guard.armed and not await self._admitted(guard, scope, send):
            return
        if scope["path"].startswith(PREFIX + "/"):
            await self._collections(scope, receive, send)
            return
        for path, below, mounted in self._mounts:
            if scope["path"] == path or scope["path"].startswith(below):
                await mounted(scope, receive, send)
                return
        if self._root is not None and not (scope["path"] + "/").startswith(API):
            await self._root(scope, receive, send)
            return
        head = scope["method"] == "HEAD"
        cors = any(name == b"origin" for name, _ in scope["headers"])
        if "//" in scope["path"]:  # the router would see one slash there, and whatever guards a path by its text, two
            await send_error(send, NotFound(), cors=cors, head=head)
            return
        if scope["path"].startswith(API) and scope["path"].endswith("/"):
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

    async def _admitted(self, guard: Guard, scope: Any, send: Send) -> bool:
        """Whether the request may go on; else it has been answered."""
        path = scope["path"]
        if path in self._unguarded or path.startswith(self._below_unguarded):
            return True
        try:
            await guard.admit(scope)
        except RequestError as error:
            refused = error
        except Exception:
            refused = unexpected(scope["method"], scope)
        else:
            return True
        cors = any(name == b"origin" for name, _ in scope["headers"])
        refuse = send_refusal if path.startswith(PREFIX + "/") else _send_watched
        await refuse(scope, send, refused, cors=cors, head=scope["method"] == "HEAD")
        return False


async def _send_watched(scope: Any, send: Send, error: RequestError, *, cors: bool, head: bool) -> None:
    await send_error(send, error, cors=cors, head=head)


def _answering_origins(scope: Any, send: Send, origins: frozenset[bytes]) -> Send:
    """A `send` that lets pages of these origins only read what those of all could read."""
    asked = next((value for name, value in scope["headers"] if name == b"origin"), b"")

    async def send_for_origin(message: Any) -> None:
        if message["type"] == "http.response.start":
            headers = [header for header in message["headers"] if header[0].lower() != CORS_HEADER[0]]
            if asked in origins and len(headers) < len(message["headers"]):
                headers.append((CORS_HEADER[0], asked))
            message = {**message, "headers": headers}
        await send(message)

    return send_for_origin


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
