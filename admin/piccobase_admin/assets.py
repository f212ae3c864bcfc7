"""The dashboard's own files, `static/` and `vendor/`: the same for everybody, so there is no sign-in before them.

They are looked up in a list made once, so no path leads out of the folders. A file asked for by the version in its
address (`?v=…`) may be kept for good; otherwise a browser asks each time and mostly hears 304.
"""

import hashlib
import mimetypes
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from piccobase_admin.signing import header

FOLDER = Path(__file__).parent
PREFIXES = ("/admin/static/", "/admin/vendor/")
_TYPES = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class Asset:
    """One file, read."""

    content: bytes
    version: str
    media_type: str


def address(path: str) -> str:
    """The address of `path`, such as `static/dashboard.css`. Raises KeyError where there is no such file."""
    return f"/admin/{path}?v={load(path).version}"


async def serve_asset(scope: Any, send: Any) -> bool:
    """Answers where the request is for a file that is there; else it answers nothing and says so."""
    path = scope["path"].removeprefix("/admin/")
    if path not in _known():
        return False
    asset = load(path)
    etag = f'"{asset.version}"'
    versioned = scope["query_string"] == f"v={asset.version}".encode()
    headers = {
        "content-type": asset.media_type,
        "cache-control": "public, max-age=31536000, immutable" if versioned else "no-cache",
        "etag": etag,
    }
    fresh = etag in header(scope, b"if-none-match")
    body = b"" if fresh else asset.content
    if not fresh:
        headers["content-length"] = str(len(body))
    pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": 304 if fresh else 200, "headers": pairs})
    await send({"type": "http.response.body", "body": body})
    return True


@cache
def load(path: str) -> Asset:
    """The file at `path` below the package. Raises KeyError for one that is not in the list."""
    content = _known()[path].read_bytes()
    media_type = _TYPES.get(Path(path).suffix) or mimetypes.guess_type(path)[0] or "application/octet-stream"
    return Asset(content, hashlib.sha256(content).hexdigest()[:16], media_type)


@cache
def _known() -> dict[str, Path]:
    return {
        found.relative_to(FOLDER).as_posix(): found
        for folder in ("static", "vendor")
        for found in (FOLDER / folder).rglob("*")
        if found.is_file()
    }
