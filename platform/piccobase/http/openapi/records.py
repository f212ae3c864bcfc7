"""JSON Schema of a collection's records: whole, as drafts, and by the page, as one kind of reader may know of them."""

from collections.abc import Iterable, Mapping

from piccobase.http.openapi.names import CREATE, PAGE, SIGNED_IN, UPDATE, Names
from piccobase.http.openapi.values import Schema, answered_schema, sent_schema
from piccobase.http.openapi.words import ANSWERED, SENT, answered_words, described, docstring, sent_words
from piccobase.records.drafting import draft_new
from piccobase.schema.collections import CollectionInfo
from piccobase.schema.fields import FieldInfo
from piccobase.schema.values.numbers import DecimalValue, IntegerValue, NumberValue
from piccobase.schema.values.text import PasswordValue


def reference(name: str) -> Schema:
    """A schema that stands under this name."""
    return {"$ref": f"#/components/schemas/{name}"}


def record_schema(collection: CollectionInfo, fields: Iterable[FieldInfo], targets: Mapping[str, Names]) -> Schema:
    """A record with these fields. `targets` are the collections that may be named."""
    properties: Schema = {}
    for field in fields:
        words = answered_words(collection, field, targets)
        properties[field.name] = answered_schema(collection, field) | described(words)
        if field.auto or field.serial:
            properties[field.name]["readOnly"] = True
    properties["collectionId"] = {"type": "string", "readOnly": True, "description": ANSWERED["collectionId"]}
    properties["collectionName"] = {"type": "string", "readOnly": True, "const": collection.name}
    # Only what everybody is answered: an address is not always shown, and a token that ends leaves a guest.
    restricted = {field.name for field in collection.fields if field.hidden or field.read_rule != ""}
    if collection.kind == "auth":
        restricted.add("email")
    required = [name for name in properties if name not in restricted]
    properties["expand"] = {"type": "object", "readOnly": True, "description": ANSWERED["expand"]}
    return {"type": "object", **described(docstring(collection)), "properties": properties, "required": required}


def create_schema(collection: CollectionInfo, writable: frozenset[str], targets: Mapping[str, Names]) -> Schema:
    """What a new record may bring. Required is what an empty draft is refused for."""
    properties = _sent_properties(collection, writable, targets)
    required = [name for name in draft_new(collection, {}, writable).errors if name in writable]
    if collection.kind == "auth":
        properties["passwordConfirm"] = {**properties["password"], "description": SENT["passwordConfirm"]}
        required.append("passwordConfirm")
    return _draft_schema(collection, properties, writable) | {"required": sorted(set(required))}


def update_schema(collection: CollectionInfo, writable: frozenset[str], targets: Mapping[str, Names]) -> Schema:
    """Changes of a record: what is absent stays as it is."""
    properties = _sent_properties(collection, writable - {"id"}, targets)
    if collection.kind == "auth":
        for name in ("passwordConfirm", "oldPassword"):
            properties[name] = {"type": "string", "format": "password", "writeOnly": True, "description": SENT[name]}
    return _draft_schema(collection, properties, writable)


def page_schema(names: Names) -> Schema:
    """One page of a list."""
    return {
        "type": "object",
        "properties": {
            "items": {"type": "array", "items": reference(names.one)},
            "page": {"type": "integer", "description": "Counted from 1."},
            "perPage": {"type": "integer"},
            "totalItems": {"type": "integer", "description": "-1 with `skipTotal`."},
            "totalPages": {"type": "integer", "description": "-1 with `skipTotal`."},
        },
        "required": ["items", "page", "perPage", "totalItems", "totalPages"],
    }


def signed_in_schema(names: Names) -> Schema:
    """The answer to somebody who has signed in."""
    return {
        "type": "object",
        "properties": {
            "token": {"type": "string", "description": "Goes along with further requests in the header Authorization."},
            "record": reference(names.one),
        },
        "required": ["token", "record"],
    }


def schema_names(names: Names) -> dict[str, str]:
    """The names of a collection's schemas by what they are of."""
    return {
        "record": names.one,
        "create": names.one + CREATE,
        "update": names.one + UPDATE,
        "page": names.one + PAGE,
        "signed_in": names.one + SIGNED_IN,
    }


def _draft_schema(collection: CollectionInfo, properties: Schema, writable: frozenset[str]) -> Schema:
    schema: Schema = {"type": "object", "properties": properties}
    if modifiers := _modifiers(collection, writable):
        # Not among the properties: `views`, `views+` and `views-` become one name in most languages, and the generators
        # drop the whole schema or write code that does not compile. Others than the listed keys may be sent anyway.
        schema["x-modifiers"] = modifiers
    return schema


def _sent_properties(collection: CollectionInfo, writable: frozenset[str], targets: Mapping[str, Names]) -> Schema:
    properties: Schema = {}
    for field in collection.fields:
        if field.name in writable and not field.auto and not (field.serial and not field.key):
            words = sent_words(collection, field, targets)
            schema = sent_schema(collection, field) | described(words)
            if isinstance(field.value, PasswordValue) or field.name == "tokenKey":
                schema["writeOnly"] = True
            properties[field.name] = schema
    return properties


def _modifiers(collection: CollectionInfo, writable: frozenset[str]) -> Schema:
    """`views+` adds to a number and `views-` subtracts; `tags+`, `+tags` and `tags-` append, prepend and remove."""
    modifiers: Schema = {}
    for field in collection.fields:
        if field.name not in writable or field.key or field.auto:
            continue
        if isinstance(field.value, NumberValue | IntegerValue | DecimalValue):
            modifiers |= {f"{field.name}+": {"type": "number"}, f"{field.name}-": {"type": "number"}}
        elif field.type in ("select", "relation"):
            entries = {"type": ["string", "array"], "items": {"type": "string"}}
            modifiers |= dict.fromkeys((f"{field.name}+", f"+{field.name}", f"{field.name}-"), entries)
    return modifiers
