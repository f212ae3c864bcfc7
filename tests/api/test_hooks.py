"""Hooks around the verbs of records: which fire, in which order, with what they see, and what they can do."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from piccolo.columns import ForeignKey, Integer, OnDelete, Varchar

from piccobase import App, AuthCollection, Collection, Rules
from piccobase.base.errors import BadRequest, Forbidden
from piccobase.columns import Relations
from piccobase.hooks.point import Proceed
from piccobase.records.asking import ListQuery
from piccobase.records.events import (
    CreatingRecord,
    DeletingRecord,
    EnrichingRecords,
    ExpandingRecords,
    ListingRecords,
    RecordCreated,
    RecordDeleted,
    RecordUpdated,
    UpdatingRecord,
    ViewingRecord,
    WritingRecord,
)
from piccobase.testing import TestApp

OPEN = Rules(list="", view="", create="", update="", delete="")


class Writer(AuthCollection, tablename="writers"):
    name = Varchar()
    rules = OPEN


class Post(Collection, tablename="posts"):
    title = Varchar(length=50, required=True)
    slug = Varchar()
    views = Integer(default=0)
    author = ForeignKey(Writer, null=True)
    rules = OPEN


class Comment(Collection, tablename="comments"):
    text = Varchar()
    post = ForeignKey(Post, null=True)
    rules = OPEN


@pytest.fixture
async def started(database_url: str) -> AsyncIterator[Any]:
    """Starts an app with hooks, and ends it with the test."""
    async with AsyncStarter(database_url) as starter:
        yield starter


class AsyncStarter:
    def __init__(self, database_url: str) -> None:
        self.database_url = database_url
        self.apps: list[TestApp] = []

    async def __aenter__(self) -> "AsyncStarter":
        return self

    async def __aexit__(self, *failure: object) -> None:
        for app in self.apps:
            await app.__aexit__(None, None, None)

    async def __call__(self, app: App) -> TestApp:
        app.file = None
        api = TestApp(app, database_url=self.database_url)
        await api.__aenter__()
        self.apps.append(api)
        return api


def posts_app() -> App:
    return App([Writer, Post, Comment])


POSTS = "/api/collections/posts/records"


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


async def test_a_hook_that_names_no_field_is_told_the_nearest(started: Any, caplog: pytest.LogCaptureFixture) -> None:
    app = posts_app()

    @app.hook(CreatingRecord, collection="posts")
    def mistyped(event: CreatingRecord) -> None:
        event.draft["titel"] = "x"

    api = await started(app)
    answer = await api.post(POSTS, {"title": "a"})
    assert answer.status_code == 500
    assert 'posts has no field "titel". Did you mean "title"?' in caplog.text
    assert "In the hook mistyped (test_hooks.py:" in caplog.text


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


MISUSES = {
    "twice": "called proceed() twice",
    "never": "never called proceed()",
    "hangs": "took more than 1 s",
    "swallows": "",
}


@pytest.mark.parametrize("how", MISUSES)
async def test_a_hook_that_breaks_the_rules_is_named_and_nothing_is_written(
    started: Any, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    app = posts_app()

    @app.hook(WritingRecord, collection="posts")
    async def broken(event: WritingRecord, proceed: Proceed) -> Any:
        match how:
            case "twice":
                await proceed()
                await proceed()
            case "hangs":
                await asyncio.Event().wait()
            case "swallows":
                try:
                    await proceed()
                except Exception:
                    return None
        return None

    @app.hook(WritingRecord, collection="posts", order=1)
    def fails(event: WritingRecord) -> None:
        if how == "swallows":
            raise BadRequest("Inner.")

    api = await started(app)
    answer = await api.post(POSTS, {"title": "a"})
    assert await api.rows("posts") == []
    if how == "swallows":
        assert (answer.status_code, answer.json()["message"]) == (400, "Inner.")
        return
    assert answer.status_code == 500
    assert MISUSES[how] in caplog.text
    assert "broken (test_hooks.py:" in caplog.text
    assert (await api.get(POSTS)).status_code == 200, "the server goes on"


async def test_time_inside_is_a_hooks_own_and_not_that_of_what_it_wraps(started: Any) -> None:
    app, slept = posts_app(), []

    @app.hook(WritingRecord, collection="posts")
    async def outer(event: WritingRecord, proceed: Proceed) -> Any:
        return await proceed()

    @app.hook(WritingRecord, collection="posts", order=1)
    async def inner(event: WritingRecord, proceed: Proceed) -> Any:
        for _ in range(2):
            await asyncio.sleep(0.6)
            slept.append(0.6)
        return await proceed()

    api = await started(app)
    answer = await api.post(POSTS, {"title": "a"})
    assert answer.status_code == 500
    assert slept == [0.6], "the inner one was ended after its second"


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
    comments = (await api.get("/api/collections/comments/records", query={"expand": "post"})).json()
    assert comments["items"][0]["expand"]["post"]["shout"] == "B"
    batch = await _batch(api, [("POST", POSTS, {"title": "c"})])
    assert batch.json()[0]["body"]["shout"] == "C"


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


async def _batch(api: TestApp, requests: list[tuple[str, str, Any]], **headers: str) -> Any:
    root = await api.superuser()
    await root.patch("/api/settings", {"batch": {"enabled": True}})
    body = {"requests": [{"method": method, "url": url, "body": sent} for method, url, sent in requests]}
    return await api.post("/api/batch", body, headers=headers)


async def test_a_batch_runs_hooks_around_its_writes_before_and_after_the_transaction(started: Any) -> None:
    app, seen = posts_app(), []

    @app.hook(CreatingRecord)
    async def around(event: CreatingRecord, proceed: Proceed) -> Any:
        seen.append(f"before {event.draft['title']}, in a transaction: {_in_transaction(event)}")
        event.draft["slug"] = event.draft["title"] + "-slug"
        record = await proceed()
        seen.append(f"after {record['slug']}, in a transaction: {_in_transaction(event)}")
        return record

    @app.hook(WritingRecord, collection="posts")
    def inside(event: WritingRecord) -> None:
        if event.draft.get("slug"):
            seen.append(f"inside {event.draft['slug']}")

    api = await started(app)
    answer = await _batch(api, [("POST", POSTS, {"title": "a"}), ("POST", POSTS, {"title": "b"})])
    assert [one["body"]["slug"] for one in answer.json()] == ["a-slug", "b-slug"]
    assert seen == [
        "before a, in a transaction: False",
        "before b, in a transaction: False",
        "inside a-slug",
        "inside b-slug",
        "after b-slug, in a transaction: False",
        "after a-slug, in a transaction: False",
    ]
    assert len(await api.rows("posts")) == 2


def _in_transaction(event: Any) -> bool:
    return bool(event.records.records.db.transaction_exists())


async def test_a_hook_that_refuses_one_write_of_a_batch_refuses_all_and_the_others_hear_of_it(started: Any) -> None:
    app, seen = posts_app(), []

    @app.hook(CreatingRecord)
    async def around(event: CreatingRecord, proceed: Proceed) -> Any:
        if event.draft["title"] == "bad":
            raise Forbidden("Not this one.")
        try:
            return await proceed()
        except Exception as error:
            seen.append(type(error).__name__)
            raise

    api = await started(app)
    answer = await _batch(api, [("POST", POSTS, {"title": "a"}), ("POST", POSTS, {"title": "bad"})])
    assert answer.status_code == 400
    failed = answer.json()["data"]["requests"]["1"]
    assert failed["response"] == {"status": 403, "message": "Not this one.", "data": {}}
    assert seen == ["BatchFailed"]
    assert await api.rows("posts") == []


async def test_the_service_acts_with_the_callers_rights_and_loudly_with_all(
    started: Any, caplog: pytest.LogCaptureFixture
) -> None:
    class Secret(Collection, tablename="secrets"):
        name = Varchar()
        rules = Rules()

    app, seen = App([Post, Writer, Comment, Secret]), []

    @app.hook(CreatingRecord, collection="posts")
    async def look(event: CreatingRecord, proceed: Proceed) -> Any:
        try:
            await event.records.create("secrets", {"name": "mine"})
        except Exception as error:
            seen.append(type(error).__name__)
        made = await event.records.as_system("to keep a copy").create("secrets", {"name": event.draft["title"]})
        seen.append((await event.records.as_system("to look").view("secrets", made["id"]))["name"])
        return await proceed()

    api = await started(app)
    caplog.set_level("INFO", "piccobase.records")
    assert (await api.post(POSTS, {"title": "t"})).status_code == 200
    assert seen == ["Forbidden", "t"]
    assert "with the rights of the system: to keep a copy" in caplog.text


async def test_hooks_that_lead_to_each_other_end(started: Any, caplog: pytest.LogCaptureFixture) -> None:
    app = posts_app()

    @app.hook(CreatingRecord, collection="posts")
    async def again(event: CreatingRecord, proceed: Proceed) -> Any:
        await event.records.create("posts", {"title": "again"})
        return await proceed()

    api = await started(app)
    assert (await api.post(POSTS, {"title": "t"})).status_code == 500
    assert "hooks lead to CreatingRecord again and again" in caplog.text
    assert await api.rows("posts") == []


async def test_passwords_are_not_hashed_while_the_write_lock_is_held(
    started: Any, caplog: pytest.LogCaptureFixture
) -> None:
    app = posts_app()

    @app.hook(WritingRecord, collection="posts")
    async def sign_up(event: WritingRecord, proceed: Proceed) -> Any:
        await event.records.as_system("a test").create(
            "writers", {"email": "a@example.com", "password": "12345678", "passwordConfirm": "12345678"}
        )
        return await proceed()

    api = await started(app)
    assert (await api.post(POSTS, {"title": "t"})).status_code == 500
    assert "cannot set a password" in caplog.text
    assert await api.rows("writers") == []


async def test_a_hook_gives_a_new_account_its_password(started: Any) -> None:
    app = posts_app()

    @app.hook(CreatingRecord, collection="writers")
    def invent(event: CreatingRecord) -> None:
        event.draft["password"] = "invented-1"
        event.draft["verified"] = True

    api = await started(app)
    made = await api.post("/api/collections/writers/records", {"email": "a@example.com", "name": "A"})
    assert made.status_code == 200
    assert (await api.signed_in("writers", "a@example.com", "invented-1")).token
    assert (await api.rows("writers"))[0]["verified"] is True


async def test_listeners_hear_in_order_what_was_committed_and_nothing_else(started: Any) -> None:
    app, heard = posts_app(), []

    @app.listen(RecordCreated, collection="posts")
    async def created(event: RecordCreated) -> None:
        await asyncio.sleep(0)
        heard.append(f"created {event.record['title']}")

    @app.listen(RecordUpdated, collection="posts")
    def updated(event: RecordUpdated) -> None:
        heard.append(f"updated {event.before['views']} to {event.record['views']}")

    @app.listen(RecordCreated)
    def broken(event: RecordCreated) -> None:
        raise ValueError("a listener's own problem")

    @app.hook(WritingRecord, collection="posts")
    async def refuse(event: WritingRecord, proceed: Proceed) -> Any:
        record = await proceed()
        if record["title"] == "bad":
            raise BadRequest
        return record

    api = await started(app)
    assert (await api.post(POSTS, {"title": "bad"})).status_code == 400
    assert (await api.post(POSTS, {"title": "a"})).status_code == 200
    made = (await api.rows("posts"))[0]["id"]
    await asyncio.gather(*(api.patch(f"{POSTS}/{made}", {"views+": 1}) for _ in range(20)))
    assert (await _batch(api, [("POST", POSTS, {"title": "b"}), ("POST", POSTS, {"title": "bad"})])).status_code == 400
    await api.services.listeners.settled()
    assert heard == ["created a", *(f"updated {views} to {views + 1}" for views in range(20))]


async def test_an_unused_point_is_not_in_the_way(started: Any) -> None:
    api = await started(posts_app())
    hooks = api.services.records.hooks
    assert [point for point in (CreatingRecord, ListingRecords, WritingRecord) if hooks.around(point, "posts")] == []
    assert api.services.records.listeners is None


def test_mistakes_in_what_is_declared_are_found_at_start() -> None:
    app = posts_app()
    app.hook(CreatingRecord, collection="post")(lambda event: None)
    app.hook(RecordCreated)(lambda event: None)  # type: ignore[arg-type]
    app.hook(CreatingRecord)(lambda event, proceed: None)
    app.hook(CreatingRecord)(lambda: None)
    app.listen(CreatingRecord)(lambda event: None)  # type: ignore[arg-type]
    app.listen(RecordCreated, timeout=0)(lambda event: None)
    with pytest.raises(Exception) as raised:
        app.check()
    told = str(raised.value)
    for mistake in (
        'there is no collection "post". Did you mean "posts"?',
        "RecordCreated is no hook point; listeners are declared with listen()",
        "cannot call proceed: make it async",
        "a hook takes the event and proceed, or the event alone",
        "CreatingRecord is no event after a commit",
        "timeout must be more than 0",
    ):
        assert mistake in told
