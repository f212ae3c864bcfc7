"""Jobs: added with their transaction, claimed by one, tried again, given up; on both databases."""

import asyncio
import itertools
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from piccobase import App
from piccobase.app.working import Work
from piccobase.base.errors import InvalidDeclaration, StartError
from piccobase.db.engine import Database
from piccobase.jobs.claiming import LOST, STOPPED, Claims
from piccobase.jobs.errors import GiveUp, InvalidJob, TryAgain, UnknownJob
from piccobase.jobs.looking import SeenJob
from piccobase.jobs.maintenance import delete_old_jobs
from piccobase.jobs.running import current_job
from piccobase.jobs.scheduling import Schedules
from piccobase.jobs.worker import Worker
from piccobase.testing import frozen

NOON = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


@dataclass
class Shop:
    """An app that has started, what its jobs have done, and a second process's worker on the same database."""

    app: App
    work: Work
    db: Database
    done: list[Any] = field(default_factory=list)

    async def is_in(self, id_: str, state: str) -> bool:
        return (await self.job(id_)).state == state

    async def holds_nothing(self) -> bool:
        return not await Claims(self.db, {}).beats()

    @property
    def add(self) -> Callable[..., Any]:
        return self.work.jobs.add

    async def job(self, id_: str) -> SeenJob:
        return await self.work.book.one(id_)

    async def states(self) -> dict[str, int]:
        return {state: count for state, count in (await self.work.book.counts()).items() if count}

    def worker(self, **options: Any) -> Worker:
        claims = Claims(self.db, self.work.registry.jobs)
        return Worker(self.work.jobs, claims, Schedules(self.db, self.work.jobs), **options)


@asynccontextmanager
async def opened(database_url: str | None, data_dir: Path, app: App | None = None) -> AsyncIterator[Shop]:
    app = app or App()
    done: list[Any] = []

    @app.job()
    async def note(what: Any = None) -> None:
        done.append(what)

    @app.job(attempts=3, backoff=10)
    async def fail(message: str = "broken") -> None:
        done.append(message)
        raise ValueError(message)

    @app.job(attempts=1)
    async def once() -> None:
        done.append("once")
        raise ValueError("broken")

    @app.job()
    def in_a_thread(what: str) -> None:
        assert threading.current_thread() is not threading.main_thread()
        done.append(what)

    @app.job(timeout=0.01, attempts=1)
    async def slow() -> None:
        await asyncio.Event().wait()

    @app.job(attempts=5)
    async def hang() -> None:
        done.append("begun")
        await asyncio.Event().wait()

    @app.job(attempts=1)
    async def hang_once() -> None:
        done.append("begun once")
        await asyncio.Event().wait()

    config = app.config({"database_url": database_url, "data_dir": data_dir}, environment={})
    services = await app.start(config, migrate=True)
    try:
        yield Shop(app, services.work, services.engine, done)
    finally:
        await app.stop()


@pytest.fixture
async def shop(database_url: str | None, tmp_path: Path) -> AsyncIterator[Shop]:
    async with opened(database_url, tmp_path) as shop:
        yield shop


async def until(condition: Callable[[], bool | Awaitable[bool]]) -> None:
    """Asks again and again."""
    async with asyncio.timeout(20):
        for _ in itertools.count():
            found = condition()
            if await found if isinstance(found, Awaitable) else found:
                return
            await asyncio.sleep(0.005)


async def test_a_job_runs_once_with_its_arguments_and_is_kept_as_done(shop: Shop) -> None:
    value = {"n": 1, "text": "ü\0", "list": [None, True, 1.5]}
    id_ = await shop.add("note", {"what": value})
    assert (await shop.job(id_)).state == "waiting"
    await shop.work.worker.drain()
    await shop.work.worker.drain()
    assert shop.done == [value]
    job = await shop.job(id_)
    assert (job.state, job.attempt, job.error) == ("done", 1, "")
    assert job.created <= (job.started or 0) <= (job.ended or 0)


async def test_functions_that_are_not_async_run_in_a_thread(shop: Shop) -> None:
    await shop.add("in_a_thread", {"what": "there"})
    await shop.work.worker.drain()
    assert shop.done == ["there"]


