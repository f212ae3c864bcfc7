"""Routes of an app and of plugins: what is given to their handlers, how they fail, and what the document says."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
from litestar import Controller, Router, get, post
from litestar.di import NamedDependency
from litestar.exceptions import HTTPException, NotAuthorizedException
from litestar.params import FromPath, FromQuery, JSONBody
from piccolo.columns import ForeignKey, Varchar

from piccobase import App, AuthCollection, Collection, Plugin, Rules, owner
from piccobase.extending import (
    SIGNED_IN_ONLY,
    SUPERUSERS_ONLY,
    Actor,
    RecordService,
    RequestContext,
    RequestError,
    Services,
)
from piccobase.testing import TestApp


class User(AuthCollection, tablename="users"):
    name = Varchar()


class Post(Collection, tablename="posts"):
    title = Varchar(required=True)
    author = ForeignKey(User)
    rules = Rules(list=owner("author"), view=owner("author"), create="")


class Place(msgspec.Struct):
    lines: list[str]
    code: int


class Order(msgspec.Struct, forbid_unknown_fields=True):
    """What somebody wants."""

    title: str
    count: int = 1
    place: Place | None = None


class Report(msgspec.Struct):
    """Only for superusers' eyes."""

    total: int


class Full(RequestError):
    code, status = "shop.full", 409


@get("/api/shop/mine")
async def mine(actor: Actor, records: RecordService, context: RequestContext) -> dict[str, Any]:
    """The caller's own posts."""
    page = await records.list("posts", sort="title")
    return {"me": actor.id, "titles": [one["title"] for one in page.items], "tag": context.query.get("tag", "")}


@post("/api/shop/{number:int}/orders")
async def order(
    number: FromPath[int], data: JSONBody[Order], limit: FromQuery[int], records: RecordService
) -> dict[str, Any]:
    if data.count > limit:
        raise Full("The shop is full.")
    return await records.create("posts", {"title": f"{number}: {data.title}"})


@get("/api/shop/posts")
async def posts(records: RecordService) -> dict[str, Any]:
    return (await records.list("posts", per_page=1)).to_dict()


@get("/api/shop/report", opt=SUPERUSERS_ONLY)
async def report(services: Services) -> Report:
    return Report(len(services.registry.collections))


@get("/api/shop/broken/{how:str}")
async def broken(how: FromPath[str], records: RecordService) -> dict[str, Any]:
    match how:
        case "teapot":
            raise HTTPException("Short and stout.", status_code=418, headers={"Retry-After": "9"})
        case "bare":
            raise NotAuthorizedException
        case "missing":
            return await records.view("posts", "nobodyhasthisid")
    raise ZeroDivisionError


class Shelf(Controller):
    path = "/api/shelf"
    opt = SIGNED_IN_ONLY

    @get("/whose")
    async def whose(self, actor: "Actor") -> dict[str, str]:
        return {"id": actor.id}

    @get("/boss", opt=SUPERUSERS_ONLY)
    async def boss(self) -> dict[str, str]:
        return {}


@get("/marked")
async def marked(actor: NamedDependency[Actor]) -> dict[str, bool]:
    return {"guest": actor.guest}


shop = Plugin("shop", "1.0", routes=[mine, order, posts, report, broken])
app = App([User, Post], plugins=[shop], routes=[Shelf, Router("/api/far", route_handlers=[marked])])
REQUIRED = {"code": "validation_required", "message": "Cannot be blank."}


def invalid(message: str) -> dict[str, str]:
    return {"code": "validation_invalid_value", "message": message}


@pytest.fixture
async def api(database_url: str | None, tmp_path: Path) -> AsyncIterator[TestApp]:
    async with TestApp(app, database_url=database_url, data_dir=tmp_path) as guest:
        yield guest


async def test_a_handler_gets_whoever_asks_and_the_records_with_their_rights(api: TestApp) -> None:
    ann, bob = await api.user("users"), await api.user("users")
    for author, title in ((ann, "b"), (ann, "a"), (bob, "c")):
        await api.make("posts", title=title, author=author.id)
    asked = {who: (await who.get("/api/shop/mine", query={"tag": "x"})).json() for who in (ann, bob, api)}
    assert asked[ann] == {"me": ann.id, "titles": ["a", "b"], "tag": "x"}
    assert asked[bob] == {"me": bob.id, "titles": ["c"], "tag": "x"}
    assert asked[api] == {"me": "", "titles": [], "tag": "x"}
    root = await api.superuser()
    assert (await root.get("/api/shop/mine")).json()["titles"] == ["a", "b", "c"]

    page = (await ann.get("/api/shop/posts")).json()
    assert page == (await ann.get(api.records("posts"), query={"perPage": "1"})).json()
    assert (page["perPage"], page["totalItems"]) == (1, 2)
    created = await ann.post("/api/shop/7/orders?limit=3", {"title": "socks"})
    assert (created.status_code, created.json()["title"]) == (201, "7: socks")
    assert (await ann.get("/api/shelf/whose")).json() == {"id": ann.id}
    assert (await ann.get("/api/far/marked")).json() == {"guest": False}


@pytest.fixture
async def guest(tmp_path: Path) -> AsyncIterator[TestApp]:
    """On the embedded database, for what asks none."""
    async with TestApp(app, data_dir=tmp_path) as api:
        yield api


async def test_handlers_say_that_they_are_for_some_only(guest: TestApp) -> None:
    user, root = await guest.user("users"), await guest.superuser()
    paths = ("/api/shelf/whose", "/api/shelf/boss", "/api/shop/report")
    answers = {who: [(await who.get(path)).status_code for path in paths] for who in (guest, user, root)}
    assert answers == {guest: [401, 401, 401], user: [200, 403, 403], root: [200, 200, 200]}


