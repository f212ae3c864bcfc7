"""One way to write a statement, and the words of either database."""

import pytest

from piccobase.db.placeholders import in_dialect
from piccobase.identity.statements import can_be_stored


def test_placeholders_are_numbered_on_postgres_and_left_on_sqlite() -> None:
    sql = "SELECT 1 WHERE ? = ? AND x IN (?)"
    assert in_dialect(sql, "postgres") == "SELECT 1 WHERE $1 = $2 AND x IN ($3)"
    assert in_dialect(sql, "sqlite") == sql


@pytest.mark.parametrize(
    ("text", "answer"), [("", True), ("plain", True), ("ä✓😀", True), ("a\0b", False), ("\ud800", False)]
)
def test_a_text_with_a_nul_or_half_a_character_is_in_no_database(text: str, answer: bool) -> None:
    assert can_be_stored(text) is answer
