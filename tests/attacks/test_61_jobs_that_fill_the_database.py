"""Attack 61: what grows without end. Jobs that fail, are large, or are added again and again, and what they leave."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.api.test_jobs import opened

from piccobase.jobs.claiming import MAX_ERROR
from piccobase.jobs.errors import InvalidJob
from piccobase.jobs.maintenance import MOST_DEAD, MOST_DONE, delete_old_jobs
from piccobase.testing import frozen

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


async def test_a_job_is_bounded_in_size_and_so_is_what_its_failures_leave(
    database_url: str | None, tmp_path: Path
) -> None:
    async with opened(database_url, tmp_path) as shop:
        with pytest.raises(InvalidJob, match="more than 262144"):
            await shop.add("fail", {"message": "x" * 262_144})
        id_ = await shop.add("fail", {"message": "x" * 262_000})
        for attempt in range(1, 4):
            await shop.work.worker.drain()
            assert len((await shop.job(id_)).error) <= MAX_ERROR + 2
            if attempt < 3:
                await shop.work.book.retry(id_)


async def test_what_is_added_again_and_again_with_a_key_waits_once_even_when_it_always_fails(
    database_url: str | None, tmp_path: Path
) -> None:
    async with opened(database_url, tmp_path) as shop:
        for _ in range(20):
            await shop.add("fail", key="sync")
            await shop.work.worker.drain()
        assert await shop.states() == {"delayed": 1}


async def test_what_has_ended_goes_by_age_and_beyond_a_number(database_url: str | None, tmp_path: Path) -> None:
    """The schedule that does it comes with every server; here it is run against more rows than are kept."""
    async with opened(database_url, tmp_path) as shop:
        first = await shop.add("note")
        with frozen(NOW - timedelta(minutes=1)):
            await shop.work.worker.drain()
        ended = round(NOW.timestamp() * 1000)
        series = (
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10500) "
            'INSERT INTO "_jobs" SELECT {key}, "name", "arguments", {state}, "priority", "due", "key", "attempt", '
            '"attempts", "worker", "created", "started", {ended}, "error" FROM "_jobs", n WHERE "id" = {first}'
        )
        for state in ("done", "dead"):
            await shop.db.rows(
                series.format(key=f"'{state}' || i", state=f"'{state}'", ended=f"{ended} + i", first=f"'{first}'")
            )
        assert "__pbJobsCleanup__" in shop.work.registry.schedules
        with frozen(NOW + timedelta(minutes=1)):
            assert await delete_old_jobs(shop.db) == 1 + 500 * 2
        left = await shop.db.rows('SELECT "state", count(*) FROM "_jobs" GROUP BY 1 ORDER BY 1')
        assert left == [("dead", MOST_DEAD), ("done", MOST_DONE)]
        with frozen(NOW + timedelta(days=2)):
            await delete_old_jobs(shop.db)
        assert (await shop.states()).keys() == {"dead"}
        with frozen(NOW + timedelta(days=32)):
            await delete_old_jobs(shop.db)
        assert await shop.states() == {}
