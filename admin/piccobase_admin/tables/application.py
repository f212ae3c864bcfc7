"""Piccolo Admin, put together for this server: every collection in it, its own sign-in and sessions left out.

What stands below `/admin` is behind the dashboard's sign-in and its check of where a request comes from
(`entrance.py`). Of Piccolo Admin's paths those that the room needs are let through, and no others: none that signs in
or out, changes a password, takes files, sets a cookie or describes itself.
"""

import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

from litestar.types import ASGIApp
from piccolo_admin import endpoints
from piccolo_admin.endpoints import AdminRouter, TableConfig, create_admin
from starlette.authentication import AuthCredentials, AuthenticationBackend, AuthenticationError, SimpleUser
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount

from piccobase.extending import Actor, NotFound, Services, TooLarge
from piccobase_admin.rendering import render
from piccobase_admin.signing import header
from piccobase_admin.tables.crud import RecordCRUD
from piccobase_admin.tables.form import Form

PATH = "/admin/tables"
TAKEN = frozenset({"forms", "grouped", "login"})  # Piccolo Admin has pages and endpoints of these names
_TABLE = r"/api/tables/(?P<table>[A-Za-z_][A-Za-z0-9_]*)/"
_ALLOWED = {
    "GET": re.compile(
        r"/|/styles\.css|/assets/[\w.-]+|/public/meta/|/public/translations/([\w-]+/)?"
        rf"|/api/(user|links|forms|tables)/|/api/(forms|tables)/grouped/|{_TABLE}([^/]+/)?"
    ),
    "POST": re.compile(_TABLE),
    "PUT": re.compile(rf"{_TABLE}[^/]+/"),
    "PATCH": re.compile(rf"{_TABLE}[^/]+/"),
    "DELETE": re.compile(rf"{_TABLE}[^/]+/"),
}


def make_tables(services: Services) -> ASGIApp:
    """The room as an ASGI application. It gets requests with the superuser as `scope["user"]` and their whole path."""
    collections = services.registry.collections.values()
    # A view is only read, which the pages of its API offer.
    forms = {collection.name: Form(collection) for collection in collections if collection.kind != "view"}
    admin = _piccolo_admin(services, forms)
    own = _own_answers(admin.template, forms)

    async def room(scope: Any, receive: Any, send: Any) -> None:
        path = scope["path"].removeprefix(PATH)
        if not path:  # what the page asks for is relative to the slash
            await send({"type": "http.response.start", "status": 308, "headers": [(b"location", PATH.encode() + b"/")]})
            await send({"type": "http.response.body", "body": b""})
            return
        allowed = _ALLOWED.get(scope["method"])
        found = allowed.fullmatch(path) if allowed else None
        if found is None:
            raise NotFound
        if scope["method"] != "GET":
            _check_size(scope, services.collections_api.body_limits.get(found["table"], 0))
        if path in own:
            await own[path](scope)(scope, receive, send)
            return
        answer = _kept_by_browsers(send) if path.startswith("/assets/") else send
        await admin({**scope, "root_path": PATH}, receive, answer)

    return room


def _piccolo_admin(services: Services, forms: Mapping[str, Form]) -> AdminRouter:
    """Piccolo Admin with our CRUD and our sign-in in place of its own."""
    tables = [
        TableConfig(collection.table, menu_group="System" if collection.system else None)
        for collection in services.registry.collections.values()
        if collection.name in forms and collection.name not in TAKEN
    ]
    with _crud(partial(RecordCRUD, services, forms)), warnings.catch_warnings():
        # It warns of columns that are secret and required: its own form would empty them.
        warnings.filterwarnings("ignore", message=r".*`secret` and `required`")
        admin: AdminRouter = create_admin(tables, auto_include_related=False, site_name="Piccobase")
    admin.user_middleware.clear()  # its CSRF cookie: the entrance asks the browser itself where a request comes from
    (sign_in,) = [route.app for route in admin.routes if isinstance(route, Mount) and route.path == "/api"]
    assert isinstance(sign_in, AuthenticationMiddleware)
    sign_in.backend = _Superusers()
    return admin


@contextmanager
def _crud(ours: Any) -> Iterator[None]:
    """Has Piccolo Admin make the endpoints of its tables with `ours`, for which it has no parameter."""
    names = vars(endpoints)
    theirs = names["PiccoloCRUD"]
    names["PiccoloCRUD"] = ours
    try:
        yield
    finally:
        names["PiccoloCRUD"] = theirs


class _User(SimpleUser):
    """The superuser as Piccolo Admin and the CRUD see them."""

    def __init__(self, actor: Actor) -> None:
        super().__init__(actor.values["email"])
        self.actor = actor
        self.user_id = actor.id


class _Superusers(AuthenticationBackend):
    """The sign-in has happened at the entrance; whoever came by another way has not signed in."""

    async def authenticate(self, conn: HTTPConnection) -> tuple[AuthCredentials, SimpleUser]:
        actor = conn.scope.get("user")
        if not (isinstance(actor, Actor) and actor.superuser):
            raise AuthenticationError
        return AuthCredentials(["authenticated"]), _User(actor)


def _own_answers(template: str, forms: Mapping[str, Form]) -> dict[str, Callable[[Any], Response]]:
    """Our page in place of `template`, Piccolo Admin's, and its styles in a layer, below those of the dashboard."""
    (script,) = re.findall(r'src="\./(assets/[^"]+\.js)"', template)
    (styles,) = re.findall(r'href="\./(assets/[^"]+\.css)"', template)
    left_out = sorted(TAKEN & forms.keys())
    for_script = {name: form.for_script() for name, form in forms.items()}
    layered = f'@import url("{styles}") layer(piccolo);'
    return {
        "/": lambda scope: HTMLResponse(
            render("tables.html", scope, script=script, forms=for_script, left_out=left_out)
        ),
        "/styles.css": lambda scope: Response(layered, media_type="text/css"),
    }


def _check_size(scope: Any, limit: int) -> None:
    """Browsers say how long a body is; FastAPI would read any other to its end."""
    declared = header(scope, b"content-length") or ("" if header(scope, b"transfer-encoding") else "0")
    if not declared.isdigit() or int(declared) > limit:
        raise TooLarge


def _kept_by_browsers(send: Any) -> Any:
    """The files have their content's hash in their names, so a browser may keep them."""

    async def sending(message: Any) -> None:
        if message["type"] == "http.response.start" and message["status"] == 200:
            kept = (b"cache-control", b"private, max-age=31536000, immutable")
            message = {**message, "headers": [*message["headers"], kept]}
        await send(message)

    return sending
