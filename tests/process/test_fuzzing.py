"""Requests by chance, against a real server: none is our fault, and all answers are as the document says.

This is the short run, always the same; `./scripts/fuzz` is the long one.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.fuzzing.running import fuzz
from tests.fuzzing.serving import APPS, Fuzzed, serving_fuzzed

BOUNDED = ("--phases=fuzzing", "--max-examples=8", "--generation-deterministic", "--no-shrink")


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fuzzed]:
    folder = tmp_path_factory.mktemp("kinds")
    if request.param == "sqlite":
        with serving_fuzzed(APPS["kinds"], folder, None) as running:
            yield running
        return
    postgres = request.getfixturevalue("postgres_server")
    with postgres.empty_database() as url, serving_fuzzed(APPS["kinds"], folder, url) as running:
        yield running


@pytest.mark.parametrize("reader", ["guest", "account", "superuser"])
def test_nothing_that_chance_asks_is_our_fault_or_answered_otherwise_than_described(
    server: Fuzzed, reader: str, tmp_path: Path
) -> None:
    found = fuzz(server.url, server.tokens[reader], tmp_path, *BOUNDED)
    assert found == "", found
