"""Hooks around what is no write of a record: signing in, requests, batches, mails, jobs, the schema, start and stop."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from piccolo.columns import Varchar
from tests.hooks.blog import POSTS, Writer, batch, posts_app
from tests.hooks.conftest import Start

from piccobase import App, Collection, MailTemplate
from piccobase.app.events import ChangingSchema, StartingApp, StoppingApp
from piccobase.auth.events import SigningIn
from piccobase.base.errors import Forbidden, StartError
from piccobase.hooks.point import Proceed
from piccobase.http.events import AnsweringRequest
from piccobase.jobs.events import RunningJob
from piccobase.mail.events import SendingMail
from piccobase.records.events import CreatingRecord, DeletingRecord, RecordCreated, RecordUpdated, RunningBatch
from piccobase.testing import PASSWORD, TestApp

SIGN_IN = "/api/collections/writers/auth-with-password"


async def test_signing_in_can_be_refused_before_and_after_it_is_known_who_it_is(started: Start) -> None:
    app, seen = posts_app(), []

    @app.hook(SigningIn, collection="writers")
    async def watch(event: SigningIn, proceed: Proceed) -> Any:
        seen.append((event.way, event.identity))
        if event.identity.startswith("blocked"):
            raise Forbidden("This address is blocked.")
        signed_in = await proceed()
        who = await event.records.as_system("to see who signs in").view("writers", signed_in.record_id)
        if who["name"] == "banned":
            raise Forbidden("You are banned.")
        return signed_in

    api = await started(app)
    await api.make("writers", email="good@example.com")
    await api.make("writers", email="bad@example.com", name="banned")
    good = await api.post(SIGN_IN, {"identity": "good@example.com", "password": PASSWORD})
    refreshed = await api.post("/api/collections/writers/auth-refresh", headers={"Authorization": good.json()["token"]})
    bad = await api.post(SIGN_IN, {"identity": "bad@example.com", "password": PASSWORD})
    wrong = await api.post(SIGN_IN, {"identity": "bad@example.com", "password": "wrong"})
    blocked = await api.post(SIGN_IN, {"identity": "blocked@example.com", "password": "x"})
    assert (good.status_code, refreshed.status_code) == (200, 200)
    assert (bad.status_code, bad.json()["message"]) == (403, "You are banned.")
    assert wrong.status_code == 400
    assert (blocked.status_code, blocked.json()["message"]) == (403, "This address is blocked.")
    assert [way for way, _ in seen] == ["password", "refresh", "password", "password", "password"]


async def test_requests_of_all_kinds_pass_the_hooks_around_them(started: Start) -> None:
    app, seen = posts_app(), []

    @app.hook(AnsweringRequest)
    async def around(event: AnsweringRequest, proceed: Proceed) -> Any:
        if "deny" in event.query:
            raise Forbidden("Not on Sundays.")
        event.answer_headers["X-Seen"] = "yes"
        actor = await event.find_actor()
        status = await proceed()
        seen.append((event.method, event.path, status, actor.superuser, event.address))
        return status

    api = await started(app)
    root = await api.superuser()
    listed = await root.get(POSTS)
    assert listed.headers["x-seen"] == "yes"
    assert (await api.get("/api/health")).headers["x-seen"] == "yes"
    denied = await api.get(POSTS, query={"deny": "1"})
    assert (denied.status_code, denied.json()["message"]) == (403, "Not on Sundays.")
    assert denied.headers["x-request-id"]
    assert seen == [
        ("GET", POSTS, 200, True, "127.0.0.1"),
        ("GET", "/api/health", 200, False, "127.0.0.1"),
    ]
    assert [entry["status"] for entry in await api.log()] == [200, 200, 403]


async def test_a_batch_as_a_whole_has_hooks_outside_of_those_of_its_writes(started: Start) -> None:
    app, seen = posts_app(), []

    @app.hook(RunningBatch)
    async def whole(event: RunningBatch, proceed: Proceed) -> Any:
        seen.append([(one.action, one.collection.name if one.collection else "") for one in event.writes])
        answers = await proceed()
        seen.append(len(answers))
        return answers

    @app.hook(CreatingRecord)
    def each(event: CreatingRecord) -> None:
        seen.append(event.draft["title"])

    api = await started(app)
    assert (await batch(api, [("POST", POSTS, {"title": "a"}), ("POST", POSTS, {"title": "b"})])).status_code == 200
    assert (await api.post(POSTS, {"title": "alone"})).status_code == 200
    assert seen == [[("create", "posts"), ("create", "posts")], "a", "b", 2, "alone"]


async def test_a_dry_run_says_so_and_keeps_nothing(started: Start) -> None:
    app, seen = posts_app(), []

    @app.hook(CreatingRecord)
    async def create(event: CreatingRecord, proceed: Proceed) -> Any:
        record = await proceed()
        seen.append((event.dry_run, record["title"]))
        return record

    @app.listen(RecordCreated)
    def heard(event: RecordCreated) -> None:
        seen.append("heard")

    api = await started(app)
    answer = await api.post(POSTS, {"title": "try"}, headers={"Dry-Run": "true"})
    assert answer.status_code == 200
    await api.services.listeners.settled()
    assert seen == [(True, "try")]
    assert await api.rows("posts") == []


async def test_bulk_writes_run_the_hooks_of_each_record(started: Start) -> None:
    app, seen = posts_app(), []

    @app.hook(DeletingRecord, collection="posts")
    async def delete(event: DeletingRecord, proceed: Proceed) -> None:
        seen.append(f"before {event.record['title']} {event.records.records.db.transaction_exists()}")
        await proceed()
        seen.append(f"after {event.record['title']}")

    api = await started(app)
    for title in ("a", "b", "c"):
        await api.make("posts", title=title)
    body = {"action": "delete", "filter": "title != 'c'", "limit": 10}
    assert (await api.post("/api/collections/posts/bulk", body)).status_code == 200
    assert sorted(seen[:2]) == ["before a False", "before b False"]
    assert sorted(seen[2:]) == ["after a", "after b"]
    assert [one["title"] for one in await api.rows("posts")] == ["c"]


async def test_mails_can_be_changed_and_held_back(started: Start) -> None:
    app = App([Writer], mails={"news": MailTemplate(subject="News", body="<p>Hello</p>")})

    @app.hook(SendingMail)
    async def sign(event: SendingMail, proceed: Proceed) -> None:
        event.message = msgspec.structs.replace(event.message, subject=f"[test] {event.message.subject}")
        await proceed()

    api = await started(app)
    await api.services.mail.send_own("news", "a@example.com", {})
    await api.run_jobs()
    assert [mail.subject for mail in api.mails] == ["[test] News"]


async def test_jobs_can_be_watched_and_their_arguments_changed(started: Start) -> None:
    app, seen = posts_app(), []

    @app.job()
    async def greet(name: str) -> None:
        seen.append(f"hello {name}")
        if name == "nobody":
            raise ValueError("nobody is there")

    @app.hook(RunningJob)
    async def watch(event: RunningJob, proceed: Proceed) -> Any:
        event.arguments["name"] = event.arguments["name"].lower()
        outcome = await proceed()
        seen.append((event.name, event.attempt, "nobody is there" in outcome.error))
        return outcome

    api = await started(app)
    await api.services.work.jobs.add("greet", {"name": "ANN"})
    await api.services.work.jobs.add("greet", {"name": "NOBODY"})
    await api.run_jobs()
    assert sorted(map(str, seen)) == sorted(
        map(str, ["hello ann", "hello nobody", ("greet", 1, False), ("greet", 1, True)])
    )


async def test_a_durable_listener_is_a_job_of_the_write_itself(started: Start) -> None:
    app, seen = posts_app(), []

    @app.listen(RecordUpdated, collection="posts", durable=True)
    async def tell(event: RecordUpdated) -> None:
        if not seen:
            seen.append("failed once")
            raise ConnectionError("out of reach")
        seen.append((event.before["views"], event.record["views"], event.record.collection.name, event.actor.id))

    api = await started(app)
    user = await api.user("writers", email="a@example.com")
    made = await api.make("posts", title="a", views=1)
    assert (await user.patch(f"{POSTS}/{made['id']}", {"views": 2})).status_code == 200
    assert seen == [], "it waits for a worker"
    await api.run_jobs()
    assert seen == ["failed once"]
    [(due,)] = await api.services.engine.rows("SELECT count(*) FROM _jobs WHERE name = 'listener:tell'")
    assert due == 1
    await api.services.engine.rows("UPDATE _jobs SET due = 0 WHERE name = 'listener:tell'")
    await api.run_jobs()
    assert seen == ["failed once", (1, 2, "posts", user.record["id"])]


async def test_start_and_stop_have_hooks_and_a_start_that_fails_says_whose_fault_it_is(
    database_url: str, tmp_path: Path
) -> None:
    app, seen = posts_app(), []
    app.file = None

    @app.hook(ChangingSchema)
    async def schema(event: ChangingSchema, proceed: Proceed) -> Any:
        seen.append(("schema", any("posts" in one for one in event.statements)))
        return await proceed()

    @app.hook(StartingApp)
    async def start(event: StartingApp, proceed: Proceed) -> None:
        await event.records.as_system("a first post").create("posts", {"title": "Welcome"})
        await proceed()
        seen.append("started")

    @app.hook(StoppingApp)
    async def stop(event: StoppingApp, proceed: Proceed) -> None:
        seen.append("stopping")
        await proceed()

    async with TestApp(app, database_url=database_url, data_dir=tmp_path / "data") as api:
        assert [one["title"] for one in await api.rows("posts")] == ["Welcome"]
    assert seen == [("schema", True), "started", "stopping"]

    @app.hook(StartingApp)
    def fail(event: StartingApp) -> None:
        raise RuntimeError("no licence")

    told = r"fail \(test_other_points.py:\d+\) around StartingApp\. \S+:\d+: RuntimeError: no licence"
    with pytest.raises(StartError, match=told):
        await app.start(app.config({"database_url": database_url, "data_dir": tmp_path / "data"}, {}), migrate=True)


async def test_a_schema_hook_hears_of_nothing_where_nothing_is_changed(tmp_path: Path) -> None:
    class Note(Collection, tablename="notes"):
        text = Varchar()

    app, seen = App([Note]), []
    app.file = None

    @app.hook(ChangingSchema)
    def schema(event: ChangingSchema) -> None:
        seen.append([*event.migrations[-1:], *event.statements[:1]])

    for _ in range(2):
        async with TestApp(app, data_dir=tmp_path / "data"):
            pass
    assert len(seen) == 1
