"""A frontend with a router of its own, served beside its API, in a real browser."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect
from tests.process.serving import RunningServer, running_piccobase

APP = """\
from piccolo.columns import Varchar
from piccobase import App, Collection, Rules
from piccobase_static import static

class Order(Collection, tablename="orders"):
    article = Varchar()
    rules = Rules(list="", view="", create="")

app = App(collections=[Order], plugins=[static("frontend/dist")])
"""
INDEX = """\
<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Orders</title>
<link rel="stylesheet" href="/assets/style-77aa.css"></head>
<body><main></main><script type="module" src="/assets/app-4f2a.js"></script></body></html>
"""
SCRIPT = """\
const main = document.querySelector("main");
async function show() {
  const id = location.pathname.match(/^\\/orders\\/(\\w+)$/)?.[1];
  const path = "/api/collections/orders/records" + (id ? `/${id}` : "");
  const found = await fetch(path).then((answer) => answer.json());
  main.innerHTML = id
    ? `<h1>Order of ${found.article}</h1>`
    : `<h1>${found.items.length} orders</h1>` +
      found.items.map((order) => `<a href="/orders/${order.id}">${order.article}</a>`).join("");
}
addEventListener("popstate", show);
addEventListener("click", (event) => {
  if (event.target.tagName !== "A") return;
  event.preventDefault();
  history.pushState({}, "", event.target.href);
  show();
});
show();
"""
STYLE = "h1 { color: rgb(0, 128, 96); font-family: sans-serif }"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    folder = tmp_path_factory.mktemp("frontend")
    assets = folder / "frontend" / "dist" / "assets"
    assets.mkdir(parents=True)
    (folder / "app.py").write_text(APP)
    (assets.parent / "index.html").write_text(INDEX)
    (assets / "app-4f2a.js").write_text(SCRIPT)
    (assets / "style-77aa.css").write_text(STYLE)
    elsewhere = tmp_path_factory.mktemp("elsewhere")  # from where the server is started
    with running_piccobase(folder / "app.py", elsewhere) as running:
        running.guest().ask("POST", "/api/collections/orders/records", {"article": "Lamp"})
        yield running


def test_a_deep_link_can_be_reloaded(server: RunningServer, page: Page) -> None:
    page.goto(server.url)
    heading = page.get_by_role("heading")
    expect(heading).to_have_text("1 orders")
    expect(heading).to_have_css("color", "rgb(0, 128, 96)")
    page.get_by_role("link", name="Lamp").click()
    expect(heading).to_have_text("Order of Lamp")
    deep = page.url
    assert "/orders/" in deep
    answer = page.reload()
    assert answer is not None
    assert answer.status == 200
    expect(heading).to_have_text("Order of Lamp")
    page.go_back()
    expect(heading).to_have_text("1 orders")


def test_what_is_hashed_is_not_asked_for_again(server: RunningServer, page: Page) -> None:
    for path in ("/", "/orders/"):
        page.goto(server.url + path)
        expect(page.get_by_role("heading")).to_be_visible()
    timing = page.evaluate("performance.getEntriesByType('resource').map(one => [one.name, one.transferSize])")
    sent = {name.removeprefix(server.url): size for name, size in timing}  # in bytes, 0 for what is kept
    assert sent["/assets/app-4f2a.js"] == sent["/assets/style-77aa.css"] == 0


def test_the_dashboard_is_beside_it(server: RunningServer, page: Page) -> None:
    page.goto(f"{server.url}/admin/")
    expect(page.get_by_label("E-mail address")).to_be_visible()
