"""Resolves the names of a filter, and refuses those that a client may not use (protocol.md §3.2-3.4, §3.9)."""

from dataclasses import dataclass, replace
from typing import Any

from tests.reference.functions import great_circle, sqlite_strftime
from tests.reference.language import Call, Identifier, Invalid, Number, Text
from tests.reference.language import Operand as Written
from tests.reference.moments import macro
from tests.reference.operands import BASE, Bound, Join, Operand, as_list, elements, json_operand, modified, split
from tests.reference.requesting import of_request
from tests.reference.storage import Affinity, Value
from tests.reference.world import INSTANTS, Asking, Collection, Field, World, stored

MOST_HOPS = 6
MOST_TIME_ARGUMENTS = 10


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
        path, modifier = split(name)
        if name.startswith("@request."):
            return of_request(self, path.removeprefix("@request.").split("."), modifier)
        if name.startswith("@collection."):
            return self._any_record(path.removeprefix("@collection.").split("."), modifier)
        return self.walk(self.collection, BASE, path.split("."), modifier)

    def walk(
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
            return self.field(collection, at, name, modifier, many, open)
        if sum(join.collection is not None for join in at.chain()) > MOST_HOPS:
            raise Invalid("too many hops")
        found = self._readable(collection, name, open)
        if found is None:
            return self._back_relation(collection, at, name, rest, modifier, many, open)
        if found.kind in ("json", "geo"):
            return json_operand(found, at, rest, modifier, many)
        if found.kind == "relation" and rest == ["id"]:
            return self.field(collection, at, name, modifier, many, open)
        if not found.is_relation:
            raise Invalid(f"{name} is no relation")
        several = found.kind == "relations"
        return self.walk(*self._hop(at, found), rest, modifier, many=many or several, open=open)

    def _hop(self, at: Join, relation: Field) -> tuple[Collection, Join]:
        target = self._passable(self.world.find(relation.target))
        if relation.kind == "relation":

            def one(bound: Bound) -> list[Any]:
                return self.records(target, [bound[at] and bound[at][relation.name]])

            return target, Join(f"{at.name}.{relation.name}", at, one, target)
        element = elements(at, relation.name)

        def of_element(bound: Bound) -> list[Any]:
            return self.records(target, [bound[element]])

        return target, Join(f"{element.name}*", element, of_element, target)

    def records(self, collection: Collection, ids: list[Any]) -> list[Any]:
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
            return [each for each in source.records if here["id"] in as_list(each[field_name])]

        hides = self.client and bool(source.list_rule) and not self.as_reference
        # A rule sees what a client does not: then the two do not speak of the same record.
        join = Join(f"{at.name}.{name}{'!' if hides else ''}", at, pointing_here, source, hides)
        alone = pointing.kind == "relation" and pointing.unique
        return self.walk(source, join, rest, modifier, many=many or not alone, open=open)

    def _any_record(self, path: list[str], modifier: str) -> Operand:
        name, _, alias = path[0].partition(":")
        collection = self.world.find(name)
        if collection is None or len(path) < 2:
            raise Invalid(f"no collection {name}")
        join = Join(f"@{name}:{alias}", BASE, lambda _: list(collection.records), collection)
        return self.walk(collection, join, path[1:], modifier, many=True, open=True)

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

    def field(self, collection: Collection, at: Join, name: str, modifier: str, many: bool, open: bool) -> Operand:
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
        return modified(operand, found, at, modifier)

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
        time = self.operand(times[0]) if times else Operand(lambda _: macro("now", self.asking.moment))
        return replace(
            time,
            read=lambda bound: sqlite_strftime(pattern.value, time.read(bound), *modifiers),
            affinity=Affinity.NONE,
            is_literal=False,
            is_null_safe=False,
            instant=False,
            exact=None,
        )
