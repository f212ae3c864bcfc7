"""A built frontend beside the API: files with what browsers and caches need to know, and deep links."""

import gzip
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from piccobase import App
from piccobase.extending import StartError
from piccobase.testing import TestApp
from piccobase_static import static

PAGE = "<!doctype html><title>Shop</title><script type=module src=/assets/app-4f2a.js></script>"
SCRIPT = "document.body.append('hello'); " * 40
BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
HASHED, ANEW = "public, max-age=31536000, immutable", "no-cache"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = tmp_path / "dist"
    files = {
        "index.html": PAGE,
        "assets/app-4f2a.js": SCRIPT,
        "assets/app-4f2a.js.br": b"brotli",
        "assets/app-4f2a.js.gz": gzip.compress(SCRIPT.encode()),
        "favicon.ico": b"\0",
        "about/index.html": "<title>About</title>",
        "terms.html": "<title>Terms</title>",
        ".env": "SECRET=1",
        ".well-known/security.txt": "Contact: ada",
        "docs/.git/config": "secret",
    }
    for name, content in files.items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


@pytest.fixture
async def client(site: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with TestApp(App(plugins=[static(site)])) as api:
        api.client.headers["accept-encoding"] = "identity"
        yield api.client


@pytest.mark.parametrize(
    ("path", "media_type", "cached", "content"),
    [
        ("/", "text/html; charset=utf-8", ANEW, PAGE),
        ("/index.html", "text/html; charset=utf-8", ANEW, PAGE),
        ("/assets/app-4f2a.js", "text/javascript; charset=utf-8", HASHED, SCRIPT),
        ("/favicon.ico", "image/x-icon", ANEW, "\0"),
        ("/about/", "text/html; charset=utf-8", ANEW, "<title>About</title>"),
        ("/terms", "text/html; charset=utf-8", ANEW, "<title>Terms</title>"),
        ("/.well-known/security.txt", "text/plain; charset=utf-8", ANEW, "Contact: ada"),
        ("/assets/app-4f2a.js.gz", "application/gzip", HASHED, None),
        ("/assets/app-4f2a.js.br", "application/octet-stream", HASHED, "brotli"),
    ],
)
async def test_a_file_comes_with_its_type_and_how_long_it_may_be_kept(
    client: httpx.AsyncClient, path: str, media_type: str, cached: str, content: str | None
) -> None:
    answer = await client.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (200, media_type)
    assert answer.headers["cache-control"] == cached
    assert content in (answer.text, None)
    assert {"etag", "last-modified", "accept-ranges"} <= set(answer.headers)
    assert "content-encoding" not in answer.headers


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/orders/17", BROWSER, 200),
        ("/users/ada.lovelace", BROWSER, 200),  # no ending of a file
        ("/orders/", BROWSER, 200),
        ("/orders/17", {"accept": "*/*"}, 404),  # fetch() and curl
        ("/orders/17", {"accept": "application/json"}, 404),
        ("/assets/app-0000.js", BROWSER, 404),  # of the build before
        ("/assets/chunk", BROWSER, 404),
        ("/logo.png", {"accept": "image/*"}, 404),
        ("/api/nothing", BROWSER, 404),
        ("/api", BROWSER, 404),
        ("/api/collections/nothing/records", BROWSER, 404),
        ("/admin/nothing", BROWSER, 303),  # to the dashboard's sign-in
    ],
)
async def test_only_a_page_that_somebody_opens_falls_back(
    client: httpx.AsyncClient, path: str, headers: dict[str, str], status: int
) -> None:
    answer = await client.get(path, headers=headers)
    assert answer.status_code == status
    assert (answer.text == PAGE) is (status == 200)
    assert answer.headers.get("cache-control") != HASHED


async def test_the_api_and_the_dashboard_answer_as_before(client: httpx.AsyncClient) -> None:
    assert (await client.get("/api/health")).json()["code"] == 200
    assert "Shop" not in (await client.get("/admin/", headers=BROWSER, follow_redirects=True)).text
    assert (await client.get("/api/nothing")).headers["content-type"] == "application/json"


