"""JSON Schema of each kind of value, as answers carry it and as a draft may send it."""

from typing import Any

from piccobase.schema.collections import CollectionInfo
from piccobase.schema.fields import FieldInfo
from piccobase.schema.values.base import ValueType
from piccobase.schema.values.dates import DateValue, DurationValue, InstantValue, TimeValue
from piccobase.schema.values.lists import ArrayValue, ListValue, SelectListValue
from piccobase.schema.values.numbers import BooleanValue, DecimalValue, IntegerValue, NumberValue
from piccobase.schema.values.structured import BytesValue, GeoPointValue, JSONValue
from piccobase.schema.values.text import (
    EditorValue,
    EmailValue,
    IntegerKeyValue,
    PasswordValue,
    SelectValue,
    TextValue,
    URLValue,
    UUIDValue,
)

Schema = dict[str, Any]
GEO_POINT: Schema = {
    "type": "object",
    "description": "A point on the globe, in degrees.",
    "properties": {
        "lon": {"type": "number", "format": "double", "minimum": -180, "maximum": 180},
        "lat": {"type": "number", "format": "double", "minimum": -90, "maximum": 90},
    },
    "required": ["lon", "lat"],
    "examples": [{"lon": 2.35, "lat": 48.86}],
}
_INSTANT = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}Z"
_MIDNIGHT = r"\d{4}-\d\d-\d\d 00:00:00\.000Z"
_TIME = r"\d\d:\d\d:\d\d(\.\d{1,6})?"


def answered_schema(collection: CollectionInfo, field: FieldInfo) -> Schema:
    """What a field of a record holds in an answer."""
    if field.target and not field.multiple:
        schema: Schema = {"type": "string"}
    else:
        schema = _answered(field.value)
    if field.choices:
        schema |= _choices(collection, field)
    # Nothing is null in a strict collection and the empty text in a lenient one; a select may be empty in both.
    may_be_blank = not field.required and _has_own_texts(field.value)
    if may_be_blank or (field.nullable and not collection.strict):
        schema = _or_empty(schema)
    return _or_null(schema) if field.nullable and collection.strict else schema


def sent_schema(collection: CollectionInfo, field: FieldInfo) -> Schema:
    """What a draft may send for a field.

    A lenient collection takes values of other types as well and makes them fit; a client had better not count on it.
    """
    if field.target and not field.multiple:
        schema: Schema = {"type": "string"}
    else:
        schema = _sent(field.value, field.required)
    if field.choices and (choices := _choices(collection, field)):
        schema = _plain(field.value) | choices
    if _has_own_texts(field.value) and not field.required:
        schema = _or_empty(schema)
    if field.nullable or not (collection.strict or field.value.zero() is None):
        return schema if field.required else _or_null(schema)
    return schema


def _has_own_texts(value: ValueType) -> bool:
    """Whether its schema says which texts it takes, and does not speak of the empty one."""
    return isinstance(value, SelectValue) or (isinstance(value, TextValue) and value.json_schema() is not None)


def _answered(value: ValueType) -> Schema:
    """Without the limits of what may be sent: what is stored may be older than they are."""
    if (own := value.json_schema()) is not None:
        return dict(own)
    match value:
        case SelectValue():
            return {"type": "string", "enum": list(value.values)}
        case InstantValue():
            return {"type": "string", "pattern": f"^{_INSTANT}$", "examples": ["2026-11-23 00:16:37.866Z"]}
        case DateValue():
            return {"type": "string", "pattern": f"^{_MIDNIGHT}$", "examples": ["2026-11-23 00:00:00.000Z"]}
        case TimeValue():
            return {"type": "string", "pattern": f"^{_TIME}$", "examples": ["09:30:00"]}
        case SelectListValue():
            return {"type": "array", "items": {"type": "string", "enum": list(value.values)}}
        case ListValue():
            return {"type": "array", "items": {"type": "string"}}
        case ArrayValue():
            return {"type": "array", "items": _answered(value.element)}
        case PasswordValue():
            return {"type": "string", "const": ""}
        case TextValue() if not isinstance(value, EditorValue):
            return {"type": "string"}
    return _plain(value)


