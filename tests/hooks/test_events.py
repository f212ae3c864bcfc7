"""Which events there are, in which order, for each thing that can be asked: told by the kit's scenarios."""

from collections.abc import AsyncIterator

import pytest
from tests.hooks.blog import COMMENTS, POSTS, batch, posts_app

from piccobase import EnrichingRecords, ExpandingRecords, RecordUpdated, WritingRecord
from piccobase.testing import Caller, Scenario, TestApp, delete, get, patch, post, scenarios


@pytest.fixture
async def api(database_url: str) -> AsyncIterator[TestApp]:
    app = posts_app()
    app.file = None
    async with TestApp(app, database_url=database_url, events=True) as api:
        yield api


async def a_comment(api: TestApp) -> None:
    await api.make("posts", id="post00000000001", title="Hello")
    await api.make("comments", id="comment00000001", text="Hi", post="post00000000001")


async def a_writer(api: TestApp) -> Caller:
    return await api.user("writers", email="ann@example.com")


CREATED = ["CreatingRecord posts", "WritingRecord posts"]
CASES = [
    Scenario(
        "a list is listed, and then enriched",
        get(POSTS),
        prepare=a_comment,
        events=["ListingRecords posts", "EnrichingRecords posts"],
        queries=2,
    ),
    Scenario("nothing is enriched where nothing is found", get(POSTS), events=["ListingRecords posts"], queries=2),
    Scenario(
        "an expand asks once a relation",
        get(COMMENTS, query={"expand": "post", "skipTotal": "1"}),
        prepare=a_comment,
        events=[
            "ListingRecords comments",
            "ExpandingRecords comments",
            "EnrichingRecords posts",
            "EnrichingRecords comments",
        ],
        queries=2,
    ),
    Scenario(
        "a view is viewed and enriched",
        get(f"{POSTS}/post00000000001"),
        prepare=a_comment,
        events=["ViewingRecord posts", "EnrichingRecords posts"],
        queries=1,
    ),
    Scenario(
        "what is created is told after the commit",
        post(POSTS, {"title": "New"}),
        events=[*CREATED, "EnrichingRecords posts", "RecordCreated posts"],
    ),
    Scenario("what is refused is not written", post(POSTS, {"title": ""}), status=400, events=["CreatingRecord posts"]),
    Scenario(
        "what is changed is told with what it was",
        patch(f"{POSTS}/post00000000001", {"title": "Changed"}),
        prepare=a_comment,
        events={WritingRecord: 1, EnrichingRecords: 1, RecordUpdated: 1, ExpandingRecords: 0},
    ),
    Scenario(
        "what goes along with a deleted record is written, too",
        delete(f"{POSTS}/post00000000001"),
        prepare=a_comment,
        status=204,
        events=[
            "DeletingRecord posts",
            "WritingRecord comments",
            "WritingRecord posts",
            "RecordDeleted comments",
            "RecordDeleted posts",
        ],
    ),
    Scenario("who may not ask sets nothing off", get("/api/collections/_superusers/records"), status=403, events=[]),
    Scenario(
        "signing in is no view",
        post("/api/collections/writers/auth-with-password", {"identity": "ann@example.com", "password": "12345678"}),
        by=a_writer,
        status=400,
        events=["SigningIn writers"],
    ),
]


@pytest.mark.parametrize("scenario", scenarios(CASES))
async def test_events(scenario: Scenario, api: TestApp) -> None:
    await scenario.run(api)


async def test_a_batch_rehearses_nothing_that_can_be_seen(api: TestApp) -> None:
    api.events.clear()
    await batch(api, [("POST", POSTS, {"title": "a"}), ("POST", POSTS, {"title": "b"})])
    await api.settled()
    told = [type(event).__name__ for event in api.events]
    assert told.count("RunningBatch") == 1
    assert told.count("CreatingRecord") == 2
    assert told.count("RecordCreated") == 2


async def test_a_scenario_tells_which_events_there_were_instead(api: TestApp) -> None:
    wrong = Scenario("wrong", get(POSTS), events=["ViewingRecord posts"], queries=7)
    with pytest.raises(AssertionError, match="queries: expected 7, were 2") as raised:
        await wrong.run(api)
    assert 'events: expected ["ViewingRecord posts"], were ["ListingRecords posts"]' in str(raised.value)
