"""Whose rights the code of a hook has."""

from typing import Any

import pytest
from piccolo.columns import Varchar
from tests.hooks.blog import POSTS, Comment, Post, Writer, posts_app

from piccobase import App, Collection, Rules
from piccobase.hooks.point import Proceed
from piccobase.records.events import (
    CreatingRecord,
    WritingRecord,
)


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
    told = [one.getMessage() for one in caplog.records if "rights of the system" in one.getMessage()]
    assert [message.rpartition(": ")[2] for message in told] == ["to keep a copy", "to look"]
    assert all(message.startswith("look (test_rights.py:") for message in told)


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
