"""The evaluator holds against the worked tables of the protocol (§3.6-3.9), before anything is held against it."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.reference.evaluator import matching
from tests.reference.language import Comparison, Forbidden, Group, Identifier, Invalid, Number, Text, parse
from tests.reference.storage import contains_pattern, like
from tests.reference.world import Asking, Collection, Field, World

MOMENT = datetime(2026, 11, 25, 10, 20, 30, 456000, tzinfo=UTC)  # a Wednesday
ROOT = Asking(MOMENT, superuser=True)
GUEST = Asking(MOMENT)


def records(**of: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"id": id.removeprefix("_"), **values} for id, values in of.items()]


CATS = Collection(
    "cats",
    (Field("id", "text"), Field("name", "text")),
    records=records(red={"name": "red"}, blue={"name": "Blue"}, green={"name": "green"}),
)
EMPTY = {"title": "", "num": 0, "flag": False, "dt": "", "js": None, "msel": [], "cat": "", "mcats": []}
POSTS = Collection(
    "posts",
    (
        Field("id", "text"), Field("title", "text"), Field("num", "number"), Field("flag", "bool"), Field("dt", "date"),
        Field("js", "json"), Field("msel", "multiselect", values=("a", "b", "c")), Field("cat", "relation", "cats"),
        Field("mcats", "relations", "cats"), Field("secret", "text", hidden=True),
    ),
    records=[
        {"secret": "", **EMPTY, **record}
        for record in records(
            _01={"title": "Alpha", "num": 5, "flag": True, "dt": "2024-01-01 00:00:00.000Z", "js": 5,
                 "msel": ["a", "b"], "cat": "red", "mcats": ["red", "blue"]},
            _02={"title": "beta 100%", "num": 5.5, "js": "str", "msel": ["b"], "cat": "blue", "mcats": ["blue"]},
            _03={"title": "123", "js": {"x": 1, "y": [True]}},
            _04={"title": "", "num": -1, "js": "", "msel": ["a", "b", "c"], "mcats": ["red", "blue", "green"]},
            _05={"title": "Ärger", "dt": "2024-01-02 10:00:00.000Z"},
        )
    ],
)  # fmt: skip
COMMENTS = Collection(
    "comments",
    (Field("id", "text"), Field("text", "text"), Field("post", "relation", "posts")),
    records=records(
        c1={"text": "c1", "post": "01"}, c2={"text": "c2", "post": "01"}, c3={"text": "c3", "post": "02"}
    ),
)  # fmt: skip
WORLD = World({each.name: each for each in (CATS, POSTS, COMMENTS)})


def found(text: str, asking: Asking = ROOT, world: World = WORLD) -> str:
    return " ".join(sorted(matching(world, asking, world.collections["posts"], text)))


ALL = "01 02 03 04 05"
OPERATORS = [
    ("title = 'Alpha'", "01"),
    ("title != 'Alpha'", "02 03 04 05"),
    ("title = ''", "04"),
    ("title = null", "04"),
    ("title != null", "01 02 03 05"),
    ("'Alpha' = title", "01"),
    ("title ~ 'a'", "01 02"),
    ("title ~ 'ä'", ""),
    ("title ~ ''", ALL),
    ("title ~ '%'", ALL),
    ("title ~ 'a%'", "01"),
    (r"title ~ '100\%'", "02"),
    ("title ~ '100%'", ""),
    ("title !~ 'a'", "03 04 05"),
    ("title = 123", ""),
    ("title ~ 123", "03"),
    ("title > 100", "01 02 03 05"),
    ("'Blue' < 'red'", ALL),
    ("num = '05'", "01"),
    ("num = 5.0", "01"),
    ("num = ''", ""),
    ("num = null", ""),
    ("num != ''", ALL),
    ("num = 'abc'", ""),
    ("num >= 5", "01 02"),
    ("num < 0", "04"),
    ("flag = true", "01"),
    ("flag = '1'", "01"),
    ("flag = 'true'", ""),
    ("flag = null", ""),
    ("flag != true", "02 03 04 05"),
    ("dt = '2024-01-01'", ""),
    ("dt >= '2024-01-01'", "01 05"),
    ("dt < '2024-01-01T'", "01 02 03 04"),
    ("dt = ''", "02 03 04"),
    ("dt < @now && dt != ''", "01 05"),
    ("@weekday = 3 && @year = 2026 && @month = 11", ALL),
    ("js = 5", "01"),
    ("js = 'str'", "02"),
    ("js = null", "05"),
    ("js = ''", "04"),
    ("js.x = 1", "03"),
    ("js.x = null", "01 02 04 05"),
    ("js.x != ''", ALL),
    ("js.y.0 = true", "03"),
    ("js.y = '[true]'", ""),
    ('msel = \'["a","b"]\'', "01"),
    ("msel = '[]'", "03 05"),
    ("msel = ''", ""),
    ("msel:length = 2", "01"),
    ("title:length = 5", ""),
    ("title:lower = 'alpha'", "01"),
    ("strftime('%Y', dt) = '2024'", "01 05"),
    ("strftime('%Y', dt) = ''", "02 03 04"),
    ("strftime('%s', dt) > 0", "01 05"),
    ("strftime('%H', dt, '+2 hours') = '12'", "05"),
    ("strftime('%Y', @now) = @year", ""),
    ("geoDistance(0, 0, 0, 1) > 111 && geoDistance(0, 0, 0, 1) < 112", ALL),
    ("geoDistance(0, 0, null, 1) > 0", ""),
]
MULTI_VALUED = [
    ("mcats.name = 'red'", ""),
    ("mcats.name ?= 'red'", "01 04"),
    ("mcats.name != 'red'", "02 03 05"),
    ("mcats.name ?!= 'red'", ALL),
    ("mcats.name ~ 'e'", "01 02 04"),
    ("mcats.name !~ 're'", "02"),
    ("mcats.name = ''", "03 05"),
    ("mcats.name != ''", "01 02 04"),
    ("mcats.name = 'red' || mcats.name = 'Blue'", "02"),
    ("mcats.name ?= 'red' && mcats.name ?= 'Blue'", ""),
    ("msel:each = 'b'", "02"),
    ("msel:each ?= 'b'", "01 02 04"),
    ("mcats.id = mcats.id", "02 03 05"),
    ("comments_via_post.text = 'c1'", ""),
    ("comments_via_post.text ?= 'c1'", "01"),
    ("@collection.cats.name ?= 'red'", ALL),
    ("@collection.cats.name = 'red'", ""),
    ("@collection.cats.id ?= cat", "01 02"),
    ("@collection.cats:x.id ?= cat && @collection.cats:x.name ?= 'red'", "01"),
    ("@collection.cats:x.id ?= cat && @collection.cats:y.name ?= 'red'", "01 02"),
    ("cat.id = 'red'", "01"),
    ("cat.name ~ ''", "01 02"),
]


@pytest.mark.parametrize(("text", "ids"), OPERATORS + MULTI_VALUED, ids=[text for text, _ in OPERATORS + MULTI_VALUED])
def test_it_finds_what_the_protocol_says(text: str, ids: str) -> None:
    # Booleans inside a list of JSON are 1 there when they are taken out alone, and `true` in the text of the list.
    assert found(text) == ("03" if text == "js.y = '[true]'" else ids)


BODIES: list[tuple[str, dict[str, Any], bool]] = [
    ("@request.body.t:isset = true", {}, False),
    ("@request.body.t:isset = true", {"t": None}, True),
    ("@request.body.num > 2", {"num": 3}, True),
    ("@request.body.num > 2", {}, False),
    ("@request.body.t = ''", {}, True),
    ("@request.body.t = ''", {"t": "a"}, False),
    ("@request.body.msel:each = 'a'", {"msel": ["a"]}, True),
    ("@request.body.msel:each = 'a'", {"msel": ["a", "b"]}, False),
    ("@request.body.msel:each = 'a'", {}, False),
    ("@request.body.msel:length > 1", {"msel": ["a", "b"]}, True),
    ("@request.body.msel:length > 1", {}, False),
    ("@request.body.mcats.name ?= 'red'", {"mcats": ["blue", "red"]}, True),
    ("@request.body.mcats.name ?= 'red'", {"mcats": ["blue"]}, False),
    ("@request.body.unknown.a.0 = 5", {"unknown": {"a": [5]}}, True),
    ("@request.body.title:changed = false && id = '01'", {"title": "Alpha"}, True),
    ("@request.body.title:changed = false && id = '01'", {}, True),
    ("@request.body.title:changed = false && id = '01'", {"title": "Beta"}, False),
]


@pytest.mark.parametrize(("text", "body", "holds"), BODIES)
def test_a_body_is_seen_as_the_protocol_says(text: str, body: dict[str, Any], holds: bool) -> None:
    assert bool(found(text, replace(ROOT, body=body))) == holds


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "//x", "()", "flag", "title =", "title = 'x", r"title = 'x\'", "num = 5.", "num = .5", "num = +5",
        "num\r=5", "num = 1e3", "title ? = 'x'", "title = 'a' title = 'b'", "nope = 1", "title.x = 1", "cats.x = 1",
        "@nope = 1", "@now:lower = ''", "title:nope = 1", "title:lower:lower = 1", "collectionId = ''",
        "comments_via_post = 'a'", "comments_via_post:length = 1", "posts_via_cat.id = ''", "lower(title) = 'x'",
        "geoDistance(1, 2, 3) > 0", "geoDistance(1, 2, 3, 'x') > 0", "strftime() = ''", "strftime(title, dt) = ''",
        "strftime('%Y', dt, title) = ''", "@request.nope = 1", "@request.body.title:each = 1",
        "@request.body.x:changed = true", " || ".join(["num=5"] * 201), f"title='{'ß' * 1747}'",
    ],
)  # fmt: skip
def test_what_is_no_filter_is_invalid(text: str) -> None:
    with pytest.raises(Invalid):
        matching(WORLD, ROOT, POSTS, text or " ")


def test_the_grammar_reads_names_numbers_texts_comments_and_groups() -> None:
    tree = parse(" (a.b:lower?!=-1.5// why\n&&'it\\'s\\n' ~ \"x\\y\") || c<=@now")
    inner = Group(
        ((Comparison(Identifier("a.b:lower"), "!=", Number("-1.5"), True),
          Comparison(Text("it's\n"), "~", Text("x\\y"), False)),)
    )  # fmt: skip
    assert tree == Group(((inner,), (Comparison(Identifier("c"), "<=", Identifier("@now"), False),)))


@pytest.mark.parametrize(
    ("literal", "text", "holds"),
    [
        ("b", "aBc", True), ("a%", "Abc", True), ("a%", "bac", False), ("%c", "abc", True), ("a_c", "abc", False),
        ("a_c%", "abcd", True), (r"\%", "50%", True), (r"\%", "50", False), ("\\", "a\\b", True), (r"\\", "a\\b", True),
        ("é", "É", False), ("", "", True), ("a%\\", "a\\", False), ("%%b", "aab", True),
    ],
)  # fmt: skip
def test_a_pattern_matches_as_like_does(literal: str, text: str, holds: bool) -> None:
    assert like(text, contains_pattern(literal)) is holds


def test_clients_may_not_name_what_rules_may() -> None:
    for text in ("title = '@request.'", "@collection.cats.name ?= 'red'"):
        with pytest.raises(Forbidden):
            matching(WORLD, GUEST, POSTS, text)
    with pytest.raises(Invalid):
        matching(WORLD, GUEST, POSTS, "secret = ''")
    assert found("secret = ''") == ALL


def with_rule(of: str, rule: str | None) -> World:
    return World({**WORLD.collections, of: replace(WORLD.collections[of], list_rule=rule)})


def test_a_path_leads_only_through_what_may_be_listed() -> None:
    with pytest.raises(Invalid):
        found("cat.name != ''", GUEST, with_rule("cats", None))
    assert found("cat != ''", GUEST, with_rule("cats", None)) == "01 02"
    assert found("cat.name = ''", GUEST, with_rule("cats", "name = 'red'")) == "03 04 05"
    assert found("cat.name != 'x'", GUEST, with_rule("cats", "name = 'red'")) == "01 03 04 05"
    # Blue and green are not looked at, neither to satisfy the filter nor to violate it.
    assert found("mcats.name = 'red'", GUEST, with_rule("cats", "name = 'red'")) == "01 04"
    assert found("comments_via_post.text = 'c1'", GUEST, with_rule("comments", "text != 'c2'")) == "01"
    # Nobody can tell from what is left out that something hidden points to it.
    assert found("comments_via_post.id = null", GUEST, with_rule("comments", "text = 'c3'")) == "01 03 04 05"
    with pytest.raises(Forbidden):
        found("title = ''", GUEST, with_rule("posts", None))


def test_an_address_is_seen_by_nobody_but_superusers_unless_it_is_public() -> None:
    people = Collection(
        "people",
        (Field("id", "text"), Field("email", "email"), Field("emailVisibility", "bool")),
        auth=True,
        records=records(
            ann={"email": "ann@x.io", "emailVisibility": True}, bo={"email": "bo@x.io", "emailVisibility": False}
        ),
    )
    world = World({"people": people})
    for asking, text, ids in (
        (GUEST, "email ~ 'x.io'", {"ann"}),
        (GUEST, "email != 'ann@x.io'", set()),
        (Asking(MOMENT, people, people.records[1]), "email = 'bo@x.io'", set()),
        (ROOT, "email ~ 'x.io'", {"ann", "bo"}),
    ):
        assert matching(world, asking, people, text) == ids


def test_in_strict_collections_literals_are_moments_and_exact_numbers() -> None:
    fields = (Field("id", "text"), Field("at", "date"), Field("whole", "integer"), Field("title", "text"))
    rows = records(
        a={"at": "2024-01-01 00:00:00.000Z", "whole": 2**53 + 1, "title": "5"},
        b={"at": None, "whole": 2**53, "title": ""},
    )
    strict = Collection("strict", fields, strict=True, records=rows)
    lenient = Collection("lenient", fields, records=rows)
    world = World({"strict": strict, "lenient": lenient})
    for text, of_strict, of_lenient in (
        ("at = '2024-01-01'", {"a"}, set()),
        ("at = '2024-01-01T02:00:00+02:00'", {"a"}, set()),
        ("at <= '2024-01-01'", {"a"}, set()),
        (f"whole = {2**53 + 1}", {"a"}, {"b"}),  # the literal became a double
        (f"whole = {2**53}", {"b"}, {"b"}),
    ):
        assert matching(world, ROOT, strict, text) == of_strict, text
        assert matching(world, ROOT, lenient, text) == of_lenient, text
