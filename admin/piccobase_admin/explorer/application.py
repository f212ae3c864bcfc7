"""`/api/docs`: the document that whoever asks may read. An application of its own, open to everybody.

Its files are answered below its own path, so that it works where a proxy keeps `/admin` from the world.
"""

from typing import Any

from piccobase.extending import NotFound, encode_json
from piccobase_admin import assets
from piccobase_admin.entrance import SECURITY_HEADERS
from piccobase_admin.rendering import environment

PATH = "/api/docs"
FILES = (
    "static/tokens.css",
    "static/dashboard.css",
    "static/explorer.css",
    "static/explorer.js",
    "static/icon.svg",
    "static/theme.js",
    "vendor/swagger-ui/swagger-ui-bundle.js",
    "vendor/swagger-ui/swagger-ui.css",
)


def address(file: str) -> str:
    """Where a file of the explorer is answered. Raises KeyError for one that is not among its own."""
    return f"{PATH}/{file}?v={assets.load(file).version}"


async def explorer(scope: Any, receive: Any, send: Any) -> None:
    """The ASGI application: one page, and the files that it needs."""
    head = scope["method"] == "HEAD"

    async def send_with_headers(message: Any) -> None:
        if message["type"] == "http.response.start":
            given = {name.lower() for name, _ in message["headers"]}
            more = [(name, value) for name, value in SECURITY_HEADERS.items() if name not in given]
            message = {**message, "headers": [*message["headers"], *more]}
        elif head and message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await send(message)

    file = scope["path"].removeprefix(f"{PATH}/")
    if scope["method"] in ("GET", "HEAD") and file in FILES:
        await assets.serve_asset({**scope, "path": f"/admin/{file}"}, send_with_headers)
    elif scope["method"] in ("GET", "HEAD") and scope["path"] in (PATH, f"{PATH}/"):
        html = environment.get_template("explorer.html").render(file=address)
        await _send(send_with_headers, 200, b"text/html; charset=utf-8", html.encode())
    else:
        await _send(send_with_headers, 404, b"application/json", encode_json(NotFound().wire()))


async def _send(send: Any, status: int, media_type: bytes, body: bytes) -> None:
    headers = [(b"content-type", media_type), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
