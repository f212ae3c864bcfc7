"""Attack 67: clocks that are put forward and back, by the law twice a year or by whoever sets them wrong."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.api.test_jobs import opened, until
from tests.api.test_schedules import NOON, Clockwork, started

from piccobase.base.clock import frozen


@pytest.fixture
async def clockwork(database_url: str | None, tmp_path: Path) -> AsyncIterator[Clockwork]:
    async with started(Clockwork(), database_url, tmp_path) as clockwork:
        yield clockwork


# Paris: clocks jump from 02:00 to 03:00 on 2026-03-29, and from 03:00 back to 02:00 on 2026-10-25.
JUMPS = [
    ("30 2 * * *", datetime(2026, 3, 28, 20, tzinfo=UTC), datetime(2026, 3, 29, 12, tzinfo=UTC), ["01:00"]),
    ("30 2 * * *", datetime(2026, 10, 24, 20, tzinfo=UTC), datetime(2026, 10, 25, 12, tzinfo=UTC), ["00:30"]),
    ("0 3 * * *", datetime(2026, 10, 24, 20, tzinfo=UTC), datetime(2026, 10, 25, 12, tzinfo=UTC), ["02:00"]),
]


@pytest.mark.parametrize(("expression", "begin", "end", "expected"), JUMPS)
async def test_on_days_when_the_clock_jumps_it_fires_once(
    tmp_path: Path, expression: str, begin: datetime, end: datetime, expected: list[str]
) -> None:
    """Looked at every ten minutes, through the whole night."""
    clockwork, fired = Clockwork(), []
    clockwork.app.schedule(expression, id="night", timezone="Europe/Paris")(lambda: clockwork.ran.append("night"))
    async with started(clockwork, None, tmp_path):
        moment = begin
        while moment < end:
            if "night" in await clockwork.at(moment):
                fired.append(moment.strftime("%H:%M"))
            moment += timedelta(minutes=10)
    assert fired == expected


async def test_a_clock_that_is_set_back_fires_nothing_again_and_one_that_was_far_ahead_does_not_silence_it(
    clockwork: Clockwork,
) -> None:
    await clockwork.at(NOON)
    assert await clockwork.at(NOON + timedelta(minutes=5)) == ["often"]
    assert await clockwork.at(NOON + timedelta(minutes=4)) == []
    assert await clockwork.at(NOON + timedelta(minutes=5)) == []
    # For a while the clock shows the next year.
    assert "often" in await clockwork.at(NOON + timedelta(days=365))
    assert await clockwork.at(NOON + timedelta(minutes=6)) == []
    assert await clockwork.at(NOON + timedelta(minutes=10)) == ["often"]


async def test_a_job_is_not_taken_from_a_living_process_whatever_the_clock_on_the_wall_shows(
    database_url: str | None, tmp_path: Path
) -> None:
    """A lease that ended by the clock would end at once, and the job run twice."""
    async with opened(database_url, tmp_path) as shop:
        id_ = await shop.add("hang")
        async with shop.worker(beat=0.02, lost_after=0.5, grace=0.1).running():
            await until(lambda: shop.done == ["begun"])
            for jump in (timedelta(days=365), timedelta(days=-365)):
                with frozen(NOON + jump):
                    other = shop.worker(beat=0.02, lost_after=0.5)
                    for _ in range(3):
                        await other._bury_the_dead()
                    assert (await shop.job(id_)).state == "running"
        assert shop.done == ["begun"]
