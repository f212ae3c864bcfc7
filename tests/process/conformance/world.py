"""The collections and records that the cases are asked about, the same for both servers.

Ours are declared in `apps/lenient.py`; PocketBase's are made here, through its API.
"""

from collections.abc import Sequence
from typing import Any

from tests.process.client import Client
from tests.process.conformance.asking import PASSWORD, PEOPLE, RECORDS, fixed
from tests.process.reference import collection_id, declare, timestamps
from tests.process.serving import RunningServer

Json = dict[str, Any]

OPEN: Json = {"listRule": "", "viewRule": "", "createRule": "", "updateRule": "", "deleteRule": ""}
SELF = "id = @request.auth.id"

CATS = [
    {"id": fixed("cat1"), "name": "red"},
    {"id": fixed("cat2"), "name": "Blue"},
    {"id": fixed("cat3"), "name": "green"},
]
CAT1, CAT2, CAT3 = (cat["id"] for cat in CATS)

RECORDS_OF: dict[str, list[Json]] = {
    "posts": [
        {
            "id": fixed("post1"),
            "title": "Alpha",
            "body": "<p>Hello <b>wor</b>ld</p><script>x</script><ul><li>one</li><li>two</li></ul> &amp; tail   spaces",
            "num": 5,
            "flag": True,
            "dt": "2024-01-01 00:00:00.000Z",
            "sel": "a",
            "msel": ["a", "b"],
            "cat": CAT1,
            "mcats": [CAT1, CAT2],
            "js": {"a": {"b": 1}, "list": [1, 2]},
            "geo": {"lon": 12.5, "lat": -7},
        },
        {"id": fixed("post2"), "title": "it's", "msel": ["b"], "cat": CAT2, "mcats": [CAT2], "js": "str"},
        {"id": fixed("post3"), "title": "123", "body": "100%", "num": -3.5, "js": ""},
        {
            "id": fixed("post4"),
            "title": "back\\slash",
            "num": 10,
            "flag": True,
            "dt": "2024-06-15 12:30:00.123Z",
            "msel": ["a", "b", "c"],
            "cat": CAT1,
            "mcats": [CAT1, CAT2, CAT3],
            "js": 5,
            "geo": {"lon": -0.5, "lat": 51.25},
        },
        {"id": fixed("post5"), "title": "line\nfeed", "body": "a line\nfeed in Straße", "num": 1000},
    ],
    "rooms": [{"id": fixed("room"), "name": "cellar"}],
    "shelves": [
        {"id": fixed("shelf1"), "name": "low", "room": fixed("room")},
        {"id": fixed("shelf2"), "name": "high"},
    ],
    "locked": [{"id": fixed("locked"), "name": "gold"}],
    "drafts": [
        {"id": fixed("ready"), "name": "ready", "shelf": fixed("shelf1")},
        {"id": fixed("raw"), "name": "raw"},
    ],
    "samples": [{"id": fixed("sample1"), "title": "first"}, {"id": fixed("sample2"), "title": "second"}],
}

BOOKS: dict[str, list[Json]] = {
    "books": [
        {
            "id": fixed("full"),
            "title": "full",
            "reader": fixed("ann"),
            "shelf": fixed("shelf1"),
            "shelves": [fixed("shelf2"), fixed("shelf1")],
            "locked": fixed("locked"),
            "draft": fixed("raw"),
            "drafts": [fixed("raw"), fixed("ready")],
        },
        {"id": fixed("none"), "title": "none"},
        {"id": fixed("changed"), "title": "changed"},
    ],
    "reviews": [
        {"id": fixed("z1"), "text": "1", "book": fixed("full"), "books": [fixed("full")]},
        {"id": fixed("a2"), "text": "2", "book": fixed("full"), "books": [fixed("changed"), fixed("full")]},
    ],
    "covers": [{"id": fixed("cover"), "name": "red", "book": fixed("full")}],
}


