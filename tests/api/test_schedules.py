"""Schedules: once among several processes, in their time zone, neither overlapping nor lost; and the crons API."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.asking import serving_app
from tests.described import SUPERUSER as SUPERUSER_READS
from tests.described import Described

from piccobase import App, AuthCollection, Rules
from piccobase.base.errors import NotFound
from piccobase.http.openapi.document import make_document
from piccobase.http.openapi.routes import describe_routes
from piccobase.jobs.adding import Jobs
from piccobase.jobs.looking import SeenSchedule
from piccobase.jobs.scheduling import Schedules
from piccobase.testing import TestApp, frozen

NOON = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


class User(AuthCollection, tablename="users"):
    rules = Rules(create="")


class Clockwork:
    """An app with schedules, and what has run."""

    def __init__(self) -> None:
        self.ran: list[str] = []
        self.broken = False
        self.app = App(collections=[User])

        @self.app.schedule("*/5 * * * *")
        async def often() -> None:
            self.ran.append("often")
            if self.broken:
                raise ValueError("it is broken")

        @self.app.schedule("0 3 * * *", timezone="Europe/Paris")
        async def nightly() -> None:
            self.ran.append("nightly")

        @self.app.schedule("0 6 * * *", catch_up=True)
        def report() -> None:
            self.ran.append("report")

    async def at(self, moment: datetime, *, run: bool = True) -> list[str]:
        """Looks at that moment, and returns what has run."""
        before = len(self.ran)
        with frozen(moment):
            await self.work.schedules.look()
            if run:
                await self.work.worker.drain()
        return self.ran[before:]

    async def seen(self, id_: str) -> SeenSchedule:
        return {seen.info.id: seen for seen in await self.work.book.schedules()}[id_]

    @property
    def work(self) -> Any:
        return self.api.services.work

    api: TestApp


@asynccontextmanager
async def started(clockwork: Clockwork, database_url: str | None, data_dir: Path) -> AsyncIterator[Clockwork]:
    async with serving_app(clockwork.app, database_url, data_dir) as clockwork.api:
        yield clockwork


@pytest.fixture
async def clockwork(database_url: str | None, tmp_path: Path) -> AsyncIterator[Clockwork]:
    async with started(Clockwork(), database_url, tmp_path) as clockwork:
        yield clockwork


async def test_it_fires_at_its_times_and_not_before_it_was_first_seen(clockwork: Clockwork) -> None:
    assert await clockwork.at(NOON) == []
    assert await clockwork.at(NOON + timedelta(minutes=4, seconds=59)) == []
    assert await clockwork.at(NOON + timedelta(minutes=5)) == ["often"]
    assert await clockwork.at(NOON + timedelta(minutes=5, seconds=30)) == []
    assert await clockwork.at(NOON + timedelta(minutes=10, seconds=30)) == ["often"]
    with frozen(NOON + timedelta(minutes=11)):
        seen = await clockwork.seen("often")
    assert (seen.outcome, seen.error, seen.at_work) == ("done", "", False)
    assert seen.next == (NOON + timedelta(minutes=15)).timestamp() * 1000
    assert seen.ended == (NOON + timedelta(minutes=10, seconds=30)).timestamp() * 1000


async def test_of_several_processes_exactly_one_fires_it(clockwork: Clockwork) -> None:
    await clockwork.at(NOON)
    registry, db = clockwork.work.registry, clockwork.api.services.engine
    processes = [Schedules(db, Jobs(db, registry)) for _ in range(5)]
    for number in range(1, 4):
        with frozen(NOON + timedelta(minutes=5 * number)):
            await asyncio.gather(*(process.look() for process in processes))
            await clockwork.work.worker.drain()
            assert clockwork.ran == ["often"] * number
            # One that had read the row before, and goes on when the job is done already.
            before = round((NOON + timedelta(minutes=5 * (number - 1))).timestamp() * 1000)
            await processes[0]._look_at(registry.schedules["often"], before)
            await clockwork.work.worker.drain()
            assert clockwork.ran == ["often"] * number


async def test_what_was_missed_is_said_and_caught_up_once_where_that_was_asked_for(clockwork: Clockwork) -> None:
    await clockwork.at(NOON)
    # Nobody was there for three days. `report` wants to be caught up, `nightly` does not.
    back = NOON + timedelta(days=3, minutes=3)
    assert sorted(await clockwork.at(back)) == ["report"]
    assert await clockwork.at(back + timedelta(seconds=1)) == []
    with frozen(back):
        missed = await clockwork.seen("nightly")
        assert (missed.missed, missed.outcome) == (back.timestamp() * 1000, "")
        assert (await clockwork.seen("report")).missed is None
    assert await clockwork.at(back + timedelta(minutes=2)) == ["often"]


async def test_a_restart_within_a_minute_misses_nothing(clockwork: Clockwork) -> None:
    await clockwork.at(NOON + timedelta(minutes=4))
    assert await clockwork.at(NOON + timedelta(minutes=5, seconds=59)) == ["often"]


async def test_a_run_that_is_still_at_work_is_not_overtaken_and_that_is_said(
    clockwork: Clockwork, caplog: pytest.LogCaptureFixture
) -> None:
    await clockwork.at(NOON)
    await clockwork.at(NOON + timedelta(minutes=5), run=False)
    with frozen(NOON + timedelta(minutes=5)):
        assert (await clockwork.seen("often")).at_work
    assert await clockwork.at(NOON + timedelta(minutes=10), run=False) == []
    assert "often is passed over at 2026-11-25 12:10:00.000Z: it is still at work." in caplog.text
    assert await clockwork.at(NOON + timedelta(minutes=11)) == ["often"]
    seen = await clockwork.seen("often")
    assert (seen.skipped, seen.outcome) == ((NOON + timedelta(minutes=10)).timestamp() * 1000, "done")
    assert await clockwork.at(NOON + timedelta(minutes=15)) == ["often"]


async def test_a_run_that_fails_shows_its_error_and_the_next_one_comes_all_the_same(clockwork: Clockwork) -> None:
    await clockwork.at(NOON)
    clockwork.broken = True
    assert await clockwork.at(NOON + timedelta(minutes=5)) == ["often"]
    seen = await clockwork.seen("often")
    assert seen.outcome == "dead"
    assert seen.error.endswith("ValueError: it is broken")
    clockwork.broken = False
    assert await clockwork.at(NOON + timedelta(minutes=10)) == ["often"]
    assert ((await clockwork.seen("often")).outcome, (await clockwork.seen("often")).error) == ("done", "")


async def test_a_changed_expression_holds_from_the_next_start_on(database_url: str | None, tmp_path: Path) -> None:
    async with started(Clockwork(), database_url, tmp_path) as clockwork:
        await clockwork.at(NOON)
    changed = Clockwork()
    del changed.app.work.jobs["often"], changed.app.work.schedules["often"]
    changed.app.schedule("7 * * * *", id="often")(lambda: changed.ran.append("changed"))
    async with started(changed, database_url, tmp_path):
        assert await changed.at(NOON + timedelta(minutes=5)) == []
        assert await changed.at(NOON + timedelta(minutes=7)) == ["changed"]


async def test_the_api_lists_and_runs_schedules_for_superusers(clockwork: Clockwork) -> None:
    root = await clockwork.api.superuser()
    listed = await root.ask("GET", "/api/crons")
    assert listed.json()[:6] == [
        {"id": "often", "expression": "*/5 * * * *"},
        {"id": "nightly", "expression": "0 3 * * *"},
        {"id": "report", "expression": "0 6 * * *"},
        {"id": "__pbDBOptimize__", "expression": "0 0 * * *"},
        {"id": "__pbJobsCleanup__", "expression": "*/10 * * * *"},
        {"id": "__pbChangesCleanup__", "expression": "40 * * * *"},
    ]
    assert (await root.ask("GET", "/api/crons", query={"fields": "id"})).json()[0] == {"id": "often"}
    for id_ in ("nightly", "__pbDBOptimize__", "__pbJobsCleanup__"):
        run = await root.ask("POST", f"/api/crons/{id_}")
        assert (run.status_code, run.content) == (204, b"")
        assert (await root.ask("POST", f"/api/crons/{id_}")).status_code == 204  # it waits already
    await clockwork.work.worker.drain()
    assert clockwork.ran == ["nightly"]
    outcomes = {seen["id"]: seen["outcome"] for seen in (await root.ask("GET", "/api/schedules")).json()}
    assert {id_ for id_, outcome in outcomes.items() if outcome == "done"} == {
        "nightly",
        "__pbDBOptimize__",
        "__pbJobsCleanup__",
    }
    for missing in ("nothing", "%00", "a%2Fb", "often%20"):
        answer = await root.ask("POST", f"/api/crons/{missing}")
        assert (answer.status_code, answer.json()["data"]) == (404, {})
    assert (await root.ask("POST", "/api/crons/nothing")).json()["message"] == "Missing or invalid cron job."
    with pytest.raises(NotFound):
        await clockwork.work.schedules.start("nothing")


async def test_the_api_shows_jobs_and_lets_superusers_retry_and_delete_them(clockwork: Clockwork) -> None:
    root = await clockwork.api.superuser()
    clockwork.broken = True
    await root.ask("POST", "/api/crons/often")
    await clockwork.work.worker.drain()
    listed = (await root.ask("GET", "/api/jobs", query={"state": "dead"})).json()
    assert listed["counts"] == {"delayed": 0, "waiting": 0, "running": 0, "done": 0, "dead": 1}
    [job] = listed["items"]
    assert (job["name"], job["state"], job["arguments"], job["attempt"]) == ("often", "dead", {}, 1)
    assert job["error"].endswith("ValueError: it is broken")
    assert (await root.ask("GET", f"/api/jobs/{job['id']}")).json() == job
    assert (await root.ask("POST", f"/api/jobs/{job['id']}/retry")).status_code == 204
    again = await root.ask("POST", f"/api/jobs/{job['id']}/retry")
    assert (again.status_code, again.json()["message"]) == (
        400,
        "Only a dead or a delayed job can be tried again; this one is waiting.",
    )
    assert (await root.ask("GET", "/api/jobs")).json()["items"][0]["id"] == job["id"]
    assert (await root.ask("DELETE", f"/api/jobs/{job['id']}")).status_code == 204
    assert (await root.ask("DELETE", f"/api/jobs/{job['id']}")).status_code == 404
    assert (await root.ask("GET", "/api/jobs/x%00")).status_code == 404
    wrong = await root.ask("GET", "/api/jobs", query={"state": "lost"})
    assert wrong.json()["message"] == ('There is no state "lost"; there are delayed, waiting, running, done, dead.')


PATHS = [
    ("GET", "/api/crons"),
    ("POST", "/api/crons/often"),
    ("GET", "/api/schedules"),
    ("GET", "/api/jobs"),
    ("GET", "/api/jobs/abc"),
    ("POST", "/api/jobs/abc/retry"),
    ("DELETE", "/api/jobs/abc"),
]


async def test_nobody_else_learns_or_does_anything(clockwork: Clockwork) -> None:
    password = {"password": "12345678ab", "passwordConfirm": "12345678ab"}
    await clockwork.api.create("users", email="a@example.com", **password)
    user = await clockwork.api.signed_in("users", "a@example.com", "12345678ab")
    for method, path in PATHS:
        assert (await clockwork.api.ask(method, path)).status_code == 401
        assert (await user.ask(method, path)).status_code == 403
    await clockwork.work.worker.drain()
    assert clockwork.ran == []


async def test_answers_are_as_the_document_says(clockwork: Clockwork) -> None:
    services = clockwork.api.services
    routes = describe_routes(services.documents.handlers)
    described = Described(make_document(services.registry, services.records.access, routes, SUPERUSER_READS))
    root = await clockwork.api.superuser()
    id_ = await clockwork.app.jobs.add("often", delay=60)
    for method, path in (
        ("GET", "/api/crons"),
        ("GET", "/api/schedules"),
        ("POST", "/api/crons/often"),
        ("GET", "/api/jobs"),
        ("GET", f"/api/jobs/{id_}"),
        ("POST", f"/api/jobs/{id_}/retry"),
        ("DELETE", f"/api/jobs/{id_}"),
    ):
        answer = await root.ask(method, path)
        assert answer.status_code < 300, answer.text
        described.check(method, path, answer)
