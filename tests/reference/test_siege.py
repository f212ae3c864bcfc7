"""Whatever comes as filter or sort: an answer or an error of ours, and no statement but the server's own SELECTs.

A small part of what `./scripts/fuzz-filters` sends.
"""

from pathlib import Path

from tests.postgres_server import PostgresServer
from tests.reference.besieging import besiege_postgres, besiege_sqlite
from tests.reference.fuzzing import MARK
from tests.reference.watching import PostgresLog, unplanned

INPUTS = 1500


async def test_on_sqlite(tmp_path: Path) -> None:
    report = await besiege_sqlite(1, INPUTS, tmp_path)
    assert report.problems == []
    assert report.answers["answered"] > INPUTS / 20
    assert report.answers["filter.syntax"] > INPUTS / 20


async def test_on_postgresql(postgres_server: PostgresServer, postgres_url: str, tmp_path: Path) -> None:
    report = await besiege_postgres(2, INPUTS // 2, postgres_url, PostgresLog(postgres_server), tmp_path)
    assert report.problems == []
    assert report.answers["answered"] > INPUTS / 40


def test_what_counts_as_unplanned() -> None:
    wrong = [
        "DELETE FROM cats",
        "SELECT 1; SELECT 2",
        f"SELECT '{MARK}'",
        f"INSERT INTO piccobase_logs.logs VALUES ('{MARK}')",
        "BEGIN; DROP TABLE cats",
        "PRAGMA writable_schema = 1",
    ]
    fine = ["SELECT 1", "BEGIN", 'DELETE FROM "piccobase_logs"."logs" WHERE created < $1']
    assert unplanned([*fine, *wrong]) == wrong
