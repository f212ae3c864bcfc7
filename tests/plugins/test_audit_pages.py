"""The audit log on the dashboard: what was changed lately, the history of a record, and the way back."""

import re
from collections.abc import AsyncIterator

import pytest
from piccolo.columns import Integer, Varchar
from tests.dashboard.entering import Visitor

from piccobase import App, Collection, Rules
from piccobase.testing import TestApp
from piccobase_audit import audit

LOG = "/admin/plugins/audit"


class Note(Collection, tablename="notes"):
    text = Varchar()
    size = Integer(default=0)
    secret = Varchar(secret=True)
    rules = Rules(list="", view="", create="", update="", delete="")


@pytest.fixture
async def api(database_url: str | None) -> AsyncIterator[TestApp]:
    async with TestApp(App([Note], plugins=[audit()]), database_url=database_url) as started:
        await started.superuser()
        yield started


@pytest.fixture
async def visitor(api: TestApp) -> Visitor:
    visitor = Visitor(api)
    assert (await visitor.sign_in()).status_code == 303
    return visitor


async def shown(visitor: Visitor, path: str) -> str:
    answer = await visitor.get(path)
    assert answer.status_code == 200, answer.text
    return answer.text


async def test_the_last_changes_are_listed_and_sought(api: TestApp, visitor: Visitor) -> None:
    note = await api.make("notes", text="<i>Hello</i>")
    root = await api.superuser()
    await root.patch(api.records("notes", note["id"]), {"text": "Bye"})
    page = await shown(visitor, LOG)
    assert f'href="{LOG}/record/notes/{note["id"]}"' in page
    assert "root@example.com" in page
    assert "Audit log</a>" in await shown(visitor, "/admin/")
    rows = {query: (await shown(visitor, LOG + query)).count("<tr>") - 1 for query in ("", "?verb=update", "?page=x")}
    assert rows == {"": 2, "?verb=update": 1, "?page=x": 2}
    for query in ("?collection=' || id != '", "?collection=nothing", "?page=99", "?actor=x"):
        assert "No change fits" in await shown(visitor, LOG + query)


async def test_a_history_shows_before_and_after_and_takes_back(api: TestApp, visitor: Visitor) -> None:
    note = await api.make("notes", text="<i>Hello</i>", secret="s3cret")
    root, path = await api.superuser(), f"{LOG}/record/notes/{note['id']}"
    await root.patch(api.records("notes", note["id"]), {"text": "Bye", "size": 3})
    page = await shown(visitor, path)
    assert "<del>&lt;i&gt;Hello&lt;/i&gt;</del>" in page
    assert "<ins>Bye</ins>" in page
    assert "<ins>s3cret</ins>" in page  # for superusers
    last, first = re.findall(r'name="entry" value="(\w+)"', page)
    refused = await visitor.post(path, {"entry": first})
    assert refused.status_code == 409
    assert "<code>text</code>: It has been changed since." in refused.text
    undone = await visitor.post(path, {"entry": last})
    assert undone.headers["location"] == f"{path}?told=undone"
    assert "It is undone." in await shown(visitor, undone.headers["location"])
    [row] = await api.rows("notes")
    assert (row["text"], row["size"]) == ("<i>Hello</i>", 0)
    assert (await visitor.post(path, {"entry": "nothing"})).status_code == 404
    assert (await visitor.get(f"{LOG}/record/notes/nothing")).status_code == 404
    assert (await visitor.get(f"{LOG}/record/nothing/{note['id']}")).status_code == 404


async def test_nobody_else_gets_there(api: TestApp, visitor: Visitor) -> None:
    note = await api.make("notes")
    path = f"{LOG}/record/notes/{note['id']}"
    stranger = Visitor(api)
    api.client.cookies.clear()
    for answer in (await stranger.get(LOG), await stranger.get(path), await stranger.post(path, {"entry": "x"})):
        assert (answer.status_code, note["id"] in answer.text) == (303, False)
