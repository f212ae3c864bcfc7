"""Attack 51: a path leads out of the folder of a frontend, to what is hidden in it, or a browser to somewhere else."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from piccobase import App
from piccobase.testing import TestApp
from piccobase_static import static

SECRET = "the secret"
BROWSER = {"accept": "text/html"}


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[TestApp]:
    site = tmp_path / "dist"
    (site / "assets").mkdir(parents=True)
    (site / "index.html").write_text("<title>Shop</title>")
    (tmp_path / "secret.txt").write_text(SECRET)
    (tmp_path / "dist-other").mkdir()
    (tmp_path / "dist-other" / "secret.txt").write_text(SECRET)
    (site / ".env").write_text(SECRET)
    (site / "assets" / ".htpasswd").write_text(SECRET)
    (site / ".git").mkdir()
    (site / ".git" / "config").write_text(SECRET)
    (site / "link.txt").symlink_to(tmp_path / "secret.txt")
    (site / "folder").symlink_to(tmp_path)
    (site / "app.js").write_text("plain")
    (site / "app.js.gz").symlink_to(tmp_path / "secret.txt")
    (site / "pages").mkdir()
    (site / "pages" / "index.html").write_text("<title>Pages</title>")
    async with TestApp(App(plugins=[static(site)])) as started:
        yield started


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/assets/../../secret.txt",
        "/assets/%2e%2e%2f%2e%2e%2fsecret.txt",
        "/..%5csecret.txt",
        "/../dist-other/secret.txt",
        "/%2e%2e/dist-other/secret.txt",
        "/%2fetc/passwd",
        "http://test//etc/passwd",
        "/secret.txt%00.html",
        "/%00",
        "/" + "a" * 5000 + ".txt",
        "/.env",
        "/%2eenv",
        "/.git/config",
        "/assets/.htpasswd",
        "/.well-known/../.env",
        "/.well-known/.env",
        "/link.txt",
        "/folder/secret.txt",
    ],
)
async def test_no_path_leads_out_of_the_folder_or_to_what_is_hidden(api: TestApp, path: str) -> None:
    for headers in ({}, BROWSER):
        answer = await api.get(path, headers=headers)
        assert SECRET not in answer.text
        assert answer.status_code == 404


async def test_a_compressed_sibling_that_leads_elsewhere_is_none(api: TestApp) -> None:
    assert (await api.get("/app.js", headers={"accept-encoding": "gzip"})).text == "plain"


@pytest.mark.parametrize(
    "path",
    [f"http://test/{slash}evil.example/{end}" for slash in ("/", "%2f", "%5c") for end in ("", "..", "../pages")],
)
async def test_no_address_sends_a_browser_to_another_site(api: TestApp, path: str) -> None:
    answer = await api.get(path, headers={**BROWSER, "host": "evil.example"})
    assert answer.headers.get("location", "/pages/") == "/pages/"


async def test_a_redirect_does_not_believe_the_host(api: TestApp) -> None:
    answer = await api.get("/pages", headers={"host": "evil.example"})
    assert (answer.status_code, answer.headers["location"]) == (307, "/pages/")
