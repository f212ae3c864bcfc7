"""Hooks around lists, views, expand and what is answered."""

from typing import Any

from tests.hooks.blog import COMMENTS, POSTS, batch, posts_app

from piccobase.hooks.point import Proceed
from piccobase.records.asking import ListQuery
from piccobase.records.events import (
    EnrichingRecords,
    ExpandingRecords,
    ListingRecords,
    ViewingRecord,
)


async def test_a_list_can_be_narrowed_answered_and_looked_at(started: Any) -> None:
    app, seen = posts_app(), []

    @app.hook(ListingRecords, collection="posts")
    async def narrow(event: ListingRecords, proceed: Proceed) -> Any:
        asked = event.query
        narrowed = f"({asked.filter}) && views > 1" if asked.filter else "views > 1"
        event.query = ListQuery(filter=narrowed, sort=asked.sort)
        page = await proceed()
        seen.append([one["title"] for one in page.items])
        page.items[0]["title"] += "!"
        return page

    @app.hook(ViewingRecord, collection="comments")
    async def answer(event: ViewingRecord, proceed: Proceed) -> Any:
        return {"id": event.record_id, "text": "from a cache"}

    api = await started(app)
    for views in range(4):
        await api.make("posts", title=f"p{views}", views=views)
    listed = (await api.get(POSTS, query={"filter": "views < 3"})).json()
    assert [one["title"] for one in listed["items"]] == ["p2!"]
    assert listed["totalItems"] == 1
    assert seen == [["p2"]]
    assert (await api.get("/api/collections/comments/records/whatever")).json() == {
        "id": "whatever",
        "text": "from a cache",
    }


async def test_enriching_holds_wherever_records_are_answered(started: Any) -> None:
    app = posts_app()

    @app.hook(EnrichingRecords, collection="posts")
    def enrich(event: EnrichingRecords) -> None:
        for one in event.items:
            one["shout"] = one["title"].upper()
            del one["views"]

    api = await started(app)
    created = (await api.post(POSTS, {"title": "a", "views": 3})).json()
    assert created["shout"] == "A"
    assert "views" not in created
    path = f"{POSTS}/{created['id']}"
    assert (await api.get(path)).json()["shout"] == "A"
    assert (await api.get(path, query={"fields": "shout"})).json() == {"shout": "A"}
    assert (await api.get(path, query={"fields": "id,views"})).json() == {"id": created["id"]}
    assert (await api.patch(path, {"title": "b"})).json()["shout"] == "B"
    assert (await api.get(POSTS, query={"fields": "shout"})).json()["items"] == [{"shout": "B"}]
    await api.make("comments", text="c", post=created["id"])
    comments = (await api.get(COMMENTS, query={"expand": "post"})).json()
    assert comments["items"][0]["expand"]["post"]["shout"] == "B"
    answered = await batch(api, [("POST", POSTS, {"title": "c"})])
    assert answered.json()[0]["body"]["shout"] == "C"


async def test_expanding_can_leave_records_out(started: Any) -> None:
    app, seen = posts_app(), []

    @app.hook(ExpandingRecords, collection="posts")
    async def only_loud(event: ExpandingRecords, proceed: Proceed) -> Any:
        seen.append((event.segment, event.relation.name, event.target.name))
        return [one for one in await proceed() if one["text"] != "quiet"]

    api = await started(app)
    post = await api.make("posts", title="p")
    for text in ("loud", "quiet"):
        await api.make("comments", text=text, post=post["id"])
    listed = (await api.get(POSTS, query={"expand": "comments_via_post"})).json()
    assert [one["text"] for one in listed["items"][0]["expand"]["comments_via_post"]] == ["loud"]
    assert seen == [("comments_via_post", "post", "comments")]
