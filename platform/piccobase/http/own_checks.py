"""Mistakes in the routes of an app and its plugins, found before anything is served."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from litestar import Controller, Router
from litestar.exceptions import ImproperlyConfiguredException
from litestar.handlers import HTTPRouteHandler

from piccobase.base.errors import Problem
from piccobase.http.own_routes import OwnRoutes, functions_of, handlers_of, mark_given

RESERVED = frozenset(
    {
        "backups",
        "batch",
        "collections",
        "crons",
        "docs",
        "files",
        "health",
        "jobs",
        "logs",
        "mail",
        "metrics",
        "oauth2-redirect",
        "openapi.json",
        "ready",
        "realtime",
        "schedules",
        "settings",
        "sql",
    }
)
"""The first words of the paths that are the server's, now or by the protocol."""
_PARAMETER = re.compile(r"\{[^}]*\}")


def check_routes(groups: Sequence[OwnRoutes], given: Mapping[str, type]) -> Iterator[Problem]:
    """All that is wrong with them; handlers are ready to be served afterwards. `given` is what they may take."""
    taken: dict[tuple[str, str], str] = {}
    written: dict[str, tuple[str, str]] = {}
    for group in groups:
        whose = f"plugin {group.plugin}" if group.plugin else "the app"
        problems = [*_check_handlers(group, given)]
        yield from problems
        if problems:
            continue  # Litestar would stumble over the same things, in words of its own
        try:
            found = [*handlers_of(group.router())]
        except ImproperlyConfiguredException as error:
            yield Problem("route.E007", whose, error.detail)
            continue
        for method, path, handler in found:
            place = f"{whose}, {_name(handler.fn)}"
            yield from _check_path(path, place)
            shape = _PARAMETER.sub("{}", path)
            if (method, shape) in taken:
                yield Problem("route.E005", place, f"{method} {path} is answered by {taken[method, shape]} already")
            elif (first := written.setdefault(shape, (path, place)))[0] != path:
                yield Problem(
                    "route.E006",
                    place,
                    f"{path} is written {first[0]} by {first[1]}: the same path must have the same parameters",
                )
            taken[method, shape] = place


def shadowed(groups: Sequence[OwnRoutes], mounts: Iterable[str]) -> Iterator[Problem]:
    """Routes that no request would reach, since a mounted application answers below their path."""
    below = tuple(mount for mount in mounts if mount != "/")
    for group in groups:
        for _, path, handler in handlers_of(group.router()):
            for mount in below:
                if path == mount or path.startswith(mount + "/"):
                    whose = f"plugin {group.plugin}" if group.plugin else "the app"
                    yield Problem("route.E005", f"{whose}, {_name(handler.fn)}", f"{path} lies below the mount {mount}")


def _check_handlers(group: OwnRoutes, given: Mapping[str, type]) -> Iterator[Problem]:
    whose = f"plugin {group.plugin}" if group.plugin else "the app"
    for handler in group.handlers:
        place = f"{whose}, {_name(getattr(handler, 'fn', handler))}"
        if not _is_http(handler):
            yield Problem(
                "route.E001",
                place,
                "a route is a function decorated with litestar's get, post, put, patch or delete, a Controller or a "
                "Router of such functions; other ASGI applications are mounted",
            )
            continue
        for function in functions_of(handler):
            for name in mark_given(function, given):
                yield Problem(
                    "route.E002",
                    f"{whose}, {_name(function)}",
                    f"{name} is given by the server and is of type {given[name].__name__}: write it so, or call the "
                    "parameter something else",
                )


def _check_path(path: str, place: str) -> Iterator[Problem]:
    head, _, rest = path.strip("/").partition("/")
    if head != "api":
        yield Problem(
            "route.E003", place, f"{path} must begin with /api/; what stands beside the API is mounted by a plugin"
        )
        return
    first, _, beyond = rest.partition("/")
    if not first or first.startswith("{"):
        yield Problem("route.E003", place, f"{path} needs a word of its own behind /api/, such as /api/shop/…")
    elif first.lower() in RESERVED:
        instead = f"/api/{beyond}" if beyond and not beyond.startswith("{") else f"/api/my-{first}"
        yield Problem(
            "route.E004", place, f"{path} is the server's, as all below /api/{first}. Use {instead} or the like."
        )


def _is_http(handler: Any) -> bool:
    if isinstance(handler, type):
        return issubclass(handler, Controller)
    if isinstance(handler, Router):
        return all(hasattr(route, "route_handlers") for route in handler.routes) and bool(handler.routes)
    return isinstance(handler, HTTPRouteHandler)


def _name(function: Any) -> str:
    return getattr(function, "__name__", None) or repr(function)
