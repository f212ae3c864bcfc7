"""The one connection that writes: its queue, its thread, and the wait for other processes."""

import asyncio
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from time import perf_counter
from typing import Any

import apsw

from piccobase.base.errors import PiccobaseError
from piccobase.base.observing import NOBODY, acting
from piccobase.db.change_notes import ChangeNotes
from piccobase.db.connections import Connect, Fetch, Inline
from piccobase.db.errors import SerializationFailed
from piccobase.db.group_commit import GroupCommit
from piccobase.db.sqlite_errors import translated
from piccobase.db.statements import Kind, Kinds
from piccobase.db.tables_of import TablesOf
from piccobase.db.values import fetch_rows
from piccobase.db.watched import CHANGES, WatchedTable
from piccobase.db.workers import Workers
from piccobase.db.write_lock import WriteLock


class Writer:
    """Runs statements on the writing connection, at once or in its thread. Whoever uses it holds `lock`."""

    def __init__(
        self,
        connect: Connect,
        lock: WriteLock,
        kinds: Kinds,
        tables_of: TablesOf,
        opcodes: int,
        busy_timeout: float,
        waits_for_disk: bool,
    ) -> None:
        self._kinds = kinds
        self._tables_of = tables_of
        self._busy_timeout = busy_timeout
        self.lock = lock
        self.waits_for_disk = waits_for_disk  # each COMMIT does
        self.group = GroupCommit(self)
        self.inline = Inline(connect(), opcodes)
        # BEGIN IMMEDIATE is asked again from the event loop; nothing here may wait inside SQLite.
        self.inline.connection.set_busy_timeout(0)
        self.workers = Workers("piccobase-writer", 1, lambda: self.inline.connection, owned=False)
        # A full disk, an interrupted write and a few more make SQLite roll the whole transaction back by itself.
        self.lost = False
        # Commits, those of other connections aside: SQLite counts them itself (`data_version`).
        self.commits = 0
        self._commits_to_all = 0
        self.others_seen: int | None = None  # what `data_version` has said last
        self._looked_at = -1.0  # by `perf_counter`, at a moment before it
        self._file_seen = -1  # the version that the connection had of the file then, or after its own commits since
        # What `data_version` says while the thread is at COMMIT, when nobody can ask: no other process can commit then.
        self.others_meanwhile: int | None = None
        self._commits_to: dict[str, int] = {}
        self._changed: set[str] = set()  # tables, by the transaction that is open
        self._changed_all = False
        self.actor = NOBODY  # whoever is named in the change log by the transaction that is open
        self.notes = ChangeNotes(self.inline.connection)
        self.notes.watch_stored()

    def watch(self, tables: Iterable[WatchedTable]) -> None:
        """From now on the change log has what happens to the rows of these tables, and of no others."""
        with self.inline.busy:
            self.notes.watch(tables)

    @property
    def holds_file(self) -> bool:
        """Whether it is in a transaction in which nobody else can commit."""
        return self.inline.connection.txn_state("main") == apsw.SQLITE_TXN_WRITE

    @property
    def in_transaction(self) -> bool:
        return self.inline.connection.in_transaction

    @property
    def violates_deferred_keys(self) -> bool:
        """Whether COMMIT would be refused for a foreign key that points to nothing."""
        return bool(self.inline.connection.status(apsw.SQLITE_DBSTATUS_DEFERRED_FKS)[0])

    def kind(self, sql: str, args: Sequence[Any]) -> Kind | None:
        """What the statement is; None while the thread is at work on the connection, which then cannot be asked."""
        known = self._kinds.known(sql)
        if known is not None:
            return known
        if not self.inline.busy.acquire(blocking=False):
            return None
        try:
            return self._kind(sql, args)
        finally:
            self.inline.busy.release()

    def _kind(self, sql: str, args: Sequence[Any]) -> Kind:
        try:
            return self._kinds.of(self.inline.connection, sql, args)
        except apsw.Error as error:
            raise translated(error, self.inline.connection) from error

    def now(self, sql: str, args: Sequence[Any] = (), fetch: Fetch = fetch_rows) -> list[Any] | None:
        """Runs the statement in the calling thread. None when the writer's own thread is at work on the connection."""
        if not self.inline.busy.acquire(blocking=False):
            return None
        try:
            self._note_changes(sql, args)
            return self._run(sql, args, fetch)
        finally:
            self.inline.busy.release()

    def read_now(self, sql: str, args: Sequence[Any], fetch: Fetch) -> list[Any] | None:
        """As `now`, for a statement that reads: None also when it is over the budget.

        A write cannot have a budget: SQLite rolls the transaction back when one is interrupted.
        """
        inline = self.inline
        if not inline.may_read or not inline.busy.acquire(blocking=False):
            return None
        try:
            inline.start_budget()
            return fetch(inline.cursor, sql, args)
        except apsw.InterruptError:
            return None
        except apsw.Error as error:
            raise translated(error, inline.connection) from error
        finally:
            inline.busy.release()

    async def control(self, sql: str) -> None:
        """Runs SAVEPOINT and the like after all that the thread has to do. Cancelled before, it is not run."""
        await self.settle()
        self.control_now(sql)

    def control_now(self, sql: str) -> None:
        """The same where the thread has nothing to do; what another thread runs there itself is waited for."""
        with self.inline.busy:
            self._control(sql)

    def _control(self, sql: str) -> None:
        """Runs what begins, ends or divides a transaction, and changes no row."""
        inline = self.inline
        inline.start_unlimited()
        try:
            inline.cursor.execute(sql)
        except apsw.Error as error:
            self.lost = not inline.connection.in_transaction
            raise translated(error, inline.connection) from error

    def _run(self, sql: str, args: Sequence[Any], fetch: Fetch, *, can_cache: bool = True) -> list[Any]:
        connection = self.inline.connection
        changes = connection.total_changes()
        self.inline.start_unlimited()
        try:
            found = fetch(self.inline.cursor, sql, args, can_cache=can_cache)
        except apsw.Error as error:
            self.lost = not connection.in_transaction
            if self.lost or connection.total_changes() == changes:
                self.notes.forget()
            elif self.notes.noted:  # one that keeps what it has done before it failed (OR FAIL)
                self._write_notes()
            raise translated(error, connection) from error
        if self.notes.noted:
            self._write_notes()
        return found

    def _write_notes(self) -> None:
        """Brings the change log up to date. A transaction whose log cannot be written is not kept."""
        connection = self.inline.connection
        self._changed.add(CHANGES)
        try:
            self.notes.write(self.actor)
        except BaseException as error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            self.lost = True
            if isinstance(error, apsw.Error):
                raise translated(error, connection) from error
            raise

    async def in_thread(self, sql: str, args: Sequence[Any], fetch: Fetch) -> list[Any]:
        """Runs the statement in the writer's thread, after those that are there already."""

        def work(connection: apsw.Connection) -> list[Any]:
            with self.inline.busy:
                kind = self._kind(sql, args)  # refuses what must not run, where `kind` could not be asked
                if kind is Kind.SCHEMA:
                    return self._change_schema(sql, args, fetch)
                if kind is not Kind.READ:
                    self._note_changes(sql, args)
                return self._run(sql, args, fetch, can_cache=kind is not Kind.EXPLAIN)

        found: list[Any] = await self.workers.run_to_end(work)
        return found

    def _change_schema(self, sql: str, args: Sequence[Any], fetch: Fetch) -> list[Any]:
        self._changed_all = True
        self.notes.pause()
        try:
            return self._run(sql, args, fetch)
        finally:
            self.notes.look_again()

    def schema_settled(self, *, undone: bool) -> None:
        """After the end of a transaction that has changed the schema: what was learnt of it meanwhile is of another."""
        self._kinds.forget()
        self._tables_of.forget()
        if undone:
            self.schema_undone()

    def schema_undone(self) -> None:
        """What was learnt of the schema in a transaction or savepoint that was rolled back is of one that never was."""
        with self.inline.busy:
            self.notes.look_again()

    def commit_now(self) -> None:
        """COMMIT where the thread has nothing to do."""
        with self.inline.busy:
            connection = self.inline.connection
            saw_all = connection.data_version() == self._file_seen
            self._control("COMMIT")
            if saw_all:
                self._file_seen = connection.data_version()
            self.notes.note_commit()
            self._count_commit()

    def commits_of_others(self, since: float | None = None) -> int | None:
        """A number that changes with each commit of another process; None while that cannot be told.

        Where somebody has looked after `since`, it is what was seen then.
        """
        if since is not None and self._looked_at > since:
            return self.others_seen
        inline = self.inline
        if not inline.busy.acquire(blocking=False):
            return self.others_meanwhile
        try:
            if inline.connection.in_transaction:
                if not self.holds_file:
                    return None  # within a transaction that only reads SQLite would tell of its snapshot
                if self.others_seen is not None and inline.connection.data_version() == self._file_seen:
                    return self.others_seen
            inline.start_unlimited()
            looked_at = perf_counter()
            ((self.others_seen,),) = inline.cursor.execute("PRAGMA data_version")
            self._file_seen = inline.connection.data_version()
            self._looked_at = looked_at
            return self.others_seen
        finally:
            inline.busy.release()

    def commits_to(self, tables: Iterable[str]) -> int:
        """A number that goes up with each commit that may have changed one of the tables."""
        counted = self._commits_to
        return self._commits_to_all + sum([counted.get(table, 0) for table in tables])

    def _count_commit(self) -> None:
        # Afterwards: what is read before is never remembered under a number that comes after it.
        self.commits += 1
        if self._changed_all:
            self._commits_to_all += 1
        else:
            for table in self._changed:
                self._commits_to[table] = self._commits_to.get(table, 0) + 1

    def _note_changes(self, sql: str, args: Sequence[Any]) -> None:
        tables = self._tables_of.of(sql, args)
        if tables is None:
            self._changed_all = True
        else:
            self._changed |= tables.changed

    async def commit_in_thread(self) -> None:
        """Cancelled or not, when it returns or raises COMMIT has been done."""
        await self.workers.run_to_end(lambda _: self.commit_beside(), interrupt=False)

    def commit_beside(self) -> None:
        """COMMIT in the writer's thread, while others may want to know the version."""
        with self.inline.busy:
            ((self.others_meanwhile,),) = self.inline.cursor.execute("PRAGMA data_version")
        try:
            self.commit_now()
        finally:
            self.others_meanwhile = None

    async def leave_group(self, statement: str) -> None:
        """For one that has joined the group and done nothing yet: commits it, and goes on as a transaction of its own,
        begun by `statement`.

        Raises SerializationFailed when another process keeps the database locked longer than the busy timeout.
        """
        actor = self.actor  # who is acting, the thread does not know

        def work(connection: apsw.Connection) -> None:
            with self.inline.busy:  # no other task of the transaction gets in between
                self.group.commit()
                connection.set_busy_timeout(int(self._busy_timeout * 1000))
                try:
                    self.begin_now(statement)
                except BaseException:
                    self.lost = True
                    raise
                finally:
                    connection.set_busy_timeout(0)
                    self.actor = actor

        await self.workers.run_to_end(work, interrupt=False)

    def roll_back(self) -> None:
        """Undoes everything that is open, whatever state it is in."""
        with suppress(PiccobaseError):
            if self.in_transaction:
                self.control_now("ROLLBACK")

    async def alone(self, sql: str, args: Sequence[Any], fetch: Fetch) -> list[Any]:
        """Runs a statement that no transaction may be around (VACUUM, PRAGMA), in the thread."""

        def work(connection: apsw.Connection) -> list[Any]:
            with self.inline.busy:
                connection.set_busy_timeout(int(self._busy_timeout * 1000))
                try:
                    return self._run(sql, args, fetch)
                finally:
                    self._changed_all = True  # it may have changed anything
                    self._count_commit()
                    connection.set_busy_timeout(0)

        found: list[Any] = await self.workers.run_to_end(work)
        return found

    async def settle(self) -> None:
        """Returns when the thread has done everything it was asked before."""
        await self.workers.run_to_end(lambda _: None, interrupt=False)

    async def begin(self, statement: str) -> None:
        """Opens a transaction; waits for other processes without holding up the event loop.

        Raises SerializationFailed when one of them keeps the database locked longer than the busy timeout.
        """
        deadline = time.monotonic() + self._busy_timeout
        pause = 0.001
        while True:
            try:
                self.begin_now(statement)
                return
            except SerializationFailed as error:
                if time.monotonic() >= deadline:
                    raise SerializationFailed(
                        f"Another process has kept the database locked for more than {self._busy_timeout:g} seconds."
                    ) from error.__cause__
            await asyncio.sleep(pause)
            pause = min(pause * 2, 0.05)

    def begin_now(self, statement: str) -> None:
        """Raises SerializationFailed while another process keeps the database locked."""
        self.control_now(statement)
        self.lost = self._changed_all = False
        self._changed.clear()
        self.actor = acting()

    def close(self) -> None:
        self.workers.stop()
        with self.inline.busy:
            self.inline.connection.close()