@pytest.mark.parametrize(
    ("query", "body", "data"),
    [
        ("?limit=2", {}, {"title": REQUIRED}),
        ("", {"title": "a"}, {"limit": REQUIRED}),
        ("?limit=two", {"title": "a"}, {"limit": invalid("Expected int, got str.")}),
        ("?limit=2", {"title": 3}, {"title": invalid("Expected str, got int.")}),
        (
            "?limit=2",
            {"title": "a", "colour": "red"},
            {"colour": {"code": "validation_unknown_field", "message": "There is no such field."}},
        ),
        ("?limit=2", {"title": "a", "place": {"lines": []}}, {"place": {"code": REQUIRED}}),
        (
            "?limit=2",
            {"title": "a", "place": {"lines": ["b", 4], "code": 1}},
            {"place": {"lines": {"1": invalid("Expected str, got int.")}}},
        ),
    ],
)
async def test_what_is_wrong_with_a_request_is_told_by_field(
    guest: TestApp, query: str, body: Mapping[str, Any], data: Mapping[str, Any]
) -> None:
    answer = await guest.post(f"/api/shop/7/orders{query}", body)
    assert answer.status_code == 400, answer.text
    message = "An error occurred while validating the submitted data."
    assert answer.json() == {"data": data, "message": message, "status": 400}


async def test_errors_have_the_one_shape(guest: TestApp) -> None:
    empty = {"data": {}, "status": 400}
    for content, message in (
        ("{", "The body cannot be read: Input data was truncated."),
        ("", "The body cannot be read: it is empty."),
        ("[1]", "The body cannot be read: Expected object, got array."),
    ):
        answer = await guest.post("/api/shop/7/orders?limit=2", content=content)
        assert answer.json() == {**empty, "message": message}
    full = await guest.post("/api/shop/7/orders?limit=2", {"title": "a", "count": 3})
    assert (full.status_code, full.headers["x-error-code"]) == (409, "shop.full")
    assert full.json() == {"data": {}, "message": "The shop is full.", "status": 409}

    teapot = await guest.get("/api/shop/broken/teapot")
    assert teapot.json() == {"data": {}, "message": "Short and stout.", "status": 418}
    assert (teapot.status_code, teapot.headers["retry-after"]) == (418, "9")
    bare = await guest.get("/api/shop/broken/bare")
    assert (bare.status_code, bare.headers["x-error-code"]) == (401, "auth.required")
    assert (await guest.get("/api/shop/broken/missing")).json()["status"] == 404
    unexpected = await guest.get("/api/shop/broken/otherwise")
    assert (unexpected.status_code, unexpected.headers["x-error-code"]) == (500, "server.unexpected")
    assert "name " in unexpected.json()["message"]
    for path in ("/api/shop/mine/", "/api/shop/seven/orders", "/api/shop/nothing", "/api/shop"):
        assert (await guest.get(path)).json()["status"] == 404


async def test_they_go_through_the_same_door_as_all_others(tmp_path: Path) -> None:
    async with TestApp(app, data_dir=tmp_path) as guest:
        head = await guest.ask("HEAD", "/api/shop/mine", headers={"Origin": "https://elsewhere.example"})
        assert (head.status_code, head.text) == (200, "")
        assert head.headers["access-control-allow-origin"] == "*"
        assert head.headers["x-content-type-options"] == "nosniff"
        assert (await guest.ask("OPTIONS", "/api/shop/mine")).status_code == 204
        large = await guest.post("/api/shop/7/orders?limit=2", content="x" * (33 << 20))
        assert (large.status_code, large.headers["x-error-code"]) == (413, "request.too_large")
        user = await guest.user("users")
        await user.get("/api/shelf/whose")
        logged = (await guest.log())[-1]
        assert (logged["url"], logged["status"], logged["auth"]) == ("/api/shelf/whose", 200, "users")

        root = await guest.superuser()
        rules = [{"label": "/api/shop/", "maxRequests": 1, "duration": 60, "audience": ""}]
        await root.patch("/api/settings", {"rateLimits": {"enabled": True, "rules": rules}})
        assert [(await guest.get("/api/shop/mine")).status_code for _ in range(2)] == [200, 429]


async def test_the_document_has_them_under_their_plugins_name(guest: TestApp) -> None:
    read = (await guest.get("/api/openapi.json")).json()
    own = {path for path in read["paths"] if path.split("/")[2] in ("shop", "shelf", "far")}
    assert own == {
        "/api/shop/mine",
        "/api/shop/posts",
        "/api/shop/{number}/orders",
        "/api/shop/broken/{how}",
        "/api/shelf/whose",
        "/api/far/marked",
    }
    operation = read["paths"]["/api/shop/{number}/orders"]["post"]
    assert operation["tags"] == ["shop"]
    assert [one["name"] for one in operation["parameters"]] == ["number", "limit"]
    assert operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].endswith("/Order")
    assert {"400", "429", "5XX"} < operation["responses"].keys()
    assert read["paths"]["/api/shelf/whose"]["get"]["security"] == [{"token": []}]
    assert {"shop", "app"} < {tag["name"] for tag in read["tags"]}
    assert "Report" not in read["components"]["schemas"]

    root = await guest.superuser()
    read = (await root.get("/api/openapi.json")).json()
    assert {"/api/shop/report", "/api/shelf/boss"} < read["paths"].keys()
    assert "Report" in read["components"]["schemas"]
