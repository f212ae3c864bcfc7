"""The tables of jobs. Instants in them are milliseconds since 1970: both databases compare and index those alike.

A migration adds the indexes, which name states and can only be written by hand.
"""

from datetime import UTC, datetime
from typing import Literal

from piccolo.columns import BigInt, Integer, Text, Varchar
from piccolo.table import Table

from piccobase.base.clock import instant_text, unix_time
from piccobase.columns import RecordId

# Added for later, or tried and to be tried again; due; being done; done; given up.
State = Literal["delayed", "waiting", "running", "done", "dead"]


class StoredJob(Table, tablename="_jobs"):
    """A job from the moment it is added until it is deleted, some time after it has ended."""

    id = RecordId()
    name = Varchar(length=255)
    arguments = Text()  # a JSON object
    state = Varchar(length=10)
    priority = Integer(default=0)  # greater ones go first
    due = BigInt(default=0)
    key = Varchar(length=255, null=True, default=None)  # unique among those that are delayed or waiting
    attempt = Integer(default=0)  # how often it has been begun
    attempts = Integer(default=1)  # how often it may be
    worker = Varchar(length=15, null=True, default=None)  # who runs it
    created = BigInt(default=0)
    started = BigInt(null=True, default=None)  # the last time
    ended = BigInt(null=True, default=None)  # the last time, however it went
    error = Text()  # of the last attempt that failed


class StoredSchedule(Table, tablename="_schedules"):
    """What is known of a schedule besides its declaration."""

    id = Varchar(length=255, primary_key=True)
    fired = BigInt(default=0)  # up to here its times have been dealt with: whoever moves it on adds the job
    skipped = BigInt(null=True, default=None)  # when it was last passed over because it was still at work
    missed = BigInt(null=True, default=None)  # when it was last found that nobody had been there in time
    job = Varchar(length=15, null=True, default=None)  # the last that ended
    outcome = Varchar(length=10)  # of that one: done, failed (to be tried again) or dead
    started = BigInt(null=True, default=None)
    ended = BigInt(null=True, default=None)
    error = Text()


class StoredWorker(Table, tablename="_workers"):
    """A process that holds jobs. As long as it lives it counts its beats; others see by them whether it does."""

    id = RecordId()
    beat = Integer(default=0)
    place = Varchar(length=255)  # host and process id, for people
    started = BigInt(default=0)


JOB_TABLES: tuple[type[Table], ...] = (StoredJob, StoredSchedule, StoredWorker)


def now_ms() -> int:
    """The current instant as these tables have it."""
    return int(unix_time() * 1000)


def ms_text(instant: int | None) -> str:
    """An instant of these tables as the wire writes it; "" for none."""
    return "" if instant is None else instant_text(datetime.fromtimestamp(instant / 1000, UTC))