def _sent(value: ValueType, required: bool) -> Schema:
    if (own := value.json_schema()) is not None:
        return dict(own)
    match value:
        case PasswordValue():
            return {"type": "string", "format": "password", "minLength": value.min, "maxLength": value.max}
        case SelectValue():
            return {"type": "string", "enum": list(value.values)}
        case EditorValue():
            return _plain(value) | ({"minLength": 1} if required else {})
        case TextValue():
            return {"type": "string"} | _text_limits(value, required)
        case JSONValue() if value.shape is not None and "$ref" not in str(value.shape.schema):
            # One with definitions would look for them in the document.
            return {name: member for name, member in value.shape.schema.items() if name not in ("$schema", "$id")}
        case InstantValue():
            return {"type": "string", "examples": ["2026-11-23 00:16:37.866Z"]}
        case DateValue():
            return {"type": "string", "examples": ["2026-11-23"]}
        case TimeValue():
            return {"type": "string", "examples": ["09:30:00"]}
        case SelectListValue() | ListValue():
            return _answered(value) | _list_limits(value, required)
        case ArrayValue():
            items = _sent(value.element, required=False)
            return {"type": "array", "items": items} | ({"minItems": 1} if required else {})
        case IntegerValue():
            bits = value.bits - 1
            least = -(2**bits) if value.min is None else value.min
            most = 2**bits - 1 if value.max is None else value.max
            return _plain(value) | _number_limits(least, most) | {"examples": [1]}
        case NumberValue():
            return _plain(value) | _number_limits(value.min, value.max)
        case DecimalValue() if value.precision is not None:
            limit = 10 ** (value.precision - (value.scale or 0))
            return _plain(value) | {"exclusiveMinimum": -limit, "exclusiveMaximum": limit, "examples": [1]}
    return _plain(value)


def _plain(value: ValueType) -> Schema:
    """Where both directions look the same."""
    match value:
        case IntegerKeyValue():
            return {"type": "string", "pattern": "^-?[0-9]+$"}
        case UUIDValue():
            return {"type": "string", "format": "uuid"}
        case EditorValue():
            return {"type": "string", "contentMediaType": "text/html"}
        case BooleanValue():
            return {"type": "boolean"}
        case IntegerValue():
            return {"type": "integer", "format": "int64" if value.bits > 32 else "int32"}
        case NumberValue():
            return {"type": "number", "format": "float" if value.single else "double"}
        case DecimalValue() | DurationValue():
            # Java would have an exact type for a number without a format, but Go makes seven digits of it.
            return {"type": "number", "format": "double"}
        case GeoPointValue():
            return {"$ref": "#/components/schemas/GeoPoint"}
        case BytesValue():
            return {"type": "string", "format": "byte", "contentEncoding": "base64"}
        case JSONValue():
            return {}
    raise TypeError(f"{type(value).__name__} has no JSON Schema yet: add it to {__name__}")


def _text_limits(value: TextValue, required: bool) -> Schema:
    limits: Schema = {}
    if required:
        # Only here: where nothing may be sent as the empty text, it passes all other limits.
        limits["minLength"] = max(value.min, 1)
        match value:
            case EmailValue():
                limits["format"] = "email"
            case URLValue():
                limits["format"] = "uri"
    if value.max:
        limits["maxLength"] = value.max
    if value.pattern and "(?" not in value.pattern:  # what begins like this, Python and JavaScript read differently
        limits["pattern"] = value.pattern if required else f"^$|{value.pattern}"
    return limits


def _list_limits(value: ListValue, required: bool) -> Schema:
    limits: Schema = {"minItems": max(value.min_select, 1)} if required else {}
    return limits | ({"maxItems": value.max_select} if value.max_select else {})


def _number_limits(least: float | None, most: float | None) -> Schema:
    """Zero passes all limits, so one that would refuse it is none that a schema can state."""
    limits: Schema = {}
    if least is not None and least <= 0:
        limits["minimum"] = least
    if most is not None and most >= 0:
        limits["maximum"] = most
    return limits


def _choices(collection: CollectionInfo, field: FieldInfo) -> Schema:
    """An enum where the choices are numbers: those that JSON has no form for stay out."""
    if not all(isinstance(choice, int | float) for choice in field.choices):
        return {}
    allowed = {*field.choices, field.default(), *(() if collection.strict else (field.value.zero(),))}
    return {"enum": sorted(choice for choice in allowed if choice is not None)}


def _or_empty(schema: Schema) -> Schema:
    """The same, or the empty text; what is no text has another way to be empty."""
    if schema.get("type") != "string":
        return schema
    if "enum" in schema:
        return {**schema, "enum": [*schema["enum"], ""]}
    kept = {name: member for name, member in schema.items() if name != "format"}
    if "pattern" in kept:
        kept["pattern"] = f"^({kept['pattern'].removeprefix('^').removesuffix('$')})?$"
    return kept


def _or_null(schema: Schema) -> Schema:
    """The same, or null."""
    if not schema:
        return schema
    if not isinstance(schema.get("type"), str):
        return {"anyOf": [schema, {"type": "null"}]}
    either = {**schema, "type": [schema["type"], "null"]}
    if "enum" in schema:
        either["enum"] = [*schema["enum"], None]
    return either
