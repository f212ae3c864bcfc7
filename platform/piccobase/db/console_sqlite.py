"""Written SQL on the embedded database: a connection of its own, watched over by SQLite's authorizer (sqlite.org/c3ref/
set_authorizer.html) in defensive mode. It sees each name as SQLite has resolved it, so no way of writing one hides it.
"""

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Any

import apsw

from piccobase.base.observing import acting
from piccobase.db.change_notes import ChangeNotes
from piccobase.db.connections import open_connection
from piccobase.db.console import TIME_LIMIT, WRITING, Cells, ColumnOfAnswer, Guarded, SQLAnswer, SQLFailed
from piccobase.db.embedded import EmbeddedEngine
from piccobase.db.statements import SCHEMA, first_word

_OPCODES = 10_000  # of SQLite's virtual machine between two looks at the clock
_LONGEST_VALUE = 64 << 20  # bytes of a text or blob, also while it is being put together
_AT_ONCE = 2
_PRAGMAS = frozenset(
    (
        "collation_list",
        "compile_options",
        "data_version",
        "encoding",
        "foreign_key_check",
        "foreign_key_list",
        "freelist_count",
        "function_list",
        "index_info",
        "index_list",
        "index_xinfo",
        "integrity_check",
        "page_count",
        "page_size",
        "quick_check",
        "table_info",
        "table_list",
        "table_xinfo",
    )
)
_BARE_PRAGMAS = frozenset({"application_id", "journal_mode", "schema_version", "user_version"})  # with a value they set
_OWN_TABLES = frozenset({"sqlite_master", "sqlite_schema", "sqlite_sequence", "sqlite_stat1"})  # of SQLite itself
_FUNCTIONS_REFUSED = frozenset({"load_extension", "fts3_tokenizer"})
_INTROSPECTION_REFUSED = frozenset({"bytecode", "tables_used", "dbstat"})


class SQLiteConsole:
    """See `Console`. While a statement writes, writers of this process queue as behind one another."""

    def __init__(self, engine: EmbeddedEngine, guarded: Guarded, *, time_limit: float = TIME_LIMIT) -> None:
        self._engine = engine
        self._guarded = guarded
        self._time_limit = time_limit
        self._places = asyncio.Semaphore(_AT_ONCE)

    async def run(self, text: str) -> SQLAnswer:
        """See `Console`."""
        async with self._places:
            if first_word(text) not in WRITING:
                return await self._in_thread(text, writes=False)
            writer = await self._engine.take_writer()
            try:
                return await self._in_thread(text, writes=True)
            finally:
                writer.lock.release()
                self._engine.forget_kinds()  # which statements are short depends on indexes

    async def _in_thread(self, text: str, *, writes: bool) -> SQLAnswer:
        given_up = threading.Event()
        work = asyncio.ensure_future(asyncio.to_thread(self._run, text, writes, given_up))
        try:
            return await asyncio.shield(work)
        except asyncio.CancelledError:
            given_up.set()  # and the thread ends within milliseconds
            await asyncio.wait([work])
            raise

    def _run(self, text: str, writes: bool, given_up: threading.Event) -> SQLAnswer:
        connection = open_connection(
            self._engine.path, readonly=not writes, synchronous=self._engine.synchronous, busy_timeout=10.0
        )
        try:
            deadline = time.monotonic() + self._time_limit
            connection.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 1)
            connection.config(apsw.SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0)
            connection.limit(apsw.SQLITE_LIMIT_ATTACHED, 0)
            connection.limit(apsw.SQLITE_LIMIT_LENGTH, _LONGEST_VALUE)
            connection.set_progress_handler(lambda: given_up.is_set() or time.monotonic() > deadline, _OPCODES)
            if not writes:
                connection.authorizer = authorizer(self._guarded)
                return _read(connection, text)
            connection.execute("BEGIN IMMEDIATE")
            affected = self._write(connection, text)
            connection.execute("COMMIT")
            return SQLAnswer(affected=affected)
        except apsw.InterruptError:
            raise SQLFailed(f"The query took longer than {self._time_limit:g} seconds.") from None
        except apsw.Error as error:
            raise SQLFailed(str(error).removeprefix(f"{type(error).__name__}: ")) from error
        finally:
            connection.close(True)

    def _write(self, connection: apsw.Connection, text: str) -> int:
        """Runs the statements of `text`, and writes the change log of each. Returns how many rows they changed."""
        notes = ChangeNotes(connection)
        notes.watch_stored()
        guard = authorizer(self._guarded)
        actor, before, logged, changes_schema = acting(), connection.total_changes(), 0, False

        def settle() -> None:
            nonlocal logged
            connection.authorizer = None
            if notes.noted:
                logged += notes.write(actor)
            if changes_schema:
                notes.look_again()
            connection.authorizer = guard

        def between(cursor: apsw.Cursor, statement: str, _: Any) -> bool:
            nonlocal changes_schema
            settle()
            if changes_schema := first_word(statement) in SCHEMA:
                notes.pause()
            return True

        connection.authorizer = guard
        cursor = connection.cursor()
        cursor.exec_trace = between
        for _ in cursor.execute(text):
            pass
        settle()
        connection.authorizer = None
        return connection.total_changes() - before - logged


