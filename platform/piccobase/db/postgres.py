"""The engine for PostgreSQL: an ordinary Piccolo engine on asyncpg, with connections and transactions of our own."""

from collections.abc import Sequence
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import parse_qs, urlsplit

from piccolo.engine.exceptions import TransactionError
from piccolo.engine.postgres import AsyncBatch
from piccolo.engine.postgres import PostgresEngine as PiccoloEngine
from piccolo.query.base import Query
from piccolo.querystring import QueryString

from piccobase.base.errors import StartError
from piccobase.db.engine import Row
from piccobase.db.postgres_ddl import rewrite
from piccobase.db.postgres_errors import DRIVER_ERRORS, translated
from piccobase.db.postgres_pool import Connection, Pools
from piccobase.db.postgres_transaction import (
    Isolation,
    PostgresSavepoint,
    PostgresSchemaTransaction,
    PostgresTransaction,
    fetch,
)

if TYPE_CHECKING:
    from typing import Self

OLDEST_VERSION = 13


class PostgresEngine(PiccoloEngine):
    """Piccolo's PostgresEngine and our Database in one. Nothing connects before the first statement.

    `url` is `postgresql://user:password@host:port/database`; a folder with a unix socket is given as `?host=/folder`,
    and what else libpq knows (`sslmode` …) in the same way. `min_size` and `max_size` are the numbers of connections
    for each event loop.
    """

    dialect: Literal["postgres"] = "postgres"

    def __init__(
        self,
        url: str,
        *,
        min_size: int = 1,
        max_size: int = 10,
        log_queries: bool = False,
        log_responses: bool = False,
    ) -> None:
        # Not super().__init__: it connects, to ask for the server's version.
        self.config = {"dsn": url}
        self.address = address(url)
        self.engine_type = "postgres"
        self.extensions = ()
        self.extra_nodes = {}
        self.pool = None  # Piccolo's own; ours are in `pools`
        self.min_version_number = OLDEST_VERSION
        self.log_queries, self.log_responses, self.query_id = log_queries, log_responses, 0
        self.pools = Pools(url, min_size=min_size, max_size=max_size)
        self.current_transaction = ContextVar("postgres", default=None)

    async def check(self) -> None:
        """Raises StartError, which names the address, when the server cannot be reached or is too old."""
        try:
            await self.pools.open()
            version = await self.get_version()
        except (*DRIVER_ERRORS, ValueError) as error:
            reason = str(error) or type(error).__name__
            raise StartError(f"Cannot connect to PostgreSQL at {self.address}: {reason}") from error
        if version < OLDEST_VERSION:
            raise StartError(f"PostgreSQL at {self.address} is version {version}; {OLDEST_VERSION} or newer is needed.")

    async def get_version(self) -> float:
        [[version]] = await self.rows("SHOW server_version")
        return self._parse_raw_version_string(version)

    async def close(self) -> None:
        """Closes the connections of the running loop; those of other loops are closed when these end."""
        await self.pools.close()

    async def start_connection_pool(self, **kwargs: Any) -> None:
        """Piccolo's name for it. There is no need to call it: the first statement does the same."""
        await self.pools.open()

    async def close_connection_pool(self) -> None:
        await self.close()

    def brief_transaction(self) -> PostgresTransaction:
        """The same: each has a connection and a commit of its own."""
        return self.transaction()

    def open_transaction(self) -> PostgresTransaction | None:
        """The transaction that a statement would now run in."""
        current = self.current_transaction.get()
        if isinstance(current, PostgresTransaction) and current.belongs_here():
            return current.still_open()
        return None

    def transaction_exists(self) -> bool:
        return self.open_transaction() is not None

    def transaction(self, allow_nested: bool = True, isolation: Isolation = "") -> PostgresTransaction:
        """The isolation is the server's default unless given: "read committed", where two who read a row in order to
        change it must lock it (`SELECT … FOR UPDATE`, Piccolo's `lock_rows()`), or ask for more and be ready for
        SerializationFailed (see `retrying`).
        """
        outer = self.open_transaction()
        if outer is None:
            return PostgresTransaction(self, isolation)
        if isolation or not allow_nested:
            raise TransactionError("A transaction is open already, and this one cannot be nested in it.")
        return PostgresSavepoint(self, outer)

    def schema_transaction(self) -> PostgresTransaction:
        """A transaction in which the schema changes, and nobody else changes it. Within one it is a savepoint.

        Raises Piccolo's TransactionError inside any other transaction, as the embedded engine does.
        """
        outer = self.open_transaction()
        if outer is None:
            return PostgresSchemaTransaction(self)
        if not outer.changes_schema:
            raise TransactionError(
                "A transaction is open already. Change the schema outside of it, or begin with "
                "`engine.schema_transaction()`."
            )
        return PostgresSavepoint(self, outer)

    async def rows(self, sql: str, args: Sequence[Any] = ()) -> list[Row]:
        return list(map(tuple, await self.fetch(sql, args)))

    def version(self, sql: str = "", args: Sequence[Any] = (), *, since: float | None = None) -> int | None:
        """None: only another query could tell whether somebody has committed something."""
        return None

    def version_seen(self) -> int | None:
        return None

    async def fetch(self, sql: str, args: Sequence[Any] = ()) -> list[Any]:
        """asyncpg's records: of the open transaction if there is one, else of a connection for this statement alone."""
        transaction = self.open_transaction()
        if transaction is not None:
            return await transaction.fetch(sql, args)
        connection = await self.pools.acquire()
        try:
            return await fetch(connection, sql, args)
        finally:
            self.pools.release(connection)

    async def run_querystring(self, querystring: QueryString, in_pool: bool = True) -> list[Any]:
        """Piccolo's door for queries. `in_pool` makes no difference: each loop has its own pool."""
        sql, args = querystring.compile_string(engine_type=self.engine_type)
        return await self._logged(str(querystring) if self.log_queries else "", sql, args)

    async def run_ddl(self, ddl: str, in_pool: bool = True) -> list[Any]:
        """Piccolo's door for changes of the schema; see `postgres_ddl` for what becomes of text."""
        ddl = rewrite(ddl)
        return await self._logged(ddl, ddl, ())

    async def _logged(self, shown: str, sql: str, args: Sequence[Any]) -> list[Any]:
        number = self.get_query_id()
        if self.log_queries:
            self.print_query(query_id=number, query=shown)
        records = await self.fetch(sql, args)
        if self.log_responses:
            self.print_response(query_id=number, response=records)
        return records

    async def batch(self, query: Query[Any, Any], batch_size: int = 100, node: str | None = None) -> "Batch":
        """Piccolo's way to read many rows in portions. Other than Piccolo's own it lets errors out of the block."""
        return Batch(self, query, batch_size)


