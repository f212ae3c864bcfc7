"""Hooks around writes: which fire, in which order, with what they see, and what they can do."""

import asyncio
from typing import Any

import pytest
from piccolo.columns import ForeignKey, OnDelete, Varchar
from tests.hooks.blog import OPEN, POSTS, Comment, Post, posts_app

from piccobase import App, Collection, Rules
from piccobase.base.errors import BadRequest, Forbidden
from piccobase.columns import Relations
from piccobase.hooks.point import Proceed
from piccobase.records.events import (
    CreatingRecord,
    DeletingRecord,
    RecordDeleted,
    RecordUpdated,
    UpdatingRecord,
    WritingRecord,
)
from piccobase.testing import TestApp


async def test_hooks_wrap_each_other_by_order_and_the_write_is_inside(started: Any) -> None:
    app, seen = posts_app(), []

    @app.hook(CreatingRecord, collection="posts", order=1)
    async def inner(event: CreatingRecord, proceed: Proceed) -> None:
        seen.append("inner before")
        record = await proceed()
        seen.append(f"inner after {record['title']}")

    @app.hook(CreatingRecord, collection=Post)
    async def outer(event: CreatingRecord, proceed: Proceed) -> Any:
        seen.append("outer before")
        event.draft["slug"] = event.draft["title"].lower()
        return await proceed()

    @app.hook(WritingRecord)
    def writing(event: WritingRecord) -> Any:
        seen.append(f"writing {event.verb} {event.collection.name} {event.draft.get('slug')}")
        record = yield
        seen.append(f"written {record.id == event.draft.get('id', record.id)}")

    @app.hook(CreatingRecord, collection="comments")
    def elsewhere(event: CreatingRecord) -> None:
        seen.append("never")

    api = await started(app)
    answer = await api.post(POSTS, {"title": "Hello"})
    assert answer.json()["slug"] == "hello"
    assert seen == [
        "outer before",
        "inner before",
        "writing create posts hello",
        "written True",
        "inner after Hello",
    ]


async def test_what_a_hook_sets_is_validated_and_needs_no_right(started: Any) -> None:
    class Note(Collection, tablename="notes"):
        text = Varchar(length=5)
        hidden = Varchar(secret=True)
        rules = OPEN

    app = App([Note])

    @app.hook(CreatingRecord, collection="notes")
    def set_both(event: CreatingRecord) -> None:
        assert "hidden" not in event.draft, "what whoever asks may not write was dropped before"
        event.draft["hidden"] = "by the hook"
        if event.draft["text"] == "long":
            event.draft["text"] = "far too long"

    api = await started(app)
    created = await api.post("/api/collections/notes/records", {"text": "hi", "hidden": "by a guest"})
    assert created.status_code == 200
    assert (await api.rows("notes"))[0]["hidden"] == "by the hook"
    refused = await api.post("/api/collections/notes/records", {"text": "long"})
    assert refused.status_code == 400
    assert refused.json()["data"]["text"]["code"] == "validation_max_text_constraint"
    assert len(await api.rows("notes")) == 1


async def test_an_update_sees_before_and_after(started: Any) -> None:
    app, seen = posts_app(), []

    @app.hook(UpdatingRecord, collection="posts")
    async def around(event: UpdatingRecord, proceed: Proceed) -> Any:
        seen.append((event.record["title"], dict(event.draft), event.actor.guest))
        event.draft["slug"] = "set"
        after = await proceed()
        seen.append((after["title"], after["slug"], after["views"]))
        return after

    @app.hook(WritingRecord, collection="posts")
    async def inside(event: WritingRecord, proceed: Proceed) -> Any:
        if event.verb == "update":
            event.draft["views"] = 40 + event.record["views"]
            seen.append((event.verb, event.record["title"], event.draft["slug"]))
        return await proceed()

    api = await started(app)
    made = await api.make("posts", title="old", views=2)
    answer = await api.patch(f"{POSTS}/{made['id']}", {"title": "new"})
    assert (answer.json()["slug"], answer.json()["views"]) == ("set", 42)
    assert seen == [("old", {"title": "new"}, True), ("update", "old", "set"), ("new", "set", 42)]


async def test_modifiers_and_hooks_do_not_undo_each_other(started: Any) -> None:
    app = posts_app()

    @app.hook(WritingRecord, collection="posts")
    def inside(event: WritingRecord) -> None:
        event.draft["slug"] = "x"

    api = await started(app)
    made = await api.make("posts", title="t", views=0)
    await asyncio.gather(*(api.patch(f"{POSTS}/{made['id']}", {"views+": 1}) for _ in range(20)))
    assert (await api.rows("posts"))[0]["views"] == 20


