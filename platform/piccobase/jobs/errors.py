"""Errors of jobs.

PiccobaseError
├── InvalidJob         a job that cannot be added
│   └── UnknownJob     no job of this name is declared
├── TryAgain           raised by a job: what failed may go well another time
└── GiveUp             raised by a job: there is no use in another attempt
"""

from piccobase.base.errors import PiccobaseError


class InvalidJob(PiccobaseError):
    """A job that cannot be added: its arguments do not fit its function, are no JSON, or are too large."""

    code = "job.invalid"


class UnknownJob(InvalidJob):
    """No job of this name is declared."""

    code = "job.unknown"


class TryAgain(PiccobaseError):
    """Raised by a job's function where something failed that may go well another time, as is to be expected.

    Any error leads to another attempt; of this one only the message is kept and logged, and no traceback.
    """

    code = "job.try_again"

    @classmethod
    def default_message(cls) -> str:
        return "It did not go well this time."


class GiveUp(PiccobaseError):
    """Raised by a job's function when there is no use in another attempt: the job is dead at once."""

    code = "job.given_up"

    @classmethod
    def default_message(cls) -> str:
        return "The job has given up."
