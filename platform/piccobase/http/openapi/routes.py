"""The application's own routes, as Litestar describes them, brought into our document's form."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.config import OpenAPIConfig
from litestar.types import ControllerRouterHandler

from piccobase.http.administering import SUPERUSERS_ONLY
from piccobase.http.openapi.answers import refusal_of_status, refusals
from piccobase.http.openapi.operations import SECURITY_SCHEME

Document = dict[str, Any]
ROUTES_TAG = "server"
REFUSALS = "refusals"
"""The `opt` of a handler that says in which ways of `openapi.answers` it may fail, beside those that all may."""
PARAMETERS = "parameters"
"""The `opt` of a handler that names parameters of `openapi.shared`."""


@dataclass(frozen=True, slots=True)
class DescribedRoutes:
    """Path items by path, and the schemas that they name."""

    paths: Document
    schemas: Document


def describe_routes(handlers: Sequence[ControllerRouterHandler]) -> DescribedRoutes:
    """What Litestar says of these handlers. Those with `include_in_schema=False` stay out.

    Their errors are ours in status and shape, whatever they declare, since the application answers so.
    """
    # Described by an application that is never served: one that is would answer under paths of its own besides.
    described: Any = Litestar(
        list(handlers), openapi_config=OpenAPIConfig(title="", version=""), logging_config=None
    ).openapi_schema.to_schema()
    options = {one.operation_id: one.opt for one in handlers if isinstance(one, HTTPRouteHandler)}
    restricted = {handler.operation_id for handler in handlers if is_for_superusers(handler)}
    for item in described["paths"].values():
        for operation in item.values():
            if isinstance(operation, dict):
                _bring_into_form(operation)
                own = options.get(operation["operationId"], {})
                operation["responses"] |= refusals(*own.get(REFUSALS, ()))
                shared = [{"$ref": f"#/components/parameters/{name}"} for name in own.get(PARAMETERS, ())]
                if shared:
                    operation["parameters"] = [*operation.get("parameters", ()), *shared]
                if operation["operationId"] in restricted:
                    _restrict(operation)
    return DescribedRoutes(described["paths"], _simplified(described.get("components", {}).get("schemas", {})))


def _bring_into_form(operation: Document) -> None:
    operation.setdefault("tags", [ROUTES_TAG])
    responses = operation["responses"]
    for status in responses:
        if int(status) >= 400:
            responses[status] = refusal_of_status(status)
    names_one = any(parameter["in"] == "path" for parameter in operation.get("parameters", ()))
    for status, response in refusals(*(("NotFound",) if names_one else ())).items():
        responses.setdefault(status, response)


def is_for_superusers(handler: ControllerRouterHandler) -> TypeGuard[HTTPRouteHandler]:
    """Whether only superusers may use it, and may read of it."""
    return isinstance(handler, HTTPRouteHandler) and SUPERUSERS_ONLY.items() <= handler.opt.items()


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
