"""Request bodies: protocol.md §1.3, §1.4, and the limits that keep a body from costing too much."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import quote_from_bytes, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from piccobase.base.errors import MalformedBody, TooLarge
from piccobase.http.body import AT_ONCE, MAX_FORM_FIELDS, MAX_VALUES, parse_body, read_body

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=limit"


def multipart(*parts: tuple[str, str]) -> bytes:
    """Each part: what follows `form-data` in its Content-Disposition, and its content."""
    texts = [f"--limit\r\nContent-Disposition: form-data{naming}\r\n\r\n{text}\r\n" for naming, text in parts]
    return ("".join(texts) + "--limit--\r\n").encode()


def named(*pairs: tuple[str, str]) -> bytes:
    return multipart(*((f'; name="{name}"', text) for name, text in pairs))


# What a text in a form becomes: §1.4, 1.
INFERRED: list[tuple[str, Any]] = [
    ("true", True),
    ("false", False),
    ("True", "True"),
    ("", ""),
    ("null", "null"),
    ("12", 12),
    ("-3", -3),
    ("0", 0),
    ("-0", 0),
    ("1.5", 1.5),
    ("-0.5", -0.5),
    ("0.000001", 0.000001),
    ("9007199254740992", 9007199254740992),
    ("0012", "0012"),
    ("1.0", "1.0"),
    ("1.", "1."),
    (".5", ".5"),
    ("-.5", "-.5"),
    ("1e3", "1e3"),
    ("+1", "+1"),
    ("1-2", "1-2"),
    ("--1", "--1"),
    ("-", "-"),
    ("1.2.3", "1.2.3"),
    ("12345678901234567890", "12345678901234567890"),
    ("9" * 400, "9" * 400),
    ("1_000", "1_000"),
    (" 1", " 1"),
    ("٣", "٣"),
    ("NaN", "NaN"),
    ('{"a":1}', '{"a":1}'),
]


@pytest.mark.parametrize(("text", "value"), INFERRED, ids=[text[:30] for text, _ in INFERRED])
async def test_the_value_of_a_text_in_a_form_is_inferred(text: str, value: Any) -> None:
    for content_type, body in ((FORM, f"x={quote_plus(text)}".encode()), (MULTIPART, named(("x", text)))):
        read = (await parse_body(content_type, body, chunked=False))["x"]
        assert (read, type(read) is bool) == (value, type(value) is bool)


FORMS: list[tuple[bytes, dict[str, Any]]] = [
    (b"a=1&a=true&a=", {"a": [1, True, ""]}),
    (b"a", {"a": ""}),
    (b"=5&&a=b=c&", {"": 5, "a": "b=c"}),
    (b"a+b=c+d%2B%3D%25", {"a b": "c d+=%"}),
    (b"a=%c3%A9", {"a": "é"}),
    (b'a=1&@jsonPayload={"a":2,"b":3}&@jsonPayload={"b":4}&c=5', {"a": 2, "b": 4, "c": 5}),
    (b"@jsonPayload=null", {}),
]


@pytest.mark.parametrize(("body", "value"), FORMS, ids=[body.decode() for body, _ in FORMS])
async def test_a_form_becomes_an_object(body: bytes, value: dict[str, Any]) -> None:
    assert await parse_body(FORM, body, chunked=False) == value


PARTS: list[tuple[bytes, dict[str, Any]]] = [
    (named(("a", "1"), ("a", "x")), {"a": [1, "x"]}),
    (multipart(('; name="a"; filename="f.txt"', "content"), ('; name="b"', "1")), {"b": 1}),
    (multipart(('; name="a"; filename=""', "content")), {"a": "content"}),
    (multipart(("", "nameless"), ('; name="b"', "1")), {"b": 1}),
    (named(("a", "line\r\n--limi\r\nline")), {"a": "line\r\n--limi\r\nline"}),
    (named(("@jsonPayload", '{"a":1}'), ("a", "2")), {"a": 1}),
    (named(), {}),
]


@pytest.mark.parametrize(("body", "value"), PARTS, ids=range(len(PARTS)))
async def test_parts_become_an_object(body: bytes, value: dict[str, Any]) -> None:
    assert await parse_body(MULTIPART, body, chunked=False) == value


REFUSED: list[tuple[str, bytes, str]] = [
    ("text/plain", b"x", "Unsupported Content-Type."),
    ("", b"{}", "Unsupported Content-Type."),
    ("Application/JSON", b"{}", "Unsupported Content-Type."),
    (JSON, b"{bad", "The body is not valid JSON: Expecting property name enclosed in double quotes (character 2)."),
    (JSON, b"\xef\xbb\xbf{}", "The body is not valid JSON: Expecting value (character 1)."),
    (JSON, b'{"a":"\xff"}', "The body is not valid UTF-8."),
    (JSON, b'{"a":"\xed\xa0\x80"}', "The body is not valid UTF-8."),  # a surrogate, encoded
    (JSON, b"[1]", "The body must be a JSON object."),
    (FORM, b"a=%zz", "The form is not well encoded: a semicolon, or a percent sign without two digits."),
    (FORM, b"a=1;b=2", "The form is not well encoded: a semicolon, or a percent sign without two digits."),
    (FORM, b"a=%f", "The form is not well encoded: a semicolon, or a percent sign without two digits."),
    (FORM, b"a=%ff", "The form is not valid UTF-8."),
    (FORM, b"@jsonPayload=[]", "The body must be a JSON object."),
    (FORM, b"a&" * MAX_FORM_FIELDS, "A form can have at most 10000 fields."),
    ("multipart/form-data", b"x", "A multipart body needs a boundary."),
    (MULTIPART, b"x", "The multipart body cannot be read: "),
    (MULTIPART, b"--limit\r\n\r\nx\r\n--limit--", "The multipart body cannot be read: "),
    (MULTIPART, named(("a", "b"))[:-6], "The multipart body cannot be read: "),
    (MULTIPART, named(("a" * 100_000, "b")), "The multipart body cannot be read: "),
    (MULTIPART, named(("a", "b")).replace(b"b\r\n", b"\xff\r\n"), "The form is not valid UTF-8."),
    (MULTIPART, named(*[("a", "")] * (MAX_FORM_FIELDS + 1)), "The multipart body cannot be read: "),
]


@pytest.mark.parametrize(
    ("content_type", "body", "told"), REFUSED, ids=[f"{case[0]} {case[2][-30:]}" for case in REFUSED]
)
async def test_what_is_not_of_its_content_type_is_refused_and_told(content_type: str, body: bytes, told: str) -> None:
    with pytest.raises(MalformedBody) as raised:
        await parse_body(content_type, body, chunked=False)
    assert raised.value.message.startswith(told)
    assert len(raised.value.message) < 200


@pytest.mark.parametrize("content_type", [JSON, FORM, MULTIPART, "text/plain", ""])
async def test_no_bytes_are_no_data_but_for_a_json_stream(content_type: str) -> None:
    assert await parse_body(content_type, b"", chunked=False) == {}
    if content_type == JSON:
        with pytest.raises(MalformedBody):
            await parse_body(content_type, b"", chunked=True)
    else:
        assert await parse_body(content_type, b"", chunked=True) == {}


@given(st.dictionaries(st.text(), st.binary(max_size=30), min_size=1))
async def test_any_bytes_percent_encoded_arrive_as_they_were(texts: dict[str, bytes]) -> None:
    expected = {"x" + name: "y" + raw.decode("latin-1") for name, raw in texts.items()}
    body = "&".join(f"{quote_plus(name)}={quote_from_bytes(text.encode(), safe='')}" for name, text in expected.items())
    assert await parse_body(FORM, body.encode(), chunked=False) == expected


# Around the limit of values: separators within texts do not count, whatever is escaped there.
FULL = MAX_VALUES - 2
WEIGHTS = [
    (b'{"x":[' + b"1," * FULL + b"1]}", True),
    (b'{"x":[' + b"1," * (FULL + 1) + b"1]}", False),
    (b'{"x":"' + b"1,[{" * MAX_VALUES + b'"}', True),
    (b'{"x":"' + rb"\",\\" * MAX_VALUES + b'"}', True),
    (b'{"x":[' + rb'"\\",' * (MAX_VALUES + 1) + b"1]}", False),
    (b'{"x":[' + b"[]," * MAX_VALUES + b"1]}", False),
]


@pytest.mark.parametrize(("body", "taken"), WEIGHTS, ids=[body[:12] for body, _ in WEIGHTS])
async def test_a_body_holds_so_many_values_and_no_more(body: bytes, taken: bool) -> None:
    if taken:
        assert len((await parse_body(JSON, body, chunked=False))["x"]) > FULL
    else:
        with pytest.raises(MalformedBody, match="at most 500000 values"):
            await parse_body(JSON, body, chunked=False)


async def test_a_body_that_is_read_in_a_thread_is_read_like_any_other() -> None:
    text = "é" * AT_ONCE
    assert await parse_body(JSON, f'{{"x":"{text}"}}'.encode(), chunked=False) == {"x": text}
    with pytest.raises(MalformedBody):
        await parse_body(JSON, f'{{"x":"{text}'.encode(), chunked=False)


class Stream:
    """Chunks as a server hands them over; `taken` counts those that were asked for."""

    def __init__(self, chunks: Iterable[bytes], *, broken: bool = False) -> None:
        self.chunks, self.broken, self.taken = list(chunks), broken, 0

    async def __call__(self) -> dict[str, Any]:
        self.taken += 1
        if self.taken > len(self.chunks):
            assert self.broken
            return {"type": "http.disconnect"}
        more = self.broken or self.taken < len(self.chunks)
        return {"type": "http.request", "body": self.chunks[self.taken - 1], "more_body": more}


async def test_a_body_is_read_to_its_end() -> None:
    assert await read_body(Stream([b"a", b"", b"bc"]), None, 3) == b"abc"
    assert await read_body(Stream([b""]), 0, 3) == b""


async def test_too_large_a_body_is_refused_by_its_length_before_a_byte_is_read() -> None:
    stream = Stream([b"abcd"])
    with pytest.raises(TooLarge):
        await read_body(stream, 4, 3)
    assert stream.taken == 0


async def test_too_large_a_stream_is_refused_as_soon_as_it_is() -> None:
    stream = Stream([b"ab", b"cd", b"ef"])
    with pytest.raises(TooLarge):
        await read_body(stream, None, 3)
    assert stream.taken == 2


async def test_a_client_that_goes_away_in_the_middle_has_sent_no_body() -> None:
    with pytest.raises(MalformedBody, match="closed before the body was complete"):
        await read_body(Stream([b'{"a":1}'], broken=True), 20, 30)
