"""The whole document for one kind of reader: pure, from the registry to one object of JSON."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from piccobase.base.version import __version__
from piccobase.http.openapi.answers import ERROR_SCHEMAS, error_responses
from piccobase.http.openapi.names import name_collections
from piccobase.http.openapi.operations import SECURITY_SCHEME, Operations
from piccobase.http.openapi.records import (
    create_schema,
    page_schema,
    record_schema,
    schema_names,
    signed_in_schema,
    update_schema,
)
from piccobase.http.openapi.routes import ROUTES_TAG, DescribedRoutes
from piccobase.http.openapi.shared import INTRODUCTION, PARAMETERS, shared_schemas
from piccobase.http.openapi.words import described, docstring
from piccobase.rules.fields import FieldAccess
from piccobase.schema.collections import VERBS, CollectionInfo
from piccobase.schema.registry import Registry

Document = dict[str, Any]
_PARTS = ("schemas", "responses", "parameters")


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads the document: `access` says which rules of fields hold for them (`FieldAccess.key`)."""

    access: int
    superuser: bool = False


def make_document(registry: Registry, access: FieldAccess, routes: DescribedRoutes, reader: Reader) -> Document:
    """The document for a reader.

    A collection that only superusers may use is named to nobody else: not by a path, a relation, a name or a number.
    """
    roles = registry.roles.closure if reader.superuser else None
    reserved = [*shared_schemas(roles), *ERROR_SCHEMAS, *routes.schemas]
    names = name_collections(registry.collections.values(), is_public, reserved)
    named = {
        name: names[name]
        for name, collection in sorted(registry.collections.items())
        if reader.superuser or is_public(collection)
    }
    document: Document = {
        "openapi": "3.1.0",
        "info": {"title": "Piccobase API", "version": __version__, "description": INTRODUCTION},
        "servers": [{"url": "/", "description": "Where this document comes from."}],
        "tags": [],
        "paths": {},
        "security": [{}, {SECURITY_SCHEME: []}],
        "components": {
            "schemas": {**shared_schemas(roles), **ERROR_SCHEMAS, **routes.schemas},
            "responses": error_responses(),
            "parameters": dict(PARAMETERS),
            "securitySchemes": {
                SECURITY_SCHEME: {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "The token of a sign-in. The SDKs send it without `Bearer`: both are taken.",
                }
            },
        },
    }
    for name in named:
        collection = registry.collections[name]
        operations = Operations(collection, names[name], reader.superuser)
        document["tags"].append({"name": name, **described(docstring(collection))})
        document["paths"] |= operations.paths(roles=bool(registry.roles.closure))
        own = schema_names(names[name])
        visible, writable = access.visible(collection, reader.access), access.writable(collection, reader.access)
        document["components"]["schemas"] |= {
            own["record"]: record_schema(collection, visible, named),
            own["create"]: create_schema(collection, writable, named),
            own["update"]: update_schema(collection, writable, named),
            own["page"]: page_schema(names[name]),
            own["signed_in"]: signed_in_schema(names[name]),
        }
    document["paths"] |= routes.paths
    tagged = {tag["name"] for tag in document["tags"]}
    document["tags"] += [{"name": tag} for tag in routes.tags if tag not in tagged and tag != ROUTES_TAG]
    document["tags"].append({"name": ROUTES_TAG, "description": "The server itself."})
    _drop_unused(document)
    return document


def is_public(collection: CollectionInfo) -> bool:
    """Whether others than superusers may ever use it. Signing in alone does not count: it has no records for them."""
    return any(collection.rules[verb] is not None for verb in VERBS)


def _drop_unused(document: Document) -> None:
    """Leaves the components that an operation leads to."""
    components = document["components"]
    wanted: set[str] = set()
    waiting = list(_references(document["paths"]))
    while waiting:
        name = waiting.pop()
        if name not in wanted:
            wanted.add(name)
            part, _, key = name.removeprefix("#/components/").partition("/")
            waiting += _references(components[part][key])
    for part in _PARTS:
        components[part] = {
            key: component for key, component in components[part].items() if f"#/components/{part}/{key}" in wanted
        }


def _references(value: Any) -> Iterator[str]:
    match value:
        case {"$ref": str(target), **rest}:
            yield target
            yield from _references(rest)
        case dict():
            for member in value.values():
                yield from _references(member)
        case list():
            for member in value:
                yield from _references(member)
