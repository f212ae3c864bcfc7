"""`POST /api/sql` (protocol.md §8.6), on both databases."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from piccolo.columns import Boolean, DoublePrecision, Text, Varchar
from tests.asking import serving

from piccobase import AuthCollection, Collection
from piccobase.db import console
from piccobase.testing import Caller


class Reader(AuthCollection, tablename="readers"):
    name = Varchar()


class Book(Collection, tablename="books", timestamps=False):
    title = Varchar()
    price = DoublePrecision()
    blurb = Text(null=True, default=None)
    sold = Boolean()


@pytest.fixture
async def root(database_url: str | None, tmp_path: Path) -> AsyncIterator[Caller]:
    async with serving([Reader, Book], [], database_url, tmp_path, logs=True, sql=True) as api:
        root = await api.superuser()
        await root.create("books", title="Alpha", price=1.5)
        await root.create("books", title="Beta", price=2, sold=True, blurb="b")
        yield root


async def run(root: Caller, query: Any) -> dict[str, Any]:
    answer = await root.ask("POST", "/api/sql", {"query": query})
    assert answer.status_code == 200, answer.text
    result: dict[str, Any] = answer.json()
    return result


async def refused(root: Caller, query: Any) -> str:
    answer = await root.ask("POST", "/api/sql", {"query": query})
    assert answer.status_code == 400, answer.text
    message: str = answer.json()["message"]
    return message


async def test_rows_are_texts_and_null_with_the_names_and_types_of_their_columns(root: Caller) -> None:
    answer = await run(root, "SELECT title, price, blurb FROM books ORDER BY title")
    assert answer["rows"] == [["Alpha", "1.5", None], ["Beta", "2", "b"]]
    assert [column["name"] for column in answer["columns"]] == ["title", "price", "blurb"]
    assert answer["columns"][0]["type"].lower().startswith("varchar")
    assert (answer["affectedRows"], answer["execTime"] >= 0) == (0, True)


async def test_of_several_statements_the_last_with_rows_is_answered(root: Caller) -> None:
    answer = await run(root, "SELECT title FROM books; -- a ; comment\n SELECT 2 AS two, NULL AS none; ")
    assert answer["rows"] == [["2", None]]
    assert [column["name"] for column in answer["columns"]] == ["two", "none"]


async def test_what_writes_answers_how_many_rows_it_has_changed_and_is_one_transaction(root: Caller) -> None:
    answer = await run(root, "UPDATE books SET price = 9 WHERE title = 'Alpha'; DELETE FROM books WHERE title = 'Beta'")
    assert (answer["affectedRows"], answer["columns"], answer["rows"]) == (2, [], [])
    found = (await root.ask("GET", root.records("books"))).json()["items"]
    assert [(book["title"], book["price"]) for book in found] == [("Alpha", 9)]
    await refused(root, "UPDATE books SET price = 1; UPDATE books SET nothing = 1")
    assert (await run(root, "SELECT price FROM books"))["rows"] == [["9"]]
    await run(root, "CREATE TABLE notes (text TEXT)")
    assert (await run(root, "INSERT INTO notes VALUES ('a'), ('b')"))["affectedRows"] == 2
    await run(root, "ALTER TABLE notes ADD COLUMN more TEXT")
    await run(root, "DROP TABLE notes")


async def test_what_begins_like_a_question_writes_nothing(root: Caller) -> None:
    for query in (
        "SELECT 1; DELETE FROM books",
        "WITH gone AS (SELECT 1) DELETE FROM books",
        "EXPLAIN SELECT 1; DROP TABLE books",
    ):
        await refused(root, query)
    assert (await run(root, "SELECT COUNT(*) FROM books"))["rows"] == [["2"]]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("", "validation_required"),
        ("  ", "validation_required"),
        ("SELECT " + " " * 5000 + "1", "validation_length_too_long"),
    ],
)
async def test_a_query_must_be_there_and_not_too_long(root: Caller, query: str, code: str) -> None:
    answer = await root.ask("POST", "/api/sql", {"query": query})
    assert (answer.status_code, answer.json()["data"]["query"]["code"]) == (400, code)


async def test_an_error_of_the_database_is_told(root: Caller) -> None:
    assert "nothing" in await refused(root, "SELECT * FROM nothing")
    assert (await root.ask("POST", "/api/sql", {"query": 5})).status_code == 400


async def test_rows_and_bytes_have_limits(root: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) "
    assert len((await run(root, f"{numbers} SELECT i FROM n; "))["rows"]) == 1000
    monkeypatch.setattr(console, "MOST_BYTES", 10)
    assert "larger than" in await refused(root, "SELECT 'more than ten bytes'")


async def test_every_use_leaves_a_line_with_actor_and_text(root: Caller) -> None:
    await refused(root, "SELECT 'eyJhbGciOiJIUzI1NiJ9.eyJpZCI6IngifQ.c2ln' FROM nowhere")
    await root.services.request_log.flush()
    found = (await root.ask("GET", "/api/logs", query={"filter": "data.logger = 'piccobase.sql'"})).json()["items"]
    superuser = (await run(root, "SELECT id FROM _superusers"))["rows"][0][0]
    assert [entry["message"] for entry in found] == [f"The superuser {superuser} runs SQL: SELECT '***' FROM nowhere"]
    assert found[0]["level"] == 4


async def test_only_superusers_run_sql_and_only_where_it_is_turned_on(root: Caller, tmp_path: Path) -> None:
    guest = root.app
    assert (await guest.ask("POST", "/api/sql", {"query": "SELECT 1"})).status_code == 401
    await root.create("readers", email="r@example.com", password="12345678", passwordConfirm="12345678", verified=True)
    reader = await guest.signed_in("readers", "r@example.com", "12345678")
    assert (await reader.ask("POST", "/api/sql", {"query": "SELECT 1"})).status_code == 403
    async with serving([Book], [], None, tmp_path / "off") as off:
        answer = await (await off.superuser()).ask("POST", "/api/sql", {"query": "SELECT 1"})
        assert answer.status_code == 403
        assert "PICCOBASE_SQL=1" in answer.json()["message"]
