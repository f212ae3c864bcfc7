"""The audit log: an entry of each change, the history of a record, and the way back."""

import asyncio
import contextvars
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from piccolo.columns import ForeignKey, Integer, Numeric, Text, Varchar

from piccobase import (
    App,
    AuthCollection,
    Collection,
    CreatingRecord,
    FieldRules,
    Role,
    Rules,
    WritingRecord,
    owner,
    role,
)
from piccobase.db.errors import SerializationFailed
from piccobase.testing import PASSWORD, Caller, TestApp, frozen
from piccobase_audit import audit

ENTRIES = "/api/collections/audit_entries/records"
ROLES = [Role("auditor"), Role("payroll")]
Json = dict[str, Any]


class User(AuthCollection, tablename="users"):
    name = Varchar()
    rules = Rules(list="", view="", create="", update=owner, delete=owner)


class Post(Collection, tablename="posts"):
    title = Varchar(length=200, required=True)
    body = Text()
    views = Integer(default=0)
    price = Numeric((20, 10), null=True, default=None)
    author = ForeignKey(User)
    note = Varchar(secret=True)
    salary = Integer(default=0)
    rules = Rules(
        list="",
        view="",
        create="",
        update=owner("author"),
        delete=owner("author"),
        fields={"salary": FieldRules(read=role("payroll"), write=role("payroll"))},
    )


class Tag(Collection, tablename="tags"):
    name = Varchar(unique=True)
    rules = Rules(list="", view="", create="", update="", delete="")


def make_app(**options: Any) -> App:
    return App([User, Post, Tag], ROLES, plugins=[audit(**options)])


@pytest.fixture
async def api(database_url: str | None) -> AsyncIterator[TestApp]:
    async with TestApp(make_app(read=role("auditor")), database_url=database_url) as started:
        yield started


async def entries(api: TestApp) -> list[Json]:
    """As superusers see them, in the order in which they were written."""
    root = await api.superuser()
    found = (await root.get(ENTRIES, query={"sort": "at,id", "perPage": "500"})).json()["items"]
    return [entry for entry in found if entry["collection"] != "_superusers"]


async def with_role(api: TestApp, name: str) -> Caller:
    someone = await api.user("users")
    root = await api.superuser()
    assert (await root.put(api.records("users", someone.id) + "/roles", {"roles": [name]})).status_code == 200
    return someone


async def change(caller: Caller, record: Json, **values: Any) -> Json:
    path = caller.app.records(record["collectionName"], record["id"])
    answer = await caller.patch(path, values)
    assert answer.status_code == 200, answer.text
    changed: Json = answer.json()
    return changed


async def post_of(ada: Caller, **values: Any) -> Json:
    answer = await ada.post(ada.app.records("posts"), {"title": "One", "author": ada.id, **values})
    assert answer.status_code == 200, answer.text
    made: Json = answer.json()
    return made


async def history(caller: Caller, collection: str, record_id: str, **query: str) -> list[Json]:
    answer = await caller.get(f"/api/audit/{collection}/{record_id}", query=query)
    assert answer.status_code == 200, answer.text
    items: list[Json] = answer.json()["items"]
    return items


async def undo(caller: Caller, entry: Json) -> Any:
    return await caller.post(f"/api/audit/entries/{entry['id']}/undo")


async def test_a_change_is_kept_with_what_it_was_and_what_it_is(api: TestApp) -> None:
    ada = await api.user("users")
    post = await post_of(ada.at("192.0.2.7"), price=1.2345678901)
    await ada.patch(api.records("posts", post["id"]), {"title": "Two", "views+": 3}, headers={"X-Request-Id": "abc"})
    assert (await ada.delete(api.records("posts", post["id"]))).status_code == 204
    _, created, updated, deleted = await entries(api)
    assert [one["verb"] for one in (created, updated, deleted)] == ["create", "update", "delete"]
    assert {(one["collection"], one["record"]) for one in (created, updated, deleted)} == {("posts", post["id"])}
    assert {(one["actorCollection"], one["actor"]) for one in (created, updated, deleted)} == {("users", ada.id)}
    assert (created["ip"], updated["ip"], updated["request"]) == ("192.0.2.7", "127.0.0.1", "abc")
    assert created["before"] is None
    assert created["after"] == {name: post[name] for name in created["after"]}
    assert {"id", "created", "price"} <= set(created["after"])
    assert sorted(updated["changed"]) == ["title", "views"]
    assert (updated["before"], updated["after"]) == ({"title": "One", "views": 0}, {"title": "Two", "views": 3})
    assert (deleted["before"]["title"], deleted["before"]["views"], deleted["after"]) == ("Two", 3, None)
    assert updated["at"] >= created["at"]
    assert updated["collectionKey"] == post["collectionId"]


