"""The `fields` parameter: the cases of protocol.md §1.8."""

from typing import Any

import pytest

from piccobase.base.errors import InvalidQuery
from piccobase.records.picking import parse_fields, pick

RECORD = {
    "id": "1",
    "title": "Hi",
    "js": {"a": {"b": 1}, "c": 2},
    "tags": ["x", "y"],
    "expand": {"cat": {"id": "c", "name": "red"}, "comments_via_post": [{"text": "t", "id": "k"}]},
}

CASES: list[tuple[str, Any]] = [
    ("id,title", {"id": "1", "title": "Hi"}),
    (" id , title ", {"id": "1", "title": "Hi"}),
    ("nope", {}),
    ("ID", {}),
    ("js", {"js": RECORD["js"]}),
    ("js.a", {"js": {"a": {"b": 1}}}),
    ("js.*", {"js": RECORD["js"]}),
    ("tags.0", {"tags": ["x", "y"]}),
    ("title.x", {"title": "Hi"}),
    ("*", RECORD),
    ("*,expand.cat.name", {**RECORD, "expand": {"cat": {"name": "red"}}}),
    ("expand.comments_via_post.text", {"expand": {"comments_via_post": [{"text": "t"}]}}),
    ("expand.*.name", {"expand": {}}),
]


@pytest.mark.parametrize(("fields", "picked"), CASES, ids=[case[0] for case in CASES])
def test_a_pick_gives(fields: str, picked: Any) -> None:
    wanted = parse_fields(fields)
    assert wanted is not None
    assert pick(RECORD, wanted) == picked


def test_an_empty_parameter_picks_nothing_out() -> None:
    assert parse_fields("") is None


BODY = "<p>Hello <b>wor</b>ld</p><script>x</script><ul><li>one</li><li>two</li></ul> &amp; tail   spaces<br>x"


@pytest.mark.parametrize(
    ("modifier", "text"),
    [
        ("excerpt(200)", "Hello world one two & tail spacesx"),
        ("excerpt(8,true)", "Hello wo..."),
        ("excerpt(8, true)", "Hello wo..."),
        ("excerpt(8)", "Hello wo"),
        ("excerpt(34,true)", "Hello world one two & tail spacesx"),
    ],
)
def test_an_excerpt_is_plain_text_of_so_many_characters(modifier: str, text: str) -> None:
    wanted = parse_fields(f"body:{modifier}")
    assert wanted is not None
    assert pick({"body": BODY, "other": 1}, wanted) == {"body": text}


@pytest.mark.parametrize(
    "modifier", ["excerpt", "excerpt()", "excerpt(0)", "excerpt(-1)", "excerpt(x)", "excerpt(1,true,2)", "upper"]
)
def test_a_modifier_that_is_none_is_refused(modifier: str) -> None:
    with pytest.raises(InvalidQuery):
        parse_fields(f"body:{modifier}")


def test_plain_names_are_told_apart_since_fewer_columns_are_read_for_them() -> None:
    plain, nested = parse_fields("id,title"), parse_fields("id,js.a")
    assert plain is not None
    assert nested is not None
    assert plain.plain_names == {"id", "title"}
    assert nested.plain_names is None