def _read(connection: apsw.Connection, text: str) -> SQLAnswer:
    """Runs one statement after the other; the rows of the last that has any are the answer."""
    answer = SQLAnswer()
    while text:
        text = _read_one(connection, text, answer)
    return answer


def _read_one(connection: apsw.Connection, text: str, answer: SQLAnswer) -> str:
    """Runs the first statement of `text`, and returns what follows it."""
    cells, first = Cells(), ""

    def begin(cursor: apsw.Cursor, statement: str, _: Any) -> bool:
        nonlocal first
        if first:
            return False  # the second one
        first = statement
        if description := cursor.get_description():
            answer.columns = [ColumnOfAnswer(name, declared or "") for name, declared in description]
            answer.rows = cells.rows
        return True

    cursor = connection.cursor()
    cursor.exec_trace = begin
    try:
        for row in cursor.execute(text, can_cache=False):
            if cells.full:
                break
            cells.add(row)
    except apsw.ExecTraceAbort:
        pass
    finally:
        cursor.close(True)
    return text[len(first) :] if first else ""


def authorizer(guarded: Guarded) -> Callable[[int, str | None, str | None, str | None, str | None], int]:
    """What SQLite asks while it prepares a statement, for each thing the statement would do."""

    def may_read(table: str, column: str) -> int:
        if guarded.hides(table, column):
            return apsw.SQLITE_IGNORE  # reads as NULL
        if table.startswith("sqlite_"):
            return apsw.SQLITE_OK if table in _OWN_TABLES else apsw.SQLITE_DENY
        if table.startswith("pragma_"):
            return may_ask(table.removeprefix("pragma_"), None)
        return apsw.SQLITE_DENY if table in _INTROSPECTION_REFUSED else apsw.SQLITE_OK

    def may_write(table: str, column: str, inside: str | None) -> int:
        if inside is not None:
            return apsw.SQLITE_OK  # a trigger of the app's: nobody makes one here
        if guarded.is_system(table) or column in guarded.secrets.get(table, ()):
            return apsw.SQLITE_DENY
        return apsw.SQLITE_OK  # SQLite's own tables are written by CREATE and its like; defensive mode refuses the rest

    def may_change(table: str) -> int:
        return apsw.SQLITE_DENY if guarded.keeps_shape(table) else apsw.SQLITE_OK

    def may_ask(pragma: str, value: str | None) -> int:
        known = pragma in _PRAGMAS or (pragma in _BARE_PRAGMAS and value is None)
        return apsw.SQLITE_OK if known else apsw.SQLITE_DENY

    def authorize(action: int, first: str | None, second: str | None, database: str | None, inside: str | None) -> int:
        one, two = first or "", second or ""
        match action:
            case apsw.SQLITE_SELECT | apsw.SQLITE_RECURSIVE:
                return apsw.SQLITE_OK
            case apsw.SQLITE_READ:
                return may_read(one, two)
            case apsw.SQLITE_FUNCTION:
                return apsw.SQLITE_DENY if two.lower() in _FUNCTIONS_REFUSED else apsw.SQLITE_OK
            case apsw.SQLITE_INSERT | apsw.SQLITE_DELETE:
                return may_write(one, "", inside)
            case apsw.SQLITE_UPDATE:
                return may_write(one, two, inside)
            case apsw.SQLITE_CREATE_TABLE | apsw.SQLITE_DROP_TABLE | apsw.SQLITE_CREATE_VIEW | apsw.SQLITE_DROP_VIEW:
                return may_change(one)
            case apsw.SQLITE_CREATE_INDEX | apsw.SQLITE_DROP_INDEX | apsw.SQLITE_ALTER_TABLE:
                return may_change(two)
            case apsw.SQLITE_REINDEX | apsw.SQLITE_ANALYZE:
                return apsw.SQLITE_OK
            case apsw.SQLITE_PRAGMA:
                return may_ask(one.lower(), second)
        # ATTACH, DETACH, transactions, savepoints, triggers, temporary and virtual tables, and what is still to come.
        return apsw.SQLITE_DENY

    return authorize
