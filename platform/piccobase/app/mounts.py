"""Mounts of the app and its plugins, made at the start."""

from collections.abc import Iterable

from litestar.types import ASGIApp

from piccobase.app.services import Services
from piccobase.plugins.blaming import blamed
from piccobase.plugins.bringing import Bringing
from piccobase.plugins.mounts import MadeMount, Mount, contained


def made_mounts(services: Services) -> dict[str, Mount]:
    """What stands beside the API, by path. Raises StartError where an application cannot be made."""
    return {mount.path: mount for one in services.assembly.bringing for mount in _mounts_of(one, services)}


def _mounts_of(one: Bringing, services: Services) -> Iterable[Mount]:
    for mount in one.mounts:
        app = _made(one, mount, services) if isinstance(mount, MadeMount) else mount.app
        yield Mount(mount.path, contained(app), mount.guarded)


def _made(one: Bringing, mount: MadeMount, services: Services) -> ASGIApp:
    return blamed(one.whose, f"cannot make what it mounts at {mount.path}", lambda: mount.make(services))
