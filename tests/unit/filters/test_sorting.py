"""Sort: what is an item, and how records come out, the same in both databases (protocol.md §2.3)."""

import pytest
from tests.unit.filters.conftest import Database

from piccobase.filters.errors import InvalidFilter, InvalidSort, UnknownField
from piccobase.filters.sorting import parse_sort

ITEMS = [
    ("", []),
    ("title", [("title", False)]),
    ("-title", [("title", True)]),
    ("+title", [("title", False)]),
    (" title", [("title", False)]),
    ("title ,-num, id", [("title", False), ("num", True), ("id", False)]),
    ("-cat.name:lower,@random", [("cat.name:lower", True), ("@random", False)]),
    (",".join("abcdefgh"), [(letter, False) for letter in "abcdefgh"]),
]


@pytest.mark.parametrize(("text", "items"), ITEMS, ids=[case[0] for case in ITEMS])
def test_a_sort_is_a_list_of_names_with_their_direction(text: str, items: list[tuple[str, bool]]) -> None:
    assert [(str(item.name), item.descending) for item in parse_sort(text)] == items


NO_ITEMS = [
    "num,", ",", " ", "- num", "--num", "-", "'a'", "5", "a b", "a..b", "a.", ".a", "a:", "a:b:c", "a(b)", "a;b", 'a"',
    ",".join("abcdefghi"), "a" * 256, "a\0b", "a\n", "é",
]  # fmt: skip


@pytest.mark.parametrize("text", NO_ITEMS)
def test_what_is_no_item_is_refused(text: str) -> None:
    with pytest.raises(InvalidSort):
        parse_sort(text)


NOT_SORTABLE = [
    ("nope", UnknownField), ("null", InvalidSort), ("@now", InvalidSort), ("@request.auth.id", InvalidSort),
    ("title:nope", UnknownField), ("raw", InvalidFilter), ("cats.nope", UnknownField),
]  # fmt: skip


@pytest.mark.parametrize(("text", "error"), NOT_SORTABLE, ids=[case[0] for case in NOT_SORTABLE])
def test_what_is_no_field_cannot_be_sorted_by(database: Database, text: str, error: type[InvalidFilter]) -> None:
    with pytest.raises(error):
        database.ask("things", "id != ''", sort=text)


def test_a_message_names_the_item_of_the_sort(database: Database) -> None:
    with pytest.raises(UnknownField) as refused:
        database.ask("things", "id != ''", sort="-id,titel")
    assert refused.value.message == 'things has no field "titel". Did you mean "title"? (at 5: titel)'


LENIENT = [  # as seen on the reference
    ("js", "5 4 1 2 3"),
    ("-js", "3 1 2 4 5"),
    ("title", "3 5 1 4 2"),
    ("-num,id", "3 1 5 2 4"),
    ("@rowid", "1 2 3 4 5"),
    ("-@rowid", "5 4 3 2 1"),
    ("title:lower", "3 5 1 4 2"),
    ("msel:length,id", "2 4 5 1 3"),
    ("js.a,id", "1 2 4 5 3"),
    ("geo.lon,id", "1 2 3 4 5"),
    (" num", "4 2 5 1 3"),
    ("dt,id", "2 3 4 5 1"),
    ("-dt,id", "1 2 3 4 5"),
]


@pytest.mark.parametrize(("text", "expected"), LENIENT, ids=[case[0] for case in LENIENT])
def test_records_come_in_the_order_of_the_reference(database: Database, text: str, expected: str) -> None:
    assert sorted(database.ask("loose", "id != ''", sort=text).split()) == ["1", "2", "3", "4", "5"]
    if text in ("js", "-js"):  # 1 and 2 are equal here and may come either way
        text += ",id"
    assert database.ask("loose", "id != ''", sort=text) == expected


STRICT = [
    ("title", "4 6 5 3 1 2"),
    ("body,id", "2 4 3 6 1 5"),
    ("-body,id", "5 1 6 3 2 4"),
    ("price,id", "4 5 6 3 2 1"),
    ("-price,id", "1 2 3 4 5 6"),
    ("whole,id", "5 6 4 3 2 1"),
    ("flag,id", "2 3 5 6 1 4"),
    ("span,id", "3 4 5 6 1 2"),
    ("clock,id", "3 4 5 6 1 2"),
    ("day,id", "3 4 5 6 1 2"),
    ("-local,id", "2 1 3 4 5 6"),
    ("uid,id", "2 3 4 5 6 1"),
    ("msel,id", "2 1 3 4 5 6"),
    ("cat.name,id", "4 5 6 3 2 1"),
    ("-cat.owner.name,id", "3 1 2 4 5 6"),
    ("cat.nap,id", "2 3 4 5 6 1"),
    ("js,id", "5 4 1 2 6 3"),
    ("plain,id", "5 4 1 2 6 3"),
    ("created", "1 2 3 4 5 6"),
    ("-created", "6 5 4 3 2 1"),
]


@pytest.mark.parametrize(("text", "expected"), STRICT, ids=[case[0] for case in STRICT])
def test_texts_sort_binary_numbers_as_numbers_and_null_comes_first(
    database: Database, text: str, expected: str
) -> None:
    assert database.ask("things", "id != ''", sort=text) == expected


def test_random_order_keeps_all_records(database: Database) -> None:
    assert sorted(database.ask("things", "id != ''", sort="@random").split()) == ["1", "2", "3", "4", "5", "6"]
