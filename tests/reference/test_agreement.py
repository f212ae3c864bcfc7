"""SQLite, PostgreSQL and the evaluator answer alike. `./scripts/compare-filters` asks far more than this small part."""

from pathlib import Path

import pytest
from tests.reference.agreement import Tally
from tests.reference.trial import trial

FILTERS = 120
WORLDS = (14, 18, 47, 54)  # of many, those of whose records filters find a part most often


@pytest.mark.parametrize("seed", WORLDS)
async def test_a_world_of_chance_is_filtered_as_the_protocol_says(
    seed: int, database_url: str | None, tmp_path: Path
) -> None:
    tally: Tally = await trial(seed, FILTERS, database_url, tmp_path)
    assert tally.disagreements == [], "\n\n".join(tally.disagreements)
    assert tally.unsupported == 0
    assert tally.asked == FILTERS
    assert tally.found_some > FILTERS / 15