class Batch(AsyncBatch):
    """Reads through a cursor: within the open transaction, or in one of its own that nothing else takes part in."""

    def __init__(self, engine: PostgresEngine, query: Query[Any, Any], batch_size: int) -> None:
        super().__init__(connection=None, query=query, batch_size=batch_size)
        self._engine = engine
        self._borrowed: Connection = None

    async def __aenter__(self) -> "Self":
        sql, args = self.query.querystrings[0].compile_string(engine_type=self._engine.engine_type)
        around = self._engine.open_transaction()
        if around is None:
            self._borrowed = await self._engine.pools.acquire()
        self.connection = self._borrowed if around is None else around.connection
        try:
            if self._borrowed:
                await self.connection.execute("BEGIN")
            self._cursor = await self.connection.cursor(sql, *args)
        except BaseException as error:
            await self._give_back()
            raise translated(error) if isinstance(error, DRIVER_ERRORS) else error from error
        return self

    async def __aexit__(self, *exception: object) -> Literal[False]:
        await self._give_back()
        return False

    async def _give_back(self) -> None:
        if self._borrowed:
            borrowed, self._borrowed = self._borrowed, None
            try:
                await borrowed.execute("ROLLBACK")  # nothing to commit: it only reads
            except BaseException:
                borrowed.terminate()
                raise
            finally:
                self._engine.pools.release(borrowed)


def address(url: str) -> str:
    """`host:port/database` of a URL, without the name and the password, for messages. Raises StartError."""
    parts = urlsplit(url)
    if parts.scheme not in ("postgresql", "postgres"):
        raise StartError("The URL of a PostgreSQL database begins with postgresql:// or postgres://")
    host = parts.netloc.rpartition("@")[2] or parse_qs(parts.query).get("host", ["localhost"])[0]
    return host + parts.path
