"""The transaction of the embedded engine in which the schema changes: foreign keys are off, and checked at its end."""

import logging
from typing import TYPE_CHECKING, Literal

from piccolo.engine.sqlite import TransactionType

from piccobase.base.errors import StartError
from piccobase.db.embedded_transaction import EmbeddedTransaction
from piccobase.db.errors import DatabaseFailed, SerializationFailed
from piccobase.db.schema_checks import Broken, broken_parts, check_parts, dangling, told
from piccobase.db.sqlite_statistics import Statistics, put_back, read_statistics

if TYPE_CHECKING:
    from piccobase.db.embedded import EmbeddedEngine

log = logging.getLogger("piccobase.db")

# Foreign keys cannot be turned off within a transaction. Sorting the rows for an index takes a file while it lasts, not
# memory: there may be any number of them.
_BEFORE = ("PRAGMA temp_store = FILE", "PRAGMA foreign_keys = OFF")
_PATIENCE = 30  # times the busy timeout: another process may be making a large table anew
_AFTERWARDS = ("PRAGMA legacy_alter_table = OFF", "PRAGMA foreign_keys = ON", "PRAGMA temp_store = MEMORY")


class EmbeddedSchemaTransaction(EmbeddedTransaction):
    """What `engine.schema_transaction()` gives.

    It is the only one that writes, as any transaction, and waits long for other processes, which may be at the same;
    readers go on with what was there before. At its end all is
    undone, and StartError raised, when a view or trigger that could be run no longer can, or when a row's foreign key
    points to nothing and did not do so before.
    """

    def __init__(self, engine: "EmbeddedEngine") -> None:
        super().__init__(engine, TransactionType.immediate)
        self._broken_before: set[Broken] = set()
        self._statistics: Statistics = {}
        self._schema_changed = True
        self._may_share = False

    @property
    def changes_schema(self) -> bool:
        return True

    async def begin(self) -> None:
        self._writer = await self.engine.take_writer()
        try:
            for statement in _BEFORE:
                self._writer.control_now(statement)
            await self._begin_after_others()
        except BaseException:
            self._finish("undone")
            raise
        try:
            self._check_that_foreign_keys_are_off()
            self._broken_before = await broken_parts(self.rows)
            self._statistics = await read_statistics(self.rows)
        except BaseException:
            await self._undo()
            raise

    def _check_that_foreign_keys_are_off(self) -> None:
        """SQLite says nothing when it does not turn them off; to drop a table would then delete rows of others."""
        with self._writer.inline.busy:
            if self._writer.inline.connection.pragma("foreign_keys"):
                raise DatabaseFailed("Foreign keys could not be turned off, so no table can be changed now.")

    async def _begin_after_others(self) -> None:
        for left in reversed(range(_PATIENCE)):
            try:
                await self._writer.begin("BEGIN IMMEDIATE")
                return
            except SerializationFailed:
                if not left:
                    raise
                log.warning("Another process keeps the database locked; this one waits to change its tables.")

    async def _keep(self) -> None:
        try:
            self._check()
            await self._check_schema()
            await put_back(self.rows, self._statistics)
        except BaseException:
            await self._undo()
            raise
        await super()._keep()

    async def _check_schema(self) -> None:
        await check_parts(self.rows, self._broken_before)
        if found := await dangling(self.rows):
            before = await dangling(self.engine.committed_rows)
            if new := found - before:
                raise StartError("\n".join(["Foreign keys would point to nothing:", *await told(self.rows, new)]))
            log.warning(
                "Foreign keys point to nothing, as they did before:\n%s", "\n".join(await told(self.rows, found))
            )

    def _finish(self, outcome: Literal["kept", "undone"]) -> None:
        try:
            for statement in _AFTERWARDS:
                self._writer.control_now(statement)
        finally:
            super()._finish(outcome)
