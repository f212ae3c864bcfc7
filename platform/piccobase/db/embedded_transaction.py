"""Transactions and savepoints of the embedded engine: Piccolo's interface and ours, released whatever fails."""

from collections.abc import Sequence
from contextvars import Token
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self

from piccolo.engine.base import validate_savepoint_name
from piccolo.engine.sqlite import SQLiteTransaction, TransactionType

from piccobase.db.connections import Fetch
from piccobase.db.engine import Callback, Row
from piccobase.db.errors import DatabaseFailed, SerializationFailed
from piccobase.db.statements import Kind
from piccobase.db.transaction import Aftermath
from piccobase.db.values import fetch_rows
from piccobase.db.write_lock import WriteLock
from piccobase.db.writing import Writer

if TYPE_CHECKING:
    from piccobase.db.embedded import EmbeddedEngine


_BEGIN = {kind: f"BEGIN {kind.value}" for kind in TransactionType}


class EmbeddedTransaction(SQLiteTransaction):
    """What `engine.transaction()` gives. Nested ones are savepoints; Piccolo's own would do nothing.

    It takes the write lock at once (BEGIN IMMEDIATE), so nobody can change what is read in it. A statement whose
    number of steps is bounded runs at once in the event loop, others in the writer's thread; COMMIT as they did, or in
    the thread where it waits for the disk. Then those that end while others wait are committed with these
    (`group_commit`), and their blocks are left when that is done: none may wait within its block for another's end.
    Where no disk is waited for, that is so for `brief` ones alone.

    Tasks that are started inside take part in it until it is over; then they see none.
    """

    engine: "EmbeddedEngine"

    def __init__(self, engine: "EmbeddedEngine", transaction_type: TransactionType, *, brief: bool = False) -> None:
        # Not super().__init__: it decides about nesting, which the engine has done.
        self.engine = engine
        self.transaction_type = transaction_type
        self.aftermath = Aftermath()
        self._outcome: Literal["open", "ending", "kept", "undone"] = "open"
        self._savepoint_id = 0
        self._nesting: WriteLock | None = None
        self._root: EmbeddedTransaction = self
        self._writer: Writer
        self.thread_used = False
        self._schema_changed = False
        # A commit with others: without a disk to wait for it is for those only that keep none of these waiting.
        self._may_share = transaction_type is TransactionType.immediate and (brief or engine.waits_for_disk)
        self._joined = False  # a group: a savepoint of it
        self._untouched = False  # joined, and nothing was done in it yet

    async def __aenter__(self) -> Self:
        await self.begin()
        self.context: Token[Any] = self.engine.current_transaction.set(self)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> Literal[False]:
        try:
            if self._outcome == "open":  # it may have been ended by hand
                await (self._keep() if error is None else self._undo())
        finally:
            self._leave_context()
            await self._tell()
        return False

    def _leave_context(self) -> None:
        try:
            self.engine.current_transaction.reset(self.context)
        except ValueError:
            pass  # left in another context than entered (an async generator can do that), which knows nothing of us

    @property
    def is_open(self) -> bool:
        return self._outcome == "open"

    def still_open(self) -> "EmbeddedTransaction | None":
        """The innermost transaction that is still open, from this one outwards."""
        return self if self.is_open else None

    @property
    def changes_schema(self) -> bool:
        """Whether it is one in which foreign keys are off (`engine.schema_transaction()`), or within such a one."""
        return self is not self._root and self._root.changes_schema

    def on_commit(self, callback: Callback) -> None:
        self.aftermath.on_commit(callback)

    def on_rollback(self, callback: Callback) -> None:
        self.aftermath.on_rollback(callback)

    # --- statements

    async def rows(self, sql: str, args: Sequence[Any] = ()) -> list[Row]:
        """Runs one statement here."""
        return await self.run(sql, args, fetch_rows)

    def rows_now(self, sql: str, args: Sequence[Any] = ()) -> list[Row] | None:
        """Runs a statement at once in the event loop; the caller knows that it is short (one row, by its key).

        None when it has not run: the writer's thread is at work for another task of this transaction. Then `rows`.
        """
        self._check()
        if self._writer.kind(sql, args) is None:
            return None
        self._root._untouched = False
        return self._writer.now(sql, args)

    async def run(self, sql: str, args: Sequence[Any], fetch: Fetch) -> list[Any]:
        """Runs one statement where its kind belongs, and gives what `fetch` makes of its rows."""
        self._check()
        kind = self._writer.kind(sql, args)
        if self._root._untouched:
            await self._root._touch(kind)
        found = None
        if kind is Kind.READ:
            found = self._writer.read_now(sql, args, fetch)
        elif kind is Kind.SHORT:
            found = self._writer.now(sql, args, fetch)
        if found is not None:
            return found
        self._root.thread_used = True
        try:
            return await self._writer.in_thread(sql, args, fetch)
        finally:
            if kind is Kind.SCHEMA:
                self._root._schema_changed = True
                self.engine.forget_kinds()

    def read_now(self, sql: str, args: Sequence[Any], fetch: Fetch) -> list[Any] | None:
        """Runs a statement that reads at once, within the budget. None for any other, and when it did not get done."""
        self._check()
        if self._writer.kind(sql, args) is not Kind.READ:
            return None
        self._root._untouched = False
        return self._writer.read_now(sql, args, fetch)

    def _check(self) -> None:
        if not self.is_open:
            raise DatabaseFailed("The transaction is over.")
        if self._writer.lost:
            raise SerializationFailed("The database has rolled the transaction back; nothing of it was kept.")

    # --- by hand: what follows in the block is then outside

    async def commit(self) -> None:
        if self._outcome == "open":
            await self._keep()

    async def rollback(self) -> None:
        if self._outcome == "open":
            await self._undo()

    async def savepoint(self, name: str | None = None) -> "NamedSavepoint":  # type: ignore[override]  # same methods
        """Piccolo's way to a part that can be undone alone. A nested `engine.transaction()` does it by itself."""
        name = name or f"savepoint_{self.get_savepoint_id()}"
        validate_savepoint_name(name)
        self._check()
        await self._control(f'SAVEPOINT "{name}"')
        return NamedSavepoint(name, self)

    async def rollback_to(self, savepoint_name: str) -> None:
        await NamedSavepoint(savepoint_name, self).rollback_to()

    # --- what differs for a savepoint

    async def begin(self) -> None:
        engine = self.engine
        self._writer = engine.take_writer_now(joins=self._may_share) or await engine.take_writer(joins=self._may_share)
        group = self._writer.group
        try:
            if group.members:
                group.join()
                self._joined = self._untouched = True
            else:
                try:
                    self._writer.begin_now(self._begin_statement)
                except SerializationFailed:
                    await self._writer.begin(self._begin_statement)
        except BaseException:
            group.let_go()
            raise

    @property
    def _begin_statement(self) -> str:
        return _BEGIN[self.transaction_type]

    async def _touch(self, kind: Kind | None) -> None:
        """Before the first statement after it has joined: one that may take long is not to keep the group waiting, and
        when it is interrupted SQLite would undo the group, too."""
        self._untouched = False
        if kind is not Kind.READ and kind is not Kind.SHORT:
            self._joined = False
            self.thread_used = True
            await self._writer.leave_group(self._begin_statement)

    async def _keep(self) -> None:
        if self._may_share and (self._joined or self._writer.group.is_wanted):
            await self._keep_with_others()
        else:
            await self._keep_alone()

    async def _keep_with_others(self) -> None:
        try:
            self._check()
            self._outcome = "ending"
            if self.thread_used:
                await self._writer.settle()
            member = self._writer.group.keep(joined=self._joined, closing=self._schema_changed)
        except BaseException:
            await self._undo()
            raise
        try:
            await member.wait()
        finally:
            self._outcome = "kept" if member.is_kept else "undone"

    async def _keep_alone(self) -> None:
        try:
            self._check()
            self._outcome = "ending"
            if self.thread_used or self._writer.waits_for_disk:
                await self._writer.commit_in_thread()
            else:
                self._writer.commit_now()
        finally:
            # Not decided by the exception: one who is cancelled has waited for COMMIT all the same.
            if self._writer.in_transaction:
                await self._undo()
            else:
                self._finish("undone" if self._writer.lost else "kept")

    async def _undo(self) -> None:
        self._outcome = "ending"
        try:
            if self.thread_used:
                await self._writer.settle()
        finally:
            try:
                if self._joined:
                    self._writer.group.undo()
                elif self._writer.in_transaction:
                    self._writer.control_now("ROLLBACK")
            finally:
                self._finish("undone")

    def _finish(self, outcome: Literal["kept", "undone"]) -> None:
        self._outcome = outcome
        if self._schema_changed:
            self.engine.forget_kinds()  # what others have learnt meanwhile is of the schema as it was
            if outcome == "undone":
                self._writer.schema_undone()
        self._writer.group.let_go()

    async def _tell(self) -> None:
        await (self.aftermath.committed() if self._outcome == "kept" else self.aftermath.rolled_back())

    # ---

    async def _control(self, sql: str) -> None:
        self._root._untouched = False
        if self._root.thread_used:
            await self._writer.control(sql)
        else:
            self._writer.control_now(sql)


