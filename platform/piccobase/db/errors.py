"""The one door for database errors: theirs become ours here, by code, and only here."""

from typing import ClassVar

from piccobase.base.errors import BadRequest, Unavailable, Unexpected


class NotUnique(BadRequest):
    """A unique index refused a row. `columns` are the database columns of that index."""

    code = "database.not_unique"

    def __init__(self, columns: tuple[str, ...] = ()) -> None:
        self.columns = columns
        super().__init__("Value must be unique.")


class StillReferenced(BadRequest):
    """A row cannot go, or change its key, while others point to it; or it points to a row that is not there."""

    code = "database.still_referenced"


class ConstraintFailed(BadRequest):
    """A NOT NULL or CHECK constraint refused a row. `column` or `constraint` names it where the database tells."""

    code = "database.constraint_failed"

    def __init__(self, message: str = "", *, column: str = "", constraint: str = "") -> None:
        self.column, self.constraint = column, constraint
        super().__init__(message or "The database refused the value.")


class ValueRefused(ConstraintFailed):
    """The database cannot hold such a value: a number out of range, a NUL in a text, text where a date belongs."""

    code = "database.value_refused"


class SerializationFailed(Unavailable):
    """Two transactions got into each other's way, or a lock was not to be had in time. Worth another try."""

    code = "database.serialization_failed"


class GroupUndone(SerializationFailed):
    """A write was to be committed together with others, and SQLite has rolled back all of them because of another one
    (a full disk, a statement that was interrupted). Requests are done again by themselves, ten times at most."""

    code = "database.group_undone"

    @classmethod
    def default_message(cls) -> str:
        return "The database has rolled back another write, and this one with it. Please try again."


class DatabaseUnavailable(Unavailable):
    """The database cannot be reached, is full, or cannot be written."""

    code = "database.unavailable"


class DatabaseFailed(Unexpected):
    """Anything else the database said. Its text stays in the cause and in the log, and never reaches a client."""

    code: ClassVar[str] = "database.failed"


class SchemaChanged(DatabaseFailed):
    """The database has no such table or column, or one of another type: its tables were changed while the server ran.
    It must be started anew, with the code that belongs to them."""

    code, status = "database.schema_changed", 503

    @classmethod
    def default_message(cls) -> str:
        return (
            "The database's tables are not those that this server knows. If they were changed, start this server anew "
            "with the code that belongs to them."
        )
