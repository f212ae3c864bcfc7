"""Case 57: a body costs memory in proportion to its bytes, and one that is refused costs no more than it."""

import tracemalloc

import pytest

from piccobase.base.errors import MalformedBody
from piccobase.http.body import parse_body

SIZE = 8 << 20  # bytes
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=b"
PART = b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n\r\n'


def filled(start: bytes, piece: bytes, end: bytes = b"") -> bytes:
    return start + piece * (SIZE // len(piece)) + end


REFUSED = {
    "tiny parts": (MULTIPART, filled(b"", PART, b"--b--")),
    "a part without an end": (MULTIPART, filled(PART[:-2], b"x")),
    "a header without an end": (MULTIPART, filled(b"--b\r\nX: ", b"x")),
    "headers without an end": (MULTIPART, filled(b"--b\r\n", b"X: y\r\n")),
    "tiny fields": (FORM, filled(b"", b"a&")),
    "many names": (FORM, b"&".join(b"%d" % number for number in range(SIZE // 7))),
    "empty lists": ("application/json", filled(b'{"x":[', b"[],", b"1]}")),
    "empty objects": ("application/json", filled(b'{"x":[', b"{},", b"1]}")),
    "numbers": ("application/json", filled(b'{"x":[', b"1.5,", b"1]}")),
    "empty texts": ("application/json", filled(b'{"x":[', b'"",', b"1]}")),
    "open lists": ("application/json", filled(b'{"x":', b"[")),
    "many keys": ("application/json", b"{" + b",".join(b'"%d":0' % number for number in range(SIZE // 10)) + b"}"),
}


@pytest.mark.parametrize(("content_type", "body"), REFUSED.values(), ids=REFUSED)
async def test_a_bomb_is_refused_before_it_has_grown(content_type: str, body: bytes) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(MalformedBody):
            await parse_body(content_type, body, chunked=False)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 4 * len(body)


TAKEN = {
    "a long text": ("application/json", filled(b'{"x":"', b"x", b'"}')),
    "a long text of escapes": ("application/json", filled(b'{"x":"', rb"\u00e9", b'"}')),
    "a long field": (FORM, filled(b"x=", b"%41")),
    "a long part": (MULTIPART, filled(PART[:-2], b"x", b"\r\n--b--")),
}


@pytest.mark.parametrize(("content_type", "body"), TAKEN.values(), ids=TAKEN)
async def test_a_long_text_costs_a_few_times_its_length(content_type: str, body: bytes) -> None:
    tracemalloc.start()
    try:
        await parse_body(content_type, body, chunked=False)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 5 * len(body)
