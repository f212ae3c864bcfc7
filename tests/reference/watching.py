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
    """Those that are no plain SELECT of the server's own, or into which something of a client has come."""
    return [each for each in statements if MARK in each or ";" in each or not each.startswith(("SELECT ", "WITH "))]
