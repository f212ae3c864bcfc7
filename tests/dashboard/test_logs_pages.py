"""The pages of the log and of SQL: what they show, and that nothing in them is taken for markup."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from piccolo.columns import Varchar
from tests.asking import serving
from tests.dashboard.entering import Visitor

from piccobase import Collection, Rules

HOSTILE = "<script>alert(1)</script>"


class Book(Collection, tablename="books"):
    title = Varchar()
    rules = Rules(list="", create="")


@asynccontextmanager
async def signed_in(database_url: str | None, data_dir: Path, **config: Any) -> AsyncIterator[Visitor]:
    async with serving([Book], [], database_url, data_dir, logs=True, **config) as api:
        await api.superuser()
        visitor = Visitor(api)
        assert (await visitor.sign_in()).status_code == 303
        yield visitor


async def shown(visitor: Visitor, path: str, form: dict[str, str] | None = None) -> str:
    page = await (visitor.get(path) if form is None else visitor.post(path, form))
    assert page.status_code == 200, page.text
    assert HOSTILE not in page.text
    return re.sub(r"\s+", " ", page.text)


async def test_requests_are_listed_filtered_looked_at_and_deleted(database_url: str | None, tmp_path: Path) -> None:
    async with signed_in(database_url, tmp_path) as visitor:
        for _ in range(3):
            await visitor.api.ask("GET", visitor.api.records("books"))
        await visitor.api.client.get(f"/api/{HOSTILE}", headers={"User-Agent": HOSTILE})
        page = await shown(visitor, "/admin/logs")
        assert page.count("GET /api/collections/books/records<") == 3
        assert "File not found" in page or "wasn&#39;t found" in page
        assert '<rect x="471"' in page  # the bar of this hour, the last one
        assert "/admin/sql" not in page
        page = await shown(visitor, "/admin/logs?kind=errors")
        assert "collections/books" not in page
        page = await shown(visitor, "/admin/logs?kind=requests&filter=data.url+~+'books'+//+comment")
        assert page.count("GET /api/collections/books/records<") == 3
        assert "No entry fits" in await shown(visitor, "/admin/logs?filter=data.status=418")
        for wrong in ("data.status >", "nothing = 1", HOSTILE, "level > 0) || (level < 9"):
            page = await shown(visitor, f"/admin/logs?kind=errors&filter={wrong.replace(' ', '+')}")
            assert 'role="alert"' in page
            assert "<table" not in page
        page = await shown(visitor, "/admin/logs?kind=errors")
        entry = re.findall(r'href="(/admin/logs/[a-z0-9]{15})"', page)[0]
        assert "<dt>status</dt><dd>404</dd>" in await shown(visitor, entry)
        assert (await visitor.get("/admin/logs/nothing")).status_code == 404
        deleted = await visitor.post("/admin/logs/delete")
        assert "All entries are deleted." in await shown(visitor, deleted.headers["location"])
        page = await shown(visitor, "/admin/logs")
        assert "books" not in page


async def test_sql_is_a_page_where_it_is_turned_on(database_url: str | None, tmp_path: Path) -> None:
    async with signed_in(database_url, tmp_path, sql=True) as visitor:
        await visitor.api.create("books", title=HOSTILE)
        assert 'href="/admin/sql"' in await shown(visitor, "/admin/logs")
        assert "<textarea" in await shown(visitor, "/admin/sql")
        page = await shown(visitor, "/admin/sql", {"query": "SELECT title, NULL AS gone FROM books"})
        assert "1 row<" in page
        assert "&lt;script&gt;" in page
        assert '<span class="sql-null">NULL</span>' in page
        assert "1 row changed" in await shown(visitor, "/admin/sql", {"query": "UPDATE books SET title = 'x'"})
        assert 'role="alert"' in await shown(visitor, "/admin/sql", {"query": f"SELECT * FROM {HOSTILE}"})
        assert "Cannot be blank." in await shown(visitor, "/admin/sql", {"query": ""})
        assert "runs SQL" in await shown(visitor, "/admin/logs?kind=messages")


async def test_without_it_there_is_no_page_for_sql(tmp_path: Path) -> None:
    async with signed_in(None, tmp_path) as visitor:
        assert (await visitor.get("/admin/sql")).status_code == 404
        assert (await visitor.post("/admin/sql", {"query": "SELECT 1"})).status_code == 404
