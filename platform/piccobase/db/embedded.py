"""The embedded engine: SQLite in a file, through apsw, for one process that serves and others that look in."""

import asyncio
import itertools
import os
import threading
import weakref
from collections.abc import Iterable, Sequence
from contextlib import suppress
from contextvars import ContextVar
from functools import partial
from typing import Any

import apsw
from piccolo.engine.exceptions import TransactionError
from piccolo.engine.sqlite import Atomic, SQLiteEngine, TransactionType
from piccolo.query.base import Query
from piccolo.querystring import QueryString

from piccobase.db.checkpoints import Checkpoints
from piccobase.db.connections import Fetch, Functions, Inline, Synchronous, open_connection
from piccobase.db.embedded_batch import BatchInTransaction, EmbeddedBatch
from piccobase.db.embedded_schema import EmbeddedSchemaTransaction
from piccobase.db.embedded_transaction import EmbeddedSavepoint, EmbeddedTransaction
from piccobase.db.engine import Row
from piccobase.db.errors import SerializationFailed
from piccobase.db.sqlite_alter import alter, is_alteration
from piccobase.db.sqlite_ddl import rewrite
from piccobase.db.sqlite_errors import translated
from piccobase.db.statements import Kind, Kinds
from piccobase.db.tables_of import TablesOf
from piccobase.db.values import fetch_dicts, fetch_rows
from piccobase.db.watched import WatchedTable
from piccobase.db.workers import Workers
from piccobase.db.write_lock import WriteLock
from piccobase.db.writing import Writer
from piccobase.schema.values.base import Dialect

_serials = itertools.count(1)
_RUNS_SENT_AWAY = 50  # of a statement that was over the budget once: other values, or a new index, may make it short
_OVERSPENT_KEPT = 1000


