"""Scenarios: what holds passes, and what does not is told with its place, all of it at once."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from tests.unit.testing.blog import Post, User, blog

from piccobase.testing import Caller, Scenario, TestApp, delete, get, patch, post, put, scenarios
from piccobase.testing.comparing import differences, differing_sets

POSTS = "/api/collections/posts/records"
ADA = "ada000000000000"
ONE = "post00000000001"


@pytest.fixture
async def app(database_url: str | None) -> AsyncIterator[TestApp]:
    async with TestApp(blog(), database_url=database_url) as app:
        yield app


async def one_post(app: TestApp) -> None:
    await app.make(Post, id=ONE, title="First", author=await app.make(User, id=ADA, name="Ada"))


async def ada(app: TestApp) -> Caller:
    return await app.acting_as("users", ADA)


async def by_name(app: TestApp) -> Caller:
    return await app.user("users", name="Grace")


async def greet(app: TestApp, answer: httpx.Response) -> None:
    assert answer.json()["totalItems"] == len(await app.rows("posts")) == 1


CASES = [
    Scenario(
        "everybody lists",
        get(POSTS, query={"fields": "title,author"}),
        prepare=one_post,
        json={"items": [{"title": "First", "author": ADA}], "totalItems": 1, ...: ...},
        has=['"title":"First"'],
        lacks=["created"],
        headers={"content-type": "application/json"},
        changes=[],
        then=greet,
    ),
    Scenario(
        "nobody writes in the name of another",
        post(POSTS, {"title": "x", "author": ADA}),
        by=by_name,
        prepare=one_post,
        status=400,
        json={"status": 400, "message": str, "data": {}},
        rows={"posts": [{"title": "First"}], "users": 2},
        changes=[],
        log=[{"method": "POST", "status": 400, "auth": "users"}],
    ),
    Scenario(
        "an owner changes the own post",
        patch(f"{POSTS}/{ONE}", {"title": "Second"}),
        by=ada,
        prepare=one_post,
        json={"title": "Second", "updated": lambda text: text > "2026", ...: ...},
        rows={"posts": [{"id": ONE, "title": "Second"}]},
        changes=["update posts (title, updated)"],
        mails=0,
    ),
    Scenario(
        "a superuser deletes",
        delete(f"{POSTS}/{ONE}"),
        by=TestApp.superuser,
        prepare=one_post,
        status=204,
        json=None,
        rows={"posts": 0},
        changes=["delete posts"],
        log=1,
    ),
    Scenario(
        "a superuser grants a role",
        put(f"/api/collections/users/records/{ADA}/roles", {"roles": ["ed"]}),
        by=TestApp.superuser,
        prepare=one_post,
        json={"roles": ["ed"], ...: ...},
    ),
    Scenario(
        "a job is run now, and its mail is sent",
        post("/api/settings/test/email", {"email": "ada@example.com", "template": "verification"}),
        by=TestApp.superuser,
        status=204,
    ),
]


@pytest.mark.parametrize("scenario", scenarios(CASES))
async def test_what_holds_passes(scenario: Scenario, app: TestApp) -> None:
    answer = await scenario.run(app)
    assert answer.status_code == scenario.status


async def test_mails_are_sent_before_they_are_looked_at(app: TestApp) -> None:
    async def queue(app: TestApp) -> Caller:
        await app.declared.jobs.add("greet", {"email": "ada@example.com", "name": "Ada"})
        return app

    mail = {"to": ["ada@example.com"], "subject": "Hello Ada", "html": lambda text: "<p>Hello</p>" in text}
    await Scenario("mails", get(POSTS), by=queue, mails=[mail]).run(app)


async def test_all_that_does_not_hold_is_told_at_once(app: TestApp) -> None:
    failing = Scenario(
        "this is not so",
        post(POSTS, {"title": "x", "author": ADA}),
        by=ada,
        prepare=one_post,
        status=201,
        json={"title": "y", "body": ..., "more": 1, ...: ...},
        has=["nowhere"],
        lacks=["collectionId"],
        headers={"x-here": "1"},
        rows={"posts": [{"title": "First"}, {"title": "y"}], "users": 7},
        mails=1,
        log=[{"status": 201}],
        changes=["delete posts"],
    )
    with pytest.raises(AssertionError) as failed:
        await failing.run(app)
    told = str(failed.value).splitlines()
    users = next(line for line in told if line.startswith("- rows.users"))
    assert [line for line in told if line != users][:-1] == [
        "this is not so",
        f"POST {POSTS}, asked by users1@example.com",
        "- status: expected 201, was 200",
        '- json.title: expected "y", was "x"',
        "- json.more: expected 1, is not there",
        "- has: 'nowhere' does not stand in the answer",
        "- lacks: 'collectionId' stands in the answer",
        '- headers.x-here: expected "1", was null',
        '- changes: expected ["delete posts"], were ["create posts"]',
        '- rows.posts: expected [{"title": "y"}], not there; there are [{"title": "x"}]',
        '- log: expected [{"status": 201}], not there; there are [{"status": 200}]',
        "- mails: expected 1, there are 0: []",
    ]
    assert users.startswith("- rows.users: expected 7, there are 1: [{")
    assert told[-1].startswith('The answer: 200 {"author":"ada000000000000"')


async def test_an_answer_that_is_no_json_is_said_to_be_none(app: TestApp) -> None:
    with pytest.raises(AssertionError, match="json: the answer is no JSON"):
        await Scenario("a page", get("/api/docs"), json={}).run(app)


def test_two_scenarios_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="Two scenarios are called 'same'"):
        scenarios([Scenario("same", get("/")), Scenario("same", get("/x"))])


SAME: list[tuple[Any, Any]] = [
    (..., None),
    ({"a": ...}, {"a": {"b": 1}}),
    ({"a": 1, ...: ...}, {"a": 1, "b": 2}),
    ([...], []),
    ([...], [1, 2]),
    ([1, ...], [1, 2]),
    ({"a": int}, {"a": 1}),
    (lambda value: value > 1, 2),
    (1, 1.0),
]


@pytest.mark.parametrize(("expected", "got"), SAME)
def test_values_that_are_as_expected(expected: Any, got: Any) -> None:
    assert list(differences(expected, got, "x")) == []


OTHER: list[tuple[Any, Any, str]] = [
    ({"a": 1}, {"a": 1, "b": 2}, "x.b: is there, and was not expected: 2"),
    ({"a": ...}, {}, 'x.a: expected "...", is not there'),
    ([1, ...], [1, 2, 3], "x: expected 2 entries, there are 3: [1, 2, 3]"),
    ([[1, 2]], [[1, 3]], "x[0][1]: expected 2, was 3"),
    ([], {}, "x: expected [], was {}"),
    (True, 1, "x: expected true, was 1"),
    (0, False, "x: expected 0, was false"),
    (int, True, "x: expected any int, was true"),
    ({"a": str}, {"a": None}, "x.a: expected any str, was null"),
    (str.isdigit, "x", 'x: isdigit says no to "x"'),
]


@pytest.mark.parametrize(("expected", "got", "told"), OTHER, ids=[told for *_, told in OTHER])
def test_values_that_are_not(expected: Any, got: Any, told: str) -> None:
    assert list(differences(expected, got, "x")) == [told]


def test_of_sets_the_order_does_not_count_and_each_is_there_once() -> None:
    rows = [{"a": 1, "b": 1}, {"a": 2, "b": 2}]
    assert list(differing_sets([{"a": 2}, {"b": 1}], rows, "x")) == []
    assert list(differing_sets([{"a": 1}, {"b": 1}], rows, "x")) == [
        'x: expected [{"b": 1}], not there; there are [{"a": 2, "b": 2}]'
    ]
    assert list(differing_sets([{"a": 1}], rows, "x")) == ['x: expected 1, there are 2; not expected: [{"a": 2}]']
    assert list(differing_sets([{"a": 1}], [], "x")) == ['x: expected [{"a": 1}], not there; there are no others']
