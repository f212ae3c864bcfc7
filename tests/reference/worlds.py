"""Worlds, their records and who asks, put together by chance; the same dice make the same ones."""

from datetime import UTC, datetime
from random import Random
from typing import Any

from tests.reference.making import FilterMaking
from tests.reference.pools import (
    CHOICES,
    CLOCKS,
    DATES,
    DAYS,
    DECIMALS,
    JSON_VALUES,
    NUMBERS,
    PLACES,
    TEXTS,
    UUIDS,
    WHOLE,
)  # fmt: skip
from tests.reference.world import LISTS, Asking, Collection, Field, Record, World

MOMENT = datetime(2026, 11, 25, 10, 20, 30, 456000, tzinfo=UTC)  # a Wednesday
PLAIN_FIELDS = ("text", "text", "number", "bool", "date", "select", "multiselect", "json", "geo", "editor")
SHORT_NAMES = {
    "text": "text", "number": "num", "integer": "whole", "bool": "flag", "date": "day", "select": "sel",
    "decimal": "exact", "day": "on", "clock": "clock", "uuid": "uid", "array": "words",
    "multiselect": "tags", "json": "js", "geo": "geo", "editor": "html", "relation": "one", "relations": "many",
}  # fmt: skip
QUERY = {"q": "a", "n": "5", "empty": ""}
HEADERS = {"X-Tok": "a"}


def a_world(dice: Random, *, strict: bool | None = None, whole: bool = True) -> World:
    """Two to four collections, the last of which accounts sign in to. `whole`: with fields PocketBase has not."""
    names = ["cats", "posts", "notes"][: dice.randint(1, 3)]
    collections: dict[str, Collection] = {}
    for name in [*names, "people"]:
        is_strict = dice.random() < 0.5 if strict is None else strict
        fields = _fields(dice, [*collections, name], whole=whole, strict=is_strict)
        collections[name] = Collection(name, fields, strict=is_strict, auth=name == "people")
    world = World(collections)
    for collection in collections.values():
        collection.list_rule = _list_rule(dice, world, collection)
    return world


def _fields(dice: Random, targets: list[str], *, whole: bool, strict: bool) -> tuple[Field, ...]:
    kinds = [*dice.sample(PLAIN_FIELDS, dice.randint(3, 7)), *(_own_kinds(dice) if whole else [])]
    kinds += [dice.choice(["relation", "relations"]) for _ in range(dice.choice([0, 1, 1, 2, 3]))]
    fields = [Field("id", "text"), Field("created", "autodate"), Field("updated", "autodate")]
    if targets[-1] == "people":
        fields += [Field("email", "email"), Field("emailVisibility", "bool"), Field("verified", "bool")]
    counts: dict[str, int] = {}
    for kind in kinds:
        counts[kind] = counts.get(kind, 0) + 1
        fields.append(
            Field(
                f"{SHORT_NAMES[kind]}{counts[kind]}",
                kind,
                target=dice.choice(targets) if kind.startswith("relation") else "",
                hidden=dice.random() < 0.1,
                members_only=whole and dice.random() < 0.07,
                nullable=strict and kind not in (*LISTS, "bool", "geo", "day", "clock", "uuid") and dice.random() < 0.4,
                unique=kind == "relation" and dice.random() < 0.2,
                values=CHOICES if kind.endswith("select") else (),
            )
        )
    return tuple(fields)


def _own_kinds(dice: Random) -> list[str]:
    """Kinds of fields that PocketBase has not."""
    return [kind for kind in ("integer", "decimal", "day", "clock", "uuid", "array") if dice.random() < 0.25]


def _list_rule(dice: Random, world: World, collection: Collection) -> str | None:
    """Everyone, nobody, or a filter."""
    if dice.random() < 0.5:
        return ""
    if dice.random() < 0.15:
        return None
    making = FilterMaking(dice, world, collection, is_rule=True)
    return making.filter(most=2)


def records_of(dice: Random, world: World) -> list[tuple[str, Record]]:
    """Drafts to create, in an order in which every relation has its target."""
    made: dict[str, list[str]] = {name: [] for name in world.collections}
    drafts: list[tuple[str, Record]] = []
    for name, collection in world.collections.items():
        taken: set[tuple[str, str]] = set()
        for number in range(dice.choice([0, 2, 3, 4, 5]) if name != "people" else dice.randint(1, 3)):
            id = f"{name[:2]}{number:013}"
            draft: dict[str, Any] = {"id": id}
            for each in collection.fields:
                if each.kind == "autodate" or each.name in ("id", "verified"):
                    continue
                value = _value(dice, each, made)
                if each.unique and value:
                    value = "" if (each.name, value) in taken else value
                    taken.add((each.name, value))
                if dice.random() < 0.9 or each.kind == "email":
                    draft[each.name] = value
            if collection.auth:
                draft |= {"email": f"u{number}@example.com", "password": "12345678", "passwordConfirm": "12345678"}
            drafts.append((name, draft))
            made[name].append(id)
    return drafts


def _value(dice: Random, of: Field, made: dict[str, list[str]]) -> Any:
    if of.nullable and dice.random() < 0.3:
        return None
    pools: dict[str, list[Any]] = {
        "text": TEXTS, "editor": TEXTS, "number": NUMBERS, "integer": WHOLE, "bool": [True, False, False],
        "decimal": DECIMALS, "day": DAYS, "clock": CLOCKS, "uuid": UUIDS,
        "date": DATES, "select": ["", *CHOICES], "json": JSON_VALUES, "geo": PLACES, "email": ["x@example.com"],
    }  # fmt: skip
    match of.kind:
        case "multiselect":
            return dice.sample(CHOICES, dice.choice([0, 1, 1, 2, 3]))
        case "array":
            return [dice.choice(["a", "a", "b", "", "5", "it's"]) for _ in range(dice.choice([0, 1, 2, 3]))]
        case "relations":
            ids = made[of.target]
            return dice.sample(ids, min(len(ids), dice.choice([0, 1, 2, 2, 3])))
        case "relation":
            return dice.choice(["", *made[of.target], *made[of.target]])
    return dice.choice(pools[of.kind])


def an_asking(dice: Random, world: World, collection: Collection, moment: datetime) -> Asking:
    """A guest, one of the people, or (most often) a superuser, who may use the whole language."""
    people = world.collections["people"]
    request: dict[str, Any] = {"query": QUERY, "headers": HEADERS, "body": a_body(dice, world, collection)}
    if dice.random() < 0.6:
        root = world.superusers
        return Asking(moment, root, root.records[0], superuser=True, **request)
    if dice.random() < 0.4:
        return Asking(moment, **request)
    return Asking(moment, people, dice.choice(people.records), **request)


def a_body(dice: Random, world: World, collection: Collection) -> dict[str, Any]:
    """What might be sent to create a record, and something that is no field."""
    ids = {name: [record["id"] for record in each.records] for name, each in world.collections.items()}
    fields = [each for each in collection.fields if each.kind not in ("autodate", "email") and each.name != "id"]
    sent = {each.name: _value(dice, each, ids) for each in fields if dice.random() < 0.5}
    return {**sent, "unknown": {"a": [5, "x"], "b": {"c": "x"}}, "nothing": None, "n": 5}
