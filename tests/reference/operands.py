"""Names of a filter: what they read from which records, and what a client may not name (protocol.md §3.2-3.5, §3.9).

An operand reads from *bound* records: each join of its path is bound to one record, one element of a list, or None.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from tests.reference.functions import great_circle, sqlite_strftime
from tests.reference.language import Call, Identifier, Invalid, Number, Text
from tests.reference.language import Operand as Written
from tests.reference.moments import macro
from tests.reference.storage import Affinity, Truth, Value, lower
from tests.reference.world import INSTANTS, LISTS, Asking, Collection, Field, World, inside, scalar, stored

MOST_HOPS = 6
MODIFIERS = ("lower", "length", "each", "isset", "changed")
MOST_TIME_ARGUMENTS = 10


@dataclass(frozen=True)
class Join:
    """A hop of a path. Two of the same name are one and the same within a filter."""

    name: str
    parent: "Join | None" = field(default=None, compare=False)
    find: "Callable[[Bound], list[Any]]" = field(default=lambda bound: [], compare=False)
    collection: Collection | None = field(default=None, compare=False)  # what it brings records of
    hides: bool = field(default=False, compare=False)  # what may not be listed is absent, not in the way

    def chain(self) -> "tuple[Join, ...]":
        """This join and those it needs, the outermost first; the record that is asked about is no join."""
        return () if self.parent is None else (*self.parent.chain(), self)


Bound = Mapping[Join, Any]
BASE = Join("")


@dataclass(frozen=True)
class Operand:
    read: Callable[[Bound], Value]
    affinity: Affinity = Affinity.NONE
    joins: tuple[Join, ...] = ()
    many: bool = False  # there may be several values for one record
    is_literal: bool = False  # written in the filter, or a macro
    is_null_safe: bool = False  # JSON, geoDistance and `:changed` are compared with IS
    guard: Callable[[Bound], Truth] | None = None  # whether the address that is read may be read
    instant: bool = False  # of a strict collection: literals beside it are moments
    exact: int | None = None  # a whole number as it was written
    strict: bool = False

    def is_empty_literal(self) -> bool:
        return self.is_literal and self.read({}) in ("", None)


@dataclass(frozen=True)
class Names:
    """Resolves the names of one filter. `client` says that the caller wrote it and is no superuser.

    On its way against a relation a client does not meet what it may not list: otherwise a record that is left out
    would tell that something hidden points to it. `as_reference`: there it is left out, as on the way along a relation.
    """

    world: World
    asking: Asking
    collection: Collection
    client: bool
    as_reference: bool = False

    def operand(self, written: Written) -> Operand:
        match written:
            case Text(value):
                return Operand(lambda _: value, is_literal=True)
            case Number(digits):
                number = float(digits)
                return Operand(lambda _: number, is_literal=True, exact=None if "." in digits else int(digits))
            case Call(name, arguments):
                return self._call(name, arguments)
            case Identifier(name):
                return self._identifier(name)

    def _identifier(self, name: str) -> Operand:
        if self.collection.field(name) is None:
            known = {"null": None, "true": 1, "false": 0}
            if name.lower() in known:
                return Operand(lambda _: known[name.lower()], is_literal=True)
        if name.startswith("@") and "." not in name:
            value = macro(name[1:], self.asking.moment)
            if value is None:
                raise Invalid(f"no macro {name}")
            return Operand(lambda _: value, is_literal=True)
        path, modifier = _split(name)
        if name.startswith("@request."):
            return self._request(path.removeprefix("@request.").split("."), modifier)
        if name.startswith("@collection."):
            return self._any_record(path.removeprefix("@collection.").split("."), modifier)
        return self._walk(self.collection, BASE, path.split("."), modifier)

    def _walk(
        self,
        collection: Collection,
        at: Join,
        path: list[str],
        modifier: str,
        *,
        many: bool = False,
        open: bool = False,
    ) -> Operand:
        """The operand at the end of a path that goes on from `at`. `open`: hidden fields may be read."""
        name, *rest = path
        if not rest:
            return self._field(collection, at, name, modifier, many, open)
        if len(at.chain()) >= 2 * MOST_HOPS:
            raise Invalid("too many hops")
        found = self._readable(collection, name, open)
        if found is None:
            return self._back_relation(collection, at, name, rest, modifier, many, open)
        if found.kind in ("json", "geo"):
            return _json_operand(found, at, rest, modifier, many)
        if found.kind == "relation" and rest == ["id"]:
            return self._field(collection, at, name, modifier, many, open)
        if not found.is_relation:
            raise Invalid(f"{name} is no relation")
        several = found.kind == "relations"
        return self._walk(*self._hop(at, found), rest, modifier, many=many or several, open=open)

    def _hop(self, at: Join, relation: Field) -> tuple[Collection, Join]:
        target = self._passable(self.world.find(relation.target))
        if relation.kind == "relation":

            def one(bound: Bound) -> list[Any]:
                return self._records(target, [bound[at] and bound[at][relation.name]])

            return target, Join(f"{at.name}.{relation.name}", at, one, target)
        element = _elements(at, relation.name)

        def of_element(bound: Bound) -> list[Any]:
            return self._records(target, [bound[element]])

        return target, Join(f"{element.name}*", element, of_element, target)

    def _records(self, collection: Collection, ids: list[Any]) -> list[Any]:
        found = [self.world.record(collection, id) for id in ids if id]
        return [record for record in found if record is not None]

    def _back_relation(
        self, collection: Collection, at: Join, name: str, rest: list[str], modifier: str, many: bool, open: bool
    ) -> Operand:
        source_name, via, field_name = name.partition("_via_")
        source = self.world.find(source_name) if via else None
        pointing = source and self._readable(source, field_name, open)
        if source is None or not pointing or not pointing.is_relation or pointing.target != collection.name:
            raise Invalid(f"unknown {name}")
        source = self._passable(source)

        def pointing_here(bound: Bound) -> list[Any]:
            here = bound[at]
            if here is None:
                return []
            return [each for each in source.records if here["id"] in _as_list(each[field_name])]

        hides = self.client and bool(source.list_rule) and not self.as_reference
        # A rule sees what a client does not: then the two do not speak of the same record.
        join = Join(f"{at.name}.{name}{'!' if hides else ''}", at, pointing_here, source, hides)
        alone = pointing.kind == "relation" and pointing.unique
        return self._walk(source, join, rest, modifier, many=many or not alone, open=open)

    def _any_record(self, path: list[str], modifier: str) -> Operand:
        name, _, alias = path[0].partition(":")
        collection = self.world.find(name)
        if collection is None or len(path) < 2:
            raise Invalid(f"no collection {name}")
        join = Join(f"@{name}:{alias}", BASE, lambda _: list(collection.records), collection)
        return self._walk(collection, join, path[1:], modifier, many=True, open=True)

    def _passable(self, target: Collection | None) -> Collection:
        if target is None or (self.client and target.list_rule is None):
            raise Invalid("a path into a collection that may not be listed")
        return target

    def _readable(self, collection: Collection, name: str, open: bool) -> Field | None:
        found = collection.field(name)
        if found is None or not self.client or open:
            return found
        if found.hidden or (found.members_only and self.asking.record is None):
            raise Invalid(f"{name} is hidden")
        return found

    def _field(self, collection: Collection, at: Join, name: str, modifier: str, many: bool, open: bool) -> Operand:
        found = self._readable(collection, name, open)
        if found is None:
            raise Invalid(f"unknown {name}")
        strict = collection.strict

        def value(bound: Bound) -> Value:
            return None if bound[at] is None else stored(found, strict, bound[at][name])

        operand = Operand(
            value,
            found.affinity,
            at.chain(),
            many,
            is_null_safe=found.kind == "json",
            instant=strict and found.kind in INSTANTS,
            strict=strict,
        )
        if collection.auth and name == "email" and self.client:
            operand = replace(operand, guard=lambda bound: bound[at] is not None and bound[at]["emailVisibility"])
        return _modified(operand, found, at, modifier)

    def _request(self, path: list[str], modifier: str) -> Operand:
        kind, *rest = path
        match kind, rest:
            case "context", []:
                return _static("default", modifier)
            case "method", []:
                return _static("GET", modifier)
            case "query", [name]:
                return _static(self.asking.query.get(name), modifier, name in self.asking.query)
            case "headers", [name]:
                headers = {key.lower().replace("-", "_"): value for key, value in self.asking.headers.items()}
                return _static(headers.get(name), modifier, name in headers)
            case "body", [name, *inner]:
                return self._body(name, inner, modifier)
            case "auth", [name, *inner]:
                return self._auth(name, inner, modifier)
        raise Invalid("no such part of a request")

    def _body(self, name: str, inner: list[str], modifier: str) -> Operand:
        body = self.asking.body
        found = self.collection.field(name)
        if inner and found is not None and found.is_relation:
            target = self.world.find(found.target)
            assert target is not None
            sent = _as_list(body.get(name))
            join = Join(f"@body.{name}", BASE, lambda _: self._records(target, sent), target)
            return self._walk(target, join, inner, modifier, many=found.kind == "relations", open=True)
        if modifier in ("each", "length"):
            if inner or found is None or found.kind not in (*LISTS, "select", "relation"):
                raise Invalid(f":{modifier} of what is no list")
            sent = _as_list(body.get(name))
            if modifier == "length":
                return Operand(lambda _: len(sent))
            join = Join(f"@body.{name}:each", BASE, lambda _: sent)
            return Operand(lambda bound: scalar(bound[join]), joins=(join,), many=found.kind in LISTS)
        if modifier == "changed":
            if inner or found is None:
                raise Invalid(":changed of what is no field")
            sent, strict = body.get(name), self.collection.strict

            def is_changed(bound: Bound) -> int:
                now = bound[BASE][name]
                return int(name in body and sent != now and stored(found, strict, sent) != stored(found, strict, now))

            return Operand(is_changed, is_null_safe=True)
        return _static(scalar(inside(body, [name, *inner])), modifier, _is_set(body, [name, *inner]))

    def _auth(self, name: str, inner: list[str], modifier: str) -> Operand:
        collection, record = self.asking.collection, self.asking.record
        if collection is None or record is None:
            return _static(None, modifier, False)
        if not inner:
            named = {"collectionId": collection.id, "collectionName": collection.name}
            if name in named:
                return _static(named[name], modifier)
            found = collection.field(name)
            if found is None:
                return _static(None, modifier, False)
            if not modifier or modifier in ("isset", "lower"):
                return _static(stored(found, False, record[name]), modifier)
        join = Join("@auth", BASE, lambda _: [record], collection)
        try:
            return self._walk(collection, join, [name, *inner], modifier, open=True)
        except Invalid:  # whoever asks may be of a collection without it
            return Operand(lambda _: None)

    def _call(self, name: str, arguments: tuple[Written, ...]) -> Operand:
        if name == "geoDistance":
            if len(arguments) != 4 or any(isinstance(each, Text | Call) for each in arguments):
                raise Invalid("geoDistance takes four names or numbers")
            places = [self.operand(each) for each in arguments]
            joins = tuple(join for place in places for join in place.joins)
            return Operand(
                lambda bound: great_circle(*(place.read(bound) for place in places)),
                joins=joins,
                is_null_safe=True,
            )
        if name == "strftime":
            return self._strftime(arguments)
        raise Invalid(f"no function {name}")

    def _strftime(self, arguments: tuple[Written, ...]) -> Operand:
        if not 1 <= len(arguments) <= MOST_TIME_ARGUMENTS or any(isinstance(each, Call) for each in arguments):
            raise Invalid("strftime takes one to ten arguments")
        pattern, *times = arguments
        modifiers = [each.value for each in times[1:] if isinstance(each, Text)]
        if not isinstance(pattern, Text) or len(modifiers) != len(times[1:]):
            raise Invalid("strftime takes texts as format and modifiers")
        time = self.operand(times[0]) if times else _now(self.asking.moment)
        return replace(
            time,
            read=lambda bound: sqlite_strftime(pattern.value, time.read(bound), *modifiers),
            affinity=Affinity.NONE,
            is_literal=False,
            is_null_safe=False,
            instant=False,
            exact=None,
        )


def _now(moment: datetime) -> Operand:
    return Operand(lambda _: macro("now", moment))


def _split(name: str) -> tuple[str, str]:
    """A path and the modifier at its end."""
    path, colon, modifier = name.rpartition(":")
    if not colon or "." in modifier:  # the colon stands before an alias
        return name, ""
    if modifier not in MODIFIERS or (":" in path.rpartition(".")[2]):
        raise Invalid(f"no modifier {modifier}")
    return path, modifier


def _is_set(sent: Any, path: list[str]) -> bool:
    """Whether a key was sent, be it as null."""
    *way, last = path
    there = inside(sent, way)
    if isinstance(there, dict):
        return last in there
    return isinstance(there, list) and last.isdigit() and int(last) < len(there)


def _static(value: Value, modifier: str, is_set: bool = True) -> Operand:
    """A value of the request, the same for every record."""
    if modifier == "isset":
        return Operand(lambda _: int(is_set))
    if modifier in ("length", "each", "changed"):
        raise Invalid(f":{modifier} of a single value of the request")
    return Operand(lambda _: lower(value) if modifier == "lower" else value)


def _elements(at: Join, name: str) -> Join:
    """The elements of a list. `cats:each` and `cats.name` speak of the same element: seen on the reference."""
    return Join(f"{at.name}.{name}[]", at, lambda bound: [] if bound[at] is None else _as_list(bound[at][name]))


def _only_element(at: Join, name: str) -> Join:
    """A single value as a list of one, also where it is empty, and then a text: seen on the reference."""
    return Join(f"{at.name}.{name}[]", at, lambda bound: [] if bound[at] is None else [bound[at][name] or ""])


def _as_list(value: Any) -> list[Any]:
    if isinstance(value, list):
        return value
    return [] if value in (None, "") else [value]


def _json_operand(of: Field, at: Join, path: list[str], modifier: str, many: bool) -> Operand:
    def value(bound: Bound) -> Value:
        found = None if bound[at] is None else scalar(inside(bound[at][of.name], path))
        return lower(found) if modifier == "lower" else found

    return Operand(value, joins=at.chain(), many=many, is_null_safe=True)


def _modified(operand: Operand, of: Field, at: Join, modifier: str) -> Operand:
    countable = of.kind in (*LISTS, "select", "relation")
    if modifier == "lower":
        return replace(operand, read=lambda bound: lower(operand.read(bound)), affinity=Affinity.NONE, instant=False)
    if modifier == "length" and countable:
        # JSON_ARRAY_LENGTH of a list; a missing record has none.
        return replace(
            operand,
            read=lambda bound: 0 if bound[at] is None else len(_as_list(bound[at][of.name])),
            affinity=Affinity.NONE,
        )
    if modifier == "each" and countable:
        element = _elements(at, of.name) if of.kind in LISTS else _only_element(at, of.name)
        return replace(
            operand,
            read=lambda bound: bound[element],
            affinity=Affinity.NONE,
            joins=element.chain(),
            many=operand.many or of.kind in LISTS,
        )
    if modifier in ("isset", "changed"):
        raise Invalid(f":{modifier} of a field")
    return operand
