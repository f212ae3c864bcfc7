"""Rules in words: what each part of the filter language reads like, and what is rather shown as it is written."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from piccolo.columns import JSONB, Array, Boolean, DoublePrecision, ForeignKey, Integer, Text, Timestamptz, Varchar

from piccobase import AuthCollection, AuthOptions, Collection, FieldRules, Role, Rules, owner, role, rule, signed_in
from piccobase.columns import GeoPoint, MultiSelect, Relations
from piccobase.filters import tree
from piccobase.filters.errors import InvalidFilter
from piccobase.filters.parser import parse
from piccobase.rules.wording import describe, describe_reading, describe_verb, describe_writing
from piccobase.schema.building import build_registry
from piccobase.schema.collections import Verb


class Team(Collection, tablename="teams"):
    name = Varchar()


class User(AuthCollection, tablename="users"):
    name = Varchar()
    level = Integer()
    team = ForeignKey(Team)
    rules = Rules(list=owner, update=owner | role("editor"), manage=role("admin"), auth="verified = true")


class Robot(AuthCollection, tablename="robots", auth=AuthOptions(password=False)):
    rules = Rules(auth=None)


class Tag(Collection, tablename="tags"):
    name = Varchar()
    owner = ForeignKey(User)
    rules = Rules(list="", view=None)


class Post(Collection, tablename="posts"):
    title = Varchar()
    body = Text(null=True, default=None)
    views = Integer()
    score = DoublePrecision(null=True, default=None)
    published = Boolean(default=False)
    day = Timestamptz(null=True, default=None)
    facts = JSONB(null=True, default=None)
    place = GeoPoint()
    kinds = MultiSelect(["a", "b"])
    words = Array(base_column=Varchar(), default=list)
    author = ForeignKey(User)
    editor = ForeignKey(User, null=False)
    tag = ForeignKey(Tag)
    tags = Relations(Tag)
    members = Relations(User)
    secret = Varchar(secret=True)
    rules = Rules(
        list=rule("published = true") | owner("author") | role("editor"),
        view=owner("members") | role("editor"),
        create=signed_in & "editor = @request.auth.id",
        update=(owner("author") & "@request.body.author:isset = false") | role("admin"),
        delete=signed_in & (rule("published = false") | owner("author")),
        fields={"body": FieldRules(read=role("editor"), write=None)},
    )


class Loose(Collection, tablename="loose", lenient=True):
    day = Timestamptz(null=True, default=None)


REGISTRY = build_registry([Team, User, Robot, Tag, Post, Loose], [Role("editor"), Role("admin", includes=["editor"])])
POSTS = REGISTRY.collections["posts"]


def table() -> list[tuple[str, str]]:
    lines = (Path(__file__).parent / "words.txt").read_text().splitlines()[1:]
    rules = [line for line in lines if line and not line.startswith(("#", " "))]
    return list(zip(rules, (line.strip() for line in lines if line.startswith(" ")), strict=True))


WORDS = [(None, "Only superusers."), ("", "Everyone, guests too."), *table()]


@pytest.mark.parametrize(("text", "words"), WORDS, ids=[text or repr(text) for text, _ in WORDS])
def test_a_rule_reads_as_a_sentence(text: str | None, words: str) -> None:
    assert describe(text, POSTS, REGISTRY) == words


DECLARED: list[tuple[str, Verb, str]] = [
    (
        "posts",
        "list",
        "Records where published is true, or whoever asks is the record's author, or whoever asks has the role editor.",
    ),
    ("posts", "view", "Whoever is among the record's members, or whoever has the role editor."),
    ("posts", "create", "Whoever is signed in, if editor is whoever asks."),
    ("posts", "update", "The record's author, if author is not sent; or whoever has the role admin."),
    ("posts", "delete", "Whoever is signed in, if published is false or whoever asks is the record's author."),
    ("users", "list", "The record itself."),
    ("users", "update", "The record itself, or whoever has the role editor."),
    ("users", "manage", "Whoever has the role admin."),
    ("users", "auth", "Records where verified is true."),
    ("robots", "auth", "Nobody can sign in."),
    ("_superusers", "auth", "Every record can sign in."),
    ("tags", "list", "Everyone, guests too."),
    ("tags", "view", "Only superusers."),
]


@pytest.mark.parametrize(("name", "verb", "words"), DECLARED)
def test_a_composed_rule_reads_as_it_was_composed(name: str, verb: Verb, words: str) -> None:
    assert describe_verb(REGISTRY.collections[name], verb, REGISTRY) == words


def test_a_date_is_compared_as_a_text_where_the_collection_is_lenient() -> None:
    said = describe("day = '2026-01-01'", REGISTRY.collections["loose"], REGISTRY)
    assert said == "Records where the condition day = '2026-01-01' holds."


FIELDS = [
    ("posts", "title", "Everyone.", "Everyone."),
    ("posts", "body", "Whoever has the role editor.", "Only superusers."),
    ("posts", "secret", "Only superusers.", "Only superusers."),
    ("posts", "created", "Everyone.", "Nobody: the server sets it."),
    ("posts", "id", "Everyone.", "Whoever creates, and never again."),
    ("users", "password", "Nobody.", "Everyone."),
    ("users", "tokenKey", "Nobody.", "Only superusers."),
    ("users", "verified", "Everyone.", "Superusers and managers."),
]


@pytest.mark.parametrize(("name", "field", "reads", "writes"), FIELDS)
def test_a_field_says_who_reads_and_who_writes_it(name: str, field: str, reads: str, writes: str) -> None:
    collection = REGISTRY.collections[name]
    assert describe_reading(collection, collection.by_name[field], REGISTRY) == reads
    assert describe_writing(collection, collection.by_name[field], REGISTRY) == writes


OPERANDS = [
    *POSTS.by_name,
    "nope",
    "author.name",
    "author.team.name",
    "tags.name",
    "tags.owner.name",
    "tags.owner",
    "members.id",
    "members:each",
    "kinds:each",
    "kinds:length",
    "title:lower",
    "title:isset",
    "views:changed",
    "facts.a.0",
    "place.lon",
    "comments_via_post.text",
    "posts_via_tag.title",
    "@now",
    "@year",
    "@random",
    "@request.method",
    "@request.auth.id",
    "@request.auth.team.name",
    "@request.auth.verified",
    "@request.roles",
    "@request.body.title",
    "@request.body.title:changed",
    "@request.body.kinds:each",
    "@request.query.q:isset",
    "@request.headers.x_y",
    "@collection.tags.name",
    "@collection.tags:x.owner",
    "@collection.nope.x",
    "null",
    "true",
    "'x'",
    "''",
    "'2026-01-01'",
    "'100\\%'",
    "5",
    "-1.5",
    "strftime('%Y', day)",
    "strftime('%Y', day, '+1 day')",
    "strftime()",
    "nope(title)",
    "geoDistance(place.lon, place.lat, 1, 2)",
]
OPERATORS = [mark + sign for sign in ("=", "!=", ">", ">=", "<", "<=", "~", "!~") for mark in ("", "?")]
COMPARISONS = st.builds(
    "{} {} {}".format, st.sampled_from(OPERANDS), st.sampled_from(OPERATORS), st.sampled_from(OPERANDS)
)
FILTERS = st.recursive(
    COMPARISONS,
    lambda inner: st.builds(
        lambda parts, sign: sign.join(f"({part})" for part in parts),
        st.lists(inner, min_size=2, max_size=3),
        st.sampled_from([" && ", " || "]),
    ),
    max_leaves=6,
)


def fields_of(node: tree.Node | tree.Operand) -> set[str]:
    """Names of fields that are compared, as the last part of each path."""
    match node:
        case tree.Comparison(left, _, _, right):
            return fields_of(left) | fields_of(right)
        case tree.All(parts) | tree.Any(parts):
            return set().union(*map(fields_of, parts))
        case tree.Call(_, arguments):
            return set().union(*map(fields_of, arguments))
        case tree.Name(path) if path[0][0] != "@" and path[0] not in ("null", "true") and path[-1] != "id":
            return {path[-1]}
    return set()


@settings(max_examples=400, deadline=None)
@given(FILTERS)
def test_every_rule_has_a_sentence_that_mentions_each_field(text: str) -> None:
    said = describe(text, POSTS, REGISTRY)
    assert said.endswith(".")
    assert said[0].isupper()
    assert not {name for name in fields_of(parse(text).root) if name not in said}
    assert said.count("(") == said.count(")")


def test_what_is_no_filter_is_an_error() -> None:
    with pytest.raises(InvalidFilter):
        describe("title =", POSTS, REGISTRY)
