"""Piccolo's `batch()`: the rows of a query in portions, so that they need not all be in memory."""

import asyncio
from collections.abc import Callable
from itertools import islice
from types import TracebackType
from typing import Any, Literal, Self

import apsw
from piccolo.engine.base import BaseBatch
from piccolo.query.base import Query

from piccobase.db.embedded_transaction import EmbeddedTransaction
from piccobase.db.sqlite_errors import translated
from piccobase.db.values import Description, dicts, fetch_dicts


class EmbeddedBatch(BaseBatch):
    """`async with await query.batch() as batch: async for rows in batch:`

    It has a connection of its own and sees what was committed when it began, whatever is written meanwhile.
    """

    def __init__(self, query: Query[Any, Any], size: int, connect: Callable[[], apsw.Connection]) -> None:
        self._query = query
        self._size = size
        self._connect = connect
        self._connection: apsw.Connection | None = None

    async def __aenter__(self) -> Self:
        try:
            await asyncio.to_thread(self._begin)
        except BaseException:
            self._close()
            raise
        return self

    def _begin(self) -> None:
        sql, args = self._query.querystrings[0].compile_string(engine_type="sqlite")
        self._connection = self._connect()
        self._cursor = self._connection.cursor()
        self._description: Description = ()
        try:
            self._cursor.execute(sql, args)
            self._description = self._cursor.get_description()
        except apsw.ExecutionCompleteError:  # there is no row
            pass
        except apsw.Error as error:
            raise translated(error, self._connection) from error

    def _portion(self) -> list[dict[str, Any]]:
        try:
            return dicts(self._description, list(islice(self._cursor, self._size)))
        except apsw.Error as error:
            raise translated(error, self._cursor.connection) from error

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> list[dict[str, Any]]:
        found = await asyncio.to_thread(self._portion)
        if not found:
            raise StopAsyncIteration
        processed: list[dict[str, Any]] = await self._query._process_results(found)
        return processed

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> Literal[False]:
        self._close()
        return False

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()


class BatchInTransaction(EmbeddedBatch):
    """Inside a transaction the rows include what that has done, so they come from its connection, all at once."""

    def __init__(self, query: Query[Any, Any], size: int, transaction: EmbeddedTransaction) -> None:
        self._query = query
        self._size = size
        self._transaction = transaction
        self._connection = None

    async def __aenter__(self) -> Self:
        sql, args = self._query.querystrings[0].compile_string(engine_type="sqlite")
        self._rows = iter(await self._transaction.run(sql, args, fetch_dicts))
        return self

    def _portion(self) -> list[dict[str, Any]]:
        return list(islice(self._rows, self._size))