async def test_a_job_exists_exactly_if_the_transaction_around_it_commits(shop: Shop) -> None:
    with suppress(RuntimeError):
        async with shop.db.transaction():
            await shop.add("note", {"what": "undone"})
            raise RuntimeError
    async with shop.db.transaction():
        await shop.add("note", {"what": "kept"})
        with suppress(RuntimeError):
            async with shop.db.transaction():
                await shop.add("note", {"what": "undone in a savepoint"})
                raise RuntimeError
    await shop.work.worker.drain()
    assert shop.done == ["kept"]


async def test_the_worker_of_the_process_begins_at_once_and_not_before_the_commit(shop: Shop) -> None:
    async with shop.worker().running():
        await shop.add("note", {"what": 1})
        await until(lambda: shop.done == [1])
        async with shop.db.transaction():
            await shop.add("note", {"what": 2})
            await asyncio.sleep(0)
            assert shop.done == [1]
        began = time.monotonic()
        await until(lambda: shop.done == [1, 2])
        assert time.monotonic() - began < 0.2  # and so it was not found by looking now and then


async def test_greater_priorities_go_first_and_then_who_came_first(shop: Shop) -> None:
    for number, priority in enumerate((0, 5, -3, 5, 0)):
        with frozen(NOON + timedelta(seconds=number)):
            await shop.add("note", {"what": (priority, number)}, priority=priority)
    with frozen(NOON + timedelta(minutes=1)):
        await shop.worker(concurrency=1).drain()
    assert [tuple(what) for what in shop.done] == [(5, 1), (5, 3), (0, 0), (0, 4), (-3, 2)]


@pytest.mark.parametrize("when", [{"delay": 60}, {"delay": timedelta(minutes=1)}, {"at": NOON + timedelta(minutes=1)}])
async def test_a_delayed_job_waits_for_its_time(shop: Shop, when: dict[str, Any]) -> None:
    with frozen(NOON):
        id_ = await shop.add("note", **when)
        await shop.work.worker.drain()
        assert (await shop.job(id_)).state == "delayed"
    with frozen(NOON + timedelta(seconds=59.9)):
        await shop.work.worker.drain()
        assert shop.done == []
    with frozen(NOON + timedelta(seconds=60)):
        await shop.work.worker.drain()
    assert shop.done == [None]


async def test_of_jobs_with_one_key_only_one_waits(shop: Shop) -> None:
    first = await shop.add("note", {"what": 1}, key="sync")
    assert await shop.add("note", {"what": 2}, key="sync", delay=5) == first
    assert await shop.add("note", {"what": 3}, key="other") != first
    await shop.work.worker.drain()
    assert await shop.add("note", {"what": 4}, key="sync") != first
    await shop.work.worker.drain()
    assert sorted(shop.done) == [1, 3, 4]


async def test_a_failed_job_whose_key_was_taken_meanwhile_gives_way(shop: Shop) -> None:
    started, go_on = asyncio.Event(), asyncio.Event()

    @shop.work.registry.job()
    async def sync() -> None:
        started.set()
        await go_on.wait()
        raise ValueError("broken")

    first = await shop.add("sync", key="k")
    draining = asyncio.create_task(shop.worker(concurrency=1).drain())
    await started.wait()
    second = await shop.add("note", key="k")
    assert second != first
    go_on.set()
    await draining
    assert await shop.states() == {"done": 1}
    assert (await shop.job(second)).state == "done"


async def test_a_failed_job_is_tried_again_after_growing_pauses_and_then_dead_with_its_error(shop: Shop) -> None:
    moment, pauses = NOON, []
    with frozen(moment):
        id_ = await shop.add("fail")
        await shop.work.worker.drain()
    for _ in range(2):
        job = await shop.job(id_)
        assert job.state == "delayed"
        assert "ValueError: broken" in job.error
        pauses.append(job.due / 1000 - moment.timestamp())
        moment = datetime.fromtimestamp(job.due / 1000, UTC)
        with frozen(moment):
            await shop.work.worker.drain()
    assert 5 <= pauses[0] <= 15
    assert 10 <= pauses[1] <= 30
    job = await shop.job(id_)
    assert (job.state, job.attempt, len(shop.done)) == ("dead", 3, 3)
    assert job.error.startswith("Traceback")
    assert job.error.endswith("ValueError: broken")


