"""What a filter is asked of: collections with their fields, rules and records, and whoever asks."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.reference.storage import Affinity, Value

Record = Mapping[str, Any]  # by field, values as a superuser sees them in JSON

LISTS = ("multiselect", "relations", "array")
NUMERIC = ("number", "integer", "decimal", "bool")
INSTANTS = ("date", "autodate", "day")


@dataclass(frozen=True)
class Field:
    """`kind` is PocketBase's type, with `multiselect` and `relations` for several values.

    Piccobase has more: `integer`, `decimal`, `day`, `clock` (a time of day), `uuid` and `array` (of texts).
    """

    name: str
    kind: str
    target: str = ""  # the collection a relation points to
    hidden: bool = False  # for everyone but superusers
    members_only: bool = False  # hidden from guests
    unique: bool = False
    nullable: bool = False
    values: tuple[str, ...] = ()  # of a select

    @property
    def is_relation(self) -> bool:
        return self.kind in ("relation", "relations")

    @property
    def affinity(self) -> Affinity:
        if self.kind in NUMERIC:
            return Affinity.NUMERIC
        return Affinity.NONE if self.kind == "json" else Affinity.TEXT


@dataclass
class Collection:
    name: str
    fields: tuple[Field, ...]
    id: str = ""  # known when it is served
    list_rule: str | None = ""
    strict: bool = False
    auth: bool = False
    records: Sequence[Record] = field(default_factory=list)

    def field(self, name: str) -> Field | None:
        return next((each for each in self.fields if each.name == name), None)


def _superusers() -> Collection:
    texts = (Field("id", "text"), Field("email", "email"), Field("created", "autodate"), Field("updated", "autodate"))
    return Collection("_superusers", (*texts, Field("emailVisibility", "bool"), Field("verified", "bool")), auth=True)


@dataclass(frozen=True)
class World:
    """`superusers` is the system's collection, with the one record that asks as a superuser."""

    collections: Mapping[str, Collection]
    superusers: Collection = field(default_factory=_superusers)

    def find(self, name: str) -> Collection | None:
        """A collection by its id, or by its name in any letter case."""
        for collection in self.collections.values():
            if collection.id == name or collection.name.lower() == name.lower():
                return collection
        return None

    def record(self, collection: Collection, id: str) -> Record | None:
        return next((record for record in collection.records if record["id"] == id), None)


@dataclass(frozen=True)
class Asking:
    """A list request. `collection` is that of the auth record, None for a guest."""

    moment: datetime
    collection: Collection | None = None
    record: Record | None = None
    superuser: bool = False
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)  # by name as sent
    body: Mapping[str, Any] = field(default_factory=dict)


def stored(of: Field, strict: bool, value: Any) -> Value:
    """A field's value as the database holds it, JSON as its value (see `scalar`)."""
    if of.kind in LISTS:
        return None if value is None else compact(value)
    if of.kind == "geo":  # in the order of its parts on the wire, which is not that of the reference
        return None if value is None else json.dumps(value, separators=(",", ":"))
    if of.kind == "json":
        return scalar(value)
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)  # as a column of numbers keeps it
    if value in ("", None) and of.kind in (*INSTANTS, "relation") and strict:
        return None
    return value  # type: ignore[no-any-return]


def scalar(value: Any) -> Value:
    """A JSON value as SQLite takes it out of JSON: objects and lists as compact text, booleans as 1 and 0."""
    if isinstance(value, dict | list):
        return compact(value)
    if isinstance(value, bool):
        return int(value)
    return value  # type: ignore[no-any-return]


def compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, sort_keys=True)


def inside(value: Any, path: list[str]) -> Any:
    """What stands at a path of a JSON value, None where nothing does."""
    for step in path:
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and step.isdigit() and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value
