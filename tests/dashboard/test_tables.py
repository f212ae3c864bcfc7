"""Piccolo Admin as a room: who gets in, what its lists and searches answer, and that it works with every key."""

import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from piccolo.columns import UUID, Array, Boolean, ForeignKey, Integer, Secret, Serial, Text, Timestamptz, Varchar
from piccolo.columns.base import OnDelete
from piccolo.columns.defaults.uuid import UUID4
from piccolo.columns.readable import Readable
from piccolo.table import Table
from tests.api.value_table import Size
from tests.dashboard.rooms import HEADERS, PATH, Room, opened

from piccobase import AuthCollection, Collection
from piccobase.columns import MultiSelect, Relations, Select
from piccobase_admin.signing import COOKIE


class User(AuthCollection, tablename="users"):
    name = Varchar()


class Band(Table, tablename="bands"):
    id: Serial
    name = Varchar(required=True)


class Venue(Table, tablename="venues"):
    code = UUID(primary_key=True, default=UUID4())
    town = Varchar()
    street = Varchar()

    @classmethod
    def get_readable(cls) -> Readable:
        return Readable(template="%s in %s", columns=[cls.street, cls.town])


class Concert(Collection, tablename="concerts"):
    title = Varchar(length=100)
    band = ForeignKey(Band, null=False, on_delete=OnDelete.restrict)
    venue = ForeignKey(Venue)
    guests = Relations(User)
    seats = Integer(default=0)
    size = Integer(choices=Size, default=Size.small)
    mood = Select(["calm", "loud"])
    tags = MultiSelect(["open air", "free"])
    sold_out = Boolean()
    at = Timestamptz(null=True, default=None)
    notes = Text()
    songs = Array(base_column=Varchar())
    door_code = Secret()


@pytest.fixture
async def room(database_url: str | None, tmp_path: Path) -> AsyncIterator[Room]:
    async with opened([User, Band, Venue, Concert], database_url, tmp_path) as room:
        yield room


@pytest.fixture
async def quick_room(tmp_path: Path) -> AsyncIterator[Room]:
    """On SQLite alone, for what happens before any database is asked."""
    async with opened([User, Band], None, tmp_path) as room:
        yield room


@pytest.fixture
async def concerts(room: Room) -> dict[str, dict[str, Any]]:
    """Three concerts by title, with all that they point to."""
    user = await room.root.create("users", email="ada@example.com", password="12345678", passwordConfirm="12345678")
    band = await room.root.create("bands", name="The Lexers")
    venue = await room.root.create("venues", town="Rustaveli", street="Broadway")
    made = [
        await room.root.create("concerts", band=band["id"], door_code="4711", **values)
        for values in (
            {"title": "100% sure", "seats": 100, "tags": ["free"], "at": "2026-01-01 20:00:00Z", "venue": venue["id"]},
            {"title": "1000 sure", "seats": 20, "size": 2, "mood": "loud", "guests": [user["id"]], "sold_out": True},
            {"title": 'A "quoted" \\ back', "seats": 3, "songs": ["a"], "tags": ["open air", "free"]},
        )
    ]
    return {record["title"]: record for record in made}


