"""The ASGI application of a built frontend: a file, a redirect, the page to fall back to, or a plain 404."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import quote

from starlette.datastructures import Headers
from starlette.responses import FileResponse, PlainTextResponse, RedirectResponse, Response
from starlette.staticfiles import NotModifiedResponse, StaticFiles

from piccobase.extending import CORS_HEADER, SECURITY_HEADERS
from piccobase_static.folder import ASK_ANEW, ENCODINGS, Folder, FoundFile, is_file_name, is_servable

Send = Callable[[Any], Awaitable[None]]
INDEX, NOT_FOUND = "index.html", "404.html"
_starlette = StaticFiles()  # knows when a browser has a file already


class Frontend:
    """Answers requests at `path` and below from a folder. Raises nothing: what is not there is a 404."""

    def __init__(self, folder: Folder, path: str, fallback: str | None, headers: Mapping[str, str]) -> None:
        self._folder, self._prefix, self._fallback = folder, path.rstrip("/"), fallback
        ours = dict(SECURITY_HEADERS) | {b"vary": b"Origin, Accept-Encoding"}
        theirs = {name.lower().encode("latin-1"): value.encode("latin-1") for name, value in headers.items()}
        self._headers = ours | theirs

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        asked = Headers(scope=scope)
        if scope["method"] in ("GET", "HEAD"):
            response = await asyncio.to_thread(self._answer, scope, asked)
        else:
            response = PlainTextResponse("Method not allowed.", 405, {"allow": "GET, HEAD"})
        await response(scope, receive, self._with_headers(send, asked, head=scope["method"] == "HEAD"))

    def _answer(self, scope: Any, asked: Headers) -> Response:
        path = scope["path"].removeprefix(self._prefix)
        if not path:
            return _to_the_folder(scope)
        # A part of a file is one of its plain bytes.
        encodings = _accepted(asked.get("accept-encoding", "")) if "range" not in asked else frozenset()
        name = path.removeprefix("/")
        for candidate in [name + INDEX] if path.endswith("/") else [name, f"{name}.html"]:
            if (found := self._folder.find(candidate, encodings)) is not None:
                return _file(found, asked)
        if self._folder.find(f"{name}/{INDEX}") is not None:
            return _to_the_folder(scope)
        if "text/html" in asked.get("accept", "") and self._may_be_a_page(name):
            page, status = (NOT_FOUND, 404) if self._fallback is None else (self._fallback, 200)
            if (found := self._folder.find(page, encodings)) is not None:
                return _file(found, asked, status)
        return PlainTextResponse("Not found.", 404, {"cache-control": ASK_ANEW})

    def _may_be_a_page(self, name: str) -> bool:
        """Whether it may be an address of the frontend's own router. A missing script must not become a page."""
        shown = name.removesuffix("/")
        return not shown or (is_servable(shown) and not is_file_name(shown) and not self._folder.is_immutable(shown))

    def _with_headers(self, send: Send, asked: Headers, *, head: bool) -> Send:
        more = [*self._headers.items(), *([CORS_HEADER] if "origin" in asked else [])]
        names = {name for name, _ in more}

        async def send_with_headers(message: Any) -> None:
            if message["type"] == "http.response.start":
                own = [header for header in message["headers"] if header[0].lower() not in names]
                message = {**message, "headers": [*own, *more]}
            elif head:
                message = {**message, "body": b""}
            await send(message)

        return send_with_headers


def _to_the_folder(scope: Any) -> Response:
    """To the same address with a slash, from which the page's relative links lead to the right place."""
    query = scope["query_string"].decode("latin-1")
    address = quote(scope["path"]) + "/" + (f"?{query}" if query else "")
    return RedirectResponse(address, 307, {"cache-control": ASK_ANEW})


def _file(found: FoundFile, asked: Headers, status: int = 200) -> Response:
    headers = {"etag": found.etag, "cache-control": found.cache_control}
    if found.encoding:
        headers["content-encoding"] = found.encoding
    response = FileResponse(found.path, status, headers, found.media_type, stat_result=found.stat)
    if status == 200 and _starlette.is_not_modified(response.headers, asked):
        return NotModifiedResponse(response.headers)
    if found.content is not None and "range" not in asked:
        del response.headers["content-length"]  # it may have grown since it was looked at
        return Response(found.content, status, response.headers)
    return response


def _accepted(text: str) -> frozenset[str]:
    """The encodings of an `Accept-Encoding` that we know of and that are not refused there."""
    accepted = set()
    for part in text.lower().split(","):
        name, _, weight = part.partition(";")
        if name.strip() in ENCODINGS and weight.replace(" ", "").rstrip("0.") != "q=":
            accepted.add(name.strip())
    return frozenset(accepted)
