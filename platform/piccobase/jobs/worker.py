"""A worker: claims jobs and runs them, several at once, and adds those of schedules. Its loops outlive every error."""

import asyncio
import logging
import os
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial

from piccobase.base.errors import PiccobaseError
from piccobase.hooks.dispatcher import NO_HOOKS, Onions
from piccobase.jobs.adding import Jobs
from piccobase.jobs.claiming import LOST, STOPPED, Claim, Claims
from piccobase.jobs.running import Outcome, run_job
from piccobase.jobs.scheduling import Schedules
from piccobase.jobs.tables import now_ms

log = logging.getLogger("piccobase.jobs")

CONCURRENCY = 10  # jobs at once
BEAT = 5.0  # seconds from one beat to the next, while it holds jobs
LOST_AFTER = 20.0  # seconds without a beat after which others take its jobs
GRACE = 10.0  # seconds for running jobs to end when the worker is stopped
SHORTEST_PAUSE, LONGEST_PAUSE = 0.25, 2.0  # seconds between two looks for jobs that other processes have added
LONGEST_TROUBLE = 5.0  # seconds between two tries while something fails: shorter than LOST_AFTER
LONGEST_SLEEP = 30.0  # seconds between two looks at the schedules: so soon a clock that was set is noticed


class Worker:
    """Runs jobs of the registry, `concurrency` at once, in the running event loop."""

    def __init__(
        self,
        jobs: Jobs,
        claims: Claims,
        schedules: Schedules,
        *,
        concurrency: int = CONCURRENCY,
        beat: float = BEAT,
        lost_after: float = LOST_AFTER,
        grace: float = GRACE,
        hooks: Onions = NO_HOOKS,
    ) -> None:
        self.hooks = hooks
        self.concurrency = concurrency
        self.grace = grace
        self._jobs, self._claims, self._schedules = jobs, claims, schedules
        self._beat, self._lost_after = beat, lost_after
        self._id: str | None = None  # of its row, while it may hold jobs
        self._held = asyncio.Lock()  # around whatever changes which jobs it holds and whether it has a row
        self._running: dict[str, asyncio.Task[None]] = {}
        self._seen: dict[str, tuple[int, float]] = {}  # others' beats, and since when they have stood still
        self._doubtful = False  # the database may believe that it holds jobs which it does not run
        self._unwritten: set[str] = set()  # of these those that have run, and could not be written down
        self._wake = asyncio.Event()
        self._pause = SHORTEST_PAUSE
        self._loop: asyncio.AbstractEventLoop

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Works as long as the block lasts. At its end running jobs get `grace` seconds, then they are given back."""
        self._loop = asyncio.get_running_loop()
        self._jobs.woken.append(self.wake)
        loops = [
            asyncio.create_task(_without_end(self._claim_next), name="piccobase jobs"),
            asyncio.create_task(_without_end(self._beat_on), name="piccobase beat"),
            asyncio.create_task(_without_end(self._look_at_schedules), name="piccobase schedules"),
        ]
        try:
            yield
        finally:
            self._jobs.woken.remove(self.wake)
            claiming, beating, scheduling = loops
            await _ended(claiming, scheduling)
            await self._let_end()
            await _ended(beating)

    async def drain(self) -> None:
        """Runs everything that is due now, and returns when nothing waits and nothing runs. For tests and scripts."""
        self._loop = asyncio.get_running_loop()
        while True:
            room = len(self._running) < self.concurrency
            if room and (await self._claims.waiting()).now and await self._claim():
                continue
            if not self._running:
                break
            await asyncio.wait(self._running.values(), return_when=asyncio.FIRST_COMPLETED)
        await self._leave()

    def wake(self) -> None:
        """Makes it look for jobs at once; may be called from any thread."""
        try:
            if asyncio.get_running_loop() is self._loop:
                self._wake.set()
                return
        except RuntimeError:
            pass  # a thread without a loop
        self._loop.call_soon_threadsafe(self._wake.set)

    # --- claiming

    async def _claim_next(self) -> None:
        self._wake.clear()
        if len(self._running) >= self.concurrency:
            await self._wake.wait()
            return
        waiting = await self._claims.waiting()
        if waiting.now and await self._claim():
            self._pause = SHORTEST_PAUSE
            return
        until_due = self._pause if waiting.next_due is None else (waiting.next_due - now_ms()) / 1000
        try:
            async with asyncio.timeout(max(0.05, min(self._pause, until_due))):
                await self._wake.wait()
            self._pause = SHORTEST_PAUSE
        except TimeoutError:
            self._pause = min(LONGEST_PAUSE, self._pause * 2)

    async def _claim(self) -> int:
        """Claims as many jobs as there is room for, begins them, and returns how many."""
        async with self._held:
            if self._id is None:
                self._id = await self._claims.join(f"{socket.gethostname()}, process {os.getpid()}")
            try:
                claims = await self._claims.claim(self._id, self.concurrency - len(self._running))
            except BaseException:
                self._doubtful = True  # it may have been committed all the same
                raise
            if claims is None:
                self._lose()
                return 0
            for claim in claims:
                self._running[claim.id] = asyncio.create_task(self._run(claim), name=f"job {claim.name} {claim.id}")
        return len(claims)

    async def _settle_doubts(self) -> None:
        if self._doubtful and self._id is not None:
            for claim in await self._claims.held(self._id):
                if claim.id not in self._running:
                    await self._claims.give_back(claim, begun=claim.id in self._unwritten)
        self._doubtful = False
        self._unwritten.clear()

    # --- running

    async def _run(self, claim: Claim) -> None:
        info = self._jobs.registry.jobs[claim.name]
        outcome: Outcome | None = None
        try:
            outcome = await run_job(info, claim, self.hooks)
            await self._persist(claim, partial(self._end, claim, outcome, info.backoff), attempts=100)
        except asyncio.CancelledError:
            if self._id == claim.worker:  # else it is no longer ours to give
                end = partial(self._end, claim, outcome, info.backoff) if outcome else partial(self._give_back, claim)
                await self._persist(claim, end, attempts=3)
        finally:
            del self._running[claim.id]
            self._wake.set()

    async def _end(self, claim: Claim, outcome: Outcome, backoff: float) -> None:
        became = "done" if not outcome.error else "dead" if outcome.final or claim.is_last else "failed"
        if claim.name in self._jobs.registry.schedules:
            async with self._schedules.db.transaction():
                if held := await self._write_end(claim, outcome, backoff):
                    await self._schedules.note(claim, became, outcome.error)
        else:
            held = await self._write_end(claim, outcome, backoff)
        if not held:
            log.warning("The job %s (%s) ended after it had been given to another worker.", claim.name, claim.id)
        elif outcome.error:
            log.warning(
                "The job %s (%s) failed, attempt %d of %d%s.\n%s",
                claim.name,
                claim.id,
                claim.attempt,
                claim.attempts,
                ", and is dead" if became == "dead" else "",
                outcome.error,
            )

    async def _write_end(self, claim: Claim, outcome: Outcome, backoff: float) -> bool:
        if not outcome.error:
            return await self._claims.finish(claim)
        return await self._claims.fail(claim, outcome.error, backoff=backoff, final=outcome.final)

    async def _give_back(self, claim: Claim) -> None:
        async with self._schedules.db.transaction():
            if await self._claims.give_back(claim) and claim.attempts == 1:
                await self._schedules.note(claim, "dead", STOPPED)

    async def _persist(self, claim: Claim, write: Callable[[], Awaitable[object]], *, attempts: int) -> None:
        """Writes down how a job ended, and again while the database does not take it; in the end leaves it in doubt."""
        for attempt in range(attempts):
            try:
                await write()
                return
            except Exception:
                if attempt in (0, 9):
                    log.exception("How a job ended could not be written down yet.")
                await asyncio.sleep(min(5.0, 0.1 * 2 ** min(attempt, 10)))
        self._unwritten.add(claim.id)
        self._doubtful = True

    # --- being alive, and seeing who is not

    async def _beat_on(self) -> None:
        async with self._held:
            if self._id is not None and not await self._claims.beat(self._id):
                self._lose()
            await self._settle_doubts()
            if self._id is not None and not self._running:
                await self._claims.leave(self._id)
                self._id = None
        await self._bury_the_dead()
        await asyncio.sleep(self._beat)

    async def _bury_the_dead(self) -> None:
        now = time.monotonic()
        beats = await self._claims.beats()
        self._seen = {
            worker: seen if (seen := self._seen.get(worker)) and seen[0] == beat else (beat, now)
            for worker, beat in beats.items()
            if worker != self._id
        }
        for worker, (beat, since) in self._seen.items():
            if now - since <= self._lost_after:
                continue
            for claim in await self._claims.bury(worker, beat):
                log.warning("The job %s (%s) was lost with the process that ran it.", claim.name, claim.id)
                await self._schedules.note(claim, "dead" if claim.is_last else "failed", LOST)
            self.wake()

    def _lose(self) -> None:
        """It was taken for dead, and others have its jobs: what still runs here must not go on."""
        log.warning("This process was taken for dead: it did not reach the database for too long. Its jobs begin anew.")
        self._id = None
        for task in self._running.values():
            task.cancel()

    # --- schedules

    async def _look_at_schedules(self) -> None:
        next_look = await self._schedules.look()
        until = LONGEST_SLEEP if next_look is None else (next_look - now_ms()) / 1000
        await asyncio.sleep(max(0.01, min(LONGEST_SLEEP, until)))

    # --- the end

    async def _let_end(self) -> None:
        if self._running:
            await asyncio.wait(self._running.values(), timeout=self.grace)
        for task in list(self._running.values()):
            task.cancel()
        if self._running:
            await asyncio.wait(self._running.values(), timeout=self.grace)
        try:
            await self._leave()
        except PiccobaseError:
            log.warning("The end of this worker could not be written down: others will notice it in a while.")

    async def _leave(self) -> None:
        async with self._held:
            await self._settle_doubts()
            if self._id is not None and not self._running:
                await self._claims.leave(self._id)
                self._id = None


async def _without_end(step: Callable[[], Awaitable[None]]) -> None:
    """Does the step again and again. An error is told once, and followed by ever longer pauses."""
    failures = 0
    while True:
        try:
            await step()
            failures = 0
        except Exception:
            if failures == 0:
                log.exception("Jobs cannot go on for now.")
            failures += 1
            await asyncio.sleep(min(LONGEST_TROUBLE, 0.25 * 2**failures))


async def _ended(*tasks: "asyncio.Task[None]") -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
