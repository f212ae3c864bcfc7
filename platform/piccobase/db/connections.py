"""Connections to the SQLite file: how they are opened, and the two that statements run on inside the event loop."""

import itertools
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, Protocol

import apsw

from piccobase.db.converting import CONVERTING_FUNCTIONS
from piccobase.db.errors import DatabaseUnavailable
from piccobase.db.values import DECIMAL_ORDER, WIRE_FUNCTIONS, compare_decimals, convert_binding

Synchronous = Literal["OFF", "NORMAL", "FULL", "EXTRA"]  # whether a commit waits for the disk: FULL and EXTRA do

STATEMENTS_CACHED = 512
_CACHE_KIB = 32_000
_MMAP_BYTES = 256 * 1024 * 1024
_WAL_BYTES_KEPT = 64 * 1024 * 1024
_NO_BUDGET = 1 << 20
_UNLIMITED = 1 << 60
_serials = itertools.count(1)


Functions = Mapping[str, tuple[Callable[..., Any], int]]
"""Python functions that SQL may call, by name, with the number of their arguments."""
NO_FUNCTIONS: Functions = MappingProxyType({})


def open_connection(
    path: str,
    *,
    readonly: bool,
    synchronous: Synchronous,
    busy_timeout: float,
    functions: Functions = NO_FUNCTIONS,
) -> apsw.Connection:
    """A connection with everything set. `busy_timeout` (seconds) is how long its statements wait for other processes.

    Raises DatabaseUnavailable when the file cannot be opened or written, or is no database.
    """
    deadline = time.monotonic() + busy_timeout
    while True:
        try:
            connection = _open(path, readonly, synchronous, busy_timeout)
        except apsw.BusyError as error:
            # Turning WAL on, and recovering it after a crash, needs the file alone, and SQLite does not always wait.
            if time.monotonic() > deadline:
                raise DatabaseUnavailable(f"The database file {path} is locked by another process.") from error
            time.sleep(0.01)
            continue
        except apsw.Error as error:
            raise DatabaseUnavailable(f"The database file {path} cannot be opened: {_reason(path, error)}.") from error
        for name, (function, arguments) in functions.items():
            connection.create_scalar_function(name, function, arguments, deterministic=True)
        return connection


def _open(path: str, readonly: bool, synchronous: Synchronous, busy_timeout: float) -> apsw.Connection:
    connection = apsw.Connection(path, statementcachesize=STATEMENTS_CACHED)
    try:
        connection.set_busy_timeout(int(busy_timeout * 1000))
        if connection.readonly("main"):
            raise DatabaseUnavailable(f"The database file {path} cannot be written.")
        if connection.pragma("journal_mode") != "wal" and (mode := connection.pragma("journal_mode", "WAL")) != "wal":
            raise DatabaseUnavailable(
                f"The database file {path} cannot use a write-ahead log (it stays in mode {mode}). "
                "Its disk must be a local one."
            )
        connection.pragma("synchronous", synchronous)
        connection.pragma("fullfsync", synchronous in ("FULL", "EXTRA"))  # else macOS leaves it in the drive's memory
        connection.pragma("foreign_keys", True)
        connection.pragma("temp_store", "MEMORY")
        connection.pragma("cache_size", -_CACHE_KIB)
        connection.pragma("mmap_size", _MMAP_BYTES)
        connection.pragma("journal_size_limit", _WAL_BYTES_KEPT)
        connection.pragma("wal_autocheckpoint", 0)  # checkpoints.py sees to that
        connection.pragma("query_only", readonly)
        # Else a quoted name that does not exist is a text: a misspelt column would compare as its own name.
        connection.config(apsw.SQLITE_DBCONFIG_DQS_DML, 0)
        connection.config(apsw.SQLITE_DBCONFIG_DQS_DDL, 0)
        # Else SQLite looks at the values that are bound, LIMIT's among them, and plans anew for each other one.
        connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
        connection.create_collation(DECIMAL_ORDER, compare_decimals)
        for name, function in WIRE_FUNCTIONS.items():
            connection.create_scalar_function(name, function, 1, deterministic=True)
        for name, (convert, arguments) in CONVERTING_FUNCTIONS.items():
            connection.create_scalar_function(name, convert, arguments, deterministic=True)
        connection.convert_binding = convert_binding
    except BaseException:
        connection.close()
        raise
    return connection


def _reason(path: str, error: apsw.Error) -> str:
    if Path(path).is_dir():
        return "it is a directory"
    if not Path(path).absolute().parent.is_dir():
        return "its directory does not exist"
    return str(error).removeprefix(f"{type(error).__name__}: ")


class Inline:
    """A connection for statements that run at once in the calling thread.

    One `cursor` serves all, since each statement is run to its end. A statement may use `opcodes` instructions of
    SQLite's virtual machine and is interrupted then (somewhere before twice as many), or runs without a budget.
    """

    __slots__ = ("__weakref__", "_calls_left", "busy", "connection", "cursor", "may_read", "serial")

    def __init__(self, connection: apsw.Connection, opcodes: int) -> None:
        self.connection = connection
        self.cursor = connection.cursor()
        self.busy = threading.RLock()
        self.may_read = opcodes > 0
        self.serial = next(_serials)  # no other connection of this process has it
        self._calls_left = [_UNLIMITED]
        connection.set_progress_handler(partial(_is_spent, self._calls_left), opcodes or _NO_BUDGET)

    def start_budget(self) -> None:
        # SQLite counts on from one run of a prepared statement to the next, so the first call says nothing yet.
        self._calls_left[0] = 1

    def start_unlimited(self) -> None:
        self._calls_left[0] = _UNLIMITED


def _is_spent(calls_left: list[int]) -> bool:
    # No method of Inline: the connection would keep alive what keeps it alive, and stay open when its thread has ended.
    calls_left[0] -= 1
    return calls_left[0] < 0


Connect = Callable[[], apsw.Connection]


class Fetch(Protocol):
    """Runs a statement to its end and makes something of its rows. `can_cache=False` prepares it afresh."""

    def __call__(
        self, cursor: apsw.Cursor, sql: str, args: Sequence[Any], /, *, can_cache: bool = True
    ) -> list[Any]: ...
