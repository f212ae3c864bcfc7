"""The page of schedules and jobs: what it shows, and what its buttons do; on both databases, and in a browser."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.asking import serving_app
from tests.dashboard.entering import Visitor

from piccobase import App
from piccobase.base.clock import frozen
from piccobase_admin.wording import ahead, arguments, lasted

HOSTILE = "<script>alert('x')</script>"
NOON = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


@asynccontextmanager
async def opened(database_url: str | None, data_dir: Path) -> AsyncIterator[tuple[Visitor, list[str]]]:
    """A superuser on the dashboard of an app with jobs, and what these have done."""
    app, done = App(), []

    @app.job(attempts=1)
    async def fail(what: str) -> None:
        done.append(what)
        raise ValueError(what)

    @app.schedule("0 3 * * *", timezone="Europe/Paris")
    async def nightly() -> None:
        done.append("nightly")

    async with serving_app(app, database_url, data_dir) as api:
        await api.superuser()
        visitor = Visitor(api)
        assert (await visitor.sign_in()).status_code == 303
        yield visitor, done


async def shown(visitor: Visitor, path: str = "/admin/jobs") -> str:
    page = await visitor.get(path)
    assert page.status_code == 200, page.text
    return re.sub(r"\s+", " ", page.text)


async def press(visitor: Visitor, path: str) -> str:
    """Sends a form without fields, and returns the page that it leads to."""
    answer = await visitor.post(path)
    assert answer.status_code == 303, answer.text
    return await shown(visitor, answer.headers["location"])


async def test_jobs_are_shown_by_state_with_their_errors_and_are_tried_again_or_deleted(
    database_url: str | None, tmp_path: Path
) -> None:
    async with opened(database_url, tmp_path) as (visitor, done):
        work = visitor.api.services.work
        ids = [await work.jobs.add("fail", {"what": HOSTILE}, key=f"key {number}") for number in range(3)]
        page = await shown(visitor)
        assert "what=&#34;&lt;script&gt;" in page
        assert "key 1" in page
        await work.worker.drain()
        page = await shown(visitor, "/admin/jobs?state=dead")
        assert "<script>alert" not in page
        assert page.count("ValueError: &lt;script&gt;") == 3 * 2  # in the summary, and at the end of the traceback
        assert re.search(r"Dead <span[^>]*>3<", page)
        page = await press(visitor, f"/admin/jobs/{ids[0]}/retry?state=dead")
        assert "The job is tried again." in page
        assert re.search(r"Waiting <span[^>]*>1<", page)
        assert "The job is deleted." in await press(visitor, f"/admin/jobs/{ids[1]}/delete?state=dead")
        assert "The dead jobs are tried again." in await press(visitor, "/admin/jobs/retry-dead?state=dead")
        await work.worker.drain()
        assert done == [HOSTILE] * 5
        assert "The dead jobs are deleted." in await press(visitor, "/admin/jobs/delete-dead?state=dead")
        assert "No job is dead" in await shown(visitor, "/admin/jobs?state=dead")
        gone = await visitor.post(f"/admin/jobs/{ids[0]}/retry")
        assert gone.status_code == 404


async def test_a_schedule_shows_its_next_and_last_run_and_runs_at_once_when_asked_to(
    database_url: str | None, tmp_path: Path
) -> None:
    async with opened(database_url, tmp_path) as (visitor, done):
        work = visitor.api.services.work
        page = await shown(visitor)
        assert "<code>0 3 * * *</code>" in page
        assert "Europe/Paris" in page
        assert "none yet" in page
        assert "It begins now" in await press(visitor, "/admin/jobs/schedules/nightly/run?state=waiting")
        page = await press(visitor, "/admin/jobs/schedules/nightly/run?state=waiting")
        assert "It is under way already" in page
        assert 'hx-trigger="every 3s"' in page  # as long as something is under way
        await work.worker.drain()
        assert done == ["nightly"]
        page = await shown(visitor, "/admin/jobs/part")
        assert '<span class="badge success">done</span>' in page
        assert "hx-trigger" not in page


async def test_it_says_so_where_nobody_works(tmp_path: Path) -> None:
    async with opened(None, tmp_path) as (visitor, _):
        now = datetime.now(UTC)
        with frozen(now - timedelta(minutes=2)):
            await visitor.api.services.work.jobs.add("fail", {"what": "x"})
        with frozen(now):
            assert "Jobs wait, and nobody takes them" in await shown(visitor)
        with frozen(now - timedelta(seconds=90)):
            assert "nobody takes them" not in await shown(visitor)


@pytest.mark.parametrize("query", ["state=nothing", "page=0", "page=-1", "page=9999999999", "page=x", "told=%3Cb%3E"])
async def test_an_address_that_makes_no_sense_shows_the_page_all_the_same(tmp_path: Path, query: str) -> None:
    async with opened(None, tmp_path) as (visitor, _):
        page = await shown(visitor, f"/admin/jobs?{query}")
        assert "No job is waiting" in page
        assert 'role="status"' not in page


async def test_other_sites_and_visitors_can_do_nothing(tmp_path: Path) -> None:
    async with opened(None, tmp_path) as (visitor, done):
        foreign = await visitor.post("/admin/jobs/schedules/nightly/run", None, **{"Sec-Fetch-Site": "cross-site"})
        assert foreign.status_code == 403
        visitor.api.client.cookies.clear()
        assert (await visitor.get("/admin/jobs")).headers["location"].startswith("/admin/sign-in")
        assert (await visitor.post("/admin/jobs/schedules/nightly/run")).status_code != 200
        await visitor.api.services.work.worker.drain()
        assert done == []


def test_times_and_arguments_in_words() -> None:
    with frozen(NOON):
        assert [ahead(f"2026-11-25 {text}Z") for text in ("12:00:30.000", "12:05:00.000", "14:10:00.000")] == [
            "in a moment",
            "in 5 minutes",
            "in 2 hours",
        ]
        assert ahead("2026-11-25 11:59:00.000Z") == "now"
        assert ahead("2027-11-25 12:00:00.000Z") == "2027-11-25"
    assert [lasted(number) for number in (7, 3_210, 300_000)] == ["7 ms", "3.2 s", "5 min"]
    assert arguments('{"to":"ä","n":[1,null]}') == 'to="ä", n=[1, null]'
