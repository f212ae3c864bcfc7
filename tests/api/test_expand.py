"""Expand over the API (protocol.md §2.4): which relations lead where, for whom, and how many questions it takes."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from piccolo.columns import UUID, ForeignKey, Integer, Serial, Text, Varchar
from piccolo.constraints import Unique
from piccolo.table import Table
from tests.asking import serving

from piccobase import AuthCollection, Collection, FieldRules, Role, Rules, owner, role
from piccobase.columns import Relations
from piccobase.records import expanding
from piccobase.testing import Caller, TestApp

OPEN = Rules(list="", view="", create="", update="", delete="")


class Author(AuthCollection, tablename="authors"):
    name = Varchar()
    pin = Varchar(secret=True)
    rules = Rules(list="", view="", create="", update=owner, manage=role("keeper"))


class Shelf(Collection, tablename="shelves"):
    name = Varchar()
    above = ForeignKey("self")
    rules = OPEN


class Locked(Collection, tablename="locked"):
    name = Varchar()


class Draft(Collection, tablename="drafts"):
    """Shown where it is expanded, and only if it is ready."""

    name = Varchar()
    shelf = ForeignKey(Shelf)
    rules = Rules(view="name = 'ready' && @request.context = 'expand'")


class Ticket(Collection, tablename="tickets"):
    """Shown to a request that knows its word."""

    word = Varchar()
    rules = Rules(view="word = @request.query.word || word = @request.body.title")


class Book(Collection, tablename="books", collection_id="pbc_books"):
    title = Varchar()
    author = ForeignKey(Author)
    shelf = ForeignKey(Shelf)
    shelves = Relations(Shelf)
    locked = ForeignKey(Locked)
    draft = ForeignKey(Draft)
    drafts = Relations(Draft)
    ticket = ForeignKey(Ticket)
    secret = ForeignKey(Shelf, secret=True)
    inner = ForeignKey(Shelf)
    rules = Rules(list="", view="", create="", update="", fields={"inner": FieldRules(read=role("keeper"))})


class Review(Collection, tablename="reviews"):
    text = Text()
    book = ForeignKey(Book)
    books = Relations(Book)
    private = ForeignKey(Book, secret=True)
    rules = OPEN


class Cover(Collection, tablename="covers"):
    """One a book."""

    name = Varchar()
    book = ForeignKey(Book, unique=True)
    back_of = ForeignKey(Book)
    one_back = Unique([back_of])
    rules = OPEN


class LockedReview(Collection, tablename="locked_reviews"):
    book = ForeignKey(Book)


class Band(Table, tablename="bands"):
    id = Serial(primary_key=True)
    name = Varchar()
    rules = OPEN


class Concert(Table, tablename="concerts"):
    id = UUID(primary_key=True)
    band = ForeignKey(Band)
    guests = Relations(Band)
    seats = Integer()
    rules = OPEN


class Seat(Table, tablename="seats"):
    id = Serial(primary_key=True)
    concert = ForeignKey(Concert)
    rules = OPEN


TABLES = [Author, Shelf, Locked, Draft, Ticket, Book, Review, Cover, LockedReview, Band, Concert, Seat]
ROLES = [Role("keeper")]


def fixed(name: str) -> str:
    return f"{name:0<15}"


@pytest.fixture
async def api(database_url: str | None, tmp_path: Path) -> AsyncIterator[TestApp]:
    async with serving(TABLES, ROLES, database_url, tmp_path) as guest:
        yield guest


@pytest.fixture
async def root(api: TestApp) -> Caller:
    """A superuser, and one book that has everything, one that has nothing, and one that has a little."""
    root = await api.superuser()
    await root.create("shelves", id=fixed("top"), name="top")
    await root.create("shelves", id=fixed("low"), name="low", above=fixed("top"))
    await root.create("shelves", id=fixed("far"), name="far")
    await root.create("locked", id=fixed("lock"))
    await root.create("drafts", id=fixed("ready"), name="ready", shelf=fixed("low"))
    await root.create("drafts", id=fixed("raw"), name="raw")
    await root.create("tickets", id=fixed("ticket"), word="sesame")
    await root.create(
        "books",
        id=fixed("full"),
        title="full",
        shelf=fixed("low"),
        shelves=[fixed("far"), fixed("top"), fixed("low")],
        locked=fixed("lock"),
        draft=fixed("raw"),
        drafts=[fixed("raw"), fixed("ready")],
        ticket=fixed("ticket"),
        secret=fixed("top"),
        inner=fixed("top"),
    )
    await root.create("books", id=fixed("none"), title="none")
    await root.create("books", id=fixed("some"), title="some", shelf=fixed("far"))
    full, some = fixed("full"), fixed("some")
    await root.create("reviews", id=fixed("z1"), text="1", book=full, books=[full, some], private=full)
    await root.create("reviews", id=fixed("a2"), text="2", book=full, books=[full])
    await root.create("reviews", id=fixed("m3"), text="3", book=some, books=[some, full])
    await root.create("covers", id=fixed("cover"), book=full, back_of=some)
    await root.create("locked_reviews", book=full)
    return root


def seen(record: Any) -> Any:
    """A record as its id, or as its id and what was expanded."""
    if isinstance(record, list):
        return [seen(each) for each in record]
    name = record["id"].rstrip("0")
    return (name, {key: seen(value) for key, value in record["expand"].items()}) if "expand" in record else name


async def expanded(api: Caller, expand: str, record: str = "full", **query: str) -> Any:
    answer = await api.ask("GET", api.records("books", fixed(record)), query={"expand": expand, **query})
    assert answer.status_code == 200, answer.text
    return seen(answer.json())


REVIEWS = ["z1", "a2"]
FULL = [
    # a single relation, and names that mean nothing
    ("shelf", {"shelf": "low"}),
    ("Shelf", None),
    ("nope", None),
    ("title", None),
    ("id", None),
    ("expand", None),
    ("shelf,nope", {"shelf": "low"}),
    (" sh elf ", {"shelf": "low"}),
    (".shelf.", {"shelf": "low"}),
    ("shelf,,", {"shelf": "low"}),
    ("", None),
    (",", None),
    # deeper; what does not lead on from a record that is there takes its whole path along
    ("shelf.above", {"shelf": ("low", {"above": "top"})}),
    ("shelf.above.above", {"shelf": ("low", {"above": ("top", {})})}),
    ("shelf,shelf.above", {"shelf": ("low", {"above": "top"})}),
    ("shelf.nope", None),
    ("shelf.name", None),
    ("shelf..above", None),
    ("shelf.above.nope", None),
    ("shelf,shelf.nope", None),
    ("shelf.above,shelf.nope", {"shelf": ("low", {"above": "top"})}),
    ("shelf.above.above.nope", {"shelf": ("low", {"above": ("top", {})})}),
    ("shelf.nope,locked,author", {}),
    # many, in the order in which they are stored
    ("shelves", {"shelves": ["far", "top", "low"]}),
    ("shelves.above", {"shelves": [("far", {}), ("top", {}), ("low", {"above": "top"})]}),
    ("shelves.above.nope", None),
    # nothing there
    ("author", {}),
    ("author.nope", {}),
    # locked, and hidden by a rule
    ("locked", None),
    ("locked,shelf", {"shelf": "low"}),
    ("draft", {}),
    ("draft.nope", {}),
    ("drafts", {"drafts": ["ready"]}),
    ("drafts.nope", None),
    ("drafts.shelf.above", {"drafts": [("ready", {"shelf": ("low", {"above": "top"})})]}),
    ("ticket", {}),
    # relations that cannot be read
    ("secret", None),
    ("inner", None),
    ("reviews_via_private", None),
    # back
    ("reviews_via_book", {"reviews_via_book": REVIEWS}),
    ("reviews_via_books", {"reviews_via_books": ["z1", "a2", "m3"]}),
    ("REVIEWS_via_book", {"REVIEWS_via_book": REVIEWS}),
    ("reviews_via_Book", None),
    ("reviews_via_text", None),
    ("reviews_via_nope", None),
    ("nope_via_book", None),
    ("books_via_shelf", None),
    ("shelf.books_via_shelf", {"shelf": ("low", {"books_via_shelf": ["full"]})}),
    ("shelf.pbc_books_via_shelves", {"shelf": ("low", {"pbc_books_via_shelves": ["full"]})}),
    ("PBC_books_via_shelves", None),
    ("covers_via_book", {"covers_via_book": "cover"}),
    ("covers_via_back_of", {}),
    ("locked_reviews_via_book", None),
    ("reviews(book)", {"reviews(book)": REVIEWS}),
    ("reviews(book)x", None),
    ("reviews(book).book.shelf", {"reviews(book)": [(name, {"book": ("full", {"shelf": "low"})}) for name in REVIEWS]}),
    (
        "reviews_via_book.books.covers_via_back_of,shelf",
        {
            "reviews_via_book": [
                ("z1", {"books": [("full", {}), ("some", {"covers_via_back_of": "cover"})]}),
                ("a2", {"books": [("full", {})]}),
            ],
            "shelf": "low",
        },
    ),
]


async def test_paths_lead_where_the_protocol_says(api: Caller, root: Caller) -> None:
    answers = {expand: await expanded(api, expand) for expand, _ in FULL}
    assert answers == {expand: "full" if value is None else ("full", value) for expand, value in FULL}


async def test_a_record_without_relations_expands_to_nothing(api: Caller, root: Caller) -> None:
    """Only what is known before the records are is dropped: what is behind an empty relation does no harm."""
    told = ["shelf", "shelf.nope", "shelves.above.nope", "draft", "author", "reviews_via_book", "covers_via_book"]
    assert [await expanded(api, expand, "none") for expand in told] == [("none", {})] * len(told)
    silent = ["nope", "title", "locked", "locked.nope", "secret", "locked_reviews_via_book", "books_via_shelf"]
    assert [await expanded(api, expand, "none") for expand in silent] == ["none"] * len(silent)


async def test_a_list_expands_all_its_records_at_once(api: Caller, root: Caller) -> None:
    async def listed(expand: str) -> Any:
        query = {"sort": "title", "expand": expand}
        return seen((await api.ask("GET", api.records("books"), query=query)).json()["items"])

    assert await listed("shelf.above,reviews_via_book") == [
        ("full", {"reviews_via_book": REVIEWS, "shelf": ("low", {"above": "top"})}),
        ("none", {}),
        ("some", {"reviews_via_book": ["m3"], "shelf": ("far", {})}),
    ]
    # One record that a path gets stuck at is enough: it is dropped for all of them.
    assert await listed("shelf.nope") == ["full", "none", "some"]


async def test_seven_levels_are_six(api: Caller, root: Caller) -> None:
    path = "shelf.books_via_shelf." * 3 + "shelf"
    found = await expanded(api, path)
    for segment in ("shelf", "books_via_shelf") * 3:
        assert isinstance(found, tuple), segment
        found = found[1][segment]
        found = found[0] if isinstance(found, list) else found
    assert found == "full"


async def test_superusers_pass_all_rules(root: Caller) -> None:
    assert await expanded(
        root, "locked,draft,drafts,secret,inner,locked_reviews_via_book.book,reviews_via_private"
    ) == (
        "full",
        {
            "draft": "raw",
            "drafts": ["raw", "ready"],
            "inner": "top",
            "locked": "lock",
            "locked_reviews_via_book": [(await _only_id(root, "locked_reviews"), {"book": "full"})],
            "reviews_via_private": ["z1"],
            "secret": "top",
        },
    )


async def _only_id(root: Caller, collection: str) -> str:
    [record] = (await root.ask("GET", root.records(collection))).json()["items"]
    return str(record["id"]).rstrip("0")


async def test_a_role_reads_what_its_field_rules_let_it(api: TestApp, root: Caller) -> None:
    keeper = await root.create("authors", email="k@example.com", password="password-k", passwordConfirm="password-k")
    path = root.records("authors", keeper["id"]) + "/roles"
    assert (await root.ask("PUT", path, {"roles": ["keeper"]})).status_code == 200
    signed_in = await api.signed_in("authors", "k@example.com", "password-k")
    assert await expanded(signed_in, "inner,secret") == ("full", {"inner": "top"})
    assert await expanded(api, "inner,secret") == "full"


async def test_rules_see_the_request_and_that_it_is_an_expand(api: Caller, root: Caller) -> None:
    assert await expanded(api, "ticket", word="sesame") == ("full", {"ticket": "ticket"})
    assert (await api.ask("GET", api.records("drafts", fixed("ready")))).status_code == 404
    path, sent = api.records("books") + "?expand=ticket,shelf.above", {"ticket": fixed("ticket"), "shelf": fixed("low")}
    made = (await api.ask("POST", path, {"title": "sesame", **sent})).json()
    assert seen(made)[1] == {"ticket": "ticket", "shelf": ("low", {"above": "top"})}
    path = api.records("books", made["id"]) + "?expand=ticket,shelf"
    changed = await api.ask("PATCH", path, {"title": "other"})
    assert seen(changed.json())[1] == {"shelf": "low"}


async def test_the_target_is_seen_as_its_reader_may_see_it(api: TestApp, root: Caller) -> None:
    """Hidden fields, and addresses that are not shown, but to the record itself."""
    for name in ("ann", "bo"):
        draft = {"email": f"{name}@example.com", "password": f"password-{name}", "passwordConfirm": f"password-{name}"}
        made = await root.create("authors", name=name, pin="1234", **draft)
        await root.create("books", id=fixed(name), title=name, author=made["id"])
    ann = await api.signed_in("authors", "ann@example.com", "password-ann")
    query = {"expand": "author,author.books_via_author.author", "filter": "author.name != ''", "sort": "title"}
    books = (await ann.ask("GET", ann.records("books"), query=query)).json()["items"]
    authors = [book["expand"]["author"] for book in books]
    assert [author.get("email") for author in authors] == ["ann@example.com", None]
    inner = [author["expand"]["books_via_author"][0]["expand"]["author"] for author in authors]
    assert [author.get("email") for author in inner] == ["ann@example.com", None]
    assert all(author.keys() & {"pin", "password", "tokenKey"} == set() for author in [*authors, *inner])
    as_root = (await root.ask("GET", root.records("books", fixed("bo")), query={"expand": "author"})).json()
    assert (as_root["expand"]["author"]["email"], as_root["expand"]["author"]["pin"]) == ("bo@example.com", "1234")


async def test_signing_in_expands_the_record_as_its_owner_sees_it(api: Caller, root: Caller) -> None:
    draft = {"email": "ann@example.com", "password": "password-ann", "passwordConfirm": "password-ann"}
    made = await root.create("authors", **draft)
    await root.create("books", id=fixed("anns"), title="anns", author=made["id"], shelf=fixed("low"))
    body = {"identity": "ann@example.com", "password": "password-ann"}
    query = {"expand": "books_via_author.shelf,books_via_author.author"}
    path = "/api/collections/authors/"
    signed_in = (await api.ask("POST", path + "auth-with-password", body, query=query)).json()
    [book] = signed_in["record"]["expand"]["books_via_author"]
    assert (book["expand"]["shelf"]["name"], book["expand"]["author"]["email"]) == ("low", "ann@example.com")
    query["fields"] = "record.expand.books_via_author.title"
    headers = {"Authorization": signed_in["token"]}
    refreshed = (await api.ask("POST", path + "auth-refresh", headers=headers, query=query)).json()
    assert refreshed == {"record": {"expand": {"books_via_author": [{"title": "anns"}]}}}


FIELDS = [
    ("id", {"id": fixed("full")}),
    ("expand.shelf.name", {"expand": {"shelf": {"name": "low"}}}),
    (
        "title,expand.reviews_via_book.text",
        {"title": "full", "expand": {"reviews_via_book": [{"text": "1"}, {"text": "2"}]}},
    ),
    ("expand.*.id", {"expand": {}}),
    ("expand.shelf.expand.above.name", {"expand": {"shelf": {"expand": {"above": {"name": "top"}}}}}),
    ("expand.shelf.name:excerpt(1,true)", {"expand": {"shelf": {"name": "l..."}}}),
    ("id,expand.nope", {"id": fixed("full"), "expand": {}}),
]


async def test_fields_pick_from_what_was_expanded(api: Caller, root: Caller) -> None:
    answers = []
    for fields, _ in FIELDS:
        query = {"expand": "shelf.above,reviews_via_book", "fields": fields}
        answers.append((fields, (await api.ask("GET", api.records("books", fixed("full")), query=query)).json()))
    assert answers == FIELDS
    for fields in ("expand", "title,expand", "*", "*,expand.shelf.name"):
        query = {"expand": "shelf", "fields": fields}
        [record] = (await api.ask("GET", api.records("books"), query={**query, "filter": "title='full'"})).json()[
            "items"
        ]
        assert record["expand"]["shelf"]["name"] == "low"
        assert ("id" in record) == fields.startswith("*")


async def test_keys_stand_in_alphabetical_order_wherever_expand_falls(api: Caller, root: Caller) -> None:
    answer = await api.ask("GET", api.records("books", fixed("full")), query={"expand": "shelf.above,shelves"})
    record = answer.json()
    assert list(record) == sorted(record)
    assert list(record["expand"]["shelf"]) == sorted(record["expand"]["shelf"])


async def test_integer_and_uuid_keys_expand_like_any_other(api: Caller, root: Caller) -> None:
    first, second = await root.create("bands", name="first"), await root.create("bands", name="second")
    concert = await root.create("concerts", band=first["id"], guests=[second["id"], first["id"]], seats=3)
    await root.create("concerts", band=second["id"])
    seats = [(await root.create("seats", concert=concert["id"]))["id"] for _ in range(2)]
    query = {"expand": "band.concerts_via_band,guests,band.concerts_via_guests,seats_via_concert.concert"}
    expand = (await api.ask("GET", api.records("concerts", concert["id"]), query=query)).json()["expand"]
    assert (expand["band"]["id"], [band["name"] for band in expand["guests"]]) == (first["id"], ["second", "first"])
    assert [each["id"] for each in expand["band"]["expand"]["concerts_via_band"]] == [concert["id"]]
    assert [each["id"] for each in expand["band"]["expand"]["concerts_via_guests"]] == [concert["id"]]
    assert [each["id"] for each in expand["seats_via_concert"]] == seats
    assert expand["seats_via_concert"][0]["expand"]["concert"]["seats"] == 3


async def test_each_relation_is_one_query_however_many_records_there_are(
    api: Caller, root: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(20):
        book = await root.create("books", title=f"book {number}", shelf=fixed("low"), shelves=[fixed("top")])
        await root.create("reviews", book=book["id"], books=[book["id"], fixed("full")])
    statements: list[str] = []
    engine = api.services.engine
    run = engine.rows

    async def counted(sql: str, args: Any = ()) -> Any:
        statements.append(sql)
        return await run(sql, args)

    monkeypatch.setattr(type(engine), "rows", lambda self, sql, args=(): counted(sql, args))
    path = api.records("books") + "?skipTotal=1&expand="
    for expand, relations in [
        ("", 0),
        ("nope", 0),
        ("shelf", 1),
        ("shelf,shelves,author", 2),  # nobody has an author: there is nothing to ask for
        ("shelf.above,shelf.books_via_shelf,reviews_via_book.books.shelf,reviews_via_books", 7),
    ]:
        statements.clear()
        await api.client.get(path + expand)
        assert len(statements) == 1 + relations, expand


async def test_a_back_relation_gives_the_first_thousand(api: Caller, root: Caller) -> None:
    collection = api.services.registry.collections["reviews"]
    key, book = collection.key.column, fixed("none")
    columns = f'"{key}", "text", "book", "books"'
    numbers = ", ".join(f"('n{number:014}', '{number}', '{book}', '[\"{book}\"]')" for number in range(1005))
    await api.services.engine.rows(f'INSERT INTO "reviews" ({columns}) VALUES {numbers}')
    for expand in ("reviews_via_book", "reviews_via_books"):
        record = (await api.ask("GET", api.records("books", book), query={"expand": expand})).json()
        texts = [review["text"] for review in record["expand"][expand]]
        assert texts == [str(number) for number in range(1000)]


async def test_more_than_an_answer_can_hold_is_refused_and_not_cut(
    api: Caller, root: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def ask(expand: str, **query: str) -> tuple[int, str]:
        answer = await api.ask("GET", api.records("books"), query={"expand": expand, **query})
        return answer.status_code, answer.headers.get("x-error-code", "")

    too_large = (400, "query.expand_too_large")
    monkeypatch.setattr(expanding, "MOST_RECORDS", 3)
    assert await ask("reviews_via_book") == (200, "")
    assert await ask("reviews_via_book.book") == too_large
    assert await ask("shelves") == (200, "")
    assert await ask("shelf,shelves") == too_large
    # Of a crowd behind one record only the first thousand count, here one.
    monkeypatch.setattr("piccobase.records.related.MOST_BACK", 1)
    monkeypatch.setattr(expanding, "MOST_BACK", 1)
    monkeypatch.setattr(expanding, "MOST_RECORDS", 2)
    answer = await api.ask("GET", api.records("books"), query={"expand": "reviews_via_books", "sort": "title"})
    assert seen(answer.json()["items"]) == [
        ("full", {"reviews_via_books": ["z1"]}),
        ("none", {}),
        ("some", {"reviews_via_books": ["z1"]}),
    ]
    monkeypatch.setattr(expanding, "MOST_RECORDS", 50_000)
    monkeypatch.setattr(expanding, "MOST_BYTES", 500)
    assert await ask("shelves") == too_large
    # What has been written is answered all the same.
    written = await api.ask(
        "POST", api.records("books") + "?expand=shelves", {"shelves": [fixed("top"), fixed("low"), fixed("far")]}
    )
    assert (written.status_code, "expand" in written.json()) == (200, False)


async def test_too_many_relations_are_refused_before_anything_is_written(api: Caller, root: Caller) -> None:
    path = api.records("books") + "?expand=" + ",".join(f"nope{number}" for number in range(51))
    for method, url in (
        ("GET", path),
        ("POST", path),
        ("GET", api.records("books", fixed("full")) + path[len(api.records("books")) :]),
    ):
        answer = await api.ask(method, url, {} if method == "POST" else None)
        assert (answer.status_code, answer.headers["x-error-code"]) == (400, "query.expand_too_many")
    assert (await api.ask("GET", api.records("books"))).json()["totalItems"] == 3
