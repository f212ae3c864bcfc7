"""SQL that a superuser has written: what it answers, how far it may go, and what nobody reads by it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from piccobase.base.errors import BadRequest
from piccobase.base.numbers import ecma_number
from piccobase.db.shape import TRASH_PREFIX

MOST_ROWS = 1000
TIME_LIMIT = 180.0  # seconds
MOST_BYTES = 32 << 20  # of all cells together
# What is run in a transaction and answers how many rows it has changed; everything else may only read.
WRITING = frozenset({"INSERT", "CREATE", "UPDATE", "DELETE", "DROP", "ALTER", "REPLACE"})


class SQLFailed(BadRequest):
    """The statement cannot be run, or the database has refused it. The message has what the database says."""

    code = "sql.failed"

    def __init__(self, reason: str) -> None:
        super().__init__(f"Failed to execute query. Raw error:\n{reason}")


@dataclass(frozen=True, slots=True)
class Guarded:
    """What SQL does not get at. Names are the database's own.

    `secrets` are columns by table: they read as NULL and are not written, and their tables keep their shape.
    """

    secrets: Mapping[str, frozenset[str]]

    def hides(self, table: str, column: str) -> bool:
        """Whether a column reads as NULL. In the trash of migrations nobody knows which values are secrets."""
        return column in self.secrets.get(table, ()) or table.startswith(TRASH_PREFIX)

    def is_system(self, table: str) -> bool:
        """Whether a table is the system's own: read, but written only through the API."""
        return table.startswith("_") or table == "migration"

    def keeps_shape(self, table: str) -> bool:
        """Whether a table is neither altered nor dropped nor indexed."""
        return self.is_system(table) or table in self.secrets


@dataclass(frozen=True, slots=True)
class ColumnOfAnswer:
    """A column of a result. `type` is what it was declared as, "" where nothing was."""

    name: str
    type: str


@dataclass(slots=True)
class SQLAnswer:
    """What came of it: rows of the last statement that has any, or the number of rows that were changed."""

    columns: list[ColumnOfAnswer] = field(default_factory=list)
    rows: list[list[str | None]] = field(default_factory=list)
    affected: int = 0


class Console(Protocol):
    """Runs SQL on a connection of its own."""

    async def run(self, text: str) -> SQLAnswer:
        """One or several statements. Raises SQLFailed."""
        ...


class Cells:
    """Rows as texts, as many as fit. Raises SQLFailed for more than `MOST_BYTES`."""

    def __init__(self) -> None:
        self.rows: list[list[str | None]] = []
        self._left = MOST_BYTES

    @property
    def full(self) -> bool:
        return len(self.rows) >= MOST_ROWS

    def add(self, row: Any) -> None:
        texts = [None if value is None else text_of(value) for value in row]
        self._left -= sum(len(text) for text in texts if text is not None)
        if self._left < 0:
            raise SQLFailed(f"The result is larger than {MOST_BYTES >> 20} MB. Select fewer columns or rows.")
        self.rows.append(texts)


def text_of(value: Any) -> str:
    """A value of a database as text: numbers as JSON has them, bytes as UTF-8 where they are that, else hexadecimal."""
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case float():
            try:
                return ecma_number(value)
            except ValueError:
                return str(value)
        case bytes():
            try:
                return value.decode()
            except UnicodeDecodeError:
                return f"\\x{value.hex()}"
    return str(value)