async def test_a_job_of_one_attempt_is_dead_at_once(shop: Shop) -> None:
    id_ = await shop.add("once")
    await shop.work.worker.drain()
    assert (await shop.job(id_)).state == "dead"
    assert shop.done == ["once"]


class Unspeakable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("not even its text")


WAYS_TO_FAIL: list[BaseException] = [
    ValueError("a value"),
    SystemExit(3),
    KeyboardInterrupt(),
    asyncio.CancelledError(),
    TimeoutError(),
    GeneratorExit(),
    Unspeakable(),
    ExceptionGroup("several", [ValueError("one"), OSError("two")]),
    RecursionError("deep"),
    LookupError("a NUL \0 and half a character \ud800"),
]


@pytest.mark.parametrize("in_thread", [False, True], ids=["async", "thread"])
async def test_whatever_a_job_raises_the_worker_goes_on(shop: Shop, in_thread: bool) -> None:
    def raise_it(number: int) -> None:
        raise WAYS_TO_FAIL[number]

    async def raise_async(number: int) -> None:
        raise_it(number)

    shop.work.registry.job("raise_it", attempts=1)(raise_it if in_thread else raise_async)
    async with shop.worker().running():
        for number in range(len(WAYS_TO_FAIL)):
            await shop.add("raise_it", {"number": number})
        await shop.add("note", {"what": "still here"}, priority=-1)
        await until(lambda: shop.done == ["still here"])
    assert await shop.states() == {"done": 1, "dead": len(WAYS_TO_FAIL)}
    dead = await shop.work.book.of_state("dead")
    assert all(type(error).__name__ in "".join(job.error for job in dead) for error in WAYS_TO_FAIL)


async def test_giving_up_spares_the_other_attempts(shop: Shop) -> None:
    @shop.work.registry.job()
    async def refuse() -> None:
        raise GiveUp("the address does not exist")

    id_ = await shop.add("refuse")
    await shop.work.worker.drain()
    job = await shop.job(id_)
    assert (job.state, job.attempt) == ("dead", 1)
    assert "the address does not exist" in job.error


async def test_what_is_to_be_expected_is_told_without_a_traceback(shop: Shop) -> None:
    @shop.work.registry.job(attempts=2)
    async def ask() -> None:
        raise TryAgain("the shop does not answer")

    id_ = await shop.add("ask")
    await shop.work.worker.drain()
    job = await shop.job(id_)
    assert (job.state, job.attempt, job.error) == ("delayed", 1, "the shop does not answer")


async def test_a_time_limit_ends_an_attempt(shop: Shop) -> None:
    id_ = await shop.add("slow")
    await shop.work.worker.drain()
    job = await shop.job(id_)
    assert (job.state, job.error) == ("dead", "It took longer than its time limit of 0.01 seconds.")


async def test_a_job_knows_its_id_and_which_attempt_it_is(shop: Shop) -> None:
    seen = []

    @shop.work.registry.job(attempts=4)
    def look() -> None:
        seen.append(current_job())

    assert current_job() is None
    id_ = await shop.add("look")
    await shop.work.worker.drain()
    assert [(job.id, job.name, job.attempt, job.attempts) for job in seen if job] == [(id_, "look", 1, 4)]


async def test_jobs_can_be_added_by_jobs_also_from_threads(shop: Shop) -> None:
    """A thread has an event loop of its own; the worker is woken all the same."""

    @shop.work.registry.job()
    def add_another() -> None:
        asyncio.run(shop.add("note", {"what": "from a thread"}))

    @shop.work.registry.job()
    async def add_one() -> None:
        await shop.add(add_another)

    async with shop.worker().running():
        await shop.add("add_one")
        await until(lambda: shop.done == ["from a thread"])


NOT_ADDED: list[tuple[Any, Any, dict[str, Any], str]] = [
    ("nota", {}, {}, 'No job "nota" is declared. Did you mean "note"?'),
    ("note", {"wat": 1}, {}, "do not fit the job note: got an unexpected keyword argument 'wat'"),
    ("in_a_thread", {}, {}, "missing a required argument: 'what'"),
    ("note", {"what": datetime.now(UTC)}, {}, "are no JSON: Object of type datetime"),
    ("note", {"what": float("nan")}, {}, "are no JSON"),
    ("note", {"what": "x" * 300_000}, {}, "more than 262144: store what is large elsewhere"),
    ("note", {}, {"delay": 1, "at": NOON}, "with a delay or for an instant, not with both"),
    ("note", {}, {"at": datetime(2026, 1, 1)}, "needs a time zone"),
    ("note", {}, {"delay": float("inf")}, "delayed by 3660 days at most"),
    ("note", {}, {"key": ""}, "The key of a job has 1 to 255 characters"),
    ("note", {}, {"key": "a\0b"}, "none of them a control character"),
    (print, {}, {}, "print is no job: declare it with @app.job()."),
]


