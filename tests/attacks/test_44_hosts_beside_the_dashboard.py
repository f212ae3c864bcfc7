"""44: Starlette before 1.0.1 built addresses from a Host header without looking at it (CVE-2026-48710)."""

import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
from tests.dashboard.rooms import HEADERS, opened
from tests.dashboard.test_tables import Band

ROOT = Path(__file__).parents[2]


def test_an_older_starlette_is_refused() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    assert "starlette>=1.0.1" in declared
    assert tuple(map(int, version("starlette").split(".")[:2])) >= (1, 1) or version("starlette") == "1.0.1"


@pytest.mark.parametrize("path", ["", "/api/tables/bands", "/api/tables/bands/1", "/public/meta", "/assets"])
async def test_no_answer_leads_to_the_host_that_a_request_names(tmp_path: Path, path: str) -> None:
    async with opened([Band], None, tmp_path) as room:
        answer = await room.ask("GET", path, headers={**HEADERS, "Host": "evil.example"})
    assert "evil" not in str(answer.headers) + answer.text
