"""Paths of the collections' API: segment by segment, each decoded by itself."""

import pytest

from piccobase.http.paths import path_parts

PATHS = [
    (b"/api/collections/posts/records", ["posts", "records"]),
    (b"/api/collections/posts/records/", ["posts", "records", ""]),
    (b"/api/collections//records", ["", "records"]),
    (b"/api/collections/", [""]),
    (b"/api/collections/p%6fsts/records/a%2Fb", ["posts", "records", "a/b"]),
    (b"/api/%63ollections/posts/records", ["posts", "records"]),
    (b"/api/collections/%FF/%00", ["\ufffd", "\0"]),
    (b"/api/collections/%zz/100%", ["%zz", "100%"]),
    (b"/api%2Fcollections/posts/records", []),
    (b"/api%2Fcollections/x/posts/records", []),
    (b"/api/collections%2Fposts/records", []),
]


@pytest.mark.parametrize(("raw", "parts"), PATHS, ids=[raw.decode() for raw, _ in PATHS])
def test_a_path_has_these_parts(raw: bytes, parts: list[str]) -> None:
    assert path_parts(raw) == parts