FILTERS = [
    ({"title": "SURE"}, ["100% sure", "1000 sure"]),
    ({"title": "0%"}, ["100% sure"]),
    ({"title": "a_", "title__match": "starts"}, []),
    ({"title": "100", "title__match": "starts"}, ["100% sure", "1000 sure"]),
    ({"title": "back", "title__match": "ends"}, ['A "quoted" \\ back']),
    ({"title": "1000 sure", "title__match": "exact"}, ["1000 sure"]),
    ({"title": '"quoted" \\'}, ['A "quoted" \\ back']),
    ({"seats": "20", "seats__operator": "gte"}, ["100% sure", "1000 sure"]),
    ({"seats": "20", "seats__operator": "ne"}, ["100% sure", 'A "quoted" \\ back']),
    ({"size": "2"}, ["1000 sure"]),
    ({"size[]": ["1", "2"]}, []),
    ({"size": ["2", "2"]}, ["1000 sure"]),
    ({"mood": "loud"}, ["1000 sure"]),
    ({"mood": ["loud", "loud"]}, ["1000 sure"]),
    ({"tags[]": "free"}, ["100% sure", 'A "quoted" \\ back']),
    ({"tags[]": ["free", "open air"]}, ['A "quoted" \\ back']),
    ({"tags[]": "open"}, []),
    ({"sold_out": "true"}, ["1000 sure"]),
    ({"at": "2026-01-01T20:00", "at__operator": "e"}, ["100% sure"]),
    ({"at": "2026-01-02", "at__operator": "lt"}, ["100% sure"]),
    ({"at__operator": "is_null"}, ["1000 sure", 'A "quoted" \\ back']),
    ({"at__operator": "not_null"}, ["100% sure"]),
    ({"title": "sure", "seats": "100"}, ["100% sure"]),
    ({"__page_size": "1", "__page": "2"}, ["1000 sure"]),
]


async def test_lists_are_filtered_and_sorted_as_the_page_asks(room: Room, concerts: dict[str, dict[str, Any]]) -> None:
    found = [
        (query, [row["title"] for row in await room.list("concerts", __order="title", **query)]) for query, _ in FILTERS
    ]
    assert found == FILTERS
    counted = [(await room.get("/api/tables/concerts/count/", query))["count"] for query, _ in FILTERS[:-1]]
    assert counted == [len(titles) for _, titles in FILTERS[:-1]]
    for relation, one in (("guests[]", concerts["1000 sure"]["guests"][0]), ("venue", concerts["100% sure"]["venue"])):
        assert len(await room.list("concerts", **{relation: one})) == 1
    backwards = await room.list("concerts", __order="-seats,title")
    assert [row["seats"] for row in backwards] == ["100", "20", "3"]


NOT_ASKED = [
    ({"seats": "many"}, "seats is compared with a number, and 'many' is none."),
    ({"sold_out": "maybe"}, "sold_out is true or false."),
    ({"at": "soon"}, "at is compared with a date such as 2026-11-23 10:00, and 'soon' is none."),
    ({"seats": "1", "seats__operator": "like"}, 'There is no operator "like".'),
    ({"nothing": "1"}, 'Records cannot be filtered by "nothing".'),
    ({"songs[]": "a"}, 'Records cannot be filtered by "songs".'),
    ({"__order": "nothing"}, 'Records cannot be sorted by "nothing".'),
    ({"__order": "title; DROP TABLE concerts"}, 'Records cannot be sorted by "title; DROP TABLE concerts".'),
    ({"__page": "0"}, "The page must be a number from 1."),
    ({"__page_size": "1001"}, "A page has at most 1000 records."),
    ({"__visible_fields": "title,door_code"}, 'There is no field "door_code" to be shown.'),
]


async def test_what_a_list_cannot_be_asked_is_refused_with_a_reason(room: Room) -> None:
    answers = [await room.ask("GET", "/api/tables/concerts/", query=query) for query, _ in NOT_ASKED]
    assert [(answer.status_code, answer.text) for answer in answers] == [(400, reason) for _, reason in NOT_ASKED]


async def test_other_records_are_called_by_their_names(room: Room, concerts: dict[str, dict[str, Any]]) -> None:
    (row,) = await room.list("concerts", title="100%")
    assert (row["band_readable"], row["venue_readable"]) == ("The Lexers", "Broadway in Rustaveli")
    form = await room.form("concerts", row["id"])
    assert (form["band_readable"], form["venue_readable"]) == ("The Lexers", "Broadway in Rustaveli")
    venue = concerts["100% sure"]["venue"]
    for search in ("roadw", venue, ""):
        found = await room.get("/api/tables/venues/ids/", {"search": search, "limit": "6", "offset": "0"})
        assert found == {venue: "Broadway in Rustaveli"}, search
    assert await room.get("/api/tables/venues/ids/", {"search": "_roadway", "limit": "6", "offset": "0"}) == {}
    assert await room.get("/api/tables/venues/ids/", {"limit": "6", "offset": "5"}) == {}
    assert await room.get("/api/tables/users/references/") == {
        "references": [{"tableName": "concerts", "columnName": "guests"}]
    }


