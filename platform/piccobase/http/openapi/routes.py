"""The application's own routes, as Litestar describes them, brought into our document's form."""

import re
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from litestar import Litestar, Router
from litestar.openapi.config import OpenAPIConfig
from litestar.types import ControllerRouterHandler

from piccobase.http.administering import SUPERUSERS_ONLY
from piccobase.http.openapi.answers import refusal_of_status, refusals
from piccobase.http.openapi.operations import SECURITY_SCHEME
from piccobase.http.own_routes import SIGNED_IN_ONLY, asks_for, handlers_of

Document = dict[str, Any]
ROUTES_TAG = "server"
REFUSALS = "refusals"
"""The `opt` of a handler that says in which ways of `openapi.answers` it may fail, beside those that all may."""
_PARAMETER = re.compile(r"\{(\w+):\w+\}")  # as Litestar writes it
PARAMETERS = "parameters"
"""The `opt` of a handler that names parameters of `openapi.shared`."""


@dataclass(frozen=True, slots=True)
class DescribedRoutes:
    """Path items by path, the schemas that they name, and the tags that they have."""

    paths: Document
    schemas: Document
    tags: Sequence[str] = ()


def describe_routes(handlers: Sequence[ControllerRouterHandler], *, superuser: bool = True) -> DescribedRoutes:
    """What Litestar says of these handlers. Those with `include_in_schema=False` stay out.

    So do those that only superusers may use, with all that they name, unless a `superuser` reads of them. Errors are
    ours in status and shape, whatever handlers declare, since the application answers so.
    """
    # Described by an application that is never served: one that is would answer under paths of its own besides.
    shown = list(handlers) if superuser else [*_for_others(handlers)]
    app = Litestar(shown, openapi_config=OpenAPIConfig(title="", version=""), logging_config=None)
    options = {
        (_PARAMETER.sub(r"{\1}", path), method.lower()): handler.opt for method, path, handler in handlers_of(app)
    }
    described: Any = app.openapi_schema.to_schema()
    tags: dict[str, None] = {}
    for path, item in described["paths"].items():
        for method, operation in item.items():
            if isinstance(operation, dict):
                _bring_into_form(operation, options[path, method])
                tags |= dict.fromkeys(operation["tags"])
    schemas = _simplified(described.get("components", {}).get("schemas", {}))
    return DescribedRoutes(described["paths"], schemas, tuple(tags))


def _for_others(handlers: Sequence[ControllerRouterHandler]) -> Iterator[ControllerRouterHandler]:
    """Handlers and routers without what only superusers may use."""
    for handler in handlers:
        if isinstance(handler, Router):
            router = deepcopy(handler)
            for _, _, inner in handlers_of(router):
                if asks_for(inner, SUPERUSERS_ONLY):
                    inner.include_in_schema = False
            yield router
        elif not asks_for(handler, SUPERUSERS_ONLY):
            yield handler


def _bring_into_form(operation: Document, options: Mapping[str, Any]) -> None:
    operation.setdefault("tags", [ROUTES_TAG])
    responses = operation["responses"]
    for status in responses:
        if int(status) >= 400:
            responses[status] = refusal_of_status(status)
    names_one = any(parameter["in"] == "path" for parameter in operation.get("parameters", ()))
    for status, response in refusals(*(("NotFound",) if names_one else ())).items():
        responses.setdefault(status, response)
    responses |= refusals(*options.get(REFUSALS, ()))
    shared = [{"$ref": f"#/components/parameters/{name}"} for name in options.get(PARAMETERS, ())]
    if shared:
        operation["parameters"] = [*operation.get("parameters", ()), *shared]
    if SUPERUSERS_ONLY.items() <= options.items():
        _restrict(operation)
    elif SIGNED_IN_ONLY.items() <= options.items():
        operation["security"] = [{SECURITY_SCHEME: []}]
        responses |= refusals("Unauthorized")


def _restrict(operation: Document) -> None:
    operation["security"] = [{SECURITY_SCHEME: []}]
    operation["responses"] |= refusals("BadForm", "Unauthorized", "TooLarge")


def _simplified(schema: Any) -> Any:
    """Without `oneOf` around a single schema, which is how an optional member comes out and what clients trip over."""
    match schema:
        case {"oneOf": [single], **rest}:
            return _simplified({**single, **rest})
        case dict():
            return {name: _simplified(member) for name, member in schema.items()}
        case list():
            return [_simplified(member) for member in schema]
    return schema
