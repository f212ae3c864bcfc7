"""Case 19: a text that is looked for is not a pattern unless it is written as one (protocol.md §3.6)."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from piccolo.columns import Varchar
from tests.asking import serving

from piccobase import Collection, Rules
from piccobase.testing import Caller, TestApp


class Note(Collection, tablename="notes"):
    title = Varchar()
    part = Varchar()
    rules = Rules(list="", view="", create="")


class Found(Collection, tablename="found"):
    """Lists what is searched for in the query, and nothing without a search."""

    title = Varchar()
    rules = Rules(list="@request.query.q != '' && title ~ @request.query.q")


TITLES = ["100%", "100x", "a_b", "axb", "back\\slash", "back/slash", "[a-z]*", "a.b", "ABC", "äbc", "ÄBC", ""]
SEARCHES: list[tuple[str, list[str]]] = [
    ("_", ["a_b"]),
    ("a_b", ["a_b"]),
    ("\\\\%", ["100%"]),
    ("100\\\\%", ["100%"]),
    ("100%", ["100%", "100x"]),
    ("%_%", [title for title in TITLES if title]),
    ("a_b%", ["a_b", "axb", "a.b"]),
    ("a\\\\_b%", ["a_b"]),
    ("\\\\", ["back\\slash"]),
    ("[a-z]", ["[a-z]*"]),
    ("*", ["[a-z]*"]),
    (".", ["a.b"]),
    ("abc", ["ABC"]),
    ("bc", ["ABC", "äbc", "ÄBC"]),
    ("äBC", ["äbc"]),
    ("", TITLES),
    ("%", TITLES),
]


@pytest.fixture
async def api(database_url: str | None, tmp_path: Path) -> AsyncIterator[TestApp]:
    async with serving([Note, Found], [], database_url, tmp_path) as guest:
        root = await guest.superuser()
        for title in TITLES:
            for collection in ("notes", "found"):
                await root.create(collection, title=title)
        yield guest


async def titles(api: Caller, collection: str, **query: str) -> list[str]:
    answer = await api.ask("GET", api.records(collection), query=query)
    assert answer.status_code == 200, answer.text
    return sorted(record["title"] for record in answer.json()["items"])


async def test_wildcards_are_signs_unless_a_percent_sign_makes_a_pattern(api: Caller) -> None:
    wrong = {}
    for text, found in SEARCHES:
        answered = await titles(api, "notes", filter=f"title ~ '{text}'")
        rest = await titles(api, "notes", filter=f"title !~ '{text}'")
        if answered != sorted(found) or rest != sorted(set(TITLES) - set(found)):
            wrong[text] = answered, rest
    assert wrong == {}


async def test_a_search_in_a_rule_takes_the_caller_s_signs_as_signs(api: Caller) -> None:
    assert await titles(api, "found") == []
    assert await titles(api, "found", q="_") == ["a_b"]
    assert await titles(api, "found", q="a_b") == ["a_b"]
    assert await titles(api, "found", q="\\") == ["back\\slash"]
    assert await titles(api, "found", q="[a-z]") == ["[a-z]*"]
