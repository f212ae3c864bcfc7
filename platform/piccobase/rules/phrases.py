"""Operands of a filter in words: `author.name` is "author's name", `@request.auth.team` "the team of whoever asks"."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from piccobase.filters import requests, tree
from piccobase.filters.literals import Kind, LiteralValue
from piccobase.schema.collections import CollectionInfo
from piccobase.schema.fields import FieldInfo
from piccobase.schema.registry import Registry

Meaning = Literal["number", "text", "boolean", "moment", "json", "unknown"]
Source = Literal["record", "elsewhere", "actor", "request", "clock", "literal"]  # elsewhere: @collection

_MEANINGS: dict[str, Meaning] = {
    "integer": "number", "number": "number", "decimal": "number", "duration": "number",
    "boolean": "boolean", "instant": "moment", "date": "moment",
    "json": "json", "geo": "json",
}  # fmt: skip
_MACROS = {
    "@now": "now",
    "@yesterday": "this time yesterday",
    "@tomorrow": "this time tomorrow",
    "@todayStart": "the start of today (UTC)",
    "@todayEnd": "the end of today (UTC)",
    "@monthStart": "the start of this month (UTC)",
    "@monthEnd": "the end of this month (UTC)",
    "@yearStart": "the start of this year (UTC)",
    "@yearEnd": "the end of this year (UTC)",
    "@second": "the current second",
    "@minute": "the current minute",
    "@hour": "the current hour (UTC)",
    "@day": "today's day of the month (UTC)",
    "@month": "the current month (UTC, 1 to 12)",
    "@year": "the current year (UTC)",
    "@weekday": "today's weekday (UTC, 0 is Sunday)",
}
_JSON_FAMILIES = frozenset({"json", "geo"})


class Unsayable(Exception):
    """There are no good words for it: the filter text itself has to be shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Many:
    """An operand of several values: `item` of `rows`. Values of one `key` in a filter speak of the same row."""

    item: str  # "name"
    rows: str  # "cats"
    key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrase:
    """An operand in words. `me` is the id of whoever asks; `told` an answer of yes or no about what was sent."""

    text: str
    source: Source
    meaning: Meaning = "unknown"
    kind: Kind = "unknown"
    value: LiteralValue | None = None
    field: FieldInfo | None = None  # where it is that field of a record and nothing else
    collection: CollectionInfo | None = None  # that has the field
    nullable: bool = True
    blank: bool = True  # whether it can be empty, as a guest's id is
    many: Many | None = None
    me: bool = False
    my_collection: Literal["", "id", "name"] = ""
    told: str = ""  # "is sent"


def filter_text(operand: tree.Operand, literals: Sequence[LiteralValue]) -> str:
    """An operand as the filter language writes it."""
    match operand:
        case tree.Name():
            return str(operand)
        case tree.Constant(index):
            value = literals[index]
            if not isinstance(value, str):
                return str(value)
            return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
        case tree.Call(function, arguments):
            return f"{function}({', '.join(filter_text(one, literals) for one in arguments)})"


