"""The OpenAPI document: valid, as it is promised, and the same for all who may do the same.

That answers are as the document says is held by `tests/asking.py`, for every request of every test.
"""

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from examples.atlas.app import app as atlas
from litestar import get
from litestar.params import FromPath
from openapi_spec_validator import OpenAPIV31SpecValidator
from piccolo.columns import Boolean, Date, ForeignKey, Integer, Numeric, SmallInt, Varchar
from piccolo.table import Table
from tests.api.test_values import COLLECTIONS
from tests.asking import serving

from piccobase import AuthCollection, Collection, FieldRules, Role, Rules, role, signed_in
from piccobase.app.services import check_declaration
from piccobase.columns import GeoPoint, MultiSelect, Relations
from piccobase.http.openapi.document import Reader, make_document
from piccobase.http.openapi.names import name_collections
from piccobase.http.openapi.routes import DescribedRoutes, describe_routes
from piccobase.rules.fields import FieldAccess
from piccobase.testing import Caller, TestApp

PATH = "/api/openapi.json"
OPEN = Rules(list="", view="", create="", update="", delete="")


class User(AuthCollection, tablename="users"):
    name = Varchar()
    rules = Rules(list=signed_in, view=signed_in, create="")


class Post(Collection, tablename="posts"):
    """What somebody has written."""

    title = Varchar(length=200, required=True, help_text="At the top")
    views = Integer(default=0)
    price = Numeric(digits=(5, 2))
    day = Date(default=None, null=False)
    published = Boolean(default=True)
    tags = MultiSelect(["a", "b"], max_select=2)
    place = GeoPoint(null=True, default=None)
    author = ForeignKey(User)
    readers = Relations(User)
    secret = Varchar(secret=True)
    rank = SmallInt()
    rules = Rules(
        list="", view="published = true", create=signed_in, fields={"rank": FieldRules(read=role("editor"), write=None)}
    )


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[TestApp]:
    async with serving([User, Post], [Role("editor")], None, tmp_path) as guest:
        yield guest


async def document(api: Caller) -> dict[str, Any]:
    answer = await api.ask("GET", PATH)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    read: dict[str, Any] = answer.json()
    return read


async def user(api: TestApp, *roles: str) -> Caller:
    root = await api.superuser()
    account = {"email": "u@example.com", "password": "12345678"}
    made = await root.create("users", **account, passwordConfirm="12345678")
    await root.ask("PUT", api.records("users", made["id"]) + "/roles", {"roles": list(roles)})
    return await api.signed_in("users", account["email"], account["password"])


def described(tables: list[type[Table]], roles: list[Role], *, superuser: bool) -> dict[str, Any]:
    """A document without a server. Through JSON, so that no object in it is the same as another."""
    registry, _ = check_declaration(tables, roles)
    access = FieldAccess(registry)
    reader = Reader(-1 if superuser else 0, superuser)
    made: dict[str, Any] = json.loads(json.dumps(make_document(registry, access, DescribedRoutes({}, {}), reader)))
    return made


