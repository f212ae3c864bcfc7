"""Case 9: code of a plugin that acts for a caller has the caller's rights, wherever it runs, unless it asks for more.

CVE-2026-39397: a plugin's route used the trusted interface, which looked like the other one.
"""

import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from litestar import get, post
from litestar.params import FromQuery
from piccolo.columns import ForeignKey, Varchar

from piccobase import App, AuthCollection, Collection, Plugin, Rules, owner
from piccobase.extending import Forbidden, InvalidRecord, NotFound, RecordService
from piccobase.testing import TestApp


class User(AuthCollection, tablename="users"):
    name = Varchar()


class Letter(Collection, tablename="letters"):
    """Only its reader reads it, and nobody changes it."""

    text = Varchar()
    secret = Varchar(secret=True)
    reader = ForeignKey(User)
    rules = Rules(list=owner("reader"), view=owner("reader"))


plugin = Plugin("helpful", "1.0")
told: list[str] = []


@get("/api/helpful/letters")
async def letters(records: RecordService, id: FromQuery[str] = "") -> list[dict[str, Any]]:
    if id:
        return [await records.view("letters", id)]
    return (await records.list("letters")).items


@get("/api/helpful/count")
async def count(records: RecordService) -> int:
    return (await records.as_system("the front page says how many there are").list("letters")).total_items


@post("/api/helpful/attempts")
async def attempts(records: RecordService, id: FromQuery[str]) -> list[str]:
    refused = []
    for attempt in (
        records.create("letters", {"text": "forged"}),
        records.update("letters", id, {"text": "forged"}),
        records.delete("letters", id),
    ):
        try:
            await attempt
        except (Forbidden, NotFound, InvalidRecord) as error:
            refused.append(type(error).__name__)
    return refused


@plugin.job()
async def look() -> None:
    told.append(str((await plugin.records.list("letters")).total_items))
    told.append(str((await plugin.records.as_system("the nightly report").list("letters")).total_items))


plugin.routes += [letters, count, attempts]


@pytest.fixture
async def api(database_url: str | None, tmp_path: Path) -> AsyncIterator[TestApp]:
    app = App([User, Letter], plugins=[plugin])
    async with TestApp(app, database_url=database_url, data_dir=tmp_path) as guest:
        yield guest


async def test_a_route_sees_and_changes_what_the_caller_may_and_no_more(api: TestApp) -> None:
    ann, bob = await api.user("users"), await api.user("users")
    letter = await api.make("letters", text="for Ann", secret="hers", reader=ann.id)
    by_id = {"id": letter["id"]}
    (seen,) = (await ann.get("/api/helpful/letters")).json()
    assert seen["text"] == "for Ann"
    assert "secret" not in seen
    for stranger in (bob, api, api.with_token("nonsense"), api.with_token(ann.token[:-2] + "xx")):
        assert (await stranger.get("/api/helpful/letters")).json() == []
        assert (await stranger.get("/api/helpful/letters", query=by_id)).status_code == 404
    for caller in (ann, bob, api):
        refused = await caller.post("/api/helpful/attempts", query=by_id)
        assert len(refused.json()) == 3, refused.text
    assert [one["text"] for one in await api.rows("letters")] == ["for Ann"]


async def test_cookies_and_parameters_vouch_for_nobody(api: TestApp) -> None:
    ann = await api.user("users")
    await api.make("letters", reader=ann.id)
    assert len((await ann.get("/api/helpful/letters")).json()) == 1
    for sent in ({"Cookie": f"token={ann.token}"}, {"X-Authorization": ann.token}):
        assert (await api.get("/api/helpful/letters", headers=sent)).json() == []
    assert (await api.get("/api/helpful/letters", query={"token": ann.token, "actor": ann.id})).json() == []


async def test_more_rights_are_asked_for_by_name_and_stand_in_the_log(
    api: TestApp, caplog: pytest.LogCaptureFixture
) -> None:
    await api.make("letters", text="for nobody")
    with caplog.at_level(logging.INFO, "piccobase.records"):
        assert (await api.get("/api/helpful/count")).json() == 1
        await plugin.jobs.add("look")
        await api.run_jobs()
    assert told[-2:] == ["0", "1"]
    assert [record.message for record in caplog.records if record.name == "piccobase.records"] == [
        "Plugin helpful acts with the rights of the system: the front page says how many there are",
        "Plugin helpful acts with the rights of the system: the nightly report",
    ]
