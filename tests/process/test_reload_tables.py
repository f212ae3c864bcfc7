"""`serve --reload` when the tables change: what is to be done is shown, and done after a yes, on the page or typed."""

import os
import pty
import select
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlencode

from playwright.sync_api import Page, expect
from tests.browser import PHONE
from tests.process.client import Client
from tests.process.watching import PATIENCE, Watched, watched

APP = """\
from piccolo.columns import Integer, Text, Varchar
from piccobase import App, Collection, Rules


class Post(Collection, tablename="posts"):
    title = Varchar(length=200)
    body = Text()
    views = Integer()
    rules = Rules(list="", view="", create="", update="")


app = App(collections=[Post])
"""
ASKS = "/admin/ writes it down"
WITH_SLUG = APP.replace("    views", '    slug = Varchar(length=50, default="none")\n    views')
RENAMED = WITH_SLUG.replace("title =", "headline =").replace("    body = Text()\n", "")
POSTS = "/api/collections/posts/records"


def test_a_changed_table_is_shown_and_changed_after_a_yes_on_the_page(
    tmp_path: Path, database_url: str | None, page: Page
) -> None:
    (tmp_path / "app.py").write_text(APP)
    arguments = ["--database-url", database_url] if database_url else []
    with watched(tmp_path, *arguments) as server:
        made = [server.client.ask("POST", POSTS, {"title": f"t{n}", "body": "b" * n, "views": n}) for n in range(3)]
        told = server.save_and_wait("app.py", WITH_SLUG, wait_for=ASKS)
        assert "posts.slug is new" in told
        asked = server.client.send("GET", POSTS)
        assert (asked.status, asked.headers["x-error-code"]) == (503, "server.tables_undecided")
        assert "slug" not in str(asked.body)

        page.goto(f"{server.url}/admin/")
        expect(page.get_by_text("posts.slug is new")).to_be_visible()
        page.get_by_text("with the SQL").click()
        expect(page.get_by_text('"slug" VARCHAR(50)')).to_be_visible()
        page.set_viewport_size(PHONE)
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        _refuses_strangers(server, page)
        page.get_by_role("button", name="Change the tables").click()
        expect(page.get_by_text("The tables have changed")).to_have_count(0)
        found = server.client.ask("GET", f"{POSTS}?sort=title&fields=id,title,slug")["items"]
        assert found == [{"id": post["id"], "title": post["title"], "slug": "none"} for post in made]
        assert len(_migrations(tmp_path)) == 2  # what was there, and what came

        # A rename is asked for, a loss is told, and nothing is changed before both are answered.
        server.save_and_wait("app.py", RENAMED, wait_for="may have another name")
        page.goto(f"{server.url}/admin/")
        page.locator("[name='is:posts.title'][value='posts.headline']").check()
        page.locator("[name='is:posts.body'][value='posts.headline']").check()
        page.get_by_role("button", name="Go on").click()
        expect(page.get_by_role("alert")).to_contain_text("cannot be the same")
        page.locator("[name='is:posts.title'][value='posts.headline']").check()
        page.locator("[name='is:posts.body'][value='']").check()
        page.get_by_role("button", name="Go on").click()
        expect(page.get_by_text("posts.title is renamed to headline").first).to_be_visible()
        expect(page.get_by_text("2 rows have a value in it")).to_be_visible()
        assert len(_migrations(tmp_path)) == 2
        page.get_by_role("button", name="keep what is lost in the trash").click()
        expect(page.get_by_text("The tables have changed")).to_have_count(0)
        found = server.client.ask("GET", f"{POSTS}?sort=headline&fields=id,headline,body,views")["items"]
        assert found == [{"id": post["id"], "headline": post["title"], "views": post["views"]} for post in made]
        [*_, last] = _migrations(tmp_path)
        assert 'ACCEPTED_LOSSES = ["posts.body"]' in last.read_text()

        # What cannot be done says why, and a file that is as it was is served again.
        wrong = RENAMED.replace("views = Integer()", "views = Integer(unique=True)")
        server.client.ask("POST", POSTS, {"headline": "again", "views": 2})
        told = server.save_and_wait("app.py", wrong, wait_for="So it cannot be done.")
        page.goto(f"{server.url}/admin/")
        expect(page.get_by_text("Why it cannot be done")).to_be_visible()
        expect(page.get_by_role("button")).to_have_count(0)
        server.save_and_wait("app.py", RENAMED)
        assert server.client.ask("GET", POSTS)["totalItems"] == 4
        assert len(_migrations(tmp_path)) == 3


def _refuses_strangers(server: Watched, page: Page) -> None:
    """A website cannot say yes in somebody's name: its form lacks the token, or comes under another name."""
    token = page.locator("[name=token]").first.get_attribute("value") or ""
    digest = page.locator("[name=apply]").get_attribute("value") or ""
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for fields, headers in (
        ({"apply": digest}, {}),
        ({"apply": digest, "token": "guessed"}, {}),
        ({"apply": digest, "token": token}, {"Host": "evil.example"}),
        ({"apply": "another", "token": token}, {}),
    ):
        sent = Client(server.url).send("POST", "/admin/", urlencode(fields).encode(), form | headers)
        assert sent.status == 503
    assert "changed" not in server.told().rpartition(ASKS)[2]


def _migrations(folder: Path) -> list[Path]:
    return sorted((folder / "migrations").glob("app_*.py"))


def test_the_terminal_asks_as_well(tmp_path: Path) -> None:
    file = tmp_path / "app.py"
    file.write_text(APP)
    terminal, its_end = pty.openpty()
    command = [sys.executable, "-m", "piccobase", "serve", "--reload", "--port", "0"]
    with subprocess.Popen(command, cwd=tmp_path, stdin=its_end, stdout=its_end, stderr=its_end) as process:
        os.close(its_end)

        def wait_for(shown: str) -> None:
            told = ""
            while shown not in told:
                assert select.select([terminal], [], [], PATIENCE)[0], told
                told += os.read(terminal, 4096).decode()

        def type_(line: str) -> None:
            os.write(terminal, f"{line}\n".encode())

        try:
            wait_for("Serving on")
            file.write_text(WITH_SLUG)
            wait_for("Change the tables? [y/N]")
            type_("n")
            wait_for("Nothing was changed.")
            file.write_text(APP.replace("title =", "headline ="))
            wait_for("posts.title is gone and posts.headline is new. Renamed? [y/N]")
            type_("y")
            wait_for("Change the tables? [y/N]")
            type_("y")
            wait_for("the migrations written")
            wait_for("Serving on")
        finally:
            process.terminate()
            assert process.wait(PATIENCE) == 0
            os.close(terminal)
    assert len(_migrations(tmp_path)) == 2