def prepare_pocketbase(server: RunningServer) -> None:
    """Makes the collections."""
    declare(server, _base("cats", [_text("name")], **OPEN))
    for name in ("posts", "samples"):
        declare(server, _base(name, _all_kinds(collection_id(server, "cats")), **OPEN))
    demands = [_text("text", required=True), {"name": "number", "type": "number", "required": True}]
    declare(server, _base("demands", demands, **OPEN))
    pairs = _base("pairs", [_text("left"), _text("right")], **OPEN)
    declare(server, pairs | {"indexes": ["CREATE UNIQUE INDEX `idx_pairs` ON `pairs` (`left`, `right`)"]})
    declare(server, _base("locked", [_text("name")]))
    ruled = _base("ruled", [_relation("cat", collection_id(server, "cats"))], **OPEN)
    declare(server, ruled | {"createRule": "cat.name = 'red'"})
    for name in ("people", "members"):
        auth = {"name": name, "type": "auth", "fields": [_text("name"), *timestamps()]}
        declare(server, auth | OPEN | {"updateRule": SELF, "deleteRule": SELF})
    _prepare_books(server)


def _prepare_books(server: RunningServer) -> None:
    """What the cases of expand are about."""

    def to(field: str, target: str, most: int = 1) -> Json:
        return _relation(field, collection_id(server, target), most)

    declare(server, _base("rooms", [_text("name")], **OPEN))
    declare(server, _base("shelves", [_text("name"), to("room", "rooms")], **OPEN))
    ready = {**OPEN, "viewRule": "name = 'ready' && @request.context = 'expand'"}
    declare(server, _base("drafts", [_text("name"), to("shelf", "shelves")], **ready))
    fields = [
        _text("title"),
        to("reader", "people"),
        to("shelf", "shelves"),
        to("shelves", "shelves", 9),
        to("locked", "locked"),
        to("draft", "drafts"),
        to("drafts", "drafts", 9),
    ]
    declare(server, _base("books", fields, **OPEN))
    declare(server, _base("reviews", [_text("text"), to("book", "books"), to("books", "books", 9)], **OPEN))
    covers = _base("covers", [_text("name"), to("book", "books")], **OPEN)
    declare(server, covers | {"indexes": ["CREATE UNIQUE INDEX `idx_covers` ON `covers` (`book`)"]})


def fill(server: RunningServer) -> dict[str, str]:
    """Brings the records in. Returns the actors' tokens by name."""
    root = server.superuser
    for collection, drafts in {"cats": CATS, **RECORDS_OF}.items():
        for draft in drafts:
            root.ask("POST", RECORDS.format(collection), draft)
    for name in ("ann", "bo", "changing", "moving", "revoked", "gone"):
        root.ask("POST", PEOPLE, _person(name))
    root.ask("POST", RECORDS.format("members"), _person("member"))
    for collection, drafts in BOOKS.items():
        for draft in drafts:
            root.ask("POST", RECORDS.format(collection), draft)
    tokens = {name: _token(server, "people", name) for name in ("ann", "bo", "changing", "moving", "revoked", "gone")}
    new = {"password": "another password", "passwordConfirm": "another password"}
    root.ask("PATCH", f"{PEOPLE}/{fixed('revoked')}", new)
    root.ask("DELETE", f"{PEOPLE}/{fixed('gone')}")
    return tokens | {"member": _token(server, "members", "member"), "root": root.token}


def _person(name: str) -> Json:
    draft = {"id": fixed(name), "email": f"{name}@example.com", "name": name}
    return draft | {"password": PASSWORD, "passwordConfirm": PASSWORD}


def _token(server: RunningServer, collection: str, name: str) -> str:
    return Client(server.url).sign_in(collection, f"{name}@example.com", PASSWORD).token


def _base(name: str, fields: Sequence[Json], **rules: str) -> Json:
    return {"name": name, "type": "base", "fields": [*fields, *timestamps()], **rules}


def _text(name: str, **options: Any) -> Json:
    return {"name": name, "type": "text", **options}


def _relation(name: str, target: str, most: int = 1) -> Json:
    return {"name": name, "type": "relation", "collectionId": target, "maxSelect": most}


def _all_kinds(cats: str) -> list[Json]:
    choices = ["a", "b", "c"]
    return [
        _text("title"),
        _text("body"),
        _text("hid", hidden=True),
        {"name": "num", "type": "number"},
        {"name": "flag", "type": "bool"},
        {"name": "dt", "type": "date"},
        {"name": "sel", "type": "select", "values": choices, "maxSelect": 1},
        {"name": "msel", "type": "select", "values": choices, "maxSelect": 3},
        _relation("cat", cats),
        _relation("mcats", cats, 9),
        {"name": "js", "type": "json"},
        {"name": "geo", "type": "geoPoint"},
        {"name": "link", "type": "url"},
        {"name": "mail", "type": "email"},
    ]