@pytest.mark.parametrize("path", ["/", "/assets/app-4f2a.js", "/orders/17"])
async def test_what_has_not_changed_is_not_sent_again(client: httpx.AsyncClient, path: str) -> None:
    first = await client.get(path, headers=BROWSER)
    again = await client.get(path, headers={**BROWSER, "if-none-match": f'"old", W/{first.headers["etag"]}'})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    assert again.headers["cache-control"] == first.headers["cache-control"]
    assert again.headers["x-content-type-options"] == "nosniff"
    since = await client.get(path, headers={**BROWSER, "if-modified-since": first.headers["last-modified"]})
    assert since.status_code == 304
    changed = await client.get(path, headers={**BROWSER, "if-none-match": '"old"'})
    assert changed.status_code == 200


async def test_a_new_build_is_seen_though_its_files_have_the_same_time_and_size(
    client: httpx.AsyncClient, site: Path
) -> None:
    index = site / "index.html"
    os.utime(index, (0, 0))
    old = await client.get("/")
    index.write_text(PAGE.replace("4f2a", "9c1b"))
    os.utime(index, (0, 0))
    asked = {"if-none-match": old.headers["etag"], "if-modified-since": old.headers["last-modified"]}
    new = await client.get("/", headers=asked)
    assert (new.status_code, "9c1b" in new.text) == (200, True)


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        ("gzip, deflate, br, zstd", "br"),
        ("gzip", "gzip"),
        ("br;q=0, gzip;q=0.5", "gzip"),
        ("br; q=0.000", None),
        ("deflate", None),
        ("", None),
    ],
)
async def test_a_compressed_sibling_goes_to_whoever_takes_it(
    client: httpx.AsyncClient, accepted: str, encoding: str | None
) -> None:
    async with client.stream("GET", "/assets/app-4f2a.js", headers={"accept-encoding": accepted}) as answer:
        raw = b"".join([part async for part in answer.aiter_raw()])
    assert answer.headers.get("content-encoding") == encoding
    assert int(answer.headers["content-length"]) == len(raw)
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.headers["vary"] == "Origin, Accept-Encoding"
    plain = {"br": lambda: SCRIPT.encode() * (raw == b"brotli"), "gzip": lambda: gzip.decompress(raw)}
    assert plain.get(encoding or "", lambda: raw)() == SCRIPT.encode()


async def test_each_way_of_compression_has_a_tag_of_its_own(client: httpx.AsyncClient) -> None:
    asked = [{"accept-encoding": accepted} for accepted in ("identity", "gzip")]
    tags = [(await client.get("/assets/app-4f2a.js", headers=headers)).headers["etag"] for headers in asked]
    assert len(set(tags)) == 2


@pytest.mark.parametrize(
    ("wanted", "status", "content"),
    [
        ("bytes=0-8", 206, SCRIPT[:9]),
        ("bytes=-5", 206, SCRIPT[-5:]),
        ("bytes=1200-", 206, SCRIPT[1200:]),
        ("bytes=99999-", 416, None),
        ("bytes=5-2", 400, None),
        ("bytes=" + "0-0," * 5000, 200, SCRIPT),
        ("lines=1-2", 400, None),
        ("bytes=" + "9" * 5000 + "-", 400, None),
        ("nonsense", 400, None),
    ],
)
async def test_parts_of_a_file(client: httpx.AsyncClient, wanted: str, status: int, content: str | None) -> None:
    answer = await client.get("/assets/app-4f2a.js", headers={"range": wanted, "accept-encoding": "br"})
    assert answer.status_code == status
    assert answer.headers["x-content-type-options"] == "nosniff"
    if content is not None:
        assert answer.text == content


async def test_a_part_of_a_file_that_is_another_by_now_is_the_whole(client: httpx.AsyncClient) -> None:
    answer = await client.get("/assets/app-4f2a.js", headers={"range": "bytes=0-8", "if-range": '"old"'})
    assert (answer.status_code, answer.text) == (200, SCRIPT)


