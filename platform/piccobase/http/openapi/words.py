"""What there is to say of a field and a collection in words: their own texts, then what a schema cannot state."""

import inspect
import json
from collections.abc import Container, Iterable, Mapping

from piccobase.schema.collections import CollectionInfo
from piccobase.schema.fields import FieldInfo
from piccobase.schema.values.lists import ListValue
from piccobase.schema.values.numbers import DecimalValue
from piccobase.schema.values.text import TextValue

# Of fields that the system brings along: what an answer shows, and what a draft says.
ANSWERED: Mapping[str, str] = {
    "collectionId": "Stays the same when the collection is renamed.",
    "email": "Absent unless the record shows it, or the reader is the record itself, manages it, or is a superuser.",
    "emailVisibility": "Whether everybody who sees the record sees its e-mail address.",
    "expand": "Related records, by the segments of the query parameter expand: one record each, or a list.",
    "verified": "Whether the address was found to be the owner's.",
}
SENT: Mapping[str, str] = {
    "id": "Made by the server where it is absent.",
    "email": "Only superusers and managers change it.",
    "emailVisibility": "Whether everybody who sees the record sees its e-mail address.",
    "verified": "Only superusers and managers say so.",
    "tokenKey": "Part of what signs the record's tokens: a new one makes all of them invalid.",
    "passwordConfirm": "The password once more.",
    "oldPassword": "The present password, with a new one; superusers and managers need none.",
}


def described(text: str) -> dict[str, str]:
    """The text as a member of an object of the document, or no member where there is none."""
    return {"description": text} if text else {}


def docstring(collection: CollectionInfo) -> str:
    """That of the declared class."""
    return inspect.cleandoc(vars(collection.table).get("__doc__") or "")


def answered_words(collection: CollectionInfo, field: FieldInfo, targets: Container[str]) -> str:
    """Of a field in an answer. `targets` are the names of the collections that may be named."""
    return _joined(_own(collection, field, ANSWERED), field.help, *_kind(field, targets))


def sent_words(collection: CollectionInfo, field: FieldInfo, targets: Container[str]) -> str:
    """Of a field in a draft, with the limits that a schema cannot state and the default."""
    own = _own(collection, field, SENT)
    return _joined(own, field.help, *_kind(field, targets), *_limits(field), _default(collection, field))


def _joined(*sentences: str) -> str:
    return " ".join(one if one.endswith((".", "!", "?")) else f"{one}." for one in sentences if one)


def _own(collection: CollectionInfo, field: FieldInfo, texts: Mapping[str, str]) -> str:
    return texts.get(field.name, "") if field.key or collection.kind == "auth" else ""


def _kind(field: FieldInfo, targets: Container[str]) -> Iterable[str]:
    if field.target:
        of = f"of `{field.target}`" if field.target in targets else "of another collection"
        yield f"Ids of records {of}." if field.multiple else f"The id of a record {of}."
    match field.auto:
        case "create":
            yield "When the record was created."
        case "update":
            yield "When the record was changed last."
    match field.family:
        case "duration":
            yield "In seconds."
        case "decimal":
            yield "An exact number."
        case "bytes":
            yield "In base64."
    if field.unique and not field.key:
        yield "Unique."


def _limits(field: FieldInfo) -> Iterable[str]:
    value = field.value
    if field.family in ("instant", "date"):
        yield "RFC 3339, or `2026-11-23 10:00:00.000Z`, or a day."
    if isinstance(value, DecimalValue) and value.precision is not None:
        yield f"At most {value.scale or 0} digits after the point."
    if isinstance(value, TextValue) and value.min and not (field.required or field.key or field.target):
        yield f"At least {value.min} characters, or none."
    if isinstance(value, ListValue) and value.min_select and not field.required:
        yield f"At least {value.min_select} entries, or none."
    if size := getattr(value, "max_size", 0):
        yield f"At most {size:,} bytes."


def _default(collection: CollectionInfo, field: FieldInfo) -> str:
    """The default where it is worth telling: not empty, and the same each time."""
    if field.key or field.auto or field.family not in ("text", "integer", "number", "boolean"):
        return ""
    default = field.default()
    if not default or default != field.default() or (collection.kind == "auth" and field.name in SENT):
        return ""
    return f"By default {json.dumps(default, ensure_ascii=False)}."