async def test_a_deletion_tells_of_everything_that_goes_along(started: Any) -> None:
    class Album(Collection, tablename="albums"):
        name = Varchar()
        rules = OPEN

    class Photo(Collection, tablename="photos"):
        name = Varchar()
        album = ForeignKey(Album, null=False)
        rules = OPEN

    class Link(Collection, tablename="links"):
        name = Varchar()
        album = ForeignKey(Album, null=True, on_delete=OnDelete.set_null)
        albums = Relations(Album)
        rules = OPEN

    app, seen = App([Album, Photo, Link]), []

    @app.hook(DeletingRecord)
    async def deleting(event: DeletingRecord, proceed: Proceed) -> None:
        seen.append(f"deleting {event.record['name']}")
        await proceed()
        seen.append("deleted")

    @app.hook(WritingRecord)
    def writing(event: WritingRecord) -> Any:
        after = yield
        seen.append(f"{event.verb} {(event.record or after)['name']} {dict(event.draft)}")

    @app.listen(RecordDeleted)
    def gone(event: RecordDeleted) -> None:
        seen.append(f"gone {event.record['name']}")

    @app.listen(RecordUpdated)
    def changed(event: RecordUpdated) -> None:
        seen.append(f"changed {event.record['name']} {event.before['album']!r} {event.record['albums']}")

    api = await started(app)
    album = (await api.make("albums", name="summer"))["id"]
    await api.make("photos", name="beach", album=album)
    await api.make("links", name="link", album=album, albums=[album])
    seen.clear()
    assert (await api.delete(f"/api/collections/albums/records/{album}")).status_code == 204
    deleted = seen[:6]
    await api.services.listeners.settled()
    heard = seen[6:]
    assert deleted == [
        "deleting summer",
        "delete beach {}",
        "update link {'album': None}",
        "update link {'albums': []}",
        "delete summer {}",
        "deleted",
    ]
    assert sorted(heard) == [
        f"changed link {album!r} ['{album}']",
        "changed link None []",
        "gone beach",
        "gone summer",
    ]


@pytest.mark.parametrize("verb", ["create", "update", "delete"])
async def test_an_error_inside_undoes_the_write_and_is_answered(started: Any, verb: str) -> None:
    app = posts_app()

    @app.hook(WritingRecord, collection="posts")
    async def after_the_row(event: WritingRecord, proceed: Proceed) -> Any:
        result = await proceed()
        if event.verb == verb and (event.record or {}).get("title") != "kept":
            raise BadRequest("Not today.")
        return result

    api = await started(app)
    if verb == "create":
        answer = await api.post(POSTS, {"title": "new"})
        assert await api.rows("posts") == []
    else:
        service = api.services.records
        made = await _stored(api, "old")
        path = f"{POSTS}/{made}"
        answer = await (api.patch(path, {"title": "new"}) if verb == "update" else api.delete(path))
        assert [one["title"] for one in await api.rows("posts")] == ["old"]
        assert service is api.services.records
    assert (answer.status_code, answer.json()["message"]) == (400, "Not today.")


async def _stored(api: TestApp, title: str) -> str:
    """A post that was written by Piccolo, without hooks."""
    post = Post(title=title)
    await post.save()
    return str(post.id)


async def test_a_piccolo_query_inside_joins_the_transaction(started: Any) -> None:
    app = posts_app()

    @app.hook(WritingRecord, collection="posts")
    async def log_it(event: WritingRecord, proceed: Proceed) -> Any:
        record = await proceed()
        await Comment(text="first", post=record.id).save()
        if record["title"] == "bad":
            raise Forbidden("No.")
        return record

    api = await started(app)
    assert (await api.post(POSTS, {"title": "good"})).status_code == 200
    assert (await api.post(POSTS, {"title": "bad"})).status_code == 403
    assert [one["text"] for one in await api.rows("comments")] == ["first"]
    assert [one["title"] for one in await api.rows("posts")] == ["good"]


async def test_a_denied_write_runs_no_hook(started: Any) -> None:
    class Locked(Collection, tablename="locked"):
        name = Varchar()
        rules = Rules(create="name = 'ok'", update=None, list="")

    app, seen = App([Locked]), []

    @app.hook(CreatingRecord)
    def create(event: CreatingRecord) -> None:
        seen.append(event.draft["name"])

    @app.hook(UpdatingRecord)
    def update(event: UpdatingRecord) -> None:
        seen.append("update")

    api = await started(app)
    path = "/api/collections/locked/records"
    assert (await api.post(path, {"name": "no"})).status_code == 400
    assert (await api.post(path, {"name": "ok"})).status_code == 200
    assert (await api.patch(f"{path}/x", {"name": "no"})).status_code == 403
    assert seen == ["ok"]