async def test_what_changes_nothing_or_is_not_kept_leaves_no_entry(api: TestApp) -> None:
    ada = await api.user("users")
    post = await post_of(ada)
    count = len(await entries(api))
    await change(ada, post, title="One")
    path = api.records("posts", post["id"])
    assert (await ada.patch(path, {"title": "Dry"}, headers={"Dry-Run": "true"})).status_code == 200
    assert (await ada.patch(path, {"title": ""})).status_code == 400
    assert (await api.patch(path, {"title": "Stranger"})).status_code == 404
    assert len(await entries(api)) == count


async def test_what_only_some_may_see_of_a_record_only_superusers_see_in_the_log(api: TestApp) -> None:
    root, auditor, grace = await api.superuser(), await with_role(api, "auditor"), await api.make("users")
    post = await api.make("posts", note="for us", salary=5)
    await change(root, post, note="for us alone", salary=6, title="Two")
    await change(root, grace, email="new@example.com", name="Grace")
    seen = await history(auditor, "posts", post["id"])
    assert (seen[0]["before"], seen[0]["after"]) == ({"title": post["title"]}, {"title": "Two"})
    assert seen[0]["changed"] == ["title"]
    assert not {"note", "salary"} & set(seen[1]["after"])
    everything = await history(root, "posts", post["id"])
    assert everything[0]["before"] == {"title": post["title"], "note": "for us", "salary": 5}
    assert sorted(everything[0]["changed"]) == ["note", "salary", "title"]
    assert (await history(auditor, "users", grace["id"]))[0]["after"] == {"name": "Grace"}
    listed = (await auditor.get(ENTRIES, query={"perPage": "100"})).text
    assert not [secret for secret in ("for us", "new@example.com", "hiddenBefore") if secret in listed]
    oracle = await auditor.get(ENTRIES, query={"filter": "hiddenAfter.salary > 1"})
    assert oracle.status_code == 400


async def test_by_default_superusers_alone_read_it(database_url: str | None) -> None:
    async with TestApp(make_app(), database_url=database_url) as api:
        ada = await api.user("users")
        post = await post_of(ada)
        for caller in (api, ada):
            assert (await caller.get(f"/api/audit/posts/{post['id']}")).status_code == 403
            assert (await caller.get(ENTRIES)).status_code == 403
        [entry] = await history(await api.superuser(), "posts", post["id"])
        for caller in (api, ada):
            assert (await undo(caller, entry)).status_code in (403, 404)
        assert (await ada.get(api.records("posts", post["id"]))).status_code == 200


async def test_no_password_and_no_key_of_tokens_is_kept(api: TestApp) -> None:
    ada, root = await api.user("users"), await api.superuser()
    new = {"oldPassword": PASSWORD, "password": "another password", "passwordConfirm": "another password"}
    await change(ada, ada.record, **new)
    seen = await history(root, "users", ada.id)
    assert (seen[0]["changed"], seen[0]["before"], seen[0]["after"]) == (["password"], {}, {})
    everything = (await root.get(ENTRIES, query={"perPage": "100"})).text
    assert not [secret for secret in ("argon2", "tokenKey", "another password", PASSWORD) if secret in everything]
    refused = await undo(root, seen[0])
    assert (refused.status_code, "password" in refused.json()["message"]) == (422, True)


async def test_nobody_writes_entries(api: TestApp) -> None:
    root = await api.superuser()
    await api.make("tags")
    [entry] = await entries(api)
    path = f"{ENTRIES}/{entry['id']}"
    body = {"verb": "create", "collection": "posts", "record": "x"}
    assert (await root.post(ENTRIES, body)).status_code == 403
    assert (await root.patch(path, {"actor": "somebody"})).status_code == 403
    assert (await root.delete(path)).status_code == 403
    bulk = {"action": "delete", "filter": "id != ''", "limit": 10}
    assert (await root.post("/api/collections/audit_entries/bulk", bulk)).status_code == 400
    assert await entries(api) == [entry]


async def test_a_history_is_that_of_one_record_the_last_change_first(api: TestApp) -> None:
    root, tag, other = await api.superuser(), await api.make("tags", name="a"), await api.make("tags", name="other")
    for name in "bcd":
        await change(root, tag, name=name)
    await root.delete(api.records("tags", tag["id"]))
    seen = await history(root, "tags", tag["id"])
    assert [one["verb"] for one in seen] == ["delete", "update", "update", "update", "create"]
    assert [one["after"] and one["after"]["name"] for one in seen] == [None, "d", "c", "b", "a"]
    assert seen[1]["actor"] == {"collection": "_superusers", "id": root.id}
    page = (await root.get(f"/api/audit/{tag['collectionId']}/{tag['id']}", query={"page": "2", "perPage": "2"})).json()
    assert (page["totalItems"], page["totalPages"], page["items"]) == (5, 3, seen[2:4])
    assert len(await history(root, "tags", other["id"])) == 1
    for escape in ("' || record != '", "x\\", "%27%20||%20id!=%27"):
        assert await history(root, "tags", escape) == []
    assert (await root.get("/api/audit/nothing/x")).status_code == 404
    assert (await root.get(f"/api/audit/tags/{tag['id']}", query={"perPage": "0"})).status_code == 400


