"""A collection's declaration in words: its fields and their limits, its rules, and what `check` warns of."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from piccobase.extending import (
    CollectionInfo,
    FieldInfo,
    Problem,
    Registry,
    Verb,
    describe_reading,
    describe_verb,
    describe_writing,
)

VERBS: tuple[Verb, ...] = ("list", "view", "create", "update", "delete")
READING_VERBS: tuple[Verb, ...] = ("list", "view")
AUTH_VERBS: tuple[Verb, ...] = ("manage", "auth")
_VERB_TITLES = {"manage": "Manage", "auth": "Sign in"}
_LIMITS = {
    "pattern": "matches {}",
    "min_select": "at least {} of them",
    "max_select": "at most {} of them",
    "max_size": "at most {} bytes",
    "only_domains": "only of {}",
    "except_domains": "not of {}",
    "precision": "{} digits",
    "scale": "{} of them after the point",
}


@dataclass(frozen=True, slots=True)
class RuleRow:
    """A rule as a line of the table. `text` is None for superusers only."""

    title: str
    words: str
    text: str | None


@dataclass(frozen=True, slots=True)
class FieldRow:
    """A field as a line of the table."""

    name: str
    type: str
    target: str
    marks: Sequence[str]
    limits: str
    help: str
    reads: str
    writes: str


def rule_rows(collection: CollectionInfo, registry: Registry) -> list[RuleRow]:
    """The rules of all verbs that the collection has."""
    verbs: Sequence[Verb] = READING_VERBS if collection.kind == "view" else VERBS
    if collection.kind == "auth":
        verbs = (*verbs, *AUTH_VERBS)
    return [rule_row(collection, verb, registry) for verb in verbs]


def rule_row(collection: CollectionInfo, verb: Verb, registry: Registry) -> RuleRow:
    """One rule."""
    title = _VERB_TITLES.get(verb, verb.capitalize())
    return RuleRow(title, describe_verb(collection, verb, registry), collection.rules.get(verb))


def field_rows(collection: CollectionInfo, registry: Registry) -> list[FieldRow]:
    """All fields, in the order of their declaration."""
    return [
        FieldRow(
            name=one.name,
            type=_type(one),
            target=one.target,
            marks=_marks(one),
            limits=limits_of(one),
            help=one.help,
            reads=describe_reading(collection, one, registry),
            writes="Nobody." if collection.kind == "view" else describe_writing(collection, one, registry),
        )
        for one in collection.fields
    ]


def _type(one: FieldInfo) -> str:
    many = " (several)" if one.multiple and one.type in ("select", "relation") else ""
    return one.type + many


def _marks(one: FieldInfo) -> list[str]:
    marks = {
        "key": one.key,
        "required": one.required and not one.key,
        "unique": one.unique and not one.key,
        "hidden": one.hidden,
        "may be null": one.nullable,
        "set by the server": bool(one.auto) or one.serial,
        "goes with its target": bool(one.target) and one.cascade,
    }
    return [mark for mark, holds in marks.items() if holds]


def limits_of(one: FieldInfo) -> str:
    """What values are taken: "one of train, bus", "at most 200"."""
    if one.choices:
        return f"one of {', '.join(str(choice) for choice in sorted(one.choices))}"
    if values := getattr(one.value, "values", ()):
        several = getattr(one.value, "max_select", 0)
        return f"{f'up to {several}' if several else 'any' if one.multiple else 'one'} of {', '.join(values)}"
    if one.target and not one.multiple:
        return ""  # the limits of the target's key say nothing here
    said = _range(one)
    for name, words in _LIMITS.items():
        if limit := getattr(one.value, name, None):
            said.append(words.format(_shown(limit)))
    return ", ".join(said)


def _range(one: FieldInfo) -> list[str]:
    """`min` and `max` together. Of a text 0 is no limit, of a number it is one."""
    least, most = (getattr(one.value, name, None) for name in ("min", "max"))
    if one.type != "number":
        least, most = least or None, most or None
    unit = " characters" if one.family == "text" else ""
    match least, most:
        case None, None:
            return []
        case None, _:
            return [f"at most {_shown(most)}{unit}"]
        case _, None:
            return [f"at least {_shown(least)}{unit}"]
    return [f"{_shown(least)}{unit}" if least == most else f"{_shown(least)} to {_shown(most)}{unit}"]


def _shown(limit: Any) -> str:
    return ", ".join(limit) if isinstance(limit, tuple) else f"{limit:,}" if isinstance(limit, int) else str(limit)


def warnings_of(collection: CollectionInfo, warnings: Sequence[Problem]) -> list[Problem]:
    """What `piccobase check` has to say about this collection."""
    return [one for one in warnings if one.place.split(",")[0].split(".")[0] == collection.name]


_UNITS = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))


def lifetime(seconds: int) -> str:
    """`5 days`, in the largest unit that leaves nothing over."""
    size, unit = next((size, unit) for size, unit in _UNITS if seconds % size == 0)
    return f"{seconds // size:,} {unit}{'' if seconds == size else 's'}"
