"""What kind of statement a text of SQL is, as SQLite itself says: it decides where the engine runs it."""

import re
from collections.abc import Sequence
from enum import Enum
from typing import Any

import apsw

from piccobase.db.errors import DatabaseFailed


class Kind(Enum):
    READ = "reads, and nothing else"
    EXPLAIN = "tells how another one would run"
    SHORT = "writes, in a number of steps that does not depend on how many rows there are"
    LONG = "writes, and may take any time"
    SCHEMA = "changes the schema, or what SQLite knows about it"
    BARE = "is about the database or the connection: PRAGMA, VACUUM, ATTACH, DETACH"


_BLANK = r"(?:\s+|--[^\n]*(?:\n|$)|/\*.*?(?:\*/|$))"
_FIRST_WORD = re.compile(rf"{_BLANK}*(\w*)", re.DOTALL)
_NOTHING = re.compile(rf"(?:{_BLANK}|;)*", re.DOTALL)
_READING = frozenset({"SELECT", "WITH", "VALUES"})
_CONTROL = frozenset({"BEGIN", "COMMIT", "END", "ROLLBACK", "SAVEPOINT", "RELEASE"})
SCHEMA = frozenset({"CREATE", "ALTER", "DROP", "REINDEX", "ANALYZE"})
_BARE = frozenset({"PRAGMA", "VACUUM", "ATTACH", "DETACH"})

# SQLite's program jumps back by one of these; `Program` runs a trigger or a cascade, `VUpdate` a virtual table.
_LOOPING = frozenset({"Next", "Prev", "SorterNext", "VNext", "Yield", "RowSetRead", "Program", "VUpdate"}) | {
    # … and each of these is one step that goes over many rows.
    "Clear",
    "Count",
    "Destroy",
    "VFilter",
}

_RETURNING = frozenset({"Column", "Rowid", "ResultRow", "RealAffinity"})


def first_word(sql: str) -> str:
    """The first word after blanks and comments, in capitals."""
    found = _FIRST_WORD.match(sql)
    return found[1].upper() if found else ""


_KINDS_KEPT = 4000


class Kinds:
    """The kinds of the statements seen so far, by their text."""

    def __init__(self) -> None:
        self._known: dict[str, Kind] = {}

    def of(self, connection: apsw.Connection, sql: str, args: Sequence[Any]) -> Kind:
        """See `kind_of`."""
        known = self._known.get(sql)
        return self._learn(connection, sql, args) if known is None else known

    def known(self, sql: str) -> Kind | None:
        return self._known.get(sql)

    def forget(self) -> None:
        """After a change of the schema: which statements are short depends on the indexes."""
        self._known = {}

    def _learn(self, connection: apsw.Connection, sql: str, args: Sequence[Any]) -> Kind:
        if len(self._known) >= _KINDS_KEPT:
            self._known.clear()
        known = self._known  # of what is learnt while another thread forgets, nobody will know
        kind = known[sql] = kind_of(connection, sql, args)
        return kind


def kind_of(connection: apsw.Connection, sql: str, args: Sequence[Any]) -> Kind:
    """Prepares the statement on a connection that is not in use, and looks at it. Nothing is run.

    Raises apsw.Error where SQLite refuses the statement, and DatabaseFailed for more than one statement in a text and
    for one that begins or ends a transaction.
    """
    word = first_word(sql)
    if word in _CONTROL:
        raise DatabaseFailed("Transactions are begun and ended by engine.transaction(), not by statements.")
    reads = _only_reads(connection, sql, args)
    if word in _BARE:
        return Kind.BARE
    if word in SCHEMA:
        return Kind.SCHEMA
    if word == "EXPLAIN":  # whether it reads, SQLite answers for what is explained
        return Kind.EXPLAIN
    if reads:  # of the rest, to SQLite everything "reads" that leaves the file as it is
        return Kind.READ if word in _READING else Kind.BARE
    return Kind.SHORT if _is_short(connection, sql, args) else Kind.LONG


def _only_reads(connection: apsw.Connection, sql: str, args: Sequence[Any]) -> bool:
    reads = True

    def look(cursor: apsw.Cursor, statement: str, _: Any) -> bool:
        nonlocal reads
        reads = cursor.is_readonly
        # One text is one statement: what somebody managed to append to it must not run.
        if _NOTHING.fullmatch(sql, len(statement)) is None:
            raise DatabaseFailed("Only one SQL statement can be run at a time.")
        return False

    cursor = connection.cursor()
    cursor.exec_trace = look
    try:
        cursor.execute(sql, args, can_cache=False)
    except apsw.ExecTraceAbort:
        pass
    finally:
        cursor.close(True)
    return reads


def _is_short(connection: apsw.Connection, sql: str, args: Sequence[Any]) -> bool:
    """Whether the program has no loop over rows.

    Two loops do not count. RETURNING goes at the end over the rows that the rest of the program has changed. And where
    a row is added that others may have been missing (`FkIfZero`), they are looked for only while some are missing.
    """
    try:
        # Not from the cache: a kept EXPLAIN points into the schema as it was, and SQLite does not notice that it has
        # gone, as it does with any other statement. It would list freed memory.
        program = _without_search_for_orphans(list(connection.execute(f"EXPLAIN {sql}", args, can_cache=False)))
    except UnicodeDecodeError:  # a blob in it (a column's default, say) is shown as text
        return False
    loops = [position for position, opcode in enumerate(program) if opcode in _LOOPING]
    if len(loops) == 1 and program[loops[0]] == "Next" and "Rewind" in program:
        rewind = len(program) - 1 - program[::-1].index("Rewind")
        return set(program[rewind + 1 : loops[0]]) <= _RETURNING and "ResultRow" in program
    return not loops


def _without_search_for_orphans(program: list[tuple[Any, ...]]) -> list[str]:
    """The opcodes, without those that `FkIfZero` jumps over."""
    opcodes, after = [], 0
    for address, opcode, _, target, *_ in program:
        if opcode == "FkIfZero":
            after = target
        if address >= after:
            opcodes.append(opcode)
    return opcodes
