"""Mistakes in routes of an app and its plugins: each is found at the start, and says what to do."""

from collections.abc import Sequence
from typing import Any

import pytest
from litestar import Router, asgi, get, post, websocket
from litestar.params import FromPath, FromQuery

from piccobase import App
from piccobase.app.routes import built_in_routes
from piccobase.extending import Actor
from piccobase.http.own_checks import RESERVED, check_routes, shadowed
from piccobase.http.own_routes import GIVEN, OwnRoutes, paths_of
from piccobase.testing import TestApp


@get("/api/shop/{id:str}")
async def view(id: FromPath[str], actor: Actor) -> None: ...


@get("/api/shop/{number:int}")
async def view_by_number(number: FromPath[int]) -> None: ...


@post("/api/shop/{number:int}")
async def change(number: FromPath[int]) -> None: ...


@post("/api/shop/{id:str}")
async def change_by_id(id: FromPath[str]) -> None: ...


@get("/shop")
async def beside() -> None: ...


@get("/api/{anything:str}")
async def all_of_it(anything: FromPath[str]) -> None: ...


@get("/api/collections/posts/stats")
async def stats() -> None: ...


@get("/api/Files/{name:str}")
async def file(name: FromPath[str]) -> None: ...


@get("/api/shop/taken")
async def taken(records: FromQuery[int]) -> None: ...


@websocket("/api/shop/live")
async def live(socket: Any) -> None: ...


@asgi("/api/shop/app", copy_scope=True)
async def mounted(scope: Any, receive: Any, send: Any) -> None: ...


async def undecorated() -> None: ...


@pytest.mark.parametrize(
    ("handlers", "problem"),
    [
        ([view, view_by_number], "route.E005 the app, view_by_number: GET /api/shop/{number:int} is answered by"),
        (
            [view, change],
            "route.E006 the app, change: /api/shop/{number:int} is written /api/shop/{id:str} by the app,",
        ),
        ([beside], "route.E003 the app, beside: /shop must begin with /api/; what stands beside the API is mounted"),
        ([all_of_it], "route.E003 the app, all_of_it: /api/{anything:str} needs a word of its own behind /api/"),
        ([stats], "route.E004 the app, stats: /api/collections/posts/stats is the server's"),
        ([file], "route.E004 the app, file: /api/Files/{name:str} is the server's"),
        ([taken], "route.E002 the app, taken: records is given by the server and is of type RecordService"),
        ([live], "route.E001 the app, live: a route is a function decorated with"),
        ([mounted], "route.E001 the app, mounted: a route is a function decorated with"),
        ([undecorated], "route.E001 the app, undecorated: a route is a function decorated with"),
        ([Router("/api/shop", route_handlers=[live])], "route.E001"),
    ],
)
def test_a_mistake_is_told_with_the_way_out(handlers: Sequence[Any], problem: str) -> None:
    (found,) = check_routes([OwnRoutes(handlers)], GIVEN)
    assert str(found).startswith(problem)


def test_what_lies_below_the_collections_is_told_where_it_could_stand() -> None:
    (found,) = check_routes([OwnRoutes([stats])], GIVEN)
    assert found.text.endswith("as all below /api/collections. Use /api/posts/stats or the like.")


def test_routes_of_plugins_must_not_clash() -> None:
    groups = [OwnRoutes([view], "shop"), OwnRoutes([change_by_id], "market"), OwnRoutes([view])]
    assert [str(found) for found in check_routes(groups, GIVEN)] == [
        "route.E005 the app, view: GET /api/shop/{id:str} is answered by plugin shop, view already"
    ]


def test_a_mount_must_not_take_the_requests_of_a_route() -> None:
    (found,) = shadowed([OwnRoutes([view], "shop")], ["/", "/api/docs", "/api/shop"])
    assert str(found) == "route.E005 plugin shop, view: /api/shop/{id:str} lies below the mount /api/shop"


async def test_no_word_of_the_servers_is_left_for_others() -> None:
    async with TestApp(App(), config={"sql": True}) as api:
        services = api.services
        own = {path for handler in built_in_routes(services) for path in paths_of(handler)}
    assert {path.split("/")[2] for path in own} <= RESERVED