async def test_what_cannot_be_added_is_refused_at_once(database_url: str | None, tmp_path: Path) -> None:
    async with opened(database_url, tmp_path) as shop:
        for job, arguments, options, said in NOT_ADDED:
            with pytest.raises(InvalidJob) as refused:
                await shop.add(job, arguments, **options)
            assert said in refused.value.message
        assert await shop.states() == {}


async def test_jobs_that_this_process_does_not_know_are_left_to_others(shop: Shop) -> None:
    """As it is while a new version replaces an old one."""
    shop.work.registry.job("of_tomorrow")(lambda: None)
    id_ = await shop.add("of_tomorrow", priority=9)
    del shop.work.registry.jobs["of_tomorrow"]
    await shop.add("note")
    await shop.work.worker.drain()
    assert shop.done == [None]
    assert (await shop.job(id_)).state == "waiting"


async def test_what_a_lost_process_held_is_begun_again_unless_it_may_be_begun_only_once(shop: Shop) -> None:
    again, never = await shop.add("note"), await shop.add("once")
    claims = Claims(shop.db, shop.work.registry.jobs)
    lost = await claims.join("a process that is killed now")
    held = await claims.claim(lost, 5) or []
    assert len(held) == 2
    # Seen from another process: a beat that stands still, by its own monotonic clock.
    async with shop.worker(beat=0.02, lost_after=0.1).running():
        await until(lambda: shop.is_in(again, "delayed"))
    job = await shop.job(again)
    assert (job.state, job.attempt, job.error) == ("delayed", 1, LOST)
    assert (await shop.job(never)).state == "dead"
    assert shop.done == []
    await shop.work.book.retry(again)
    await shop.work.worker.drain()
    assert (shop.done, (await shop.job(again)).attempt) == ([None], 2)
    # What comes late counts no more, neither while another attempt is under way nor after.
    await shop.work.book.retry(never)
    second = await claims.join("another process")
    assert [claim.id for claim in await claims.claim(second, 1) or []] == [never]
    for claim in held:
        assert not await claims.finish(claim)
        assert not await claims.fail(claim, "late", backoff=1)
        assert not await claims.give_back(claim)
    assert (await shop.job(never)).state == "running"
    assert (await shop.job(again)).state == "done"
    assert await claims.claim(lost, 5) is None
    assert not await claims.beat(lost)


async def test_a_process_that_was_taken_for_dead_stops_its_jobs_and_does_not_spoil_their_second_life(
    shop: Shop,
) -> None:
    id_ = await shop.add("hang")
    worker = shop.worker(beat=0.02, grace=0.1)
    async with worker.running():
        await until(lambda: shop.done == ["begun"])
        claims = Claims(shop.db, shop.work.registry.jobs)
        [(lost, _)] = (await claims.beats()).items()
        async with shop.db.transaction():
            while not await claims.bury(lost, (await claims.beats())[lost]):
                pass
        await until(lambda: not worker._running)
        assert (await shop.job(id_)).error == LOST
        await shop.work.book.retry(id_)
        await until(lambda: shop.done == ["begun", "begun"])
    assert (await shop.job(id_)).attempt == 1  # the second was stopped on its way, and does not count


async def test_a_worker_that_holds_nothing_writes_nothing(shop: Shop) -> None:
    """On SQLite each write would make all caches of counts forget what they know."""
    async with shop.worker(beat=0.01).running():
        await shop.add("note")
        await until(lambda: shop.done == [None])
        await until(shop.holds_nothing)
        version = shop.db.version()
        await asyncio.sleep(0.1)
        assert shop.db.version() == version


