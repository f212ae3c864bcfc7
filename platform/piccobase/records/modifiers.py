"""Modifiers in a body (protocol.md §2.5): `views+`, `+tags`, `tags-` become the values they lead to."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from piccobase.base.json import JSONFloat
from piccobase.schema.collections import CollectionInfo
from piccobase.schema.fields import FieldInfo
from piccobase.schema.values.base import InvalidValue
from piccobase.schema.values.numbers import number_of
from piccobase.schema.values.text import entries_of

_NUMBERS = frozenset({"number", "integer", "decimal"})


def modified_fields(collection: CollectionInfo, body: Mapping[str, Any]) -> list[FieldInfo]:
    """The fields that the body has modifiers for."""
    return [split[0] for key in body if (split := _split(collection, key))]


def resolve(collection: CollectionInfo, body: Mapping[str, Any], stored: Mapping[str, Any]) -> dict[str, Any]:
    """The body with every modifier replaced by the value it leads to, under the plain key.

    `stored` are the wire values that modifiers start from: the stored record's, or the zero values for a new one.
    Plain key and modifiers apply in the order of the keys' lengths. Modifiers on fields that have none, and unknown
    keys, are kept as they are: nothing reads them as a field.
    """
    modifiers = {key: split for key in body if (split := _split(collection, key))}
    resolved = {key: value for key, value in body.items() if key not in modifiers}
    for key in sorted(modifiers, key=len):
        field, place = modifiers[key]
        current = resolved[field.name] if field.name in resolved else stored.get(field.name)
        resolved[field.name] = _modified(collection.strict, field, place, current, body[key])
    return resolved


def _split(collection: CollectionInfo, key: str) -> tuple[FieldInfo, str] | None:
    if key[-1:] in ("+", "-"):
        field, place = collection.by_name.get(key[:-1]), key[-1]
    elif key[:1] == "+":
        field, place = collection.by_name.get(key[1:]), "front"
    else:
        return None
    if field is None or field.key:
        return None
    if field.family in _NUMBERS and not field.target:
        return (field, place) if place != "front" else None
    return (field, place) if field.type in ("select", "relation") else None


def _modified(strict: bool, field: FieldInfo, place: str, current: Any, change: Any) -> Any:
    if field.family in _NUMBERS and not field.target:
        return _summed(strict, current, change, -1 if place == "-" else 1)
    before = entries_of(current) if current is not None else []
    given = entries_of(change) if change is not None else []
    if place == "-":
        after = [entry for entry in before if entry not in given]
    elif place == "front":
        after = given + [entry for entry in before if entry not in given]
    else:
        after = before + [entry for entry in given if entry not in before]
    if field.multiple:
        return after
    return after[-1] if after else ""


def _summed(strict: bool, current: Any, change: Any, sign: int) -> Any:
    """Exact where both are: decimals keep their digits, integers stay integers.

    What is no number is handed on as it came, so that the field itself says what is wrong with it.
    """
    if strict and (isinstance(change, bool) or not isinstance(change, int | float)):
        return change
    try:
        start, step = _number(current), _number(change)
    except InvalidValue:
        return change
    if isinstance(start, int) and isinstance(step, int):
        return start + sign * step
    return JSONFloat(format(Decimal(str(start)) + sign * Decimal(str(step)), "f"))


def _number(wire: Any) -> int | Decimal:
    if isinstance(wire, Decimal):
        return wire
    if isinstance(wire, JSONFloat):
        return Decimal(wire.text)
    number = number_of(wire)
    return number if isinstance(number, int) else Decimal(repr(number))
