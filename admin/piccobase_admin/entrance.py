"""The door of the dashboard: everything below `/admin` passes it, pages and rooms alike, before anything answers.

1. Every answer carries the security headers; one that an answer brings itself is kept.
2. Files of ours are answered at once.
3. Where superusers may not come from (`superuserIPs`), nothing else is answered: 403.
4. What is not GET or HEAD must come from a page of this site, signed in or not: else 403.
5. Except for the open pages nobody gets in without being signed in: a visitor is sent to the sign-in page and comes
   back, a request of htmx is told to take the browser there, a program that wants JSON gets 401. Who follows a link on
   another site comes without the cookie, which is SameSite=Strict, so the page is asked for once more from here.
6. A room (an ASGI application of its own) gets the request, or the pages do. Rooms are imported when first opened.
"""

import asyncio
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any
from urllib.parse import quote, urlsplit

from litestar.types import ASGIApp

from piccobase.extending import (
    Forbidden,
    NotFound,
    RequestError,
    Services,
    Unauthorized,
    encode_json,
    note_actor,
    unexpected,
)
from piccobase_admin import assets
from piccobase_admin.navigation import entries_for
from piccobase_admin.rendering import render
from piccobase_admin.signing import SIGN_IN, header, is_same_origin, safe_next, superuser_of

OPEN_PAGES = frozenset({SIGN_IN, "/admin/set-up"})
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
SECURITY_HEADERS = {
    b"content-security-policy": CONTENT_SECURITY_POLICY.encode(),
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"DENY",
    # Not no-referrer: with that a browser would hide from us too which origin a form was sent from.
    b"referrer-policy": b"same-origin",
    b"cross-origin-opener-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
    b"cache-control": b"no-store",
}


class Entrance:
    """`rooms` are the applications below a path of their own: `module:function`, called with the services once."""

    def __init__(self, services: Services, pages: ASGIApp, rooms: Mapping[str, str]) -> None:
        self._services = services
        self._pages = pages
        self._navigation = entries_for(services)
        self._rooms = {path: _Room(services, target) for path, target in rooms.items()}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        head = scope["method"] == "HEAD"
        scope = {**scope, "method": "GET" if head else scope["method"], "user": None}
        scope["navigation"] = self._navigation
        started = False

        async def send_with_headers(message: Any) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                given = {name.lower() for name, _ in message["headers"]}
                more = [(name, value) for name, value in SECURITY_HEADERS.items() if name not in given]
                message = {**message, "headers": [*message["headers"], *more]}
            elif head and message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        try:
            await self._answer(scope, receive, send_with_headers)
        except RequestError as error:
            await send_error_page(scope, send_with_headers, error)
        except Exception:
            if started:  # nothing can be mended in an answer that is half sent
                raise
            await send_error_page(scope, send_with_headers, unexpected(scope["method"], scope))

    async def _answer(self, scope: Any, receive: Any, send: Any) -> None:
        path = scope["path"]
        if path.startswith(assets.PREFIXES):
            if not await assets.serve_asset(scope, send):
                raise NotFound
            return
        address = self._services.guard.addresses.of(scope)
        if not self._services.guard.lets_superusers_in(address):
            raise Forbidden(
                f"Superusers cannot use this server from your address, {address}. "
                "The setting superuserIPs says from where they can."
            )
        if scope["method"] != "GET" and not is_same_origin(scope):
            raise Forbidden("This request did not come from a page of this dashboard. Open the page and try again.")
        scope["user"] = await superuser_of(self._services, scope)
        if scope["user"] is not None:
            note_actor(scope["user"])  # for the logs, and for the change log's "by whom"
        elif path not in OPEN_PAGES:
            await _send_to_sign_in(scope, send)
            return
        if "//" in path:  # the router would see one slash there, and whatever looks at the text of a path, two
            raise NotFound
        for below, room in self._rooms.items():
            if path == below or path.startswith(below + "/"):
                await room(scope, receive, send)
                return
        await self._pages(scope, receive, send)


class _Room:
    """An application that is imported when it is first opened, and not before."""

    def __init__(self, services: Services, target: str) -> None:
        self._services, self._target = services, target
        self._app: ASGIApp | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if self._app is None:
            path, _, name = self._target.partition(":")
            module = await asyncio.to_thread(import_module, path)  # it may take a while, and others go on meanwhile
            make: Callable[[Services], ASGIApp] = getattr(module, name)
            self._app = self._app or make(self._services)
        await self._app(scope, receive, send)


async def send_error_page(scope: Any, send: Any, error: RequestError) -> None:
    """The error as a page with a way back; as the API's JSON for a program that asks for that."""
    if "application/json" in header(scope, b"accept"):
        await _send(send, error.status, encode_json(error.wire()), {b"content-type": b"application/json"})
        return
    html = render("error.html", scope, error=error)
    await _send(send, error.status, html.encode(), {b"content-type": b"text/html; charset=utf-8"})


async def _send_to_sign_in(scope: Any, send: Any) -> None:
    if header(scope, b"hx-request"):
        page = urlsplit(header(scope, b"hx-current-url"))
        await _send(send, 401, b"", {b"hx-redirect": _sign_in_and_back_to(page.path, page.query)})
    elif "application/json" in header(scope, b"accept"):
        await send_error_page(scope, send, Unauthorized())
    elif scope["method"] != "GET":
        await _send(send, 303, b"", {b"location": _sign_in_and_back_to("", "")})
    else:
        path, query = scope["raw_path"].decode("latin-1"), scope["query_string"].decode("latin-1")
        if header(scope, b"sec-fetch-site") == "cross-site" and header(scope, b"sec-fetch-mode") == "navigate":
            html = render("again.html", scope, address=_back_to(path, query))
            await _send(send, 200, html.encode(), {b"content-type": b"text/html; charset=utf-8"})
        else:
            await _send(send, 303, b"", {b"location": _sign_in_and_back_to(path, query)})


def _sign_in_and_back_to(path: str, query: str) -> bytes:
    return f"{SIGN_IN}?next={quote(_back_to(path, query), safe='/')}".encode()


def _back_to(path: str, query: str) -> str:
    return safe_next(f"{path}?{query}" if query else path)


async def _send(send: Any, status: int, body: bytes, headers: Mapping[bytes, bytes]) -> None:
    pairs = [*headers.items(), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": pairs})
    await send({"type": "http.response.body", "body": body})