def operations(read: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for item in read["paths"].values():
        yield from (operation for method, operation in item.items() if method != "parameters")


@pytest.mark.parametrize("superuser", [True, False], ids=["superuser", "guest"])
@pytest.mark.parametrize("app", ["atlas", "every kind of value"])
def test_the_document_is_valid_and_leads_nowhere_but_into_itself(app: str, superuser: bool) -> None:
    tables, roles = (atlas.collections, atlas.roles) if app == "atlas" else (COLLECTIONS, ())
    read = described(list(tables), list(roles), superuser=superuser)
    OpenAPIV31SpecValidator(read).validate()
    ids = [operation["operationId"] for operation in operations(read)]
    assert sorted(ids) == sorted(set(ids))
    names = [name.lower() for name in read["components"]["schemas"]]
    assert sorted(names) == sorted(set(names))
    # Every component is used; that every one used is there is the validator's.
    text = json.dumps(read)
    for part in ("schemas", "responses", "parameters"):
        for name in read["components"][part]:
            assert f'"#/components/{part}/{name}"' in text


async def test_a_record_says_what_its_fields_are(api: TestApp) -> None:
    read = await document(await api.superuser())
    post = read["components"]["schemas"]["Post"]
    assert post["description"] == "What somebody has written."
    assert {name: schema.get("type") for name, schema in post["properties"].items()} == {
        "id": "string",
        "created": "string",
        "updated": "string",
        "title": "string",
        "views": "integer",
        "price": "number",
        "day": "string",
        "published": "boolean",
        "tags": "array",
        "place": None,
        "author": ["string", "null"],
        "readers": "array",
        "secret": "string",
        "rank": "integer",
        "collectionId": "string",
        "collectionName": "string",
        "expand": "object",
    }
    # Required is what everybody is answered, whoever reads the document.
    assert sorted(post["required"]) == sorted(set(post["properties"]) - {"expand", "secret", "rank"})
    assert post["properties"]["title"]["description"] == "At the top."
    assert post["properties"]["created"]["readOnly"] is True
    assert post["properties"]["place"]["anyOf"] == [{"$ref": "#/components/schemas/GeoPoint"}, {"type": "null"}]
    draft = read["components"]["schemas"]["PostCreate"]
    assert draft["required"] == ["day", "title"]
    assert (draft["properties"]["title"]["minLength"], draft["properties"]["title"]["maxLength"]) == (1, 200)
    assert draft["properties"]["published"]["description"] == "By default true."
    assert draft["properties"]["tags"] == {
        "type": "array",
        "items": {"type": "string", "enum": ["a", "b"]},
        "maxItems": 2,
    }
    assert not {"created", "updated", "collectionId"} & set(draft["properties"])
    change = read["components"]["schemas"]["PostUpdate"]
    assert "required" not in change
    assert set(change["properties"]) == set(draft["properties"]) - {"id"}
    assert {"views+", "views-", "tags+", "+tags", "tags-", "+author"} <= set(change["x-modifiers"])
    account = read["components"]["schemas"]["UserCreate"]
    assert account["required"] == ["email", "password", "passwordConfirm"]
    assert account["properties"]["password"]["writeOnly"] is True
    assert "email" not in read["components"]["schemas"]["User"]["required"]


async def test_each_reader_is_shown_what_the_reader_may_use(api: TestApp) -> None:
    guest, root = await document(api), await document(await api.superuser())
    editor = await document(await user(api, "editor"))
    added = set(root["paths"]) - set(guest["paths"])
    assert {path for path in added if path.startswith("/api/collections/")} - {
        # Of these a guest may not change anything.
        "/api/collections/posts/bulk",
        "/api/collections/users/bulk",
    } == {
        f"/api/collections/_superusers/{path}"
        for path in (
            "bulk",
            "records",
            "records/{id}",
            "auth-methods",
            "auth-with-password",
            "auth-refresh",
            "records/{id}/roles",
        )
    }
    post = "/api/collections/posts/records/{id}"
    assert set(root["paths"][post]) - set(guest["paths"][post]) == {"patch", "delete"}
    assert root["paths"][post]["delete"]["security"] == [{"token": []}]
    seen = [set(read["components"]["schemas"]["Post"]["properties"]) for read in (guest, editor, root)]
    assert (seen[1] - seen[0], seen[2] - seen[1]) == ({"rank"}, {"secret"})
    # A rule's text may name what is hidden: it is for superusers.
    assert "published = true" in root["paths"][post]["get"]["description"]
    assert "published" not in guest["paths"][post]["get"]["description"]
    assert root["components"]["schemas"]["Role"]["enum"] == ["editor"]
    assert "enum" not in guest["components"]["schemas"]["Role"]


async def test_who_has_the_document_already_is_told_so_and_nobody_keeps_it_for_others(api: TestApp) -> None:
    member, root = await user(api), await api.superuser()
    first = await api.ask("GET", PATH)
    assert first.headers["cache-control"] == "private, no-cache"
    known = {"If-None-Match": f'"other", {first.headers["etag"]}'}
    for reader, status in ((api, 304), (member, 304), (root, 200)):
        answer = await reader.ask("GET", PATH, headers=known)
        assert (answer.status_code, answer.content == b"") == (status, status == 304)
    head = await api.ask("HEAD", PATH)
    assert (head.status_code, head.headers["etag"], head.content) == (200, first.headers["etag"], b"")
    # A token that does not hold makes a guest.
    wrong = await api.ask("GET", PATH, headers={"Authorization": "Bearer nonsense"})
    assert wrong.headers["etag"] == first.headers["etag"]


async def test_the_servers_own_routes_are_in_it_with_our_errors(api: Caller) -> None:
    health = (await document(api))["paths"]["/api/health"]["get"]
    assert health["operationId"] == "readHealth"
    assert health["responses"]["200"]["content"]["application/json"]["schema"]["$ref"].endswith("/Health")
    assert health["responses"]["5XX"] == {"$ref": "#/components/responses/Failed"}

    @get("/api/weather/{city:str}", operation_id="readWeather")
    async def weather(city: FromPath[str]) -> dict[str, int]:
        return {city: 20}

    registry, _ = check_declaration([Post, User], [Role("editor")])
    read = make_document(registry, FieldAccess(registry), describe_routes([weather]), Reader(0))
    added = read["paths"]["/api/weather/{city}"]["get"]
    assert added["responses"]["400"] == {"$ref": "#/components/responses/BadRequest"}
    OpenAPIV31SpecValidator(json.loads(json.dumps(read))).validate()


def table(class_name: str, tablename: str, *, rules: Rules = OPEN) -> type[Collection]:
    made = type(Collection)(class_name, (Collection,), {"rules": rules}, tablename=tablename)
    assert issubclass(made, Collection)
    return made


def test_types_are_named_after_classes_and_no_two_alike() -> None:
    declared = [
        table("Post", "posts"),
        table("PostPage", "post_pages"),  # as the page of Post is called
        table("Post", "old_posts"),
        table("city_List", "lists"),
        table("Größe", "sizes"),
        table("FooBar", "foo_bar"),
        table("Foobar", "fooBar"),
        table("ApiError", "errors"),
        table("String", "string"),
    ]
    registry, _ = check_declaration(declared, [])
    names = name_collections(registry.collections.values(), lambda one: not one.system, ["ApiError"])
    assert {name: (names[name].one, names[name].many) for name in sorted(names)} == {
        "_superusers": ("Superuser", "Superusers"),
        "errors": ("Errors", "Errors"),
        "fooBar": ("Foobar", "FooBar"),
        "foo_bar": ("FooBar2Record", "FooBar2"),
        "lists": ("CityList", "Lists"),
        "old_posts": ("Post", "OldPosts"),
        "post_pages": ("PostPages", "PostPages"),
        "posts": ("Posts", "Posts"),
        "sizes": ("Sizes", "Sizes"),
        "string": ("StringRecord", "String"),
    }


def test_without_roles_there_is_nothing_to_say_of_roles() -> None:
    read = described([User], [], superuser=True)
    assert not [path for path in read["paths"] if path.endswith("/roles")]
    assert "Roles" not in read["components"]["schemas"]
