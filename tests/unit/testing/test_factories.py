"""Factories: what a test does not care about is filled in, by each field's type, and each time the same."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.unit.testing.blog import Everything, Node, Post, User, blog

from piccobase import AuthCollection, Role
from piccobase.base.errors import InvalidRecord
from piccobase.schema.building import build_registry
from piccobase.schema.fields import FieldInfo
from piccobase.schema.values.base import ValueType
from piccobase.schema.values.dates import InstantValue
from piccobase.schema.values.numbers import DecimalValue, IntegerValue, NumberValue
from piccobase.schema.values.text import EmailValue, TextValue
from piccobase.testing import Factory, TestApp
from piccobase.testing.plausible import plausible, plausible_id


@pytest.fixture
async def app(database_url: str | None) -> AsyncIterator[TestApp]:
    async with TestApp(blog(), database_url=database_url, logs=False) as app:
        yield app


async def test_every_kind_of_field_gets_a_value_that_holds(app: TestApp) -> None:
    first, second = await app.make_many(Everything, 2)
    assert {name: value for name, value in first.items() if name not in ("created", "updated", "collectionId")} == {
        "agreed": True,
        "at": "2026-01-01 00:01:00.000Z",
        "code": "Code 1",
        "collectionName": "everything",
        "data": {"number": 1},
        "day": "2026-01-01 00:00:00.000Z",
        "firstName": "First name 1",
        "hour": "08:01:00",
        "id": "everything00001",
        "key": "00000000-0000-4000-8000-000000000001",
        "kind": "a",
        "length": 60,
        "level": 1,
        "link": "https://example.com/everything/1",
        "numbers": [1],
        "place": 1,
        "posts": ["posts0000000001"],
        "price": 1.0,
        "ratio": 1,
        "raw": "MQ==",
        "slug": "Slug 1",
        "tags": ["x", "y"],
        "text": "<p>Text 1</p>",
        "where": {"lat": 1, "lon": 1},
    }
    assert (second["kind"], second["code"], second["place"], second["posts"]) == ("b", "Code 2", 2, ["posts0000000002"])
    await app.make_many(Everything, 12)  # unique however many, within all limits
    assert [post["author"] for post in await app.rows("posts")][:2] == ["users0000000001", "users0000000002"]


async def test_what_is_given_counts_and_the_rest_is_filled_in(app: TestApp) -> None:
    ada = await app.user(User, name="Ada")
    grace = await User.objects().get(User.id == (await app.make(User, name="Grace"))["id"])
    posts = Factory(Post, title=lambda number: f"No. {number}", author=ada)
    made = [
        await posts.make(app),
        *await posts.many(app, 2, body="text"),
        await app.make(posts, author=grace, title="x"),
    ]
    assert [(post["title"], post["author"], post["body"]) for post in made] == [
        ("No. 1", ada.id, ""),
        ("No. 2", ada.id, "text"),
        ("No. 3", ada.id, "text"),
        ("x", "users0000000002", ""),
    ]
    everything = await app.make(Everything, posts=[made[0], made[1]["id"]], first_name="by attribute")
    assert everything["posts"] == [made[0]["id"], made[1]["id"]]
    assert everything["firstName"] == "by attribute"
    assert len(await app.rows("users")) == 2  # nobody was made for a relation that was given


async def test_what_does_not_hold_is_refused_as_over_the_api(app: TestApp) -> None:
    with pytest.raises(InvalidRecord) as refused:
        await app.make(Post, title="x" * 41, author="nobody000000000")
    assert set(refused.value.wire()["data"]) == {"title", "author"}
    (note,) = refused.value.__notes__
    assert note.startswith('posts takes no {"title": "xxxx')
    assert '"validation_max_text_constraint"' in note
    with pytest.raises(ValueError, match=r'posts has no field titel\. Did you mean "title"\?'):
        await app.make(Post, titel="x")


async def test_a_record_that_needs_one_of_its_own_kind_cannot_be_made_up(app: TestApp) -> None:
    with pytest.raises(ValueError, match=r"nodes\.parent needs a record of nodes, .* by hand, and give its id"):
        await app.make(Node)


LIMITED: list[tuple[str, ValueType, dict[int, Any]]] = [
    ("title", TextValue(max=5), {1: "tle 1", 100: "e 100"}),
    ("title", TextValue(min=9), {1: "TTTitle 1"}),
    ("code", TextValue(pattern="^[A-Z]{3}$", min=3, max=3), {1: "AAA", 2: "BBB", 27: "AAA"}),
    ("code", TextValue(pattern="^[a-z-]+[0-9]+$"), {1: "code-1"}),
    ("number", IntegerValue(min=10, max=12), {1: 10, 2: 11, 4: 10, 100: 10}),
    ("number", IntegerValue(min=-3), {1: 1}),
    ("number", NumberValue(max=0.5), {7: 0}),
    ("number", NumberValue(min=-0.5, max=0.5), {1: 0, 2: 0}),
    ("number", IntegerValue(min=-9, max=-8), {1: -9, 2: -8, 3: -9}),
    ("price", DecimalValue(precision=3, scale=2), {1: 1, 9: 9, 10: 1}),
    ("at", InstantValue(max=datetime(2000, 1, 1, tzinfo=UTC)), {1: "1999-01-01 00:01:00.000Z"}),
    ("at", InstantValue(min=datetime(2030, 1, 1, tzinfo=UTC)), {1: "2030-01-01 00:01:00.000Z"}),
    ("mail", EmailValue(only_domains=("a.example",)), {1: "posts1@a.example"}),
]


@pytest.mark.parametrize(("name", "value", "expected"), LIMITED)
def test_values_keep_within_limits(name: str, value: ValueType, expected: dict[int, Any]) -> None:
    assert {number: plausible(COLLECTION, field(name, value), number) for number in expected} == expected


def test_what_cannot_be_made_up_must_be_given() -> None:
    with pytest.raises(ValueError, match=r"posts\.code must be given: .* would be none\. Invalid value format\."):
        plausible(COLLECTION, field("code", TextValue(pattern="^[0-9]{3}-[a-f]{9}$")), 1)


class OrganisationMembers(AuthCollection, tablename="organisation_members"):
    pass


class OrganisationOwners(AuthCollection, tablename="organisation_owners"):
    pass


REGISTRY = build_registry([User, Post, OrganisationMembers, OrganisationOwners], [Role("ed")])
COLLECTION = REGISTRY.collections["posts"]


def field(name: str, value: ValueType) -> FieldInfo:
    return replace(COLLECTION.by_name["title"], name=name, value=value)


def test_ids_of_two_collections_are_different() -> None:
    ids = [plausible_id(one, number) for one in REGISTRY.collections.values() for number in (1, 99_999, 1_234_567)]
    assert len(set(ids)) == len(ids)
    assert {len(one) for one in ids} == {15}