async def test_a_list_has_something_to_click_on_and_a_property_for_every_column(room: Room) -> None:
    for name in ("concerts", "bands", "venues", "users", "_superusers"):
        schema = await room.schema(name)
        extra = schema["extra"]
        assert {*extra["visible_column_names"], extra["link_column_name"], extra["primary_key_name"]} <= set(
            schema["properties"]
        )
        assert extra["link_column_name"] in extra["visible_column_names"]
    await room.root.create("venues", town="Nowhere", street="")
    (row,) = await room.list("venues")
    assert row["street"] == row["id"]
    (exported,) = await room.list("venues", __visible_fields="street,town")
    assert exported == {"street": "", "town": "Nowhere"}


async def test_tables_with_integer_and_uuid_keys_are_read_and_written(room: Room) -> None:
    given = str(uuid4())
    for collection, key, other in (("bands", "7", "name"), ("venues", given, "street")):
        for sent in ({"id": "", other: "First"}, {"id": key, other: "Second"}):
            assert (await room.add(collection, sent)).status_code == 201
        assert [row[other] for row in await room.list(collection, __order=other)] == ["First", "Second"]
        saved = await room.save(collection, key, {**await room.form(collection, key), other: "Third"})
        assert saved.status_code == 200, saved.text
        assert (await room.form(collection, key))[other] == "Third"
        assert (await room.ask("DELETE", f"/api/tables/{collection}/{key}/")).status_code == 204
        assert (await room.ask("GET", f"/api/tables/{collection}/{key}/")).status_code == 404
    for nobody in ("x", "99", "-1", "9" * 30):
        assert (await room.save("bands", nobody, {"name": "X"})).status_code == 404


async def test_the_rules_of_records_hold_here_too(room: Room, concerts: dict[str, dict[str, Any]]) -> None:
    band = concerts["100% sure"]["band"]
    kept = await room.ask("DELETE", f"/api/tables/bands/{band}/")
    assert (kept.status_code, "required relation reference" in kept.text) == (422, True)
    twice = await room.add("users", {"email": "ada@example.com", "password": "12345678"})
    assert twice.json() == {"detail": [{"loc": ["body", "email"], "msg": "Value must be unique."}]}
    (superuser,) = await room.list("_superusers")
    last = await room.ask("DELETE", f"/api/tables/_superusers/{superuser['id']}/")
    assert last.status_code == 422, last.text
    added = await room.add("users", {"email": "new@example.com", "password": "a new password"})
    assert added.status_code == 201, added.text
    await room.guest.signed_in("users", "new@example.com", "a new password")


async def test_nobody_gets_in_without_the_cookie_of_a_superuser(quick_room: Room) -> None:
    await quick_room.root.create("users", email="ada@example.com", password="12345678", passwordConfirm="12345678")
    user = await quick_room.guest.signed_in("users", "ada@example.com", "12345678")
    tokens = [
        {},
        {"Cookie": f"{COOKIE}={user.token}"},
        {"Authorization": quick_room.root.token},
        {"Cookie": f"{COOKIE}=x"},
    ]
    for headers in tokens:
        for method, path in (("GET", "/api/tables/users/"), ("POST", "/api/tables/users/"), ("GET", "/public/meta/")):
            answer = await quick_room.guest.client.request(method, PATH + path, headers={**HEADERS, **headers})
            assert answer.status_code == 401, (headers, path)
    page = await quick_room.guest.client.get(f"{PATH}/")
    assert (page.status_code, page.headers["location"]) == (303, "/admin/sign-in?next=/admin/tables/")