class EmbeddedEngine(SQLiteEngine):
    """A Piccolo engine whose connections stay open: one that writes, one that reads in each thread, and `readers` more.

    A statement that reads runs at once in the calling thread as long as it needs no more than `inline_opcodes`
    instructions of SQLite's virtual machine (20 000 are about half a millisecond), otherwise again in another thread.
    Reading from disk and single long functions are not counted: `inline_opcodes=0` sends all of them to the threads.
    Writers queue within the process, at most `lock_timeout` seconds; for the lock of another process they wait
    `busy_timeout` seconds. `synchronous="NORMAL"` loses no commit when the process dies; when the machine does, the
    last ones may be missing, but none is there by half. "FULL" waits for the disk at each commit.

    Connections are opened with the first statement; with `makes_folder` it makes the file's folder too. Raises
    DatabaseUnavailable when the file cannot be used. No other SQLite library in this process, such as Python's sqlite3,
    may open the file: two of them do not see each other's locks (sqlite.org/howtocorrupt.html §2.2).
    """

    dialect: Dialect = "sqlite"

    def __init__(
        self,
        path: str | os.PathLike[str] = "piccolo.sqlite",
        *,
        readers: int = 2,
        inline_opcodes: int = 20_000,
        synchronous: Synchronous = "NORMAL",
        busy_timeout: float = 10.0,
        lock_timeout: float = 30.0,
        makes_folder: bool = False,
        log_queries: bool = False,
        log_responses: bool = False,
    ) -> None:
        path = os.fspath(path)
        if not path or ":memory:" in path or path.startswith("file:"):
            raise ValueError(
                f"{path!r} is no file of its own: the engine opens several connections, and each would see another "
                "database. Use the path of a file, in a temporary directory for a test."
            )
        self.synchronous = synchronous
        self.waits_for_disk = synchronous in ("FULL", "EXTRA")  # each commit does
        self.functions: Functions = {}  # for SQL to call; set before anything is asked of it
        self._busy_timeout = busy_timeout
        self._lock_timeout = lock_timeout
        self._makes_folder = makes_folder
        self._inline_opcodes = inline_opcodes
        self._kinds = Kinds()
        self._tables_of = TablesOf(partial(self._connect, readonly=True))
        self._overspent: dict[str, int] = {}  # how many more runs of a statement are not tried at once
        self._write_lock = WriteLock(self._take_back)
        self._opening = threading.Lock()
        self._writer: Writer | None = None
        self._checkpoints: Checkpoints | None = None
        self._readers = Workers("piccobase-reader", readers, partial(self._connect, readonly=True))
        self._of_thread = threading.local()
        self._inlines: weakref.WeakSet[Inline] = weakref.WeakSet()
        super().__init__(path=path, log_queries=log_queries, log_responses=log_responses)
        # Piccolo names the variable after the path; two engines of one file must not take each other's transactions.
        self.current_transaction: ContextVar[EmbeddedTransaction | None] = ContextVar(  # type: ignore[assignment]
            f"piccobase_transaction_{next(_serials)}", default=None
        )

    # --- raw rows

    async def rows(self, sql: str, args: Sequence[Any] = ()) -> list[Row]:
        """Runs one statement and returns its rows as SQLite has them (`db/values.py`).

        Inside a transaction it runs there. Outside, one that writes is a transaction of its own. Raises `db.errors`.
        """
        if (transaction := self.current()) is not None:
            return await transaction.run(sql, args, fetch_rows)
        found = self._outside_now(sql, args, fetch_rows)
        return found if found is not None else await self._run_elsewhere(sql, args, fetch_rows)

    def rows_now(self, sql: str, args: Sequence[Any] = ()) -> list[Row] | None:
        """The rows of a statement that reads, at once. None when it is over the budget, or is not one: then `rows`."""
        return self._now(sql, args, fetch_rows)

    def _now(self, sql: str, args: Sequence[Any], fetch: Fetch) -> list[Any] | None:
        if (transaction := self.current()) is not None:
            return transaction.read_now(sql, args, fetch)
        return self._outside_now(sql, args, fetch)

    def _outside_now(self, sql: str, args: Sequence[Any], fetch: Fetch) -> list[Any] | None:
        writer = self._writer
        if writer is not None and (inline := writer.inline).busy.acquire(blocking=False):
            # What it has written itself it need not read again; another connection forgets all with each commit.
            try:
                if not inline.connection.in_transaction:
                    return self._read_now(inline, sql, args, fetch)
            finally:
                inline.busy.release()
        return self._read_now(self._inline(), sql, args, fetch)

    def _read_now(self, inline: Inline, sql: str, args: Sequence[Any], fetch: Fetch) -> list[Any] | None:
        try:
            if self._kinds.of(inline.connection, sql, args) is not Kind.READ or not inline.may_read:
                return None
            if self._overspent and self._is_sent_away(sql):
                return None
            inline.start_budget()
            return fetch(inline.cursor, sql, args)
        except apsw.InterruptError:
            if len(self._overspent) >= _OVERSPENT_KEPT:
                self._overspent.clear()
            self._overspent[sql] = _RUNS_SENT_AWAY
            return None
        except apsw.BusyError:
            return None
        except apsw.Error as error:
            raise translated(error, inline.connection) from error

    def _is_sent_away(self, sql: str) -> bool:
        """Whether a statement that was over the budget lately goes to a thread at once, without being begun here."""
        left = self._overspent.pop(sql, 0)
        if left > 1:
            self._overspent[sql] = left - 1
        return left > 0

    async def _run(self, sql: str, args: Sequence[Any], fetch: Fetch) -> list[Any]:
        if (transaction := self.current()) is not None:
            return await transaction.run(sql, args, fetch)
        found = self._outside_now(sql, args, fetch)
        return found if found is not None else await self._run_elsewhere(sql, args, fetch)

    async def _run_elsewhere(self, sql: str, args: Sequence[Any], fetch: Fetch) -> list[Any]:
        inline = self._inline()
        try:
            kind = self._kinds.of(inline.connection, sql, args)
        except apsw.Error as error:
            raise translated(error, inline.connection) from error
        match kind:
            case Kind.READ | Kind.EXPLAIN:
                work = partial(_read, sql=sql, args=args, fetch=fetch, can_cache=kind is Kind.READ)
                found: list[Any] = await self._readers.run(work)
                return found
            case Kind.BARE:
                writer = await self.take_writer()
                try:
                    return await writer.alone(sql, args, fetch)
                finally:
                    writer.lock.release()
        async with self.transaction() as transaction:
            return await transaction.run(sql, args, fetch)

    async def committed_rows(self, sql: str, args: Sequence[Any] = ()) -> list[Row]:
        """The rows of a statement that reads, as those outside of the open transaction see them."""
        found: list[Row] = await self._readers.run(
            partial(_read, sql=sql, args=args, fetch=fetch_rows, can_cache=False)
        )
        return found

    def version(self, sql: str = "", args: Sequence[Any] = (), *, since: float | None = None) -> int:
        """A number that is the same again only if nothing was committed in between, by this process or another.

        With a statement (compare only numbers of the same one): only if nothing was committed to a table that it reads.
        Of the commits of other processes any counts; those after `since`, a moment of `perf_counter`, may be missing.
        Ask before reading what is to be remembered with it. While that cannot be told, no two numbers are the same.
        """
        writer = self._writer or self._open_writer()
        if writer.group.members and self.current() is not None:
            return -next(_serials)  # others have changed something before it that is not committed yet
        others = writer.commits_of_others(since)
        if others is None:
            return -next(_serials)
        tables = self._tables_of.of(sql, args) if sql else None
        own = writer.commits if tables is None else writer.commits_to(tables.read)
        return (writer.inline.serial << 40 | own) << 40 | others

    def version_seen(self) -> int:
        """What `version()` would have said when somebody asked last, but for commits of this process since then.

        For whoever only compares it with a later `version()`: at worst it says too early that something has changed.
        """
        writer = self._writer
        if writer is None or writer.others_seen is None:
            return self.version()
        return (writer.inline.serial << 40 | writer.commits) << 40 | writer.others_seen

    # --- transactions

    def current(self) -> EmbeddedTransaction | None:
        """The innermost open transaction of this task; one that is over and was inherited counts as none."""
        transaction = self.current_transaction.get()
        return None if transaction is None else transaction.still_open()

    def open_transaction(self) -> EmbeddedTransaction | None:
        return self.current()

    def transaction_exists(self) -> bool:
        return self.current() is not None

    def transaction(
        self, transaction_type: TransactionType = TransactionType.immediate, allow_nested: bool = True
    ) -> EmbeddedTransaction:
        """See EmbeddedTransaction. Raises Piccolo's TransactionError inside another one with `allow_nested=False`."""
        outer = self.current()
        if outer is None:
            return EmbeddedTransaction(self, transaction_type)
        if not allow_nested:
            raise TransactionError("A transaction is already active - nested transactions aren't allowed.")
        return EmbeddedSavepoint(self, outer)

    def brief_transaction(self) -> EmbeddedTransaction:
        """One of a few short statements, in whose block nothing else is waited for.

        Those of requests that have come together share a commit, each a savepoint of its own (`group_commit`).
        """
        outer = self.current()
        if outer is None:
            return EmbeddedTransaction(self, TransactionType.immediate, brief=True)
        return EmbeddedSavepoint(self, outer)

    def schema_transaction(self) -> EmbeddedTransaction:
        """A transaction in which the schema changes: see EmbeddedSchemaTransaction. Within one it is a savepoint.

        Raises Piccolo's TransactionError inside any other transaction: there foreign keys cannot be turned off.
        """
        outer = self.current()
        if outer is None:
            return EmbeddedSchemaTransaction(self)
        if not outer.changes_schema:
            raise TransactionError(
                "A transaction is open already, and SQLite cannot turn foreign keys off within one. Change the schema "
                "outside of it, or begin with `engine.schema_transaction()`."
            )
        return EmbeddedSavepoint(self, outer)

    def atomic(self, transaction_type: TransactionType = TransactionType.immediate) -> Atomic:
        """Piccolo's `atomic`: queries that are collected, and run in one transaction."""
        return Atomic(self, transaction_type)

    async def take_writer(self, *, joins: bool = False) -> Writer:
        """The writer, with its lock held; whoever takes it releases the lock.

        With `joins` there may be a group (`group_commit`) to join, and to let go of in its own way. Raises
        SerializationFailed after `lock_timeout` seconds in the queue.
        """
        if (writer := self.take_writer_now(joins=joins)) is not None:
            return writer
        await self.wait_for(self._write_lock, joins=joins)
        return self._locked_writer()

    def take_writer_now(self, *, joins: bool = False) -> Writer | None:
        """The same if nobody has the lock; else None."""
        lock = self._write_lock
        if lock.try_acquire():
            return self._locked_writer()
        if (writer := self._writer) is None or not lock.unpark():
            return None
        if not joins:
            writer.group.commit_here()
        return writer

    def _locked_writer(self) -> Writer:
        try:
            return self._writer or self._open_writer()
        except BaseException:
            self._write_lock.release()
            raise

    def _take_back(self) -> None:
        """The lock was handed to one who is gone."""
        if self._writer is None:
            self._write_lock.release()
        else:
            self._writer.group.let_go()

    async def wait_for(self, lock: WriteLock, *, joins: bool = False) -> None:
        """Queues for a lock of this process, with the message for the one who waits in vain."""
        try:
            await lock.acquire(self._lock_timeout, joins=joins)
        except TimeoutError:
            raise SerializationFailed(
                f"Another transaction of this process has held the write lock for more than {self._lock_timeout:g} "
                "seconds. One that waits inside its block for a task or a thread that writes waits for itself."
            ) from None

    # --- Piccolo's queries

    async def run_querystring(self, querystring: QueryString, in_pool: bool = False) -> Any:
        query_id = self.get_query_id()
        if self.log_queries:
            self.print_query(query_id, str(querystring))
        sql, args = querystring.compile_string(engine_type="sqlite")
        found = await self._run(sql, args, fetch_dicts)
        if self.log_responses:
            self.print_response(query_id, found)
        return found

    async def run_ddl(self, ddl: str, in_pool: bool = False) -> Any:
        """Runs a change of the schema, rewritten where Piccolo's words mean something else to SQLite (`sqlite_ddl`).

        ALTER TABLE may take as long as it takes to copy the table, and a transaction of its own (`sqlite_alter`).
        """
        query_id = self.get_query_id()
        if self.log_queries:
            self.print_query(query_id, ddl)
        found = await self._change_schema(ddl)
        if self.log_responses:
            self.print_response(query_id, found)
        return found

    async def _change_schema(self, ddl: str) -> list[Any]:
        if not is_alteration(ddl):
            return await self._run(rewrite(ddl), (), fetch_dicts)
        await alter(self, ddl)
        return []

    async def watch(self, tables: Iterable[WatchedTable]) -> None:
        """From now on the change log has what happens to the rows of these tables, and of no others."""
        writer = await self.take_writer()
        try:
            writer.watch(tables)
        finally:
            writer.lock.release()

    def forget_kinds(self) -> None:
        """After a change of the schema: which statements are short depends on the indexes."""
        self._kinds.forget()
        self._tables_of.forget()

    async def batch(self, query: Query[Any, Any], batch_size: int = 100, node: str | None = None) -> EmbeddedBatch:  # type: ignore[override]  # Piccolo's own has a type of aiosqlite in it
        """Rows in portions of `batch_size`, as they were when the first was read. `node` is of no meaning here."""
        if (transaction := self.current()) is not None:
            return BatchInTransaction(query, batch_size, transaction)
        return EmbeddedBatch(query, batch_size, partial(self._connect, readonly=True))

    # --- opening and closing

    async def start_connection_pool(self) -> None:
        """Opens what a first statement would open."""
        self._inline()
        (await self.take_writer()).lock.release()

    async def close_connection_pool(self) -> None:
        await self.close()

    async def close(self) -> None:
        """Waits for the transaction that is running, and closes everything. A later statement opens it again."""
        await self.wait_for(self._write_lock)
        try:
            await asyncio.to_thread(self._close)
        finally:
            self._write_lock.release()

    def _close(self) -> None:
        self._readers.stop()
        if self._checkpoints is not None:
            self._checkpoints.stop()
        writer, self._writer, self._checkpoints = self._writer, None, None  # nobody is to read on it from now on
        if writer is not None:
            writer.close()
        self._tables_of.close()
        self._of_thread = threading.local()
        for inline in list(self._inlines):
            try:
                inline.connection.close()
            except apsw.ThreadingViolationError:
                pass  # it is reading in another thread, and closed with it
        self._inlines.clear()

    def _connect(self, *, readonly: bool) -> apsw.Connection:
        if self._makes_folder:
            with suppress(OSError):  # which opening the file will tell
                os.makedirs(os.path.dirname(self.path) or ".", exist_ok=True)
        return open_connection(
            self.path,
            readonly=readonly,
            synchronous=self.synchronous,
            busy_timeout=self._busy_timeout,
            functions=self.functions,
        )

    def _inline(self) -> Inline:
        try:
            inline: Inline = self._of_thread.inline
        except AttributeError:
            inline = self._open_inline()
        return inline

    def _open_inline(self) -> Inline:
        inline = Inline(self._connect(readonly=True), self._inline_opcodes)
        inline.connection.set_busy_timeout(0)  # what has to wait goes to a reader's thread
        self._of_thread.inline = inline
        self._inlines.add(inline)
        return inline

    def _open_writer(self) -> Writer:
        with self._opening:
            if self._writer is None:
                connect = partial(self._connect, readonly=False)
                writer = Writer(
                    connect,
                    self._write_lock,
                    self._kinds,
                    self._tables_of,
                    self._inline_opcodes,
                    self._busy_timeout,
                    waits_for_disk=self.waits_for_disk,
                )
                self._checkpoints = Checkpoints(connect, self._write_lock)
                self._checkpoints.watch(writer.inline.connection)
                self._writer = writer
            return self._writer

    # --- what Piccolo's engine has besides

    def get_version_sync(self) -> float:
        """Of the SQLite in apsw, not of the one in Python."""
        major, minor, *_ = apsw.sqlite_lib_version().split(".")
        return float(f"{major}.{minor}")

    def remove_db_file(self) -> None:
        """Deletes the database. Useful for tests; the engine must be closed."""
        for suffix in ("", "-wal", "-shm"):
            if os.path.exists(self.path + suffix):
                os.unlink(self.path + suffix)


def _read(connection: apsw.Connection, *, sql: str, args: Sequence[Any], fetch: Fetch, can_cache: bool) -> list[Any]:
    try:
        return fetch(connection.cursor(), sql, args, can_cache=can_cache)
    except apsw.Error as error:
        raise translated(error, connection) from error
