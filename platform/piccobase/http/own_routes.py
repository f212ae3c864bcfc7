"""Routes that an app and its plugins add below `/api/`: who asks and the record service are given to their handlers."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from litestar import Controller, Request, Router
from litestar.connection import ASGIConnection
from litestar.di import NamedDependency, Provide
from litestar.handlers import BaseRouteHandler, HTTPRouteHandler
from litestar.params import SkipValidation
from litestar.routes import HTTPRoute
from litestar.types import ControllerRouterHandler

from piccobase.base.errors import Forbidden, Unauthorized
from piccobase.http.administering import SUPERUSERS_ONLY
from piccobase.http.body import DEFAULT_BODY_LIMIT
from piccobase.http.incoming import ADMITTED, Headers
from piccobase.http.own_errors import OWN_ERRORS
from piccobase.http.query import parse_query
from piccobase.identity.actors import Actors
from piccobase.records.acting import RecordService
from piccobase.records.service import Records
from piccobase.rules.context import RequestContext
from piccobase.schema.actor import Actor, note_actor

SIGNED_IN_ONLY = {"signed_in_only": True}
"""The `opt` of a handler that only auth records and superusers may use."""
APP_TAG = "app"  # in the OpenAPI document, of the routes that are no plugin's
GIVEN: Mapping[str, type] = {"actor": Actor, "context": RequestContext, "records": RecordService}
"""What a handler may take beside what the request holds: parameters by these names, of these types."""

_T = TypeVar("_T")
_Marked = SkipValidation[NamedDependency[_T]]  # it is not for Litestar to take an Actor apart

AnyRequest = Request[Any, Any, Any]


@dataclass(frozen=True, slots=True)
class OwnRoutes:
    """What an app adds, or a plugin, whose name `plugin` is then. Handlers, controllers and routers of Litestar."""

    handlers: Sequence[ControllerRouterHandler]
    plugin: str = ""

    def router(self, **options: Any) -> Router:
        """All of them below one router. Raises ImproperlyConfiguredException for what Litestar does not take."""
        return Router("/", route_handlers=list(self.handlers), **options)


def own_routers(
    groups: Sequence[OwnRoutes], records: Records, actors: Actors, more: Mapping[str, Any]
) -> Sequence[Router]:
    """The routers of all groups, whose handlers were checked and marked. `more` is given to handlers as well."""

    async def let_in(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
        scope: Any = connection.scope
        actor: Actor | None = scope.get(ADMITTED)
        if actor is None:
            actor = scope[ADMITTED] = await actors.actor(connection.headers.get("authorization", ""))
        note_actor(actor)
        options = handler.opt  # those of what it stands in are among them by now
        if options and not actor.superuser:
            for_superusers = SUPERUSERS_ONLY.items() <= options.items()
            if actor.guest and (for_superusers or SIGNED_IN_ONLY.items() <= options.items()):
                raise Unauthorized
            if for_superusers:
                raise Forbidden("The authorized record is not allowed to perform this action.")

    def router(group: OwnRoutes) -> Router:
        who = f"Plugin {group.plugin}" if group.plugin else ""
        return group.router(
            dependencies={**_given(records, who), **{name: _constant(value) for name, value in more.items()}},
            guards=[let_in],
            exception_handlers=OWN_ERRORS,
            request_max_body_size=DEFAULT_BODY_LIMIT,
            tags=[group.plugin or APP_TAG],
        )

    return [router(group) for group in groups if group.handlers]


def asks_for(handler: Any, option: Mapping[str, Any]) -> bool:
    """Whether a handler, or the controller or router that it stands in, has this `opt`."""
    options = {name: value for layer in handler.ownership_layers for name, value in layer.opt.items()}
    return option.items() <= options.items()


def handlers_of(router: Any) -> Iterator[tuple[str, str, HTTPRouteHandler]]:
    """Method, path and handler of all that a router or an application answers over HTTP."""
    for route in router.routes:
        if isinstance(route, HTTPRoute):
            for handler in route.route_handlers:
                for method in handler.http_methods:
                    if method != "OPTIONS":  # Litestar's own, for each path
                        yield method, route.path, handler


def paths_of(handler: Any) -> Iterator[str]:
    """The paths of a handler, or of all in a router."""
    if isinstance(handler, Router):
        yield from (path for _, path, _ in handlers_of(handler))
    else:
        yield from handler.paths


def functions_of(handler: Any) -> Iterator[Any]:
    """The functions of a handler, or of all in a controller or a router."""
    if isinstance(handler, Router):
        for _, _, one in handlers_of(handler):
            yield one.fn
    elif isinstance(handler, type) and issubclass(handler, Controller):
        for name in dir(handler):
            if isinstance(one := getattr(handler, name), HTTPRouteHandler):
                yield one.fn
    elif isinstance(handler, HTTPRouteHandler):
        yield handler.fn


def mark_given(function: Any, given: Mapping[str, type]) -> Iterator[str]:
    """Says to Litestar which parameters are given to a handler, so that `actor: Actor` is all that need be written.

    Yields the parameters that go by such a name and are something else.
    """
    annotations = function.__annotations__
    for name, kind in given.items():
        if name not in annotations:
            continue
        written = annotations[name]
        if re.search(rf"\b{kind.__name__}\b", written if isinstance(written, str) else repr(written)):
            marked: Any = _Marked
            annotations[name] = marked[kind]
        else:
            yield name


def _given(records: Records, who: str) -> Mapping[str, Provide]:
    """Each is made of the one before: what does not hang on each other Litestar would ask for in tasks of their own,
    which takes longer than all of this."""

    def actor(request: AnyRequest) -> Actor:
        scope: Any = request.scope
        found: Actor = scope[ADMITTED]
        return found

    def context(request: AnyRequest, actor: _Marked[Actor]) -> RequestContext:
        scope = request.scope
        query = parse_query(scope["query_string"])
        return records.context(actor, scope["method"], query, Headers(list(scope["headers"])))

    def service(context: _Marked[RequestContext]) -> RecordService:
        return records.acting(context, who)

    providers: Mapping[str, Callable[..., Any]] = {"actor": actor, "context": context, "records": service}
    return {name: Provide(provider, sync_to_thread=False) for name, provider in providers.items()}


def _constant(value: Any) -> Provide:
    def give() -> Any:
        return value

    return Provide(give, sync_to_thread=False)