async def test_other_sites_can_make_a_browser_write_nothing(quick_room: Room) -> None:
    band = await quick_room.root.create("bands", name="The Lexers")
    for site in ({"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "http://evil"}, {}):
        headers = {"Accept": "application/json", **site}
        for method, path in (("POST", "bands/"), ("PATCH", f"bands/{band['id']}/"), ("DELETE", f"bands/{band['id']}/")):
            answer = await quick_room.ask(method, f"/api/tables/{path}", {"name": "Owned"}, headers=headers)
            assert answer.status_code == 403, (site, method)
    assert [row["name"] for row in await quick_room.list("bands")] == ["The Lexers"]


CLOSED = [
    ("POST", "/public/login/"),
    ("POST", "/public/logout/"),
    ("POST", "/api/change-password/"),
    ("GET", "/api/mfa-setup/"),
    ("POST", "/api/media/"),
    ("GET", "/openapi.json"),
    ("GET", "/api/openapi.json"),
    ("GET", "/api/docs/"),
    ("GET", "/api/tables/_secrets/"),
    ("GET", "/api/tables/_roles/"),
    ("GET", "/api/tables/bands"),  # FastAPI would redirect to the host that the request names
    ("GET", "/assets/../index.html"),
    ("GET", "/assets/%2e%2e/index.html"),
]


async def test_of_piccolo_admins_paths_only_those_of_the_room_are_there(quick_room: Room) -> None:
    answers = [(method, path, (await quick_room.ask(method, path)).status_code) for method, path in CLOSED]
    assert answers == [(method, path, 404) for method, path in CLOSED]
    listed = await quick_room.ask("GET", "/api/tables/bands/", headers={**HEADERS, "Host": "evil.example"})
    assert "set-cookie" not in listed.headers
    bare = await quick_room.ask("GET", "")
    assert (bare.status_code, bare.headers["location"]) == (308, "/admin/tables/")


async def test_the_page_is_ours_with_strict_headers_and_its_files_are_kept(quick_room: Room) -> None:
    page = await quick_room.ask("GET", "/")
    assert "unsafe" not in page.headers["content-security-policy"]
    assert page.headers["cache-control"] == "no-store"
    script = page.text.partition('type="module" src="')[2].partition('"')[0]
    answer = await quick_room.ask("GET", f"/{script}")
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["cache-control"] == "private, max-age=31536000, immutable"


async def test_a_collection_whose_name_piccolo_admin_has_taken_is_left_out_and_said_to_be(tmp_path: Path) -> None:
    class Form(Collection, tablename="forms"):
        title = Varchar()

    async with opened([Form, Band], None, tmp_path) as room:
        assert (await room.get("/api/tables/grouped/"))["ungrouped"] == ["bands"]
        assert "The records of <code>forms</code> cannot be shown here" in (await room.ask("GET", "/")).text


async def test_a_body_is_read_only_to_its_limit(quick_room: Room) -> None:
    headers = {**HEADERS, "Content-Type": "application/json"}
    for size in ({"Content-Length": str(1 << 40)}, {"Transfer-Encoding": "chunked"}):
        answer = await quick_room.ask("POST", "/api/tables/bands/", headers={**headers, **size})
        assert answer.status_code == 413, answer.text


def test_piccolo_admin_is_imported_only_when_the_room_is_opened(tmp_path: Path) -> None:
    program = """
import asyncio, sys
from pathlib import Path
import httpx
from tests.dashboard.test_tables import Band
from tests.dashboard.rooms import opened

HEAVY = {"fastapi", "piccolo_admin", "piccolo_api", "pydantic"}

async def main():
    async with opened([Band], None, Path(sys.argv[1])) as room:
        await room.root.create("bands", name="The Lexers")
        client = room.guest.client
        for path in ("/admin/", "/admin/sign-in", "/admin/tables/"):
            await client.get(path)
        home = await client.get("/admin/", headers={"Cookie": "piccobase_admin=" + room.root.token})
        assert home.status_code == 200, home.text
        assert not HEAVY & {name.partition(".")[0] for name in sys.modules} - BEFORE, "imported before"
        await room.list("bands")
        assert "piccolo_admin" in sys.modules

BEFORE = {"pydantic"}  # Piccolo and Litestar import it where it is installed
asyncio.run(main())
"""
    subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=True, cwd=Path(__file__).parents[2])
