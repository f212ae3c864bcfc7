"""A transaction on PostgreSQL, or a savepoint within one: released and rolled back whatever fails."""

import asyncio
import logging
from collections.abc import Coroutine, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self

import asyncpg
from piccolo.engine.postgres import PostgresTransaction as PiccoloTransaction

from piccobase.base.observing import NOBODY, acting
from piccobase.db.engine import SETUP_LOCK, Callback
from piccobase.db.errors import DatabaseFailed
from piccobase.db.postgres_errors import DRIVER_ERRORS, certainly_not_done, translated
from piccobase.db.postgres_pool import Connection
from piccobase.db.transaction import Aftermath

if TYPE_CHECKING:
    from piccobase.db.postgres import PostgresEngine

log = logging.getLogger("piccobase.db")

END_TIMEOUT = 30.0  # seconds for the server to answer COMMIT or ROLLBACK

Isolation = Literal["", "read committed", "repeatable read", "serializable"]


class PostgresTransaction(PiccoloTransaction):
    """What `engine.transaction()` gives. Nested ones are savepoints; Piccolo's own would do nothing.

    A statement that fails spoils a transaction of PostgreSQL: who wants to go on after an error has to catch it around
    a nested one. Where the error was caught inside, the commit raises DatabaseFailed and nothing is kept.

    Tasks that are started inside take part in it, one statement at a time, until it is over; then they see none.
    """

    engine: "PostgresEngine"

    def __init__(self, engine: "PostgresEngine", isolation: Isolation = "") -> None:
        # Not super().__init__: it decides about nesting, which the engine has done.
        self.engine = engine
        self.aftermath = Aftermath()
        self._isolation = isolation
        self._outcome: Literal["open", "kept", "undone", "unknown"] = "open"
        self._turn = asyncio.Lock()
        self._savepoint_id = 0

    async def __aenter__(self) -> Self:
        await self.begin()
        self.context = self.engine.current_transaction.set(self)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> Literal[False]:
        try:
            if self.is_open:  # it may have been ended by hand
                await (self.commit() if error is None else self.rollback())
        finally:
            self._leave_context()
        return False

    def _leave_context(self) -> None:
        try:
            self.engine.current_transaction.reset(self.context)
        except ValueError:
            pass  # left in another context than entered (an async generator can do that), which knows nothing of us

    @property
    def is_open(self) -> bool:
        return self._outcome == "open"

    def belongs_here(self) -> bool:
        """False in another thread, which may have inherited it by `asyncio.to_thread`."""
        try:
            return asyncio.get_running_loop() is self._loop
        except RuntimeError:
            return False

    def still_open(self) -> "PostgresTransaction | None":
        """The innermost transaction that is still open, from this one outwards."""
        return self if self.is_open else None

    @property
    def changes_schema(self) -> bool:
        """Whether it is one of `engine.schema_transaction()`, or within such a one."""
        return False

    async def fetch(self, sql: str, args: Sequence[Any] = ()) -> list[Any]:
        """Runs one statement here; tasks wait for each other. Returns asyncpg's records."""
        async with self._turn:
            if (current := self.still_open()) is not None:
                return await fetch(current.connection, sql, args)
        return await self.engine.fetch(sql, args)  # it ended while this waited, and its connection serves others now

    def on_commit(self, callback: Callback) -> None:
        self.aftermath.on_commit(callback)

    def on_rollback(self, callback: Callback) -> None:
        self.aftermath.on_rollback(callback)

    async def commit(self) -> None:
        """At the end of the block, or earlier by hand: what follows in the block is then outside."""
        await self._end(self._keep())

    async def rollback(self) -> None:
        """When the block raises, or earlier by hand: what follows in the block is then outside."""
        await self._end(self._undo())

    async def _end(self, statements: Coroutine[Any, Any, None]) -> None:
        try:
            await _undisturbed(statements)
        finally:
            await self._tell()

    # What differs for a savepoint:

    async def begin(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.connection = await self.engine.pools.acquire()
        begin = f"BEGIN ISOLATION LEVEL {self._isolation}" if self._isolation else "BEGIN"
        try:
            if (actor := acting()) == NOBODY:
                await self.fetch(begin)
            else:
                await self._execute_here(f"{begin}; SET LOCAL piccobase.actor = '{actor_setting(actor)}'")
        except BaseException:
            self.connection.terminate()  # BEGIN may have been done all the same
            self.engine.pools.release(self.connection)
            raise

    async def _execute_here(self, statements: str) -> None:
        """Several statements in one message: they cost one way to the server and back."""
        try:
            await self.connection.execute(statements)
        except DRIVER_ERRORS as error:
            raise translated(error) from error

    async def _keep(self) -> None:
        try:
            status = await self._execute("COMMIT")
        except DRIVER_ERRORS as error:
            self._outcome = "undone" if certainly_not_done(error) else "unknown"
            raise translated(error) from error
        else:
            self._outcome = "kept" if status == "COMMIT" else "undone"
        finally:
            self._let_go()
        if self._outcome == "undone":
            raise DatabaseFailed() from RuntimeError(
                "PostgreSQL rolled back instead of committing: a statement had failed, and its error was caught inside "
                "the transaction. Catch it around a nested transaction."
            )

    async def _undo(self) -> None:
        self._outcome = "undone"
        try:
            await self._execute("ROLLBACK")
        except DRIVER_ERRORS:  # the caller has a better error; without a connection the server rolls back by itself
            self.connection.terminate()
        finally:
            self._let_go()

    async def _execute(self, sql: str) -> str:
        async with self._turn:
            status: str = await self.connection.execute(sql, timeout=END_TIMEOUT)
            return status

    def _let_go(self) -> None:
        connection, self.connection = self.connection, None
        if self._outcome in ("open", "unknown"):
            connection.terminate()
        self.engine.pools.release(connection)

    async def _tell(self) -> None:
        match self._outcome:
            case "kept":
                await self.aftermath.committed()
            case "undone":
                await self.aftermath.rolled_back()
            case _:
                # To undo what lies outside (files) would be the greater damage if it was committed after all.
                log.error("The connection was lost while committing: nobody knows whether the transaction was kept.")


class PostgresSchemaTransaction(PostgresTransaction):
    """What `engine.schema_transaction()` gives: of all servers on the database only one is in such a one."""

    @property
    def changes_schema(self) -> bool:
        return True

    async def begin(self) -> None:
        await super().begin()
        try:
            await self.fetch("SELECT pg_advisory_xact_lock($1)", (SETUP_LOCK,))
        except BaseException:
            await self.rollback()
            raise


class PostgresSavepoint(PostgresTransaction):
    """A transaction within another."""

    def __init__(self, engine: "PostgresEngine", outer: PostgresTransaction) -> None:
        super().__init__(engine)
        self._outer = outer
        self._root: PostgresTransaction = outer._root if isinstance(outer, PostgresSavepoint) else outer
        self._name = f"piccobase_{self._root.get_savepoint_id()}"
        self._loop, self._turn, self.connection = outer._loop, outer._turn, outer.connection

    @property
    def is_open(self) -> bool:
        return self._outcome == "open" and self._root.is_open

    @property
    def changes_schema(self) -> bool:
        return self._root.changes_schema

    def still_open(self) -> PostgresTransaction | None:
        return self if self.is_open else self._outer.still_open()

    async def begin(self) -> None:
        await self.fetch(f"SAVEPOINT {self._name}")

    async def _execute(self, sql: str) -> str:
        async with self._turn:
            self.connection = self._root.connection
            if self.connection is None:
                raise asyncpg.InterfaceError("The transaction around this one is closed.")
            status: str = await self.connection.execute(sql, timeout=END_TIMEOUT)
            return status

    async def _keep(self) -> None:
        try:
            await self._execute(f"RELEASE SAVEPOINT {self._name}")
        except DRIVER_ERRORS as error:
            await self._undo()
            raise translated(error) from error
        self._outcome = "kept"

    async def _undo(self) -> None:
        self._outcome = "undone"
        try:
            await self._execute(f"ROLLBACK TO SAVEPOINT {self._name}; RELEASE SAVEPOINT {self._name}")
        except DRIVER_ERRORS:
            if self.connection is not None:  # what was not undone here must not be committed
                self.connection.terminate()

    async def _tell(self) -> None:
        self.connection = None
        if self._outcome == "kept":
            self.aftermath.kept_in(self._outer.aftermath)
        else:
            self.aftermath.undone_in(self._outer.aftermath)


async def fetch(connection: Connection, sql: str, args: Sequence[Any]) -> list[Any]:
    """One statement on `connection`; its errors are ours."""
    try:
        records: list[Any] = await connection.fetch(sql, *args)
    except DRIVER_ERRORS as error:
        raise translated(error) from error
    return records


def actor_setting(actor: tuple[str, str]) -> str:
    """The actor as the triggers of the change log read it; a setting takes no parameter, and digits need no quoting."""
    return ".".join(text.encode().hex() for text in actor)


async def _undisturbed(work: Coroutine[Any, Any, None]) -> None:
    """Waits until `work` is done, also when the caller is cancelled meanwhile; that is then raised afterwards."""
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as error:
            cancelled = error
    task.result()  # raises what it raised
    if cancelled is not None:
        raise cancelled
