"""Expand, and fields that pick from it. By the numbers of protocol.md §10; hidden relations are left out, since there
Piccobase differs on purpose."""

from urllib.parse import quote

from tests.process.conformance.asking import PASSWORD, RECORDS, SIGN_IN, Case, ask, fixed, get

BOOKS = RECORDS.format("books")
FULL, NONE = f"{BOOKS}/{fixed('full')}", f"{BOOKS}/{fixed('none')}"


def _expanded(point: int, name: str, *paths: str, of: str = FULL, actor: str = "") -> Case:
    asks = (f"{of}{'&' if '?' in of else '?'}expand={quote(path)}" for path in paths)
    return Case(point, name, tuple(get(path, **({"actor": actor} if actor else {})) for path in asks))


_PATHS = (
    "shelf",
    "Shelf",
    "nope",
    "title",
    "",
    ",",
    " sh elf ",
    ".shelf.",
    "shelf,",
    "shelf,nope",
    "shelf,shelves",
    "shelf.room",
    "shelf,shelf.room",
    "shelf.nope",
    "shelf.name",
    "shelf..room",
    "shelf,shelf.nope",
    "shelf.room,shelf.nope",
    "shelf.room.nope",
    "shelves.room",
    "shelves.room.nope",
    "reader",
    "locked",
    "locked.nope",
    "locked,shelf",
    "draft",
    "draft.nope",
    "drafts",
    "drafts.shelf.room",
    "drafts.nope",
)
_BACK = (
    "reviews_via_book",
    "Reviews_via_book",
    "reviews_via_Book",
    "reviews_via_nope",
    "reviews_via_text",
    "nope_via_book",
    "books_via_shelf",
    "shelf.books_via_shelf",
    "reviews_via_books",
    "reviews_via_book.books.shelf",
    "reviews_via_book.nope",
    "reviews_via_book,reviews_via_book.book",
    "covers_via_book",
    "covers_via_book.book.shelf",
    "reviews(book)",
    "reviews(book).book",
    "reviews(book)x",
    "reader.books_via_reader.reader",
)
_FIELDS = (
    "id",
    "expand",
    "expand.shelf",
    "title,expand.shelf.name",
    "*,expand.shelf.name",
    "expand.*.name",
    "expand.*",
    "id,expand.nope",
    "expand.reviews_via_book.text",
    "expand.shelf.name:excerpt(2,true)",
    "expand.shelf.expand.room.name",
)
_DEEP = "shelf.books_via_shelf."

EXPANDS = (
    _expanded(59, "relations", *_PATHS),
    _expanded(59, "relations of a record that has none", *_PATHS, of=NONE),
    _expanded(60, "a path that ends nowhere, in a list", "shelf.nope", "shelf.room", "draft", of=f"{BOOKS}?sort=id"),
    _expanded(61, "what only superusers see", "locked", "draft", "locked.nope", "drafts", actor="root"),
    _expanded(61, "an address that is not shown", "reader", actor="bo"),
    _expanded(61, "one's own address", "reader", actor="ann"),
    _expanded(62, "back-relations", *_BACK),
    _expanded(62, "back-relations of a record that has none", *_BACK, of=NONE),
    _expanded(63, "seven levels", _DEEP * 3 + "shelf", _DEEP * 3 + "nope", _DEEP * 2 + "shelf.nope.shelf"),
    Case(
        64,
        "fields of what was expanded",
        tuple(get(f"{FULL}?expand=shelf.room,reviews_via_book&fields={quote(text)}") for text in _FIELDS),
    ),
    Case(
        63,
        "writing and signing in",
        (
            ask("POST", f"{BOOKS}?expand=shelf,locked,draft", {"title": "new", "shelf": fixed("shelf1")}),
            ask("PATCH", f"{BOOKS}/{fixed('changed')}?expand=shelf.room,nope", {"shelf": fixed("shelf1")}),
            ask(
                "POST",
                f"{SIGN_IN}?expand=books_via_reader.shelf&fields=record.expand.books_via_reader.title",
                {"identity": "ann@example.com", "password": PASSWORD},
            ),
        ),
    ),
)
