"""Puts the room of jobs together: what is added, by the clock or by hand, and who does it."""

from dataclasses import dataclass

from piccobase.base.config import Config
from piccobase.db.engine import Database
from piccobase.hooks.dispatcher import NO_HOOKS, Onions
from piccobase.jobs.adding import Jobs
from piccobase.jobs.claiming import Claims
from piccobase.jobs.declaring import JobRegistry
from piccobase.jobs.looking import JobBook
from piccobase.jobs.maintenance import register_maintenance
from piccobase.jobs.scheduling import Schedules
from piccobase.jobs.worker import Worker


@dataclass(frozen=True, slots=True)
class Work:
    """Jobs and schedules of a running server. Jobs of its own it declares in `registry`, before the worker runs."""

    registry: JobRegistry
    jobs: Jobs
    schedules: Schedules
    book: JobBook
    worker: Worker


def compose_work(config: Config, db: Database, declared: JobRegistry, hooks: Onions = NO_HOOKS) -> Work:
    """`declared` is what the app has; it is left as it is."""
    registry = declared.copy()
    register_maintenance(registry, db)
    jobs = Jobs(db, registry)
    schedules = Schedules(db, jobs)
    worker = Worker(jobs, Claims(db, registry.jobs), schedules, concurrency=config.job_concurrency, hooks=hooks)
    return Work(registry, jobs, schedules, JobBook(db, jobs), worker)
