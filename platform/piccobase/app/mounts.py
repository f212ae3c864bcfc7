"""Applications that stand beside the API, each below a path of its own: the dashboard, and what plugins bring."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.metadata import entry_points

from litestar.types import ASGIApp

from piccobase.app.services import Services

GROUP = "piccobase.plugins"


@dataclass(frozen=True, slots=True)
class Mount:
    """An ASGI application and where it stands: it gets every request to `path` and below, with the path as it came.

    It answers for itself: HEAD, errors and all headers; only preflights are answered before it, and what rate limits
    refuse. Without `guarded` it answers for limits and for the addresses of superusers itself too, by the services'
    `guard`: so does the dashboard, whose superusers no limit of the API should lock out.
    """

    path: str  # "/admin": with a slash before it and none after
    app: ASGIApp
    guarded: bool = True


def installed_mounts(services: Services) -> dict[str, Mount]:
    """What the installed packages bring, by path."""
    mounts: dict[str, Mount] = {}
    for entry in entry_points(group=GROUP):
        make: Callable[[Services], Iterable[Mount]] = entry.load()
        mounts.update((mount.path, mount) for mount in make(services))
    return mounts
