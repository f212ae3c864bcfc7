"""What receivers are told: the body of a message, made once and the same in all attempts. Pure."""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from piccobase import Record
from piccobase.extending import Change, CollectionInfo, FieldInfo, encode_json, instant_text

TYPES = {"create": "record.created", "update": "record.updated", "delete": "record.deleted"}
CHANGED = "collection.changed"  # any of its records may have been: what is known of them is to be loaded anew
TEST = "webhook.test"
LARGEST = 1 << 20  # bytes; the record is left out of what would have more


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What one subscription is told of one change."""

    webhook: str
    id: str
    type: str
    collection: str = ""
    record: str = ""
    body: str


def message_of(
    webhook: str, type_: str, at: datetime, data: Mapping[str, Any], *, collection: str = "", record: str = ""
) -> Message:
    """A message with an id of its own."""
    id_ = f"msg_{secrets.token_hex(16)}"
    envelope = {"id": id_, "type": type_, "timestamp": instant_text(at)}
    body = encode_json(envelope | {"data": data})
    if len(body) > LARGEST:
        body = encode_json(envelope | {"data": {**data, "record": None, "tooLarge": True}})
    return Message(webhook=webhook, id=id_, type=type_, collection=collection, record=record, body=body.decode())


def told(
    webhook: str,
    collection: CollectionInfo,
    change: Change,
    record: Record | None,
    fields: Sequence[str],
    actor: Mapping[str, str] | None,
) -> Message:
    """What a subscription is told of a change; without `change.record` it is one of the whole collection."""
    type_ = TYPES[change.verb] if change.record else CHANGED
    data = {
        "collection": collection.name,
        "recordId": change.record,
        "record": None if record is None else shown(collection, record, fields),
        "changed": list(seen(collection, change.fields, fields)),
        "actor": actor,
    }
    at = datetime.fromtimestamp(change.time / 1000, UTC)
    return message_of(webhook, type_, at, data, collection=collection.name, record=change.record)


def shown(collection: CollectionInfo, record: Record, fields: Sequence[str]) -> dict[str, Any]:
    """The record as a superuser sees it, without what is declared secret; of `fields`, if there are any, only these."""
    values = {name: record[name] for name in seen(collection, collection.by_name, fields)}
    values |= {"id": record.id, "collectionId": collection.id, "collectionName": collection.name}
    return dict(sorted(values.items()))


def seen(collection: CollectionInfo, names: Iterable[str], fields: Sequence[str]) -> Iterable[str]:
    """Those of the names that a receiver may read of."""
    for name in names:
        field = collection.by_name.get(name)
        if field is not None and not _is_secret(field) and (not fields or name in fields):
            yield name


def _is_secret(field: FieldInfo) -> bool:
    return field.hidden or field.type == "password"
