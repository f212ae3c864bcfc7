"""Applications that stand beside the API, each below a path of its own: the dashboard, and what plugins bring."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from litestar.types import ASGIApp

from piccobase.base.errors import Problem
from piccobase.http.answers import send_error
from piccobase.http.collections import unexpected

_PATH = re.compile(r"(/[^/?#]+)+")


@dataclass(frozen=True, slots=True)
class Mount:
    """An ASGI application and where it stands: it gets every request to `path` and below, with the path as it came.

    It answers for itself: HEAD, errors and all headers; only preflights are answered before it, and what rate limits
    refuse. Without `guarded` it answers for limits and for the addresses of superusers itself too, by the services'
    `guard`: so does the dashboard, whose superusers no limit of the API should lock out. One at "/" is always guarded.
    """

    path: str  # "/admin": with a slash before it and none after; "/" is what no other mount and no "/api/" takes
    app: ASGIApp
    guarded: bool = True


@dataclass(frozen=True, slots=True)
class MadeMount:
    """A mount whose application is made at the start, of the running server's services."""

    path: str
    make: Callable[[Any], ASGIApp]
    guarded: bool = True


def check_mounts(place: str, mounts: Iterable[Mount | MadeMount]) -> Iterator[Problem]:
    """Mistakes in the declaration of somebody's mounts."""
    for mount in mounts:
        if mount.path != "/" and not _PATH.fullmatch(mount.path):
            text = f'the path "{mount.path}" needs a slash before it and none after: "/pages", or "/" alone'
            yield Problem("plugin.E008", f"{place}, mount", text)


def contained(app: ASGIApp) -> ASGIApp:
    """The application, with an answer where it raises: 500 and an id, as for an error of ours.

    Where it has begun to answer the error goes on, so that what is broken off does not look whole.
    """

    async def answering(scope: Any, receive: Any, send: Any) -> None:
        begun = False

        async def noting(message: Any) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await app(scope, receive, noting)
        except Exception:
            if begun or scope["type"] != "http":
                raise
            cors = any(name == b"origin" for name, _ in scope["headers"])
            error = unexpected(scope["method"], scope)
            await send_error(send, error, cors=cors, head=scope["method"] == "HEAD")

    return answering
