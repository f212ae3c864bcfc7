"""Values that come with the request: `@request.…`, the time macros, and the constants `null`, `true`, `false`."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from piccobase.base.clock import instant_text
from piccobase.base.json import NotJSON, parse_whole_json
from piccobase.filters.bindings import Bindings
from piccobase.filters.errors import UnknownField, UnsupportedFilter
from piccobase.filters.operands import Read, ReadMany, Value
from piccobase.filters.scalars import Scalar, compact_json, decimal_of, lowered, scalar
from piccobase.filters.tree import Name
from piccobase.schema.fields import FieldInfo
from piccobase.schema.values.base import Family


def constant(word: str) -> Value | None:
    """`null`, `true` or `false` in any case."""
    match word.lower():
        case "null":
            return Value(kind="null", read=lambda bindings: None)
        case "true":
            return Value(kind="boolean", read=lambda bindings: 1)
        case "false":
            return Value(kind="boolean", read=lambda bindings: 0)
    return None


def _day(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def _month(moment: datetime) -> datetime:
    return _day(moment).replace(day=1)


def _end(start: datetime) -> datetime:
    return start - timedelta(milliseconds=1)


def _next_month(moment: datetime) -> datetime:
    return _month(_month(moment) + timedelta(days=31))


_INSTANTS: dict[str, Callable[[datetime], datetime]] = {
    "@now": lambda moment: moment,
    "@yesterday": lambda moment: moment - timedelta(days=1),
    "@tomorrow": lambda moment: moment + timedelta(days=1),
    "@todayStart": _day,
    "@todayEnd": lambda moment: _end(_day(moment) + timedelta(days=1)),
    "@monthStart": _month,
    "@monthEnd": lambda moment: _end(_next_month(moment)),
    "@yearStart": lambda moment: _month(moment).replace(month=1),
    "@yearEnd": lambda moment: _end(_month(moment).replace(month=1, year=moment.year + 1)),
}
_NUMBERS: dict[str, Callable[[datetime], int]] = {
    "@second": lambda moment: moment.second,
    "@minute": lambda moment: moment.minute,
    "@hour": lambda moment: moment.hour,
    "@day": lambda moment: moment.day,
    "@month": lambda moment: moment.month,
    "@year": lambda moment: moment.year,
    "@weekday": lambda moment: moment.isoweekday() % 7,
}


def macro(word: str) -> Value | None:
    """A time macro (protocol.md §3.3); all are UTC and of the one moment of the run."""
    if moved := _INSTANTS.get(word):
        return Value(kind="instant", read=lambda bindings: instant_text(moved(bindings.now())))
    if counted := _NUMBERS.get(word):
        return Value(kind="integer", read=lambda bindings: counted(bindings.now()))
    return None


def request_value(name: Name) -> Value:
    """A value of `@request.`; what is missing is NULL and never an error, but for a word that cannot follow."""
    match name.path[1:]:
        case ("method",) if not name.modifier:
            return Value(kind="unknown", read=lambda bindings: bindings.method)
        case ("context",) if not name.modifier:
            return Value(kind="unknown", read=lambda bindings: bindings.context)
        case ("roles",):
            return _roles(name)
        case ("query", *parts) if parts:
            key = ".".join(parts)
            return _modified(name, lambda bindings: bindings.query.get(key), lambda bindings: key in bindings.query)
        case ("headers", *parts) if parts:
            key = ".".join(parts)
            return _modified(name, lambda bindings: bindings.headers.get(key), lambda bindings: key in bindings.headers)
        case ("auth", "collectionId"):
            return _modified(name, lambda bindings: _auth_collection(bindings, "id"), None)
        case ("auth", "collectionName"):
            return _modified(name, lambda bindings: _auth_collection(bindings, "name"), None)
        case ("auth", key, *rest):
            return _modified(name, auth_field(key, rest), None)
        case ("body", key, *rest):
            return _modified(
                name,
                lambda bindings: scalar(_inside(bindings.body.get(key), rest)),
                is_submitted(key, rest),
            )
    raise UnknownField(f'There is no "{name}".', name.at)


def body_value(key: str) -> Read:
    """What was submitted under a key."""
    return lambda bindings: scalar(bindings.body.get(key))


def body_list(key: str) -> ReadMany:
    """What was submitted for a field that holds a list; a single value counts as a list of one, nothing as none."""

    def read(bindings: Bindings) -> list[Scalar]:
        value = bindings.body.get(key)
        if isinstance(value, Sequence) and not isinstance(value, str):
            return [scalar(entry) for entry in value]
        return [] if value in (None, "") else [scalar(value)]

    return read


def is_submitted(key: str, path: Sequence[str] = ()) -> Callable[[Bindings], bool]:
    """Whether anything was submitted under a key, or at a path of what was."""
    if not path:
        return lambda bindings: key in bindings.body
    *way, last = path

    def is_set(bindings: Bindings) -> bool:
        there = _inside(bindings.body.get(key), way)
        if isinstance(there, Mapping):
            return last in there
        return isinstance(there, list) and last.isdecimal() and int(last) < len(there)

    return is_set


def auth_list(field: FieldInfo) -> ReadMany:
    """The elements of a list of the auth record, none for a guest."""

    def read(bindings: Bindings) -> list[Scalar]:
        value = bindings.actor.values.get(field.name)
        if not field.multiple:
            return [] if value in (None, "") else [stored_scalar(value, field.family)]
        if isinstance(value, str):
            try:
                value = parse_whole_json(value)
            except NotJSON:
                value = None
        return [scalar(entry) for entry in value] if isinstance(value, list) else []

    return read


def length_of(read: ReadMany) -> Value:
    """How many elements a list of the request has."""
    return Value(kind="unknown", read=lambda bindings: len(read(bindings)))


def auth_field(key: str, rest: Sequence[str] = ()) -> Read:
    """A field of the auth record; NULL for a guest and for a field it does not have.

    A path through a relation is the business of whoever knows the collections (`CollectionNames.signed_in_as`).
    """

    def read(bindings: Bindings) -> Scalar:
        actor = bindings.actor
        if actor.collection is None:
            return None
        if key == "id" and not rest:
            return actor.id
        field = actor.collection.by_name.get(key)
        if rest and field is not None and field.target:
            raise UnsupportedFilter(f"@request.auth.{key} leads to another collection, which is not followed here.")
        return stored_scalar(actor.values.get(key), field.family if field else "text", rest)

    return read


def stored_scalar(value: Any, family: Family, path: Sequence[str] = ()) -> Scalar:
    """A driver value as a scalar. What SQLite keeps as text is read according to its family."""
    if not isinstance(value, str):
        return None if path else scalar(value)
    match family:
        case "json" | "geo":
            try:
                return scalar(_inside(parse_whole_json(value), path))
            except NotJSON:
                return None
        case _ if path:
            return None
        case "list" | "array":
            return compact_json(value)
        case "decimal":
            return decimal_of(value)
        case "date":
            return f"{value} 00:00:00.000Z"
    return value


def _auth_collection(bindings: Bindings, attribute: str) -> str | None:
    collection = bindings.actor.collection
    return None if collection is None else getattr(collection, attribute)


def _roles(name: Name) -> Value:
    if name.modifier:
        raise UnsupportedFilter("@request.roles takes no modifier.", name.at)
    return Value(
        kind="unknown",
        read=lambda bindings: None,
        read_many=lambda bindings: list(bindings.actor.roles) or [None],
    )


def _inside(value: Any, path: Sequence[str]) -> Any:
    """A path in a JSON value: numbers index lists, names objects; NULL where it leads nowhere."""
    for part in path:
        if isinstance(value, Mapping):
            value = value.get(part)
        elif isinstance(value, list) and part.isdecimal():
            value = value[int(part)] if int(part) < len(value) else None
        else:
            return None
    return value


def _modified(name: Name, read: Read, is_set: Callable[[Bindings], bool] | None) -> Value:
    match name.modifier:
        case "":
            return Value(kind="unknown", read=read)
        case "lower":
            return Value(kind="unknown", read=lambda bindings: lowered(read(bindings)), lower=True)
        case "isset" if is_set is not None:
            return Value(kind="unknown", read=lambda bindings: int(is_set(bindings)))
        case "isset":
            return Value(kind="unknown", read=read)  # ignored, since an auth record's fields are not sent
        case "changed" | "length" | "each":
            raise UnknownField(f":{name.modifier} cannot be asked of {'.'.join(name.path)}.", name.at)
    raise UnknownField(f'There is no modifier ":{name.modifier}".', name.at)
