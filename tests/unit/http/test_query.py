"""The query string: protocol.md §1.7 and §10, 41 to 46."""

from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from piccobase.base.errors import InvalidQuery
from piccobase.http.query import MAX_LENGTH, parse_list_query, parse_query

PAIRS = [
    (b"", {}),
    (b"a=1&b=2", {"a": "1", "b": "2"}),
    (b"a=1&a=2", {"a": "1"}),
    (b"a", {"a": ""}),
    (b"a=b=c", {"a": "b=c"}),
    (b"&&a=1&", {"a": "1"}),
    (b"a+b=c+d", {"a b": "c d"}),
    (b"a=%2B%26%3d", {"a": "+&="}),
    (b"a=%C3%A9&b=\xc3\xa9", {"a": "é", "b": "é"}),
    (b"a=%ff&b=\xff", {"a": "\ufffd", "b": "\ufffd"}),
    (b"a=1;b=2&c=3", {"c": "3"}),
    (b"a=%zz&b=%4&c=100%&d=%41", {"d": "A"}),
    (b"a=%00", {"a": "\0"}),
]


@pytest.mark.parametrize(("raw", "values"), PAIRS, ids=[repr(raw) for raw, _ in PAIRS])
def test_a_query_string_is_read(raw: bytes, values: dict[str, str]) -> None:
    assert parse_query(raw) == values


@given(st.dictionaries(st.text(), st.text()))
def test_what_a_client_has_encoded_arrives_as_it_was(values: dict[str, str]) -> None:
    assert parse_query(urlencode(values).encode()) == values


@given(st.binary(max_size=60))
def test_any_bytes_are_some_query(raw: bytes) -> None:
    parse_query(raw)


NUMBERS = [
    (b"", 1, 30),
    (b"page=&perPage=", 1, 30),
    (b"page=3&perPage=2", 3, 2),
    (b"page=0&perPage=0", 1, 30),
    (b"page=-5&perPage=-5", 1, 30),
    (b"page=%2B3&perPage=007", 3, 7),
    (b"perPage=1000", 1, 1000),
    (b"perPage=1001", 1, 1000),
    (b"page=2;perPage=1", 1, 30),
    (b"page=9223372036854775807&perPage=9223372036854775807", 2**53, 1000),
    (b"page=-9223372036854775808", 1, 30),
]


@pytest.mark.parametrize(("raw", "page", "per_page"), NUMBERS, ids=[raw.decode() for raw, _, _ in NUMBERS])
def test_page_and_size_are_normalised(raw: bytes, page: int, per_page: int) -> None:
    asked = parse_list_query(raw)
    assert (asked.page, asked.per_page) == (page, per_page)


@pytest.mark.parametrize("text", ["abc", "1.5", "1e3", "0x1", "9223372036854775808", "9" * 30, "%00", "-", "١", "1+"])
@pytest.mark.parametrize("name", ["page", "perPage"])
def test_what_is_no_whole_number_of_64_bits_is_refused(name: str, text: str) -> None:
    with pytest.raises(InvalidQuery, match=f"The query parameter {name} must be a whole number"):
        parse_list_query(f"{name}={text}".encode())


@pytest.mark.parametrize("text", ["1", "t", "T", "TRUE", "true", "True"])
def test_skip_total_is_true(text: str) -> None:
    assert parse_list_query(f"skipTotal={text}".encode()).skip_total


@pytest.mark.parametrize("text", ["", "0", "f", "F", "FALSE", "false", "False"])
def test_skip_total_is_false(text: str) -> None:
    assert not parse_list_query(f"skipTotal={text}".encode()).skip_total


@pytest.mark.parametrize("text", ["yes", "tRUE", "2", "on"])
def test_any_other_skip_total_is_refused(text: str) -> None:
    with pytest.raises(InvalidQuery, match="skipTotal must be true or false"):
        parse_list_query(f"skipTotal={text}".encode())


def test_a_query_string_has_a_greatest_length_and_long_ones_are_read_like_short_ones() -> None:
    longest = b"filter=" + b"x" * (MAX_LENGTH - 7)
    assert len(parse_list_query(longest).filter) == MAX_LENGTH - 7
    with pytest.raises(InvalidQuery, match="at most 65536 bytes"):
        parse_query(longest + b"x")
