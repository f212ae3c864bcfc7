"""What really reaches a database: every statement, as the database itself saw it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import apsw
import asyncpg
from tests.postgres_server import PostgresServer
from tests.reference.fuzzing import MARK

_LOGGED = re.compile(r"LOG:  (?:statement|execute [^:]*): (.*(?:\n\t.*)*)")
# The log of requests is kept beside, in batches, in a schema (or, on SQLite, a database) of its own.
_OF_THE_LOG = re.compile(
    r"(BEGIN|BEGIN IMMEDIATE|COMMIT)$|CREATE SCHEMA IF NOT EXISTS piccobase_logs$"
    r"|(CREATE TABLE IF NOT EXISTS|INSERT INTO|DELETE FROM) (\"?piccobase_logs\"?\.)?\"?logs\b"
    r"|CREATE INDEX IF NOT EXISTS logs_\w+ ON (piccobase_logs\.)?logs "
)


@contextmanager
def watched_sqlite() -> Iterator[list[str]]:
    """The statements of all connections that are opened from now on."""
    seen: list[str] = []

    def watch(connection: apsw.Connection) -> None:
        def note(event: dict[str, Any]) -> None:
            seen.append(event["sql"])

        connection.trace_v2(apsw.SQLITE_TRACE_STMT, note)

    apsw.connection_hooks.append(watch)
    try:
        yield seen
    finally:
        apsw.connection_hooks.remove(watch)


async def log_statements(url: str) -> None:
    """Makes PostgreSQL write down every statement of sessions of this database that begin from now on."""
    connection = await asyncpg.connect(url)
    try:
        name = await connection.fetchval("SELECT current_database()")
        await connection.execute(f"ALTER DATABASE {name} SET log_statement = 'all'")
    finally:
        await connection.close()


# With these asyncpg brackets its look at types that are new to a connection. Word by word: nothing else passes.
_OF_THE_DRIVER = frozenset(
    {
        "SELECT current_setting('jit') AS cur, set_config('jit', 'off', false) AS new",
        "SELECT set_config('jit', $1, false)",
    }
)


class PostgresLog:
    """What a server has written down since the last time it was asked."""

    def __init__(self, server: PostgresServer) -> None:
        self.path: Path = server.folder / "server.log"
        self.read_to = self.path.stat().st_size

    def statements(self) -> list[str]:
        with self.path.open("rb") as log:
            log.seek(self.read_to)
            written = log.read()
        self.read_to += len(written)
        return [found[1] for found in _LOGGED.finditer(written.decode(errors="replace"))]


def unplanned(statements: list[str]) -> list[str]:
    """Those into which something of a client has come, or that are neither a plain SELECT nor of the request log."""
    return [each for each in statements if MARK in each or not (_is_select(each) or _OF_THE_LOG.match(each))]


def _is_select(statement: str) -> bool:
    if " ".join(statement.split()) in _OF_THE_DRIVER:
        return True
    return statement.startswith(("SELECT ", "WITH ")) and ";" not in statement
