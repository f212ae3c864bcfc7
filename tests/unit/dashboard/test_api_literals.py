"""Values as code: each language's own quotes, escapes and words for true, false and nothing."""

import ast
import json
import shlex
import subprocess
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from piccobase_admin.api_pages.literals import DART, JAVASCRIPT, ME, PYTHON, shell_json, write

VALUES: list[tuple[Any, str, str, str]] = [
    ("plain", '"plain"', "'plain'", '"plain"'),
    ("it's", '"it\'s"', r"'it\'s'", '"it\'s"'),
    ('say "x"', r'"say \"x\""', "'say \"x\"'", "'say \"x\"'"),
    ("$id {x} ${y}", '"$id {x} ${y}"', r"'\$id {x} \${y}'", '"$id {x} ${y}"'),
    ("a\\b\nc", r'"a\\b\nc"', r"'a\\b\nc'", r"'a\\b\nc'"),
    ("Zürich 日本", '"Zürich 日本"', "'Zürich 日本'", '"Zürich 日本"'),
    (True, "true", "true", "True"),
    (None, "null", "null", "None"),
    (1.5, "1.5", "1.5", "1.5"),
    ([], "[]", "[]", "[]"),
    ({"a": [1, False]}, "{ a: [1, false] }", "{'a': [1, false]}", '{"a": [1, False]}'),
    ({"odd-key": {}}, '{ "odd-key": {} }', "{'odd-key': {}}", '{"odd-key": {}}'),
    (ME, "pb.authStore.record.id", "pb.authStore.record!.id", 'signed_in["record"]["id"]'),
]


@pytest.mark.parametrize(("value", "javascript", "dart", "python"), VALUES)
def test_a_value_is_written_as_each_language_has_it(value: Any, javascript: str, dart: str, python: str) -> None:
    assert (write(value, JAVASCRIPT), write(value, DART), write(value, PYTHON)) == (javascript, dart, python)


def test_what_is_long_stands_on_lines_of_its_own() -> None:
    assert write({"text": "x" * 60, "n": 1}, DART) == f"{{\n  'text': '{'x' * 60}',\n  'n': 1,\n}}"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab $'\"\\", max_size=4), inner, max_size=3),
    max_leaves=8,
)


@given(JSON)
def test_python_and_a_shell_read_back_what_was_written(value: Any) -> None:
    assert ast.literal_eval(write(value, PYTHON)) == value
    assert [json.loads(word) for word in shlex.split(shell_json(value))] == [value]


@given(JSON)
def test_no_text_of_dart_ends_early_or_fills_anything_in(value: Any) -> None:
    """Read one by one, every quote that opens closes, and no `$` stands without its backslash."""
    inside = escaped = False
    for character in write(value, DART):
        if not inside:
            inside = character == "'"
            assert character not in "$\\"
        elif escaped:
            escaped = False
        else:
            escaped = character == "\\"
            inside = character != "'"
            assert character not in "$\n"
    assert not inside


def test_a_shell_fills_in_the_id_of_whoever_has_signed_in() -> None:
    code = "printf %s " + shell_json({"author": ME, "title": "it's $HOME"})
    printed = subprocess.run(["sh", "-c", code], env={"ID": "abc"}, capture_output=True, text=True, check=True).stdout
    assert json.loads(printed) == {"author": "abc", "title": "it's $HOME"}
