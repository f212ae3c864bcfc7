"""Python values to driver values, and stored rows back: the order is always that of the collection's fields."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any

from piccobase.base.json import parse_json
from piccobase.schema.collections import CollectionInfo
from piccobase.schema.fields import FieldInfo
from piccobase.schema.values.base import Dialect


@lru_cache(1024)
def _binder(field: FieldInfo, dialect: Dialect) -> Callable[[Any], Any] | None:
    return field.value.bind(dialect)


def bind_value(field: FieldInfo, value: Any, dialect: Dialect) -> Any:
    """One Python value as the driver takes it."""
    binder = _binder(field, dialect)
    return value if value is None or binder is None else binder(value)


def bind_all(collection: CollectionInfo, values: Mapping[str, Any], dialect: Dialect) -> list[Any]:
    """A draft as driver values, one for each field; None for what it does not have."""
    return [bind_value(field, values.get(field.name), dialect) for field in collection.fields]


def stored_value(collection: CollectionInfo, row: Sequence[Any], field: FieldInfo) -> Any:
    """A stored value as modifiers start from it: lists as lists, exact numbers exact, ids as texts."""
    stored = row[collection.fields.index(field)]
    if stored is None:
        return None
    if field.family == "list" and isinstance(stored, str):
        return parse_json(stored)
    if field.family == "decimal":
        return Decimal(str(stored))
    return str(stored) if field.target else stored


def wire_id(collection: CollectionInfo, row: Sequence[Any], dialect: Dialect) -> str:
    """The id of a stored row as the wire has it."""
    key = row[collection.fields.index(collection.key)]
    read = collection.key.value.read(dialect)
    return str(read(key) if read else key)