async def test_only_the_collections_that_are_named_are_followed(database_url: str | None, tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    async with TestApp(make_app(collections=[Tag, "posts"]), database_url=database_url, data_dir=data_dir) as api:
        ada = await api.user("users")
        await post_of(ada)
        await api.make("tags")
        assert [one["collection"] for one in await entries(api)] == ["posts", "tags"]
        [entry, _] = await entries(api)
    async with TestApp(make_app(collections=[Tag]), database_url=database_url, data_dir=data_dir) as api:
        refused = await undo(await api.superuser(), entry)
        assert (refused.status_code, "not followed" in refused.json()["message"]) == (409, True)


async def test_addresses_are_kept_only_if_the_settings_say_so(api: TestApp) -> None:
    root = await api.superuser()
    await root.patch("/api/settings", {"logs": {"logIP": False}})
    await root.at("192.0.2.7").post(api.records("tags"), {"name": "a"})
    assert [one["ip"] for one in await entries(api)] == [""]


async def test_what_code_does_with_all_rights_is_told_apart_and_still_somebodys(database_url: str | None) -> None:
    app = make_app()

    @app.hook(CreatingRecord, collection="posts")
    async def tag(event: CreatingRecord, proceed: Any) -> None:
        await event.records.as_system("posts have tags").create("tags", {"name": event.draft["title"]})
        await proceed()

    async with TestApp(app, database_url=database_url) as api:
        ada = await api.user("users")
        await post_of(ada)
        job = app.records.as_system("a job").create("tags", {"name": "of a job"})
        await asyncio.create_task(job, context=contextvars.Context())  # away from what has been asked here
        seen = {(one["collection"], one["actor"], one["bySystem"], bool(one["request"])) for one in await entries(api)}
        assert {("tags", ada.id, True, True), ("posts", ada.id, False, True), ("tags", "", True, False)} <= seen


async def test_a_change_is_taken_back_field_by_field(api: TestApp) -> None:
    ada, root = await api.user("users"), await api.superuser()
    post = await post_of(ada, price=1.2345678901, body="old")
    await change(ada, post, title="Two", price=2.5, body="new")
    await change(ada, post, views=7)
    [_, updated, _] = await history(root, "posts", post["id"])
    answer = await undo(root, updated)
    assert answer.status_code == 200, answer.text
    record = answer.json()["record"]
    assert (record["title"], record["body"], record["price"], record["views"]) == ("One", "old", 1.2345678901, 7)
    back = (await history(root, "posts", post["id"]))[0]
    assert (back["undoes"], back["actor"]["id"]) == (updated["id"], root.id)
    assert (await undo(root, back)).json()["record"]["title"] == "Two"


async def test_what_has_been_changed_since_is_not_overwritten(api: TestApp) -> None:
    ada, root = await api.user("users"), await api.superuser()
    post = await post_of(ada)
    await change(ada, post, title="Two", body="new")
    await change(ada, post, title="Three")
    [_, updated, created] = await history(root, "posts", post["id"])
    for entry in (updated, created):
        refused = await undo(root, entry)
        assert refused.status_code == 409
        assert refused.json()["data"]["title"]["code"] == "audit_changed_since"
    await root.delete(api.records("posts", post["id"]))
    gone = await undo(root, updated)
    assert (gone.status_code, "deleted" in gone.json()["message"]) == (409, True)
    assert (await history(root, "posts", post["id"]))[0]["verb"] == "delete"


async def test_of_two_undos_at_once_one_is_done(api: TestApp) -> None:
    root, tag = await api.superuser(), await api.make("tags", name="a")
    await change(root, tag, name="b")
    [updated, _] = await history(root, "tags", tag["id"])
    answers = await asyncio.gather(*(undo(root, updated) for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409]
    assert len(await history(root, "tags", tag["id"])) == 3


async def test_an_undo_whose_transaction_is_tried_again_is_still_one(postgres_url: str) -> None:
    app = make_app()
    tries: list[str] = []

    @app.hook(WritingRecord, collection="tags")
    async def meet_another(event: WritingRecord, proceed: Any) -> None:
        await proceed()
        tries.append(event.verb)
        if len(tries) == 3:
            raise SerializationFailed

    async with TestApp(app, database_url=postgres_url) as api:
        root, tag = await api.superuser(), await api.make("tags", name="a")
        await change(root, tag, name="b")
        [updated, _] = await history(root, "tags", tag["id"])
        assert (await undo(root, updated)).json()["record"]["name"] == "a"
        assert tries == ["create", "update", "update", "update"]
        assert (await history(root, "tags", tag["id"]))[0]["undoes"] == updated["id"]


async def test_the_document_of_the_api_has_both_routes(api: TestApp) -> None:
    document = (await api.get("/api/openapi.json")).json()
    history, undo = (
        document["paths"]["/api/audit/{collection}/{record_id}"],
        document["paths"]["/api/audit/entries/{entry_id}/undo"],
    )
    assert (history["get"]["operationId"], undo["post"]["operationId"]) == ("readHistory", "undoChange")


async def test_what_was_deleted_comes_back_with_its_id_and_what_was_created_goes(api: TestApp) -> None:
    ada, root = await api.user("users"), await api.superuser()
    post = await post_of(ada, views=3)
    await change(root, post, note="for us")
    await ada.delete(api.records("posts", post["id"]))
    [deleted, *_] = await history(root, "posts", post["id"])
    restored = (await undo(root, deleted)).json()["record"]
    assert {name: restored[name] for name in ("id", "title", "views", "author", "note")} == {
        **{name: post[name] for name in ("id", "title", "views", "author")},
        "note": "for us",
    }
    twice = await undo(root, deleted)
    assert (twice.status_code, "again" in twice.json()["message"]) == (409, True)
    [created, *_] = await history(root, "posts", post["id"])
    answer = await undo(root, created)
    assert (answer.status_code, answer.json()) == (200, {"record": None})
    assert await api.rows("posts") == []


async def test_an_account_comes_back_with_a_password_that_nobody_knows(api: TestApp) -> None:
    ada, root = await api.user("users", email="ada@example.com"), await api.superuser()
    await ada.delete(api.records("users", ada.id))
    [deleted, *_] = await history(root, "users", ada.id)
    assert (await undo(root, deleted)).json()["record"]["email"] == "ada@example.com"
    assert (await ada.get(api.records("users", ada.id))).json().get("email") is None  # the token is of the one before
    path = "/api/collections/users/auth-with-password"
    assert (await api.post(path, {"identity": "ada@example.com", "password": PASSWORD})).status_code == 400


async def test_undo_takes_the_rights_of_whoever_asks(api: TestApp) -> None:
    ada, auditor, root = await api.user("users"), await with_role(api, "auditor"), await api.superuser()
    post = await post_of(ada)
    mine = await post_of(auditor)
    await change(ada, post, title="Two")
    await change(auditor, mine, title="Two")
    await change(root, mine, salary=9, body="new")
    assert (await undo(auditor, (await history(auditor, "posts", post["id"]))[0])).status_code == 404
    hidden, plain, _ = await history(auditor, "posts", mine["id"])
    assert (await undo(auditor, hidden)).status_code == 403
    assert (await undo(auditor, plain)).json()["record"]["title"] == "One"
    stranger = await api.user("users")
    assert (await undo(stranger, plain)).status_code in (403, 404)
    assert (await undo(root, {"id": "nothing"})).status_code == 404
    assert {row["title"] for row in await api.rows("posts")} == {"One", "Two"}


async def test_an_undo_that_would_only_half_succeed_does_nothing(database_url: str | None) -> None:
    app = make_app()

    @app.hook(CreatingRecord, collection="tags")
    def shout(event: CreatingRecord) -> None:
        event.draft["name"] = event.draft["name"].upper()

    async with TestApp(app, database_url=database_url) as api:
        root = await api.superuser()
        tag = await api.make("tags", name="a")
        await change(root, tag, name="b")
        await root.delete(api.records("tags", tag["id"]))
        refused = await undo(root, (await history(root, "tags", tag["id"]))[0])
        assert refused.status_code == 409
        assert refused.json()["data"]["name"]["code"] == "audit_not_restored"
        assert await api.rows("tags") == []


async def test_old_entries_are_deleted_as_the_settings_say(api: TestApp) -> None:
    root = await api.superuser()
    path = "/api/settings/sections"
    with frozen("2026-01-01T00:00:00Z") as clock:
        await api.make("tags")
        clock.move(days=300)
        await api.make("tags")
        clock.move(days=100)
        root = await api.superuser()
        for days, left in ((0, 2), (365, 1), (7, 0)):
            assert (await root.patch(path, {"audit": {"days": days}})).status_code == 200
            assert (await root.post("/api/crons/audit.forget")).status_code == 204
            await api.run_jobs()
            assert len(await entries(api)) == left
