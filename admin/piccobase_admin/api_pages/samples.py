"""Sample values: a body that passes a collection's validation, with the ids of records that are there."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from piccobase.extending import Actor, CollectionInfo, FieldInfo, InvalidValue, Services, check_field, instant_text, now
from piccobase_admin.api_pages.reading import first_records

NO_RECORD = "RECORD_ID"  # where a collection has no record yet
PASSWORD = "YOUR_PASSWORD"  # noqa: S105  a placeholder
EMAIL = "user@example.com"
MOST_OPTIONAL = 6  # optional fields in a sample body
_NEVER_SENT = frozenset({"tokenKey", "verified", "emailVisibility"})


@dataclass(frozen=True, slots=True)
class Samples:
    """What the examples of one collection are made of. `missing` are targets without a record to point to."""

    record: Mapping[str, Any]  # an existing one, or a made-up one
    record_id: str
    is_real: bool
    create: dict[str, Any]
    update: dict[str, Any]
    missing: tuple[str, ...] = ()


@dataclass(slots=True)
class _Ids:
    """Ids by collection, of which a relation may need several."""

    known: Mapping[str, Sequence[str]]
    missing: list[str] = field(default_factory=list)

    def of(self, target: str, count: int) -> list[str]:
        found = list(self.known.get(target, ()))[:count]
        if len(found) < count:
            self.missing.append(target)
            found += [NO_RECORD] * (count - len(found))
        return found


async def take_samples(services: Services, actor: Actor, collection: CollectionInfo) -> Samples:
    """Samples out of what is stored, read as `actor`, a superuser."""
    targets = {one.target for one in collection.fields if one.target}
    most = max((getattr(one.value, "min_select", 0) for one in collection.fields), default=0)
    known: dict[str, Sequence[str]] = {}
    for target in targets:
        info = services.registry.collections[target]
        known[target] = [str(record["id"]) for record in await first_records(services, actor, info, max(1, most))]
    records = await first_records(services, actor, collection, 1)
    ids = _Ids(known)
    create = sample_body(collection, ids)
    return Samples(
        record=records[0] if records else _made_up(collection, create),
        record_id=str(records[0]["id"]) if records else NO_RECORD,
        is_real=bool(records),
        create=create,
        update=_changes(collection, create),
        missing=tuple(dict.fromkeys(ids.missing)),
    )


def sample_body(collection: CollectionInfo, ids: _Ids) -> dict[str, Any]:
    """What to send to create a record: all that is needed, and some of what is not."""
    body: dict[str, Any] = {}
    optional = 0
    for one in collection.fields:
        if one.key:
            if not one.serial and not one.default():
                body["id"] = sample_value(collection, one, ids)
            continue
        if one.auto or one.serial or one.name in _NEVER_SENT or (one.hidden and one.type != "password"):
            continue
        needed = one.required or (one.default() is None and not one.nullable)
        if not needed:
            leads_nowhere = bool(one.target) and not ids.known[one.target]
            if one.write_rule != "" or one.unique or leads_nowhere or optional == MOST_OPTIONAL:
                continue
            optional += 1
        body[one.name] = sample_value(collection, one, ids)
        if collection.kind == "auth" and one.name == "password":
            body["passwordConfirm"] = body["password"]
    return body


def sample_value(collection: CollectionInfo, one: FieldInfo, ids: _Ids) -> Any:
    """A value on the wire that the field takes."""
    if one.target:
        if not one.multiple:
            return ids.of(one.target, 1)[0]
        return ids.of(one.target, max(1, getattr(one.value, "min_select", 0)))
    candidates = [*sorted(one.choices), *_candidates(one.value, one.name, unique=one.unique or one.key)]
    if one.key:  # what has a blank in it is no id
        candidates = [wire for wire in candidates if " " not in str(wire)]
    return next((wire for wire in candidates if _is_taken(collection, one, wire)), candidates[0])


def _is_taken(collection: CollectionInfo, one: FieldInfo, wire: Any) -> bool:
    try:
        check_field(collection, one, one.value.clean(wire))
    except InvalidValue:
        return False
    return True


def _candidates(value: Any, name: str, *, unique: bool) -> list[Any]:
    """Values of this kind, the nicest first; which of them is within the field's limits is for the field to say."""
    match value.type, value.family:
        case "select", _:
            chosen = list(value.values)
            return [chosen[: max(1, value.min_select)]] if value.multiple else chosen
        case "email", _:
            domain = next(iter(value.only_domains), "example.com")
            return [f"{secrets.token_hex(4)}@{domain}" if unique else f"somebody@{domain}"]
        case "url", _:
            return [f"https://{next(iter(value.only_domains), 'example.com')}/{secrets.token_hex(4) if unique else ''}"]
        case "password", _:
            return [PASSWORD[: value.max or None].ljust(value.min, "x"), "Passw0rd!Passw0rd!", "12345678"]
        case "editor", _:
            return [f"<p>Some {name}</p>"]
        case _, "text":
            return _texts(value, name, unique=unique)
        case _, "integer" | "number" | "decimal" | "duration":
            limits = [getattr(value, limit, None) for limit in ("min", "max")]
            return [secrets.randbelow(30_000) if unique else 1, *(limit for limit in limits if limit is not None), 0.1]
        case _, "array":
            return [[entry] for entry in _candidates(value.element, name, unique=False)]
    simple: dict[str, Any] = {
        "boolean": True,
        "instant": instant_text(now()),
        "date": now().date().isoformat(),
        "time": "09:30:00",
        "uuid": str(uuid4()),
        "json": {"any": "JSON"},
        "geo": {"lon": 2.35, "lat": 48.86},
        "bytes": "aGVsbG8=",
    }
    return [simple[value.family]]


def _texts(value: Any, name: str, *, unique: bool) -> list[str]:
    least, most = value.min, value.max or 255
    nice = f"Some {name}"
    chance = secrets.token_hex(8)
    texts = [f"{nice} {chance[:6]}" if unique else nice, chance, chance.upper(), "ABCDEFGHIJ", "1234567890"]
    if unique:
        texts = [texts[0], chance, "".join(secrets.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZ") for _ in range(16)), *texts[3:]]
    return [text if least <= len(text) <= most else text[-most:].ljust(least, "x") for text in texts]


def _changes(collection: CollectionInfo, create: Mapping[str, Any]) -> dict[str, Any]:
    """A change that nobody minds: one plain field, if there is one."""
    for one in collection.fields:
        plain = not (one.key or one.target or one.unique or one.auto or one.hidden or one.name in _NEVER_SENT)
        if plain and one.write_rule == "" and one.type in ("text", "number", "bool", "editor", "select"):
            return {one.name: create.get(one.name, sample_value(collection, one, _Ids({})))}
    return {}


def _made_up(collection: CollectionInfo, create: Mapping[str, Any]) -> dict[str, Any]:
    """A record as it would be answered, where none is stored yet."""
    moment = instant_text(now())
    record: dict[str, Any] = {"collectionId": collection.id, "collectionName": collection.name, "id": NO_RECORD}
    for one in collection.fields:
        if not one.hidden and not one.key:
            record[one.name] = moment if one.auto else create.get(one.name)
    return record
