"""Case 25: there is no parameter and no header that shows a plan, a trace or another method's answer."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from piccolo.columns import Varchar
from tests.asking import serving

from piccobase import Collection, Rules
from piccobase.testing import Caller, TestApp


class Note(Collection, tablename="notes"):
    text = Varchar()
    rules = Rules(list="", view="", delete=None)


@pytest.fixture
async def api(database_url: str | None, tmp_path: Path) -> AsyncIterator[TestApp]:
    async with serving([Note], [], database_url, tmp_path) as guest:
        yield guest


QUESTIONS = [
    "_trace=1",
    "trace=1",
    "explain=true",
    "explain",
    "debug=1",
    "_debug=1",
    "pretty=1",
    "format=html",
    "callback=alert(1)",
    "_method=DELETE",
    "_trace=<script>alert(1)</script>",
]
HEADERS = {
    "X-HTTP-Method-Override": "DELETE",
    "X-HTTP-Method": "DELETE",
    "X-Method-Override": "DELETE",
    "X-Debug": "1",
    "X-Trace": "1",
    "Accept": "text/html",
    "X-Original-URL": "/api/collections/_superusers/records",
    "X-Rewrite-URL": "/api/collections/_superusers/records",
}


@pytest.mark.parametrize("question", QUESTIONS)
async def test_a_parameter_that_asks_for_more_changes_nothing(api: TestApp, question: str) -> None:
    root = await api.superuser()
    made = await root.create("notes", text="x")
    for path in (api.records("notes"), api.records("notes", made["id"]), "/api/health", api.records("nope")):
        for somebody in (api, root):
            plain, asked = await somebody.ask("GET", path), await somebody.ask("GET", f"{path}?{question}")
            assert (asked.status_code, asked.content) == (plain.status_code, plain.content)


@pytest.mark.parametrize("name", HEADERS)
async def test_a_header_that_asks_for_more_changes_nothing(api: TestApp, name: str) -> None:
    root = await api.superuser()
    made = await root.create("notes", text="x")
    for path in (api.records("notes"), api.records("notes", made["id"]), "/api/health", api.records("nope")):
        plain = await root.ask("GET", path)
        asked = await root.ask("GET", path, headers={name: HEADERS[name]})
        assert (asked.status_code, asked.content) == (plain.status_code, plain.content)
        assert asked.headers["content-type"] == "application/json"


async def test_what_a_client_sends_is_told_back_as_json_and_never_as_a_page(api: Caller) -> None:
    script = "<script>alert(1)</script>"
    for query in ({"filter": script}, {"sort": script}, {"page": script}, {"skipTotal": script}):
        answer = await api.ask("GET", api.records("notes"), query=query)
        assert answer.status_code == 400
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["x-content-type-options"] == "nosniff"
