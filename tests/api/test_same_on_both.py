"""One behaviour on both databases: values put together by chance are taken, refused and answered alike."""

import json
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest
from tests.api.test_values import COLLECTIONS, JSON_TYPE
from tests.api.value_table import every_column
from tests.asking import serving

from piccobase.testing import Caller

WRITES = 1500
# JSON texts: what looks like a value of some kind, or nearly so.
VALUES = r"""
null true false 0 1 -1 2 1.5 -0.0 1e3 1e-7 0e0 0.1 123.456 1e21 1e308 1e400 1e1000 4.9e-324 3.4028236e38 1.17e-38
2147483648 9223372036854775807 9223372036854775808 99999999999999999999999999999.99
"" "x" "12" "1.0" "007" "+5" "-5" ".5" "5." "1e3" "1e400" "Infinity" "NaN" "true" "null" "0.0000001"
"2024-01-02" "2024-02-30" "2024-01-02T03:04:05.9999+05:30" "0000-01-01" "99999-01-01" "0001-01-01" "9999-12-31"
"10:00" "24:00" "23:59:59.5" "a@b.co" "http://x.y" "6b3f1a2e-1111-4222-8333-444455556666" "aGk=" "####"
"[1,2]" "[\"a\"]" "{\"a\":1}" "a" "b" "r" "12345678901" "\u0000" "\u2028" "\n" "\u0663" "e\u0301" "\u00e9"
[] {} ["a"] [1,2] [[1],[2]] {"lon":1,"lat":2} {"lon":1e-320,"lat":90} {"lon":181,"lat":0}
"""
ATOMS = VALUES.split()


def a_value(random: Random, depth: int = 0) -> str:
    if depth < 2 and random.random() < 0.2:
        return "[" + ",".join(a_value(random, depth + 1) for _ in range(random.randint(0, 3))) + "]"
    if depth < 2 and random.random() < 0.1:
        keys = random.sample(["a", "b", "lon", "lat"], random.randint(0, 3))
        return "{" + ",".join(f'"{key}":{a_value(random, depth + 1)}' for key in keys) + "}"
    return random.choice(ATOMS)


def a_body(random: Random) -> str:
    fields = random.sample(list(every_column()), random.choice([1, 1, 2, 4]))
    return "{" + ",".join(f'"{field}":{a_value(random)}' for field in fields) + "}"


def comparable(text: str) -> Any:
    """An answer without what differs from record to record; numbers by their value."""
    answer = json.loads(text, parse_float=Decimal)
    return {key: value for key, value in answer.items() if key not in ("id", "created", "updated")}


async def write(api: Caller, collection: str, record_id: str, body: str) -> tuple[int, str]:
    method = "PATCH" if record_id else "POST"
    answer = await api.ask(method, api.records(collection, record_id), content=body, headers=JSON_TYPE)
    return answer.status_code, answer.text


@pytest.mark.parametrize("collection", ["strict", "lenient"])
async def test_both_databases_answer_alike(collection: str, postgres_url: str, tmp_path: Path) -> None:
    random = Random(collection)
    embedded = serving(COLLECTIONS, [], None, tmp_path / "embedded")
    served = serving(COLLECTIONS, [], postgres_url, tmp_path / "served")
    async with embedded as sqlite, served as postgres:
        ids = ("", "")
        for _ in range(WRITES):
            body = a_body(random)
            before = ids if random.random() < 0.5 else ("", "")
            status, text = await write(sqlite, collection, before[0], body)
            other_status, other_text = await write(postgres, collection, before[1], body)
            assert status in (200, 400), body
            assert (status, comparable(text)) == (other_status, comparable(other_text)), body
            if status == 200:
                ids = json.loads(text)["id"], json.loads(other_text)["id"]