class EmbeddedSavepoint(EmbeddedTransaction):
    """A transaction within another. Of those that tasks open side by side, one waits for the other."""

    def __init__(self, engine: "EmbeddedEngine", outer: EmbeddedTransaction) -> None:
        super().__init__(engine, outer.transaction_type)
        self._outer = outer
        self._root = outer._root
        self._writer = outer._writer
        self._name = f"piccobase_{self._root.get_savepoint_id()}"

    @property
    def is_open(self) -> bool:
        return self._outcome == "open" and self._outer.is_open

    def still_open(self) -> EmbeddedTransaction | None:
        return self if self.is_open else self._outer.still_open()

    async def begin(self) -> None:
        if self._outer._nesting is None:
            self._outer._nesting = WriteLock()
        if not self._outer._nesting.try_acquire():
            await self.engine.wait_for(self._outer._nesting)
        try:
            self._outer._check()
            await self._control(f"SAVEPOINT {self._name}")
        except BaseException:
            self._outer._nesting.release()
            raise

    async def _keep(self) -> None:
        try:
            self._check()
            self._outcome = "ending"
            await self._control(f"RELEASE {self._name}")
        except BaseException:
            await self._undo()
            raise
        self.aftermath.kept_in(self._outer.aftermath)
        self._finish("kept")

    async def _undo(self) -> None:
        self._outcome = "ending"
        try:
            if self._root.thread_used:
                await self._writer.settle()
        finally:
            try:
                if self._outer.is_open and not self._writer.lost:
                    self._writer.control_now(f"ROLLBACK TO {self._name}")
                    self._writer.control_now(f"RELEASE {self._name}")
                    if self._root._schema_changed:
                        self._writer.schema_undone()
            finally:
                self.aftermath.undone_in(self._outer.aftermath)
                self._finish("undone")

    def _finish(self, outcome: Literal["kept", "undone"]) -> None:
        self._outcome = outcome
        if self._outer._nesting is not None:
            self._outer._nesting.release()

    async def _tell(self) -> None:
        """The outermost transaction tells, when it is over."""


class NamedSavepoint:
    """What Piccolo's `transaction.savepoint()` gives."""

    def __init__(self, name: str, transaction: EmbeddedTransaction) -> None:
        validate_savepoint_name(name)
        self.name = name
        self.transaction = transaction

    async def rollback_to(self) -> None:
        self.transaction._check()
        await self.transaction._control(f'ROLLBACK TO "{self.name}"')
        if self.transaction._root._schema_changed:
            self.transaction._writer.schema_undone()

    async def release(self) -> None:
        self.transaction._check()
        await self.transaction._control(f'RELEASE "{self.name}"')