@dataclass(frozen=True, slots=True)
class Phrases:
    """Puts the operands of one filter into words. `say` raises Unsayable."""

    collection: CollectionInfo
    registry: Registry
    literals: Sequence[LiteralValue]

    def say(self, operand: tree.Operand) -> Phrase:
        match operand:
            case tree.Constant(index, kind):
                return _literal(self.literals[index], kind)
            case tree.Call():
                return self._call(operand)
            case tree.Name():
                return self._name(operand)

    def _name(self, name: tree.Name) -> Phrase:
        match name.path:
            case ("@request", *rest):
                return self._request(name, rest)
            case ("@collection", place, *path) if path:
                return self._elsewhere(name, place, path)
            case (word,) if word in _MACROS and not name.modifier:
                meaning: Meaning = "moment" if word in list(_MACROS)[:9] else "number"
                value = requests.macro(word)
                return Phrase(
                    text=_MACROS[word], source="clock", meaning=meaning, kind=value.kind if value else "unknown"
                )
            case (word,) if word not in self.collection.by_name and not name.modifier:
                if constant := requests.constant(word):
                    return Phrase(text=word.lower(), source="literal", kind=constant.kind)
        return self._modified(self._path(self.collection, name.path), name.modifier)

    # What belongs to a record

    def _path(self, collection: CollectionInfo, path: Sequence[str]) -> Phrase:
        """Single relations read as "author's name"; of many, one of "the name of cats"."""
        hops: list[str] = []
        many: Many | None = None
        nullable = False
        current = collection
        for index, part in enumerate(path):
            rest = path[index + 1 :]
            if "_via_" in part and part not in current.by_name:
                if index or not rest:
                    raise Unsayable
                current, many = self._backwards(current, part)
                continue
            field = current.by_name.get(part)
            if field is None:
                raise Unsayable
            nullable = nullable or field.nullable
            target = self.registry.find(field.target) if field.target else None
            if rest and field.family in _JSON_FAMILIES:
                text = ".".join((part, *rest))
                return _of_record("'s ".join((*hops, text)), many, "json")
            if not rest or (target and not field.multiple and tuple(rest) == (target.key.name,)):
                text = "'s ".join((*hops, part))
                phrase = _of_record(text, many, _MEANINGS.get(field.family, "text"))
                nullable = nullable or bool(hops)
                blank = nullable or (phrase.meaning == "text" and not field.key)
                return replace(phrase, field=field, collection=current, nullable=nullable, blank=blank)
            if target is None or (field.multiple and many):
                raise Unsayable
            if field.multiple:
                key = ".".join(path[: index + 1])
                many, hops = Many(item="", rows="'s ".join((*hops, part)), key=key), []
            else:
                hops.append(part)
            current = target
        raise Unsayable

    def _backwards(self, current: CollectionInfo, part: str) -> tuple[CollectionInfo, Many | None]:
        name, _, relation = part.partition("_via_")
        other = self.registry.find(name)
        field = other.by_name.get(relation) if other else None
        if other is None or field is None or field.target != current.name:
            raise Unsayable
        if field.unique and not field.multiple:
            raise Unsayable  # one at most: neither "every" nor "some" says it well
        verb = "includes" if field.multiple else "is"
        return other, Many(item="", rows=f"the {other.name} whose {relation} {verb} this record", key=part)

    def _elsewhere(self, name: tree.Name, place: str, path: Sequence[str]) -> Phrase:
        called, _, alias = place.partition(":")
        other = self.registry.find(called)
        if other is None:
            raise Unsayable
        found = self._path(other, path)
        modified = self._modified(found, name.modifier)
        if modified.many:
            raise Unsayable
        rows = f"the records of {other.name}" + (f" (as {alias})" if alias else "")
        many = Many(item=modified.text.removeprefix("the "), rows=rows, key=f"@collection.{place}")
        return replace(modified, source="elsewhere", many=many, field=None, nullable=True)

    def _modified(self, phrase: Phrase, modifier: str) -> Phrase:
        field = phrase.field
        listed = field is not None and field.family == "list"
        match modifier:
            case "" if field is not None and field.multiple:
                # Without :each a list is compared as a whole, by its JSON text.
                whole = _renamed(phrase, "JSON text of {}", field=None, meaning="text")
                return replace(whole, blank=phrase.nullable)
            case "":
                return phrase
            case "lower" if field is None or not field.multiple:
                return _renamed(phrase, "{} in lower case", field=None, meaning="text")
            case "length" if field is not None and (listed or field.target or field.type == "select"):
                counted = _renamed(phrase, "number of entries of {}", field=None, meaning="number")
                return replace(counted, nullable=False, blank=False)
            case "each" if listed and not phrase.many:
                many = Many(item="entry", rows=phrase.text, key=f"{phrase.text}:each")
                return replace(phrase, many=many, nullable=True)
            case "length" | "each" | "isset" | "changed" if field is None or not field.multiple:
                return phrase  # means nothing there, and is ignored
        raise Unsayable

    # What belongs to the request

    def _request(self, name: tree.Name, path: Sequence[str]) -> Phrase:
        match path, name.modifier:
            case ["method"], "":
                return Phrase(text="the request's method", source="request", meaning="text")
            case ["context"], "":
                return Phrase(text="the request's context", source="request", meaning="text")
            case ["roles"], "":
                return Phrase(text="", source="actor", many=Many(item="role", rows="whoever asks"))
            case ["auth", "id"], "" | "isset":
                return Phrase(text="the id of whoever asks", source="actor", me=True)
            case ["auth", "collectionName"], "":
                return Phrase(text="the collection of whoever asks", source="actor", my_collection="name")
            case ["auth", "collectionId"], "":
                return Phrase(text="the collection's id of whoever asks", source="actor", my_collection="id")
            case ["auth", *rest], _ if rest:
                return self._of_actor(rest, name.modifier)
            case ["query", *rest], _ if rest:
                return _sent(f"the query parameter {'.'.join(rest)}", "is given", name.modifier, meaning="text")
            case ["headers", *rest], _ if rest:
                header = ".".join(rest).replace("_", "-")
                return _sent(f"the header {header}", "is given", name.modifier, meaning="text")
            case ["body", *rest], _ if rest:
                return self._of_body(rest, name.modifier)
        raise Unsayable

    def _of_actor(self, path: Sequence[str], modifier: str) -> Phrase:
        """Of which collection the actor will be is not known, so no collection may have something unclear there."""
        kinds = [one for one in self.registry.collections.values() if one.kind == "auth" and path[0] in one.by_name]
        if any(one.by_name[path[0]].multiple for one in kinds) or any("_via_" in part for part in path):
            raise Unsayable
        meanings = {_MEANINGS.get(one.by_name[path[0]].family, "text") for one in kinds} if len(path) == 1 else set()
        meaning: Meaning = meanings.pop() if len(meanings) == 1 else "unknown"
        phrase = Phrase(text=f"the {'.'.join(path)} of whoever asks", source="actor", meaning=meaning)
        match modifier:
            case "" | "isset":
                return phrase
            case "lower":
                return replace(phrase, text=phrase.text + " in lower case", meaning="text")
        raise Unsayable

    def _of_body(self, path: Sequence[str], modifier: str) -> Phrase:
        first, field = path[0], self.collection.by_name.get(path[0])
        if len(path) > 1 and field is not None and field.target:
            raise Unsayable  # follows the ids that were sent to their records
        text = ".".join(path)
        if field is not None and field.family == "list" and len(path) == 1:
            match modifier:
                case "each":
                    many = Many(item="entry", rows=f"the {first} that is sent", key=f"@request.body.{first}")
                    return Phrase(text="", source="request", many=many)
                case "length":
                    return Phrase(text=f"the number of entries of {first} that are sent", source="request")
        if modifier == "changed":
            if field is None or len(path) > 1:
                raise Unsayable
            return Phrase(text=first, source="request", told="is changed")
        return _sent(f"the {text} that is sent", "is sent", modifier, told_text=text)

    # What is worked out

    def _call(self, call: tree.Call) -> Phrase:
        said = [self.say(argument) for argument in call.arguments]
        if any(one.many for one in said):
            raise Unsayable
        of_record = any(one.source == "record" for one in said)
        source: Source = "record" if of_record else "request"
        match call.function, [one.text for one in said]:
            case "geoDistance", [lon_a, lat_a, lon_b, lat_b]:
                text = f"the distance in kilometres from ({lon_a}, {lat_a}) to ({lon_b}, {lat_b})"
                return Phrase(text=text, source=source, meaning="number")
            case "strftime", [form]:
                return Phrase(text=f"the current time written as {form}", source="clock", meaning="text")
            case "strftime", [form, moment]:
                return Phrase(text=f"{moment} written as {form}", source=source, meaning="text")
            case "strftime", [form, moment, *changes] if len(changes) <= 8:
                text = f"{moment}, changed by {', '.join(changes)}, written as {form}"
                return Phrase(text=text, source=source, meaning="text")
        raise Unsayable


def _literal(value: LiteralValue, kind: Kind) -> Phrase:
    return Phrase(text=f'"{value}"' if isinstance(value, str) else str(value), source="literal", kind=kind, value=value)


def _of_record(text: str, many: Many | None, meaning: Meaning) -> Phrase:
    return Phrase(text=text, source="record", meaning=meaning, many=replace(many, item=text) if many else None)


def _renamed(phrase: Phrase, pattern: str, *, field: FieldInfo | None, meaning: Meaning) -> Phrase:
    many = replace(phrase.many, item=pattern.format(phrase.many.item)) if phrase.many else None
    text = pattern.format(phrase.text)
    return replace(
        phrase,
        text=text if text.startswith(phrase.text) else f"the {text}",
        many=many,
        field=field,
        meaning=meaning,
    )


def _sent(text: str, told: str, modifier: str, told_text: str = "", meaning: Meaning = "unknown") -> Phrase:
    match modifier:
        case "":
            return Phrase(text=text, source="request", meaning=meaning)
        case "lower":
            return Phrase(text=text + " in lower case", source="request", meaning="text")
        case "isset":
            return Phrase(text=told_text or text, source="request", told=told)
    raise Unsayable