@pytest.mark.parametrize("path", ["/", "/assets/app-4f2a.js", "/orders/17", "/nothing.js", "/about"])
async def test_head_says_what_get_would_say(client: httpx.AsyncClient, path: str) -> None:
    get, head = await client.get(path, headers=BROWSER), await client.head(path, headers=BROWSER)
    assert (head.status_code, head.content) == (get.status_code, b"")
    assert {**head.headers, "x-request-id": ""} == {**get.headers, "x-request-id": ""}


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_nothing_can_be_sent_there(client: httpx.AsyncClient, method: str) -> None:
    answer = await client.request(method, "/orders/17", headers=BROWSER)
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")


async def test_a_folder_is_asked_for_with_a_slash(client: httpx.AsyncClient) -> None:
    answer = await client.get("/about?from=mail&x=%2F")
    assert (answer.status_code, answer.headers["location"]) == (307, "/about/?from=mail&x=%2F")


async def test_headers_of_the_house_are_sent_and_may_be_others(site: Path) -> None:
    policy = {"Content-Security-Policy": "default-src 'self'", "X-Frame-Options": "DENY"}
    async with TestApp(App(plugins=[static(site, headers=policy)])) as api:
        answer = await api.get("/", headers={"origin": "https://elsewhere.example"})
        missing = await api.get("/nothing.js")
    assert answer.headers["content-security-policy"] == "default-src 'self'"
    assert answer.headers["x-frame-options"] == missing.headers["x-frame-options"] == "DENY"
    assert answer.headers["cross-origin-opener-policy"] == "same-origin"
    assert answer.headers["access-control-allow-origin"] == "*"


async def test_several_stand_beside_each_other_and_one_without_a_fallback_has_its_own_page_for_what_is_missing(
    site: Path, tmp_path: Path
) -> None:
    pages = tmp_path / "pages"
    pages.mkdir()
    (pages / "index.html").write_text("<title>Manual</title>")
    (pages / "404.html").write_text("<title>Gone</title>")
    async with TestApp(App(plugins=[static(site), static(pages, "/docs", fallback=None)])) as api:
        seen: dict[str, Any] = {}
        for path in ("/docs", "/docs/", "/docs/x", "/docsx", "/x"):
            answer = await api.get(path, headers=BROWSER)
            seen[path] = (answer.status_code, answer.headers.get("location") or answer.text)
    assert seen == {
        "/docs": (307, "/docs/"),
        "/docs/": (200, "<title>Manual</title>"),
        "/docs/x": (404, "<title>Gone</title>"),
        "/docsx": (200, PAGE),
        "/x": (200, PAGE),
    }


@pytest.mark.parametrize(
    ("folder", "fallback", "told"),
    [
        ("missing", "index.html", "There is no folder"),
        ("dist/favicon.ico", "index.html", "There is no folder"),
        ("dist", "app.html", "There is no app.html in"),
    ],
)
async def test_a_frontend_that_was_not_built_is_said_at_the_start(
    site: Path, folder: str, fallback: str, told: str
) -> None:
    app = App(plugins=[static(site.parent / folder, fallback=fallback)])
    with pytest.raises(StartError, match=told) as refused:
        async with TestApp(app):
            pass
    assert "npm run build" in refused.value.message


@pytest.mark.parametrize("path", ["docs", "/docs/", "//docs", "", "/api", "/api/docs"])
def test_a_path_that_is_none_is_refused(path: str) -> None:
    with pytest.raises(ValueError):
        static("dist", path)


async def test_a_relative_folder_stands_beside_the_file_that_names_it(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "app.py"
    story: dict[str, Any] = {"__file__": str(file)}
    exec(compile("from piccobase_static import static\nplugin = static('dist')", file, "exec"), story)
    monkeypatch.chdir("/")
    async with TestApp(App(plugins=[story["plugin"]])) as api:
        assert (await api.get("/")).text == PAGE
