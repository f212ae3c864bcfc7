"""Records for tests: what a test does not care about is filled in, plausibly, and each time with the same values."""

import collections
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from piccolo.table import Table

from piccobase.base.errors import InvalidRecord
from piccobase.base.json import encode_json
from piccobase.records.creating import create_record
from piccobase.schema.collections import CollectionInfo
from piccobase.schema.fields import FieldInfo
from piccobase.schema.naming import nearest
from piccobase.testing import looking
from piccobase.testing.calling import PASSWORD, Caller
from piccobase.testing.comparing import shown
from piccobase.testing.plausible import plausible, plausible_id

if TYPE_CHECKING:
    from piccobase.testing.app import TestApp


class Counter(collections.Counter[str]):
    """How many records of each collection the factories of an app under test have made."""

    def next(self, collection: str) -> int:
        self[collection] += 1
        return self[collection]


class Factory:
    """Makes records of a collection, given by its class or its name.

    `values` are for all of them, by the fields' names: a value, a function of the record's number (1, 2, 3 …), or for
    a relation a record, a Caller or an id. Whatever else is required or unique gets a plausible value by its type, and
    a required relation a record made for it. The same calls make the same values, ids included.

    >>> authors = Factory("users", name=lambda number: f"Author {number}")
    >>> posts = Factory("posts", published=True)
    """

    def __init__(self, collection: str | type[Table], /, **values: Any) -> None:
        self.collection = collection
        self.values = values

    async def make(self, app: "TestApp", /, **values: Any) -> dict[str, Any]:
        """A new record, as a superuser sees it. No rule is asked, but values are validated and passwords hashed.

        Raises InvalidRecord where the values given do not hold, ValueError for one of no
        field, and where one must be given.
        """
        return await _make(app, app.collection(self.collection), {**self.values, **values}, ())

    async def many(self, app: "TestApp", count: int, /, **values: Any) -> list[dict[str, Any]]:
        """So many of them."""
        return [await self.make(app, **values) for _ in range(count)]


async def _make(
    app: "TestApp", collection: CollectionInfo, given: Mapping[str, Any], within: tuple[str, ...]
) -> dict[str, Any]:
    number = app.counter.next(collection.name)
    body = {_wire_name(collection, name): _sent(value, number) for name, value in given.items()}
    if "id" not in body and (id_ := plausible_id(collection, number)):
        body["id"] = id_
    for field in collection.fields:
        if field.name not in body and _needs_value(collection, field):
            body[field.name] = (
                await _target(app, collection, field, within) if field.target else plausible(collection, field, number)
            )
    if collection.kind == "auth":
        body.setdefault("password", PASSWORD)
        body.setdefault("passwordConfirm", body["password"])
    context = looking.as_superuser(app.services, "POST")
    try:
        made = await create_record(app.services.records, context, collection, body)
    except InvalidRecord as error:
        error.add_note(f"{collection.name} takes no {shown(body)}: {shown(error.wire()['data'])}")
        raise
    record: dict[str, Any] = json.loads(encode_json(made))
    return record


def _wire_name(collection: CollectionInfo, name: str) -> str:
    """The wire's name of a field, which may be given by its attribute as well. Raises ValueError for another's."""
    names = {field.attribute: field.name for field in collection.fields}
    known = {**names, **{wire: wire for wire in names.values()}, "passwordConfirm": "passwordConfirm"}
    if name not in known:
        raise ValueError(f"{collection.name} has no field {name}.{nearest(name, names.values())}")
    return known[name]


def _sent(value: Any, number: int) -> Any:
    """A given value as the wire has it."""
    match value:
        case Caller():
            return value.id
        case Table():
            return str(getattr(value, value._meta.primary_key._meta.name))
        case {"collectionId": _, "id": str(record_id)}:
            return record_id
        case list():
            return [_sent(one, number) for one in value]
        case _ if callable(value):
            return _sent(value(number), number)
    return value


def _needs_value(collection: CollectionInfo, field: FieldInfo) -> bool:
    if field.key or field.serial or field.auto or field.name == "tokenKey":
        return False
    if collection.kind == "auth" and field.name == "email":
        return True
    return field.required or field.unique or (not field.nullable and field.default() is None)


async def _target(app: "TestApp", collection: CollectionInfo, field: FieldInfo, within: tuple[str, ...]) -> Any:
    """The id of a record made for a required relation, or the list of it."""
    within = (*within, collection.name)
    if field.target in within:
        raise ValueError(
            f"{collection.name}.{field.name} needs a record of {field.target}, which needs one of {collection.name}: "
            f"make one of them by hand, and give its id."
        )
    least = max(1, getattr(field.value, "min_select", 0)) if field.multiple else 1
    made = [(await _make(app, app.collection(field.target), {}, within))["id"] for _ in range(least)]
    return made if field.multiple else made[0]
