"""Worlds, records, askers and filters put together by chance; the same dice make the same ones.

Values come from small pools, so that equal, nearly equal and empty ones are frequent.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from random import Random
from typing import Any

from tests.reference.world import LISTS, Asking, Collection, Field, Record, World

MOMENT = datetime(2026, 11, 25, 10, 20, 30, 456000, tzinfo=UTC)  # a Wednesday

TEXTS = [
    "", "", "a", "A", "ab", "Ab", "b", "B", "a%", "a_b", "a\\b", "\\", "%", "_", "5", "5.0", "05", "-5", "1e3", " ",
    "é", "É", "ß", "it's", 'say "x"', "line\nfeed", "tab\t", "true", "null", "2024-01-01", "2024-01-01 00:00:00.000Z",
    "😀", "100%", "[\"a\"]", "@now", "red",
]  # fmt: skip
NUMBERS = [0, 0, 1, -1, 5, -5, 5.5, 0.1, 10, 100, 1234567.25, 2024, 0.125]
WHOLE = [0, 0, 1, -1, 5, -5, 10, 100, 2024, 9007199254740992, 9007199254740993, -9007199254740993]
DATES = [
    "", "", "2024-01-01 00:00:00.000Z", "2024-01-01 00:00:00.001Z", "2023-12-31 23:59:59.999Z",
    "2024-02-29 12:30:00.250Z", "2026-11-25 10:20:30.456Z", "2026-11-25 00:00:00.000Z", "1969-12-31 00:00:00.000Z",
]  # fmt: skip
DAYS = [None, *(f"{day} 00:00:00.000Z" for day in ("2024-01-01", "2024-01-02", "2023-12-31", "2026-11-25"))]
CLOCKS = [None, "00:00:00", "09:30:00", "09:30:01", "23:59:59"]
UUIDS = [None, "6f0d1f2e-93cf-4e34-9f3e-0a4b8f6c2d11", "00000000-0000-4000-8000-000000000000"]
DECIMALS = [0, 5, 5.5, -0.01, 0.1, 1234567.25, 10]
DATES_IN_FILTERS = [
    "2024-01-01", "2024-01-01 00:00:00", "2024-01-01T00:00:00Z", "2024-01-01 01:00:00+01:00", "2024", "2024-01",
    "2024-13-01", "2026-11-25",
]  # fmt: skip
CHOICES = ("a", "b", "c", "B")
JSON_VALUES: list[Any] = [
    None, None, 5, 5.5, "5", "", "a", "A", True, False, [], {}, [1, 2], ["a", "b"], {"a": 1, "b": {"c": "x"}},
    {"a": "5", "b": [1, {"c": "x"}]}, {"a": None}, [{"a": 5}], {"a": True, "b": {}}, {"a": 5.5}, "null", "é'",
]  # fmt: skip
PLACES = [{"lon": 0, "lat": 0}, {"lon": 2.25, "lat": 48.5}, {"lon": -122.5, "lat": 37.75}, {"lon": 2.5, "lat": 48.5}]
PLAIN_FIELDS = ("text", "text", "number", "bool", "date", "select", "multiselect", "json", "geo", "editor")
SHORT_NAMES = {
    "text": "text", "number": "num", "integer": "whole", "bool": "flag", "date": "day", "select": "sel",
    "decimal": "exact", "day": "on", "clock": "clock", "uuid": "uid", "array": "words",
    "multiselect": "tags", "json": "js", "geo": "geo", "editor": "html", "relation": "one", "relations": "many",
}  # fmt: skip
RELATION_HOPS = 3  # relations in a path, at most
OPERATORS = ["=", "!=", ">", ">=", "<", "<=", "~", "!~"]
MACROS = [
    "@now", "@yesterday", "@tomorrow", "@todayStart", "@todayEnd", "@monthStart", "@monthEnd", "@yearStart", "@yearEnd",
    "@second", "@minute", "@hour", "@day", "@month", "@year", "@weekday",
]  # fmt: skip
FORMATS = ["%Y", "%m-%d", "%Y-%m-%d %H:%M", "%s", "%w", "%H", "x%%y", "%j", ""]
TIME_MODIFIERS = ["+1 day", "-2 hours", "start of month", "start of day", "+1 months", "weekday 0"]
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
    drafts = []
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


def an_asking(dice: Random, world: World, collection: Collection, *, with_body: bool) -> Asking:
    """A guest, one of the people, or (most often) a superuser, who may use the whole language."""
    people = world.collections["people"]
    body = a_body(dice, world, collection) if with_body else {}
    request: dict[str, Any] = {"query": QUERY, "headers": HEADERS, "body": body}
    if dice.random() < 0.6:
        root = world.superusers
        return Asking(MOMENT, root, root.records[0], superuser=True, **request)
    if dice.random() < 0.4:
        return Asking(MOMENT, **request)
    return Asking(MOMENT, people, dice.choice(people.records), **request)


def a_body(dice: Random, world: World, collection: Collection) -> dict[str, Any]:
    """What might be sent to create a record, and something that is no field."""
    ids = {name: [record["id"] for record in each.records] for name, each in world.collections.items()}
    fields = [each for each in collection.fields if each.kind not in ("autodate", "email") and each.name != "id"]
    sent = {each.name: _value(dice, each, ids) for each in fields if dice.random() < 0.5}
    return {**sent, "unknown": {"a": [5, "x"], "b": {"c": "x"}}, "nothing": None, "n": 5}


class FilterMaking:
    """Makes filters for one collection."""

    def __init__(
        self, dice: Random, world: World, collection: Collection, *, is_rule: bool = False, superuser: bool = False
    ) -> None:
        self.dice, self.world, self.collection = dice, world, collection
        self.is_rule, self.superuser = is_rule, superuser

    def filter(self, most: int = 4, depth: int = 0) -> str:
        dice, parts = self.dice, []
        for _ in range(dice.randint(1, most)):
            if depth < 2 and dice.random() < 0.12:
                parts.append("(" + self.filter(most, depth + 1) + ")")
            else:
                parts.append(self.comparison())
        text = parts[0]
        for part in parts[1:]:
            text += dice.choice([" && ", " || ", "&&", "||", " && // why not\n "]) + part
        return text

    def comparison(self) -> str:
        dice = self.dice
        left, of = self.operand()  # `~` is not asked of a distance: nobody promises how many digits it has as a text
        operator = dice.choice(["", "", "?"]) + dice.choice(OPERATORS[: 6 if left.startswith("geoD") else None])
        if of and of.kind == "isset":
            return f"{left} {dice.choice(['=', '!='])} {dice.choice(['true', 'false'])}"
        right = self.literal(of) if dice.random() < 0.7 else self.path(self.collection)[0]
        if dice.random() < 0.15:
            left, right = right, left
        blank = dice.choice([" ", " ", "", "\n"])
        return f"{left}{blank}{operator}{blank}{right}"

    def operand(self) -> tuple[str, Field | None]:
        """Something that is no literal, and the field it reads if there is one."""
        dice = self.dice
        whole_language = self.superuser or self.is_rule
        chance = dice.random()
        if chance < 0.66:
            return self.path(self.collection)
        if chance < 0.70:
            return dice.choice(MACROS), None
        if chance < 0.76:
            return self.distance(), Field("", "number")
        if chance < 0.82:
            return self.strftime(), Field("", "strftime")
        if not whole_language:
            wrong = ["nope", "cats.nope", "nope_via_x.id", "@nope", "id.x", "@request.auth.id"]
            return (dice.choice(wrong), None) if chance < 0.84 else self.path(self.collection)
        if chance < 0.88:
            name = dice.choice(list(self.world.collections))
            alias = dice.choice(["", "", f":{name}1", f":{name}2"])
            path, of = self.path(self.world.collections[name])
            return f"@collection.{name}{alias}.{path}", of
        if chance < 0.93:
            return self.of_body()
        if chance < 0.96:
            path, of = self.path(self.world.collections["people"])
            return f"@request.auth.{path.removesuffix(':each').removesuffix(':length')}", of
        name = dice.choice(REQUEST_NAMES)
        return name, Field("", "isset") if name.endswith(":isset") else None

    def of_body(self) -> tuple[str, Field]:
        """A value of the body that a field has, with a path behind a relation or a modifier."""
        dice = self.dice
        of = dice.choice([each for each in self.collection.fields if each.kind not in ("autodate", "email")])
        name = f"@request.body.{of.name}"
        if of.is_relation and dice.random() < 0.5:
            path, end = self.path(self.world.collections[of.target], hops=RELATION_HOPS - 1)
            return f"{name}.{path}", end
        of_lists = [":each", ":length"] if of.kind in LISTS or of.kind in ("select", "relation") else []
        modifier = dice.choice([":isset", ":changed", ":lower", *of_lists, *of_lists, "", ""])
        kinds = {":isset": "isset", ":changed": "isset", ":length": "number"}
        return name + modifier, replace(of, kind=kinds.get(modifier, of.kind))

    def path(self, collection: Collection, hops: int = 0) -> tuple[str, Field]:
        """A path of at most three hops to a field, with a modifier now and then."""
        dice, name = self.dice, ""
        while hops < RELATION_HOPS and dice.random() < 0.45:
            if (hop := self.hop(collection)) is None:
                break
            name, collection, hops = f"{name}{hop[0]}.", hop[1], hops + 1
        of = dice.choice(
            [
                each
                for each in collection.fields
                if self.superuser or self.is_rule or not each.hidden or dice.random() < 0.2
            ]
        )
        name += of.name
        if of.kind == "json" and dice.random() < 0.6:
            return name + dice.choice([".a", ".b.c", ".0", ".a.b", ".b.1.c", ".nope"]), of
        if of.kind == "geo" and dice.random() < 0.8:
            return name + dice.choice([".lon", ".lat"]), Field("", "number")
        if dice.random() < 0.25:
            suitable = [":each", ":length", ":length"] if of.kind in LISTS or of.kind in ("select", "relation") else []
            modifier = dice.choice([*suitable, *suitable, *([":lower"] if of.kind != "decimal" else []), ""])
            return name + modifier, replace(of, kind="number") if modifier == ":length" else of
        return name, of

    def hop(self, collection: Collection) -> tuple[str, Collection] | None:
        """A relation of a collection or one that points to it."""
        found = [(each.name, self.world.collections[each.target]) for each in collection.fields if each.is_relation]
        for source in self.world.collections.values():
            found += [
                (f"{source.name}_via_{each.name}", source)
                for each in source.fields
                if each.is_relation and each.target == collection.name
            ]
        return self.dice.choice(found) if found else None

    def distance(self) -> str:
        dice = self.dice
        places = [each.name for each in self.collection.fields if each.kind == "geo" and not each.hidden]
        start = f"{dice.choice(places)}.lon, {places[0]}.lat" if places else "2.25, 48.5"
        end = dice.choice(["2.25, 48.5", "-122.5,37.75", "null, 1", "0, 0", "id, 5"])
        return f"geoDistance({start}, {end})"

    def strftime(self) -> str:
        dice = self.dice
        pattern = quoted(dice.choice(FORMATS))
        dates = [each.name for each in self.collection.fields if each.kind in ("date", "autodate")]
        time = dice.choice([*dates, "@now", "'2024-01-01'", "0", "'x'"])
        modifiers = [quoted(dice.choice(TIME_MODIFIERS)) for _ in range(dice.choice([0, 0, 0, 1, 2]))]
        return f"strftime({', '.join([pattern, time, *modifiers])})"

    def literal(self, of: Field | None) -> str:
        """Mostly one that the field might hold."""
        dice, makers = self.dice, []
        kind = of.kind if of and dice.random() < 0.85 else dice.choice(["text", "number", "date", "bool"])
        makers = [lambda: "''", lambda: "null"] if dice.random() < 0.25 else [self.literal_of(kind)]
        return dice.choice(makers)()

    def literal_of(self, kind: str) -> Callable[[], str]:
        dice = self.dice
        ids = [record["id"] for each in self.world.collections.values() for record in each.records]
        pools: dict[str, list[str]] = {
            "number": [*map(number, NUMBERS), "5.0", "1.50", "'5'", "'05'", "true"],
            "integer": [*map(str, WHOLE), "5.0", "'5'"],
            "bool": ["true", "false", "TRUE", "1", "0", "'1'", "'true'"],
            "date": [quoted(each) for each in (*DATES, *DATES_IN_FILTERS)] + ["@todayStart", "@now"],
            "select": [quoted(each) for each in CHOICES],
            "multiselect": [*(quoted(each) for each in CHOICES), "'[\"a\"]'", '\'["a","b"]\'', "'[]'"],
            "json": ["5", "5.5", "'5'", "'a'", "true", "false", "'x'", "'[1,2]'", "'{}'", "'[]'", '\'{"c":"x"}\''],
            "relation": [quoted(each) for each in ids] or ["'x'"],
            "email": ["'u0@example.com'", "'@example'", "'u%'"],
            "strftime": ["'2024'", "'01-01'", "0", "'x%'", "2024", "'10'"],
            "geo": ['\'{"lon":0,"lat":0}\'', '\'{"lat":0,"lon":0}\'', "'48'"],
        }
        pools |= {
            "autodate": pools["date"],
            "day": pools["date"],
            "decimal": [*map(number, DECIMALS), "5.50", "'5.5'", "5.499"],
            "clock": ["'09:30:00'", "'09:30'", "'09:30:01'", "'x'"],
            "uuid": [quoted(each) for each in UUIDS if each] + ["'6F0D1F2E-93CF-4E34-9F3E-0A4B8F6C2D11'", "'6f'"],
            "array": [*pools["multiselect"], "'5'", "5"],
            "relations": [*pools["relation"], "'[]'"],
        }
        return lambda: dice.choice(pools.get(kind) or [quoted(each) for each in TEXTS] + ["5", "100"])


REQUEST_NAMES = [
    "@request.auth.id", "@request.auth.collectionName", "@request.auth.nope", "@request.method", "@request.context",
    "@request.query.q", "@request.query.n", "@request.query.empty", "@request.query.nope", "@request.headers.x_tok",
    "@request.headers.nope", "@request.body.unknown.a.0", "@request.body.unknown.a", "@request.body.nope",
    "@request.body.unknown.b.c", "@request.body.unknown.a:isset", "@request.body.unknown.nope:isset",
    "@request.body.n", "@request.body.n:isset", "@request.body.nothing:isset", "@request.body.nope:isset",
    "@request.query.q:isset", "@request.query.q:lower",
]  # fmt: skip


def quoted(text: str) -> str:
    """A text as a literal, the way the SDKs write it."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\t", "\\t")
    return f"'{escaped}'"


def number(value: float) -> str:
    """A number as a literal: the language has no exponents."""
    return repr(value)
