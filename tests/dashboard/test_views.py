"""A view in the dashboard: shown with what can be read, and offered nowhere to be written."""

from pathlib import Path

from piccolo.columns import ForeignKey, Varchar
from tests.dashboard.entering import visiting

from piccobase import Collection, Rules, View


class Author(Collection, tablename="authors"):
    name = Varchar()
    rules = Rules(list="", view="")


class Post(Collection, tablename="posts"):
    author = ForeignKey(Author)


class Writing(
    View, tablename="writing", query="SELECT author AS id, author, COUNT(*) AS posts FROM posts GROUP BY author"
):
    rules = Rules(list="")


async def test_a_view_is_shown_to_be_read_and_cannot_be_edited(tmp_path: Path) -> None:
    async with visiting(tmp_path, [Author, Post, Writing]) as visitor:
        root = await visitor.api.superuser()
        await visitor.sign_in()
        author = await root.create("authors", name="Ada")
        await root.create("posts", author=author["id"])
        home = await visitor.get("/admin/overview")
        index = await visitor.get("/admin/collections")
        page = await visitor.get("/admin/collections/writing")
        listing = await visitor.get("/admin/collections/writing/list")
        tables = await visitor.get("/admin/tables/api/tables/")
        one = await visitor.get("/admin/tables/api/tables/writing/")
        pages = [index, page, listing, tables]
        assert [answer.status_code for answer in pages] == [200] * len(pages)
        assert "/admin/tables/#/writing" not in home.text + page.text + index.text
        assert "a view is only read" in index.text
        assert "/admin/collections/writing/create" not in page.text
        assert (await visitor.get("/admin/collections/writing/create")).status_code == 404
        assert "writing" not in tables.json()
        assert one.status_code == 404
