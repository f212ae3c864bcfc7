"""What a filter sees of the request: `@request.…` (protocol.md §3.2, §3.5, §3.8)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tests.reference.language import Invalid
from tests.reference.operands import BASE, COUNTABLE, Bound, Join, Operand, as_list, fixed
from tests.reference.storage import Value
from tests.reference.world import LISTS, Field, inside, scalar, stored

if TYPE_CHECKING:
    from tests.reference.names import Names


def of_request(names: Names, path: list[str], modifier: str) -> Operand:
    kind, *rest = path
    match kind, rest:
        case "context", []:
            return fixed("default", modifier)
        case "method", []:
            return fixed("GET", modifier)
        case "query", [name]:
            return fixed(names.asking.query.get(name), modifier, name in names.asking.query)
        case "headers", [name]:
            headers = {key.lower().replace("-", "_"): value for key, value in names.asking.headers.items()}
            return fixed(headers.get(name), modifier, name in headers)
        case "body", [name, *inner]:
            return _of_body(names, name, inner, modifier)
        case "auth", [name, *inner]:
            return _of_actor(names, name, inner, modifier)
    raise Invalid("no such part of a request")


def _of_body(names: Names, name: str, inner: list[str], modifier: str) -> Operand:
    body = names.asking.body
    found = names.collection.field(name)
    if inner and found is not None and found.is_relation:
        target = names.world.find(found.target)
        assert target is not None
        sent = as_list(body.get(name))
        join = Join(f"@body.{name}", BASE, lambda _: names.records(target, sent), target)
        return names.walk(target, join, inner, modifier, many=found.kind == "relations", open=True)
    if modifier in ("each", "length"):
        if inner or found is None or found.kind not in COUNTABLE:
            raise Invalid(f":{modifier} of what is no list")
        sent = as_list(body.get(name))
        if modifier == "each" and body.get(name) == "":
            sent = [""] if found.kind not in LISTS else []  # a single value, if an empty one
        if modifier == "length":
            return Operand(lambda _: len(sent))
        join = Join(f"@body.{name}:each", BASE, lambda _: sent)
        return Operand(lambda bound: scalar(bound[join]), joins=(join,), many=found.kind in LISTS)
    if modifier == "changed":
        if inner or found is None:
            raise Invalid(":changed of what is no field")
        return _changed(found, names.collection.strict, body)
    value = inside(body, [name, *inner])
    if names.as_reference and type(value) is int:
        value = float(value)  # there every number of JSON is a double, which shows as a text: 5 as 5.0
    return fixed(scalar(value), modifier, _is_set(body, [name, *inner]))


def _of_actor(names: Names, name: str, inner: list[str], modifier: str) -> Operand:
    collection, record = names.asking.collection, names.asking.record
    if collection is None or record is None:
        return fixed(None, modifier, False)
    if not inner:
        named = {"collectionId": collection.id, "collectionName": collection.name}
        if name in named:
            return fixed(named[name], modifier)
        found = collection.field(name)
        if found is None:
            return fixed(None, modifier, False)
        if not modifier or modifier in ("isset", "lower"):
            return fixed(stored(found, False, record[name]), modifier)
    join = Join("@auth", BASE, lambda _: [record], collection)
    try:
        return names.walk(collection, join, [name, *inner], modifier, open=True)
    except Invalid:  # whoever asks may be of a collection without it
        return Operand(lambda _: None)


def _changed(of: Field, strict: bool, body: Mapping[str, Any]) -> Operand:
    """Whether a field was sent with another value than it has."""

    def read(bound: Bound) -> int:
        sent, now = body.get(of.name), bound[BASE][of.name]
        was, wanted = (_nothing_is_empty(stored(of, strict, value)) for value in (now, sent))
        return int(of.name in body and sent != now and wanted != was)

    return Operand(read, is_null_safe=True)


def _is_set(sent: Any, path: list[str]) -> bool:
    """Whether a key was sent, be it as null."""
    *way, last = path
    there = inside(sent, way)
    if isinstance(there, dict):
        return last in there
    return isinstance(there, list) and last.isdigit() and int(last) < len(there)


def _nothing_is_empty(value: Value) -> Value:
    return "" if value is None else value
