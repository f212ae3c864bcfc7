"""Which tables a statement reads and which it changes, as SQLite itself says when it prepares it.

What is remembered of an answer holds as long as nobody has changed a table that the statement reads; views are looked
through, and what triggers and foreign keys change elsewhere counts.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import apsw

_CHANGES = frozenset({apsw.SQLITE_INSERT, apsw.SQLITE_UPDATE, apsw.SQLITE_DELETE})
_KEPT = 4000


@dataclass(frozen=True, slots=True)
class Tables:
    """By their names, as the schema spells them."""

    read: frozenset[str]
    changed: frozenset[str]


class TablesOf:
    """The tables of the statements seen so far. Asks on a connection of its own: one that has an authorizer prepares
    all of its statements anew whenever the authorizer is set.
    """

    def __init__(self, connect: Callable[[], apsw.Connection]) -> None:
        self._connect = connect
        self._connection: apsw.Connection | None = None
        self._seen: list[tuple[int, str]] = []  # by the statement that is being prepared
        self._known: dict[str, Tables | None] = {}
        self._guard = threading.Lock()

    def of(self, sql: str, args: Sequence[Any]) -> Tables | None:
        """The statement's tables; None where that cannot be told: it may read and change all of them.

        `args` are only looked at the first time, and for their number.
        """
        try:
            return self._known[sql]
        except KeyError:
            pass
        with self._guard:
            if len(self._known) >= _KEPT:
                self._known.clear()
            found = self._known[sql] = self._ask(sql, args)
        return found

    def forget(self) -> None:
        """After a change of the schema: there may be other triggers, and other views."""
        with self._guard:
            self._known.clear()

    def close(self) -> None:
        """What comes later opens the connection again."""
        with self._guard:
            connection, self._connection = self._connection, None
            self._known.clear()
            if connection is not None:
                connection.close()

    def _ask(self, sql: str, args: Sequence[Any]) -> Tables | None:
        if self._connection is None:
            self._connection = self._connect()
            self._connection.authorizer = self._note
        self._seen.clear()
        cursor = self._connection.cursor()
        cursor.exec_trace = _only_prepare
        try:
            cursor.execute(sql, args, can_cache=False)
        except apsw.ExecTraceAbort:
            pass
        except apsw.Error:
            return None  # it speaks of what a transaction has created that is still open
        finally:
            cursor.close(True)
        return Tables(
            frozenset(table for action, table in self._seen if action == apsw.SQLITE_READ),
            frozenset(table for action, table in self._seen if action in _CHANGES),
        )

    def _note(self, action: int, table: str | None, *_: str | None) -> int:
        if table is not None and (action == apsw.SQLITE_READ or action in _CHANGES):
            self._seen.append((action, table))
        return apsw.SQLITE_OK


def _only_prepare(cursor: apsw.Cursor, statement: str, bindings: Any) -> bool:
    return False