async def test_stopped_it_lets_jobs_end_and_gives_back_those_that_do_not(shop: Shop) -> None:
    hang, hang_once, released = await shop.add("hang"), await shop.add("hang_once"), asyncio.Event()

    @shop.work.registry.job()
    async def end_soon() -> None:
        await released.wait()

    soon = await shop.add("end_soon")
    async with shop.worker(grace=0.2).running():
        await until(lambda: len(shop.done) == 2)
        asyncio.get_running_loop().call_later(0.05, released.set)
    assert (await shop.job(soon)).state == "done"
    job = await shop.job(hang)
    assert (job.state, job.attempt, job.error) == ("waiting", 0, STOPPED)
    job = await shop.job(hang_once)
    assert (job.state, job.error) == ("dead", STOPPED)
    assert await shop.holds_nothing()


async def test_several_workers_share_the_jobs_and_none_is_run_twice(shop: Shop) -> None:
    async with shop.db.transaction():
        for number in range(200):
            await shop.add("note", {"what": number})
    await asyncio.gather(*(shop.worker(concurrency=7).drain() for _ in range(3)))
    assert sorted(shop.done) == list(range(200))
    assert await shop.states() == {"done": 200}


async def test_no_more_jobs_run_at_once_than_allowed(shop: Shop) -> None:
    now, most = 0, 0

    @shop.work.registry.job()
    async def count() -> None:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.001)
        now -= 1

    for _ in range(12):
        await shop.add("count")
    await shop.worker(concurrency=4).drain()
    assert most == 4


async def test_a_dead_job_can_be_tried_again_and_a_job_that_is_not_running_deleted(shop: Shop) -> None:
    ids = [await shop.add("once") for _ in range(3)]
    await shop.work.worker.drain()
    book = shop.work.book
    await book.retry(ids[0])
    assert (await shop.job(ids[0])).attempt == 0
    await book.delete(ids[0])
    assert await book.retry_dead() == 2
    await shop.work.worker.drain()
    assert shop.done == ["once"] * 5
    assert await book.delete_dead() == 2
    assert await shop.states() == {}


async def test_old_jobs_are_deleted_and_new_ones_kept_up_to_a_number(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("piccobase.jobs.maintenance.MOST_DONE", 3)
    for age in (49, 26, 5, 4, 3, 2, 1):
        with frozen(NOON - timedelta(hours=age)):
            await shop.add("note")
            await shop.add("once")
            await shop.work.worker.drain()
    await shop.add("note", delay=60)
    with frozen(NOON):
        assert await delete_old_jobs(shop.db) == 4
    assert await shop.states() == {"delayed": 1, "done": 3, "dead": 7}
    with frozen(NOON + timedelta(days=31)):
        await delete_old_jobs(shop.db)
    assert await shop.states() == {"delayed": 1}


async def test_errors_are_kept_up_to_a_size(shop: Shop) -> None:
    with frozen(NOON):
        id_ = await shop.add("fail", {"message": "x" * 100_000 + "the end"})
        await shop.work.worker.drain()
    error = (await shop.job(id_)).error
    assert len(error) < 9_000
    assert error.endswith("the end")


async def test_before_the_start_nothing_can_be_added() -> None:
    with pytest.raises(StartError, match="once the app was started"):
        _ = App().jobs


async def test_mistakes_in_declarations_are_told_all_at_once() -> None:
    app = App()
    app.job("two words")(lambda: None)
    app.job("twice")(lambda: None)
    app.job("twice", attempts=0, timeout=-1, priority=10_000)(lambda: None)
    app.schedule("61 * * * *", id="late")(lambda: None)
    app.schedule("0 0 * * *", id="zoned", timezone="Europe/Berln")(lambda: None)
    app.schedule("0 0 * * *", id="asking")(lambda what: None)
    with pytest.raises(InvalidDeclaration) as found:
        app.check()
    told = [(problem.id, problem.place.split()[0]) for problem in found.value.problems]
    assert told == [
        ("job.E001", "two"),
        ("job.E002", "twice"),
        ("job.E003", "twice"),
        ("job.E003", "twice"),
        ("job.E004", "twice"),
        ("schedule.E001", "late"),
        ("schedule.E001", "zoned"),
        ("schedule.E002", "asking"),
    ]
    assert "(test_jobs.py:" in found.value.problems[0].place
    assert 'Did you mean "Europe/Berlin"?' in found.value.message


def test_unknown_jobs_are_a_kind_of_invalid_ones() -> None:
    assert issubclass(UnknownJob, InvalidJob)
