"""Values that come with the request: `@request.…`, the time macros, and the constants `null`, `true`, `false`."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from piccobase.base.clock import instant_text
from piccobase.base.json import NotJSON, parse_whole_json
from piccobase.filters.bindings import Bindings
from piccobase.filters.errors import UnknownField, UnsupportedFilter
from piccobase.filters.operands import Read, Value
from piccobase.filters.scalars import compact_json, lowered, scalar
from piccobase.filters.tree import Name

_JSON_FAMILIES = frozenset({"json", "geo", "list", "array"})


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
        return Value(kind="instant", read=lambda bindings: instant_text(moved(bindings.moment)))
    if counted := _NUMBERS.get(word):
        return Value(kind="integer", read=lambda bindings: counted(bindings.moment))
    return None


def request_value(name: Name) -> Value:
    """A value of `@request.`; what is missing is NULL and never an error, but for a word that cannot follow."""
    match name.path[1:]:
        case ("method",):
            return _modified(name, lambda bindings: bindings.method, None)
        case ("context",):
            return _modified(name, lambda bindings: bindings.context, None)
        case ("roles",):
            return _roles(name)
        case ("query", key):
            return _modified(name, lambda bindings: bindings.query.get(key), lambda bindings: key in bindings.query)
        case ("headers", key):
            return _modified(name, lambda bindings: bindings.headers.get(key), lambda bindings: key in bindings.headers)
        case ("auth", "collectionId"):
            return _modified(name, lambda bindings: _auth_collection(bindings, "id"), None)
        case ("auth", "collectionName"):
            return _modified(name, lambda bindings: _auth_collection(bindings, "name"), None)
        case ("auth", key, *rest):
            read = auth_field(key, rest)
            return _modified(name, read, lambda bindings: read(bindings) is not None)
        case ("body", key, *rest):
            return _modified(
                name,
                lambda bindings: scalar(_inside(bindings.body.get(key), rest)),
                lambda bindings: key in bindings.body,
            )
    raise UnknownField(f'There is no "{name}".', name.at)


def auth_field(key: str, rest: Sequence[str] = ()) -> Read:
    """A field of the auth record; NULL for a guest and for a field it does not have."""

    def read(bindings: Bindings) -> Any:
        actor = bindings.actor
        if actor.collection is None:
            return None
        if key == "id" and not rest:
            return actor.id
        value = actor.values.get(key)
        field = actor.collection.by_name.get(key)
        if field is None or field.family not in _JSON_FAMILIES or not isinstance(value, str):
            return scalar(value) if not rest else None
        if field.family in ("list", "array"):
            return compact_json(value) if not rest else None
        try:
            return scalar(_inside(parse_whole_json(value), rest))
        except NotJSON:
            return None

    return read


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
            return Value(kind="unknown", read=lambda bindings: lowered(read(bindings)))
        case "isset" if is_set is not None:
            return Value(kind="unknown", read=lambda bindings: int(is_set(bindings)))
        case "changed" | "length" | "each" | "isset":
            raise UnsupportedFilter(f'":{name.modifier}" is not supported here yet.', name.at)
    raise UnknownField(f'There is no modifier ":{name.modifier}".', name.at)
