"""An app under test: who asks, what is made, what there is."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import httpx
import pytest
from tests.unit.testing.blog import Band, Counts, Post, User, blog

from piccobase.base.errors import InvalidDeclaration, NotFound, StartError
from piccobase.testing import PASSWORD, Caller, TestApp, fresh_database, frozen

POSTS = "/api/collections/posts/records"


@pytest.fixture
async def app(database_url: str | None) -> AsyncIterator[TestApp]:
    async with TestApp(blog(), database_url=database_url) as app:
        yield app


async def test_a_guest_a_record_and_a_superuser_ask(app: TestApp) -> None:
    ada = await app.user(User, name="Ada")
    draft = {"title": "Hi", "author": ada.id}
    assert (await app.post(POSTS, draft)).status_code == 400
    created = await ada.post(POSTS, draft)
    assert (created.status_code, created.json()["title"]) == (200, "Hi")
    path = app.records("posts", created.json()["id"])
    assert (await ada.delete(path)).status_code == 403
    root = await app.superuser()
    assert (await root.patch(path, {"title": "Ho"})).json()["title"] == "Ho"
    assert (await root.delete(path)).status_code == 204
    assert (await app.get(path)).status_code == 404
    assert (await app.get("/api/collections/users/records", query={"filter": "name = 'Ada'"})).status_code == 200
    granted = await root.put(app.records("users", ada.id) + "/roles", {"roles": ["ed"]})
    assert granted.status_code == 200


async def test_somebody_who_is_there_asks_by_record_by_object_and_by_password(app: TestApp) -> None:
    made = await app.make("users", name="Ada", email="ada@example.com")
    row = await User.objects().get(User.email == "ada@example.com")
    assert row is not None
    signed_in = await app.signed_in("users", "ada@example.com")
    for ada in (await app.acting_as(made), await app.acting_as(row), signed_in, app.with_token(signed_in.token)):
        changed = await ada.patch(app.records("users", made["id"]), {"name": "A."})
        assert changed.status_code == 200
    assert signed_in.record["email"] == "ada@example.com"
    with pytest.raises(AssertionError, match=r"ada@example.com may not sign in: 400 \{"):
        await app.signed_in("users", "ada@example.com", PASSWORD + "!")
    with pytest.raises(LookupError, match="posts is no auth collection"):
        await app.acting_as({"collectionName": "posts", "id": "x"})
    with pytest.raises(NotFound):
        await app.acting_as({**made, "id": "x" * 15})


async def test_two_superusers_are_two_and_one_stays_signed_in(app: TestApp) -> None:
    first, again = await app.superuser(), await app.superuser()
    other = await app.superuser("other@example.com")
    assert [one.record["email"] for one in (first, again, other)] == ["root@example.com"] * 2 + ["other@example.com"]
    for one in (first, again, other):
        assert (await one.get("/api/settings")).status_code == 200
    assert len(await app.rows("_superusers")) == 2


async def test_everybody_has_an_address(app: TestApp) -> None:
    root = await app.superuser()
    for who, address in ((root, "127.0.0.1"), (root.at("192.0.2.7"), "192.0.2.7")):
        assert (await who.get("/api/health")).json()["data"]["realIP"] == address


async def test_rows_are_what_a_superuser_sees(app: TestApp) -> None:
    await app.make_many("bands", 3)
    assert [(band["id"], band["name"]) for band in await app.rows(Band)] == [(str(n), f"Name {n}") for n in (1, 2, 3)]
    post = await app.make(Post)
    assert await app.rows("posts") == [post]
    assert [(row["id"], row["title"]) for row in await app.rows(Counts)] == [("posts0000000001", "Title 1")]
    assert (await app.rows("users"))[0]["id"] == post["author"]
    with pytest.raises(LookupError, match=r'The app has no collection pots\. Did you mean "posts"\?'):
        await app.rows("pots")


async def test_requests_changes_and_mails_are_kept(app: TestApp) -> None:
    ada = await app.user("users")
    await ada.patch(app.records("users", ada.id), {"name": "Ada"})
    await app.get("/api/nowhere")
    logged = [(one["method"], one["url"], one["status"], one["auth"]) for one in await app.log()]
    assert logged == [("PATCH", app.records("users", ada.id), 200, "users"), ("GET", "/api/nowhere", 404, "")]
    assert [str(one) for one in await app.changes()] == ["create users", "update users (name, updated)"]
    assert [one.actor for one in await app.changes()] == ["", ada.id]
    await app.declared.jobs.add("greet", {"email": "ada@example.com", "name": "Ada"})
    assert app.mails == []
    await app.run_jobs()
    assert [(mail.to, mail.subject) for mail in app.mails] == [(("ada@example.com",), "Hello Ada")]


async def test_the_clock_stands_still_and_is_moved(app: TestApp) -> None:
    with frozen("2026-01-01T00:00:00Z") as clock:
        ada = await app.user("users")
        assert ada.record["created"] == "2026-01-01 00:00:00.000Z"
        clock.move(minutes=1, seconds=1.5)
        assert (await app.make(Post))["created"] == "2026-01-01 00:01:01.500Z"
        assert clock.moment == datetime(2026, 1, 1, 0, 1, 1, 500_000, tzinfo=UTC)
        clock.move(days=30)  # longer than a token lives
        assert (await ada.get("/api/collections/users/records")).json()["items"] == []
        clock.move_to(datetime(2026, 1, 1, tzinfo=UTC))
        assert (await ada.get("/api/collections/users/records")).json()["items"] != []
    with frozen("2026-01-01") as clock:
        assert clock.moment == datetime(2026, 1, 1, tzinfo=UTC)


async def test_nothing_is_left(tmp_path: Path) -> None:
    app = TestApp(blog())
    with pytest.raises(StartError, match="was not started: use `async with"):
        _ = app.services
    async with app:
        folder = app.services.config.data_dir
        assert folder.exists()
        await app.make(Post)
    assert not folder.parent.exists()
    async with app:
        assert await app.rows("posts") == []
    async with TestApp([User], data_dir=tmp_path, logs=False, config={"sql": True}) as kept:
        assert kept.services.sql_console is not None
        await kept.user("users")
        await kept.get("/api/health")
        assert await kept.log() == []
    async with TestApp([User], data_dir=tmp_path) as kept:
        assert len(await kept.rows("users")) == 1


async def test_an_app_with_mistakes_does_not_start() -> None:
    class Wrong(User, tablename="wrong"):
        rules = User.rules.__class__(list="nmae = 1")

    with pytest.raises(InvalidDeclaration, match="nmae"):
        async with TestApp([Wrong]):
            pass


async def test_a_database_is_made_for_one_test_and_dropped(postgres_url: str) -> None:
    async with fresh_database(postgres_url) as url:
        async with TestApp([User], database_url=url) as app, TestApp([User], database_url=postgres_url) as other:
            await app.user("users")
            assert (len(await app.rows("users")), len(await other.rows("users"))) == (1, 0)
            [[name]] = await app.services.engine.rows("SELECT current_database()")
        held = await asyncpg.connect(url)  # whoever forgets to leave does not keep it
    connection = await asyncpg.connect(postgres_url)
    names = await connection.fetch("SELECT datname FROM pg_database WHERE datname = $1", name)
    await connection.close()
    assert names == []
    held.terminate()


async def test_every_answer_is_given_to_the_checks() -> None:
    seen = []

    async def note(caller: Caller, answer: httpx.Response) -> None:
        seen.append((caller.id, answer.status_code))

    async with TestApp([User], checks=[note]) as app:
        ada = await app.user("users")
        await app.get("/api/nowhere")
        await ada.get("/api/health")
    assert seen == [("", 404), (ada.id, 200)]
