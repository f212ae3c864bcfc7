"""What the rest of the house asks of a database. Both engines answer it, and both are ordinary Piccolo engines too."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

from piccobase.schema.values.base import Dialect

Row = tuple[Any, ...]
Callback = Callable[[], Awaitable[None] | None]

# Any number, as long as all servers on one database use the same: it names the lock of who changes the schema.
SETUP_LOCK = 0x7069_6363_6F00


class Transaction(Protocol):
    """An open transaction. A nested one is a savepoint: what it did is undone alone when it fails."""

    def on_commit(self, callback: Callback) -> None:
        """Calls `callback` after the outermost transaction has committed and is over; never after a rollback."""

    def on_rollback(self, callback: Callback) -> None:
        """Calls `callback` after this transaction, or one around it, was rolled back: for what is outside."""


class Database(Protocol):
    """A database with room for several connections."""

    @property
    def dialect(self) -> Dialect: ...

    async def rows(self, sql: str, args: Sequence[Any] = ()) -> list[Row]:
        """Runs one statement and returns its rows as plain tuples of driver values, no Piccolo converters in between.

        Inside `async with transaction()` it runs there; outside, a statement that writes is its own transaction.
        Placeholders are `?` on SQLite and `$1` on PostgreSQL. A database error is raised as one of `db.errors`.
        """
        ...

    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        """Commits at the end of the block, rolls back when it raises, and is released whatever fails."""
        ...

    def brief_transaction(self) -> AbstractAsyncContextManager[Transaction]:
        """The same for a block that does nothing but run a few short statements: it may share its commit with others
        that come at the same time. It has returned when that is done."""
        ...

    def open_transaction(self) -> Transaction | None:
        """The innermost transaction that a statement of this task would run in."""
        ...

    def transaction_exists(self) -> bool:
        """Whether a statement of this task would run inside an open transaction."""
        ...

    def version(self, sql: str = "", args: Sequence[Any] = (), *, since: float | None = None) -> int | None:
        """A number that stays the same as long as nothing was committed by anyone, in this process or another.

        With a statement and what it is run with: as long as nothing was changed that the statement reads. With `since`,
        a moment of `perf_counter`, what others have committed after it may be missing: for many who may share a look.
        None where the database cannot tell at once (PostgreSQL): then nothing may be remembered.
        """
        ...

    def version_seen(self) -> int | None:
        """What `version()` said when somebody asked last, or a newer number: to be compared with a later one, when
        something has been read in between. Costs nothing.
        """
        ...
