"""The home page: what the collections hold, what is new, how the server is; on both databases."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from litestar import Litestar
from piccolo.columns import ForeignKey, Integer, Text, Varchar
from piccolo.table import Table
from tests.asking import SUPERUSER
from tests.dashboard.entering import Visitor, visiting

from piccobase import AuthCollection, Collection, Rules, __version__
from piccobase.base.clock import frozen
from piccobase_admin import overview
from piccobase_admin.entrance import Entrance
from piccobase_admin.pages.home import home_pages
from piccobase_admin.wording import ago

HOSTILE = "<script>alert('x')</script>\"'&{{ 7 * 7 }}"


class Reader(AuthCollection, tablename="readers"):
    name = Varchar()


class Book(Collection, tablename="books"):
    title = Varchar()
    reader = ForeignKey(Reader)
    rules = Rules(list="reader = @request.auth.id")


class Shelf(Table, tablename="shelves"):
    number = Integer(primary_key=True, default=None)
    place = Text()


TABLES = [Reader, Book, Shelf]


async def opened(visitor: Visitor) -> str:
    """The home page as its superuser sees it, without what stands between words."""
    assert (await visitor.sign_in()).status_code == 303
    page = await visitor.get("/admin/")
    assert page.status_code == 200
    return re.sub(r"\s+", " ", page.text)


async def fill(visitor: Visitor) -> None:
    root = await visitor.api.superuser()
    for number in range(3):
        await root.create("books", title=f"Book {number}")
    await root.create("shelves", place="Hall", id="7")


async def test_it_shows_collections_with_their_counts_and_links(tmp_path: Path, database_url: str | None) -> None:
    async with visiting(tmp_path, TABLES, database_url) as visitor:
        await fill(visitor)
        page = await opened(visitor)
    rows = re.findall(
        r'<td class="wrap"><a href="(.*?)">(\w+)</a>.*?<td class="number">(.*?)</td>.*?href="(.*?)"', page
    )
    assert rows == [
        (f"/admin/tables/#/{name}/", name, count, f"/admin/collections/{name}")
        for name, count in (("readers", "0"), ("books", "3"), ("shelves", "1"), ("_superusers", "1"))
    ]
    assert f"Piccobase {__version__}" in page
    assert ("SQLite" if database_url is None else "PostgreSQL") in page
    assert str(tmp_path) in page
    assert re.search(r"\d (K|M)iB", page)


async def test_what_is_new_comes_first_whatever_collection_it_is_in(tmp_path: Path, database_url: str | None) -> None:
    start = datetime.now(UTC)
    async with visiting(tmp_path, TABLES, database_url) as visitor:
        root = await visitor.api.superuser()
        made = []
        for minutes, title in enumerate(("First", "Second", HOSTILE)):
            with frozen(start + timedelta(minutes=minutes)):
                made.append(await root.create("books", title=title))
        with frozen(start + timedelta(minutes=9)):
            await root.ask("PATCH", root.records("books", made[0]["id"]), {"title": "First, mended"})
        with frozen(start + timedelta(minutes=10)):
            page = await opened(visitor)
    assert "<script>alert" not in page
    activities = re.findall(r'activity-what" href="(.*?)">(.*?)</a> <span.*?>(\w+) in .*?<time.*?>(.*?)</time>', page)
    assert [(verb, when) for _, _, verb, when in activities[:3]] == [
        ("updated", "1 minute ago"),
        ("created", "8 minutes ago"),
        ("created", "9 minutes ago"),
    ]
    assert activities[0][:2] == (f"/admin/tables/#/books/{made[0]['id']}/", "First, mended")
    assert activities[1][1] == "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&#34;&#39;&amp;{{ 7 * 7 }}"
    assert SUPERUSER[0] in [label for _, label, _, _ in activities]


async def test_large_collections_are_neither_counted_to_the_end_nor_sorted(
    tmp_path: Path, database_url: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overview, "MOST_COUNTED", 2)
    async with visiting(tmp_path, TABLES, database_url) as visitor:
        await fill(visitor)
        page = await opened(visitor)
    assert '<td class="number"><span title="Not counted beyond this">over 2</span></td>' in page
    assert "Without books: over 2 records and no index" in page
    assert 'in <a href="/admin/tables/#/books/"' not in page


async def test_a_page_whose_overview_takes_too_long_comes_without_and_asks_for_it(tmp_path: Path) -> None:
    async with visiting(tmp_path, TABLES) as visitor:
        await fill(visitor)
        token = (await visitor.api.superuser()).token
        pages = Litestar([*home_pages(visitor.api.services, patience=0)], openapi_config=None)
        entrance: Any = Entrance(visitor.api.services, pages, {})
        headers = visitor.headers | {"Cookie": f"piccobase_admin={token}"}
        async with httpx.AsyncClient(transport=httpx.ASGITransport(entrance), base_url="http://test") as client:
            page = (await client.get("/admin/", headers=headers)).text
            overview_alone = (await client.get("/admin/overview", headers=headers)).text
    assert 'hx-get="/admin/overview" hx-trigger="load"' in page
    assert ">books</a>" in page
    assert "Recent activity" not in page
    assert "Recent activity" in overview_alone
    assert "<html" not in overview_alone


async def test_warnings_of_the_check_stand_on_top_and_say_what_to_do(tmp_path: Path) -> None:
    async with visiting(tmp_path, TABLES) as visitor:
        page = await opened(visitor)
    assert "1 warning about the declaration" in page
    assert "<code>rule.W001</code> <strong>books, list</strong>" in page
    assert "use owner(&#34;reader&#34;)" in page


async def test_an_app_without_collections_is_told_how_to_declare_one(tmp_path: Path) -> None:
    async with visiting(tmp_path) as visitor:
        page = await opened(visitor)
    assert "No collection yet" in page
    assert "no warnings" in page


async def test_of_the_databases_address_neither_user_nor_password_is_shown(tmp_path: Path, postgres_url: str) -> None:
    async with visiting(tmp_path, TABLES, postgres_url) as visitor:
        visitor.api.services.config = type(visitor.api.services.config)(
            database_url="postgresql://somebody:very-secret@db.internal:5432/shop?password=very-secret"
        )
        page = await opened(visitor)
    assert "shop at db.internal" in page
    assert "somebody" not in page
    assert "very-secret" not in page


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5, "just now"),
        (0, "just now"),
        (59, "just now"),
        (60, "1 minute ago"),
        (3_599, "59 minutes ago"),
        (7_200, "2 hours ago"),
        (86_400, "1 day ago"),
        (40 * 86_400, "2026-10-16"),
    ],
)
def test_times_are_told_as_people_say_them(seconds: int, words: str) -> None:
    moment = datetime(2026, 11, 25, 12, tzinfo=UTC)
    with frozen(moment):
        assert ago((moment - timedelta(seconds=seconds)).isoformat()) == words
