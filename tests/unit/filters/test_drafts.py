"""A rule asked of a draft: the row is a one-row CTE, whose columns have no affinity and may all be NULL."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from tests.unit.filters.conftest import Database

DRAFT: dict[str, Any] = {
    "id": "9", "title": "Alpha", "num": 5.0, "whole": 7, "price": Decimal("10.5"), "flag": True, "sel": "a",
    "dt": datetime(2024, 1, 1, tzinfo=UTC), "msel": ["a"], "js": '{"a":5}', "plain": '{"a":5}', "cat": "c1",
    "body": "5", "tags": ["x"],
}  # fmt: skip

CASES = [
    ("title = 'Alpha' && num = 5", True),
    ("num = '05'", True),
    ("whole = '7'", True),
    ("whole = 7.0", True),
    ("flag = true", True),
    ("flag = '1'", True),
    ("price = 10.50", True),
    ("price > 9.5", True),
    ("price < 9.5", False),
    ("price > whole", True),
    ("body > 4", True),
    ("body < 6", True),
    ("num <= body", True),
    ("whole > body", True),
    ("js.a = 5", True),
    ("js.a = num", True),
    ("js.a = body", True),
    ("dt = '2024-01-01'", True),
    ("msel ~ 'a'", True),
    ("msel:length = 1", True),
    ("cat.name = 'red'", True),
    ("cat.owner.name = 'Ann'", True),
    ("cat.name = 'Blue'", False),
    ("small = null", True),
    ("small < 1", False),
    ("uid = ''", True),
    ("created = ''", True),
    ("@request.body.title = title", True),
    ("@request.body.whole = whole", True),
    ("@request.body.text = whole", True),
    ("@request.body.missing = secret", True),
]


@pytest.mark.parametrize(("text", "holds"), CASES, ids=[case[0] for case in CASES])
def test_a_rule_answers_of_a_draft_as_of_a_stored_record(database: Database, text: str, holds: bool) -> None:
    record = dict.fromkeys(("created", "updated", "secret")) | DRAFT
    assert database.ask_draft("things", text, record, body={"title": "Alpha", "whole": 7, "text": "7"}) is holds
