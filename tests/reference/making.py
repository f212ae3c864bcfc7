"""Filters put together by chance, for a collection of a world."""

from dataclasses import replace
from random import Random

from tests.reference.pools import (
    CHOICES,
    DATES,
    DATES_IN_FILTERS,
    DECIMALS,
    NUMBERS,
    TEXTS,
    UUIDS,
    WHOLE,
    number,
    quoted,
)  # fmt: skip
from tests.reference.world import LISTS, Collection, Field, World

RELATION_HOPS = 3  # relations in a path, at most
OPERATORS = ["=", "!=", ">", ">=", "<", "<=", "~", "!~"]
MACROS = [
    "@now", "@yesterday", "@tomorrow", "@todayStart", "@todayEnd", "@monthStart", "@monthEnd", "@yearStart", "@yearEnd",
    "@second", "@minute", "@hour", "@day", "@month", "@year", "@weekday",
]  # fmt: skip
FORMATS = ["%Y", "%m-%d", "%Y-%m-%d %H:%M", "%s", "%w", "%H", "x%%y", "%j", ""]
TIME_MODIFIERS = ["+1 day", "-2 hours", "start of month", "start of day", "+1 months", "weekday 0"]
REQUEST_NAMES = [
    "@request.auth.id", "@request.auth.collectionName", "@request.auth.nope", "@request.method", "@request.context",
    "@request.query.q", "@request.query.n", "@request.query.empty", "@request.query.nope", "@request.headers.x_tok",
    "@request.headers.nope", "@request.body.unknown.a.0", "@request.body.unknown.a", "@request.body.nope",
    "@request.body.unknown.b.c", "@request.body.unknown.a:isset", "@request.body.unknown.nope:isset",
    "@request.body.n", "@request.body.n:isset", "@request.body.nothing:isset", "@request.body.nope:isset",
    "@request.query.q:isset", "@request.query.q:lower",
]  # fmt: skip


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
        dice = self.dice
        if dice.random() < 0.25:
            return dice.choice(["''", "null"])
        return self.literal_of(
            of.kind if of and dice.random() < 0.85 else dice.choice(["text", "number", "date", "bool"])
        )

    def literal_of(self, kind: str) -> str:
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
        return self.dice.choice(pools.get(kind) or [quoted(each) for each in TEXTS] + ["5", "100"])
