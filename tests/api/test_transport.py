"""Routing, headers and bodies: protocol.md §1 and the first twenty points of §10; and what nobody should send."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from piccolo.columns import Boolean, DoublePrecision, Varchar
from tests.asking import serving

from piccobase import AuthCollection, Collection, Rules
from piccobase.columns import MultiSelect
from piccobase.testing import Caller, TestApp

EVERYONE = Rules(list="", view="", create="", update="", delete="")


class User(AuthCollection, tablename="users"):
    rules = Rules(create="")


class Post(Collection, tablename="posts", lenient=True):
    title = Varchar()
    num = DoublePrecision()
    flag = Boolean()
    tags = MultiSelect(["a", "b"])
    rules = EVERYONE


class Strict(Collection, tablename="strict"):
    title = Varchar()
    num = DoublePrecision()
    rules = EVERYONE


class Locked(Collection, tablename="locked"):
    title = Varchar()


POSTS = "/api/collections/posts/records"
JSON = {"Content-Type": "application/json"}
SECURITY = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "SAMEORIGIN",
    "x-xss-protection": "1; mode=block",
    "cross-origin-opener-policy": "same-origin",
    "vary": "Origin",
}


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[TestApp]:
    """On the embedded database: nothing here reaches one."""
    async with serving([User, Post, Strict, Locked], [], None, tmp_path) as guest:
        yield guest


def is_error(answer: httpx.Response, status: int) -> bool:
    """The one error shape, with this status, a message that ends a sentence, and a code in a header."""
    body = answer.json()
    return (
        answer.status_code == status == body["status"]
        and set(body) == {"data", "message", "status"}
        and isinstance(body["data"], dict)
        and body["message"][-1] in ".?!)"
        and bool(answer.headers["x-error-code"])
        and "Traceback" not in answer.text
    )


NOT_FOUND = [
    ("POST", "/api/health"),
    ("PUT", f"{POSTS}/x"),
    ("DELETE", POSTS),
    ("PATCH", POSTS),
    ("GET", "/api/health/"),
    ("GET", f"{POSTS}/"),
    ("GET", "/api/collections/posts/records/x/"),
    ("GET", "/API/health"),
    ("GET", "/api/nope"),
    ("GET", "/"),
    ("GET", "/api/collections/nope/records"),
    ("GET", "/api/collections/PBC_1125843985/records"),
    ("GET", "/api/collections/posts"),
    ("GET", f"{POSTS}/nosuchrecord000"),
    ("GET", f"{POSTS}/a%00b"),
    ("GET", f"{POSTS}/a%2Fb"),
    ("GET", f"{POSTS}/%F0%9F%98%80"),
    ("GET", f"{POSTS}/" + "x" * 10_000),
    ("POST", "/api/collections/posts/auth-with-password"),
    ("GET", "/api/collections/posts/auth-methods"),
]


@pytest.mark.parametrize(("method", "path"), NOT_FOUND, ids=[f"{method} {path[:60]}" for method, path in NOT_FOUND])
async def test_what_is_not_routed_is_404_and_never_405(api: Caller, method: str, path: str) -> None:
    answer = await api.ask(method, path)
    assert is_error(answer, 404), answer.text
    assert "allow" not in answer.headers
    assert SECURITY.items() <= dict(answer.headers).items()


@pytest.mark.parametrize("name", ["posts", "POSTS", "Posts", "pbc_1125843985"])
async def test_a_collection_answers_to_its_name_in_any_case_and_to_its_id(api: Caller, name: str) -> None:
    assert (await api.ask("GET", f"/api/collections/{name}/records")).status_code == 200


async def test_the_id_of_a_record_has_a_case(api: Caller) -> None:
    made = await api.create("posts", id="abcdefghijklmno")
    assert (await api.ask("GET", f"{POSTS}/{made['id'].upper()}")).status_code == 404


@pytest.mark.parametrize(
    "path", ["/api/health", POSTS, "/api/collections/users/auth-methods", f"{POSTS}/nosuchrecord000"]
)
async def test_head_has_the_status_and_headers_of_get_and_no_body(api: Caller, path: str) -> None:
    got, head = await api.ask("GET", path), await api.ask("HEAD", path)
    assert head.content == b""
    assert head.status_code == got.status_code
    same = ("content-type", "content-length", *SECURITY)
    assert {name: head.headers[name] for name in same} == {name: got.headers[name] for name in same}


@pytest.mark.parametrize("path", [POSTS, "/api/health", "/nowhere/at/all"])
async def test_a_preflight_is_answered_on_any_path(api: Caller, path: str) -> None:
    bare = await api.ask("OPTIONS", path)
    assert (bare.status_code, bare.content) == (204, b"")
    wanted = {"Origin": "http://a.example", "Access-Control-Request-Headers": "authorization,content-type"}
    preflight = await api.ask("OPTIONS", path, headers=wanted)
    assert preflight.status_code == 204
    assert preflight.headers["access-control-allow-origin"] == "*"
    assert preflight.headers["access-control-allow-methods"] == "GET,HEAD,PUT,PATCH,POST,DELETE"
    assert preflight.headers["access-control-allow-headers"] == "authorization,content-type"
    assert "access-control-allow-credentials" not in preflight.headers


async def test_every_answer_to_another_origin_says_who_may_read_it_and_none_lets_cookies_along(api: Caller) -> None:
    made = await api.create("posts")
    asked = [("GET", POSTS), ("GET", "/api/health"), ("GET", "/nope"), ("DELETE", f"{POSTS}/{made['id']}")]
    for method, path in asked:
        answer = await api.ask(method, path, headers={"Origin": "http://a.example"})
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in answer.headers
        assert SECURITY.items() <= dict(answer.headers).items()
        assert "access-control-allow-origin" not in (await api.ask(method, path)).headers


async def test_a_delete_is_204_without_body_and_content_type(api: Caller) -> None:
    made = await api.create("posts")
    answer = await api.ask("DELETE", f"{POSTS}/{made['id']}")
    assert (answer.status_code, answer.content, answer.headers.get("content-type")) == (204, b"", None)


async def test_health_says_a_little_more_to_superusers(api: TestApp) -> None:
    guest = (await api.ask("GET", "/api/health")).json()
    assert guest == {"message": "API is healthy.", "code": 200, "data": {}}
    root = await api.superuser()
    seen = await root.ask("GET", "/api/health", headers={"X-Forwarded-For": "9.9.9.9"})
    assert seen.json()["data"] == {"canBackup": True, "possibleProxyHeader": "x-forwarded-for", "realIP": "127.0.0.1"}


@pytest.mark.parametrize("scheme", ["", "Bearer ", "bearer ", "BEARER "])
async def test_a_token_may_stand_bare_or_behind_bearer(api: TestApp, scheme: str) -> None:
    root = await api.superuser()
    headers = {"Authorization": scheme + root.token}
    assert (await api.ask("GET", "/api/collections/locked/records", headers=headers)).status_code == 200


BAD_TOKENS = ["Token {}", "Basic {}", "Bearer  {}", "{}x", "x", "a.b.c", "", "%C3%A9", "." * 5000]


@pytest.mark.parametrize("form", BAD_TOKENS)
async def test_a_token_that_is_none_makes_a_guest_and_no_error(api: TestApp, form: str) -> None:
    root = await api.superuser()
    headers = {"Authorization": form.format(root.token).encode("latin-1").decode("latin-1")}
    statuses = [
        (await api.ask(method, path, headers=headers)).status_code
        for method, path in (
            ("GET", POSTS),
            ("GET", "/api/collections/locked/records"),
            ("POST", "/api/collections/_superusers/auth-refresh"),
        )
    ]
    assert statuses == [200, 403, 401]


BODIES: list[tuple[str, str | None, bytes, int]] = [
    ("nothing at all", None, b"", 200),
    ("an empty object", "application/json", b"{}", 200),
    ("a charset", "application/json; charset=utf-8", b"{}", 200),
    ("null", "application/json", b"null", 200),
    ("an empty body of a known length", "application/json", b"", 200),
    ("white space", "application/json", b"  ", 400),
    ("a list", "application/json", b"[]", 400),
    ("a text", "application/json", b'"x"', 400),
    ("a number", "application/json", b"5", 400),
    ("what follows the first value", "application/json", b'{"title":"a"} trailing', 200),
    ("a key twice", "application/json", b'{"title":"a","title":"b"}', 400),
    ("a key twice inside", "application/json", b'{"x":{"a":1,"a":2}}', 400),
    ("broken", "application/json", b"{bad", 400),
    ("invalid UTF-8", "application/json", b'{"title":"\xff"}', 400),
    ("NaN", "application/json", b'{"num":NaN}', 400),
    ("a hundred thousand brackets", "application/json", b'{"title":' + b"[" * 100_000, 400),
    ("a number of ten thousand digits", "application/json", b'{"num":' + b"9" * 10_000 + b"}", 400),
    ("another letter case", "Application/JSON", b"{}", 400),
    ("text", "text/plain", b'{"title":"a"}', 400),
    ("xml", "application/xml", b"<a/>", 400),
    ("no content type", None, b"{}", 400),
    ("a form", "application/x-www-form-urlencoded", b"title=a&num=5", 200),
    ("multipart without a boundary", "multipart/form-data", b"x", 400),
    ("multipart that ends early", "multipart/form-data; boundary=b", b"--b\r\nContent-Disposition: form-data", 400),
    ("a payload that is none", "application/x-www-form-urlencoded", b"@jsonPayload={bad", 400),
]


@pytest.mark.parametrize(("type_", "body", "status"), [case[1:] for case in BODIES], ids=[case[0] for case in BODIES])
async def test_a_body_is_read_or_refused(api: Caller, type_: str | None, body: bytes, status: int) -> None:
    answer = await api.ask("POST", POSTS, content=body, headers={"Content-Type": type_} if type_ else {})
    if status == 200:
        assert answer.status_code == 200, answer.text
    else:
        assert is_error(answer, status), answer.text
        assert (await api.ask("GET", POSTS)).json()["totalItems"] == 0


async def test_an_empty_stream_of_json_is_malformed(api: Caller) -> None:
    headers = {**JSON, "Transfer-Encoding": "chunked"}
    assert is_error(await api.ask("POST", POSTS, content=b"", headers=headers), 400)


async def test_a_body_is_read_before_the_record_is_looked_for(api: Caller) -> None:
    path = f"{POSTS}/nosuchrecord000"
    assert is_error(await api.ask("PATCH", path, content=b"{bad", headers=JSON), 400)
    assert is_error(await api.ask("PATCH", path, {}), 404)
    assert is_error(await api.ask("GET", POSTS, content=b"{bad", headers=JSON), 400)


async def test_a_body_that_is_too_large_is_413_by_its_length_and_while_it_comes(api: Caller) -> None:
    declared = {**JSON, "Content-Length": str(33 << 20)}
    assert is_error(await api.ask("POST", POSTS, content=b"{}", headers=declared), 413)

    async def stream() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b" " * (1 << 20)

    streamed = await api.client.post(POSTS, content=stream(), headers=JSON)
    assert is_error(streamed, 413)


FORM_VALUES: list[tuple[str, Any]] = [
    ("title=true&num=12&flag=true", {"title": "true", "num": 12, "flag": True}),
    ("title=0012&num=0012", {"title": "0012", "num": 12}),
    ("title=1.0", {"title": "1.0"}),
    ("title=-3&num=-1.5", {"title": "-3", "num": -1.5}),
    ("title=null&num=null", {"title": "null", "num": 0}),
    ("tags=a&tags=b", {"tags": ["a", "b"]}),
    ('title=x&@jsonPayload={"title":"y"}&@jsonPayload={"num":4}', {"title": "y", "num": 4}),
    ("title=a%20b+c%C3%A9", {"title": "a b cé"}),
]


@pytest.mark.parametrize(("form", "stored"), FORM_VALUES, ids=[form for form, _ in FORM_VALUES])
async def test_the_values_of_a_form_are_inferred(api: Caller, form: str, stored: dict[str, Any]) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = (await api.ask("POST", POSTS, content=form, headers=headers)).json()
    assert {name: answer[name] for name in stored} == stored


async def test_parts_and_payloads_of_a_multipart_form_are_merged_and_files_passed_over(api: Caller) -> None:
    parts = [
        ("title", (None, "plain")),
        ("@jsonPayload", (None, '{"num": 3, "tags": ["b"]}')),
        ("title", ("f.txt", b"x")),
    ]
    answer = (await api.client.post(POSTS, files=parts)).json()
    assert (answer["title"], answer["num"], answer["tags"]) == ("plain", 3, ["b"])


async def test_keys_of_a_record_have_a_case_and_keys_of_a_form_have_none(api: TestApp) -> None:
    assert (await api.create("posts", TITLE="a"))["title"] == ""
    await api.superuser()
    signed_in = await api.ask(
        "POST",
        "/api/collections/_superusers/auth-with-password",
        {"Identity": "root@example.com", "PASSWORD": "correct horse battery"},
    )
    assert signed_in.status_code == 200


@pytest.mark.parametrize("identity", [123, None, {"$ne": None}, ["x"], True])
async def test_a_sign_in_takes_texts_and_nothing_else(api: Caller, identity: object) -> None:
    body = {"identity": identity, "password": "x"}
    assert is_error(await api.ask("POST", "/api/collections/users/auth-with-password", body), 400)


async def test_half_a_surrogate_pair_is_no_character_and_refused(api: Caller) -> None:
    assert is_error(await api.ask("POST", POSTS, content=rb'{"title":"a\ud800b"}', headers=JSON), 400)


QUERIES: list[tuple[str, int]] = [
    ("page=abc", 400),
    ("page=1.5", 400),
    ("page=", 200),
    ("page=0", 200),
    ("page=-1&perPage=-1", 200),
    ("page=1000000000000000000&perPage=1000000000", 200),
    ("page=99999999999999999999999", 400),
    ("skipTotal=yes", 400),
    ("skipTotal=t", 200),
    ("page=2;perPage=1", 200),
    ("filter=%zz", 200),
    ("filter=", 200),
    ("filter=%20", 400),
    ("filter=()", 400),
    ("filter=//x", 400),
    ("filter=title=", 400),
    ("filter=title='", 400),
    ("filter=a%00b=1", 400),
    ("filter=title%0D='x'", 400),
    ("filter=title='@request.'", 403),
    ("filter=" + "(" * 3000, 400),
    ("filter=" + "||".join(["num=1"] * 201), 400),
    ("filter=" + "||".join(["num=1"] * 200), 200),
    ("filter=title='" + "x" * 50_000 + "'", 400),
    ("sort=num,", 400),
    ("sort=" + ",".join(["num"] * 9), 400),
    ("sort=%2Bnum", 200),
    ("sort=" + "x" * 50_000, 400),
    ("fields=title:excerpt(0)", 400),
    ("fields=title:nope", 400),
    ("fields=" + "a," * 30_000, 200),
    ("expand=nope", 200),
    ("perPage=1&perPage=5", 200),
]


@pytest.mark.parametrize(("query", "status"), QUERIES, ids=[query[:40] for query, _ in QUERIES])
async def test_a_query_is_answered_or_refused(api: Caller, query: str, status: int) -> None:
    answer = await api.ask("GET", f"{POSTS}?{query}")
    if status == 200:
        assert answer.status_code == 200, answer.text
    else:
        assert is_error(answer, status), answer.text
        assert answer.json()["data"] == {}


@pytest.mark.parametrize(
    ("query", "page", "per_page"),
    [("", 1, 30), ("page=0&perPage=0", 1, 30), ("page=99&perPage=100000", 99, 1000), ("perPage=1&perPage=5", 1, 1)],
)
async def test_page_and_size_are_echoed_as_they_were_taken(api: Caller, query: str, page: int, per_page: int) -> None:
    answer = (await api.ask("GET", f"{POSTS}?{query}")).json()
    assert (answer["page"], answer["perPage"], answer["items"]) == (page, per_page, [])


async def test_a_filter_that_is_wrong_says_where_and_what_was_meant(api: Caller) -> None:
    answer = await api.ask("GET", POSTS, query={"filter": "titel = 'x'"})
    assert answer.json()["message"] == 'posts has no field "titel". Did you mean "title"? (at 1: titel = \'x\')'
    assert answer.headers["x-error-code"] == "filter.unknown_field"


async def test_an_error_of_the_database_stays_inside(api: Caller) -> None:
    await api.services.engine.rows('DROP TABLE "posts"')
    answer = await api.ask("GET", POSTS)
    assert is_error(answer, 503)
    assert answer.headers["x-error-code"] == "database.schema_changed"
    assert "no such table" not in answer.text
    assert "SELECT" not in answer.text
