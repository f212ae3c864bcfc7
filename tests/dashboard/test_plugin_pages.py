"""Pages that plugins bring to the dashboard: those of docs/how-to/dashboard-pages.md, behind the same door."""

import importlib
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.asking import serving_app
from tests.dashboard.entering import Visitor
from tests.docs.pages import ROOT, blocks_of

from piccobase import App, Plugin
from piccobase.extending import PageRequest, SentOn, ShownPage, StartError
from piccobase.testing import TestApp
from piccobase_admin.signing import COOKIE

BASE = "/admin/plugins/orders"
app = App()


@app.page("notes", title="Notes")
async def notes(asked: PageRequest) -> ShownPage | SentOn:
    return asked.go_to("/admin/jobs")


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plugin:
    """The plugin that the page in the docs makes."""
    for block in blocks_of(ROOT / "docs/how-to/dashboard-pages.md"):
        if block.file:
            (tmp_path / block.file).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / block.file).write_text(block.text)
    monkeypatch.syspath_prepend(tmp_path / "plugins")
    monkeypatch.delitem(sys.modules, "orders", raising=False)
    made: Plugin = importlib.import_module("orders").plugin
    return made


@pytest.fixture
async def visitor(plugin: Plugin, database_url: str | None, tmp_path: Path) -> AsyncIterator[Visitor]:
    app.plugins = (plugin,)
    async with serving_app(app, database_url, tmp_path / "data") as api:
        await api.superuser()
        yield Visitor(api)


async def test_they_are_shown_within_the_dashboard_and_do_what_their_forms_say(visitor: Visitor) -> None:
    api = visitor.api
    await api.make("orders", customer="<b>Ann</b>", total=1234567)
    order = await api.make("orders", customer="Bob", total=5)
    assert (await visitor.get(BASE)).headers["location"] == f"/admin/sign-in?next={BASE}"
    await visitor.sign_in()

    page = await visitor.get(BASE)
    assert page.status_code == 200
    assert f'<a href="{BASE}" aria-current="page">' in page.text
    assert '<a href="/admin/pages/notes">' in page.text  # the app's own
    assert "&lt;b&gt;Ann&lt;/b&gt;" in page.text
    assert "1,234,567" in page.text
    assert f'<a href="{BASE}/totals">Totals</a>' in page.text
    style = await visitor.get(f"{BASE}/static/orders.css")
    assert (style.status_code, style.headers["content-type"]) == (200, "text/css; charset=utf-8")

    detail = await visitor.get(f"{BASE}/order/{order['id']}")
    assert "<h1>Order of Bob</h1>" in detail.text
    assert f'<a href="{BASE}" aria-current="page">' in detail.text
    assert (await visitor.get(f"{BASE}/order/nobody")).status_code == 404

    done = await visitor.post(BASE, {"id": order["id"]})
    assert (done.status_code, done.headers["location"]) == (303, f"{BASE}?told=sent")
    assert [one["sent"] for one in await api.rows("orders")] == ["no", "yes"]
    assert (await api.changes())[-1].actor == (await api.rows("_superusers"))[0]["id"]
    assert "It is on its way." in (await visitor.get(f"{BASE}?told=sent")).text
    assert (await visitor.get("/admin/pages/notes")).headers["location"] == "/admin/jobs"
    assert (await visitor.post(f"{BASE}/totals")).status_code == 404  # it takes no form


@pytest.mark.parametrize("database_url", [None])
async def test_nobody_else_gets_in_and_no_other_site_sends_a_form(visitor: Visitor) -> None:
    order = await visitor.api.make("orders", customer="Bob")
    user = await visitor.api.superuser()
    for headers in ({}, {"Cookie": f"{COOKIE}=nonsense"}, {"Authorization": user.token}):
        for path in ("", "/totals", f"/order/{order['id']}", "/static/orders.css"):
            assert (await visitor.get(BASE + path, **headers)).status_code == 303
    await visitor.sign_in()
    forged = await visitor.post(BASE, {"id": order["id"]}, **{"Sec-Fetch-Site": "cross-site"})
    assert forged.status_code == 403
    assert (await visitor.api.rows("orders"))[0]["sent"] == "no"
    for path in ("/static/../__init__.py", "/static/%2e%2e/__init__.py", "/static/templates/order.html", "/static/"):
        assert (await visitor.get(BASE + path)).status_code == 404


def test_a_mistake_is_told_at_the_start() -> None:
    async def function(asked: Any) -> Any: ...

    for path, function_, methods, problem in (
        ("Orders", function, ["GET"], 'page.E001 plugin p, page Orders: the path "Orders" must be words'),
        ("a//b", function, ["GET"], "page.E001"),
        ("static/a", function, ["GET"], "page.E001 plugin p, page static/a: static is where a plugin's files are"),
        ("a", lambda asked: None, ["GET"], "page.E002 plugin p, page a: a page is an async function"),
        ("a", function, ["PUT"], "page.E003 plugin p, page a: a page is asked by GET, POST or both"),
    ):
        plugin = Plugin("p", "1")
        plugin.page(path, title="P", methods=methods)(function_)  # type: ignore[arg-type]
        with pytest.raises(StartError) as caught:
            App(plugins=[plugin]).check()
        assert caught.value.message.startswith(problem)


async def test_a_page_that_is_brought_twice_is_told_at_the_start(tmp_path: Path) -> None:
    plugin = Plugin("p", "1")
    for _ in range(2):
        plugin.page("a", title="P")(notes)
    with pytest.raises(StartError) as caught:
        async with TestApp(App(plugins=[plugin]), data_dir=tmp_path):
            pass
    assert 'it brings the dashboard page "p/a"' in caught.value.message
