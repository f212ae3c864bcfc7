"""What SQLite has counted in tables and indexes, by which it chooses among them: kept when a table is made anew.

It is thrown away with the old table, and would come again with the next `PRAGMA optimize`, perhaps a day later.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

Ask = Callable[..., Awaitable[list[Any]]]  # `rows` of a database or a transaction
Statistics = Mapping[str, list[tuple[Any, ...]]]  # by the table they stand in; each row begins with table and index

_STANDING = """SELECT t.name, i.name FROM sqlite_schema AS t JOIN pragma_index_list(t.name) AS i WHERE t.type = 'table'
UNION ALL SELECT name, NULL FROM sqlite_schema WHERE type = 'table' UNION ALL
SELECT name, name FROM sqlite_schema WHERE type = 'table'"""  # what has no rowid is an index itself


async def read_statistics(ask: Ask) -> Statistics:
    tables = await ask("SELECT name FROM sqlite_schema WHERE name IN ('sqlite_stat1', 'sqlite_stat4')")
    return {table: await ask(f'SELECT * FROM "{table}"') for (table,) in tables}


async def put_back(ask: Ask, before: Statistics) -> None:
    """Those that are gone, of tables and indexes that are still there."""
    now = await read_statistics(ask)
    standing = set(map(tuple, await ask(_STANDING))) if before else set()
    missing = [
        (kept_in, row)
        for kept_in, rows in before.items()
        for row in rows
        if row[:2] in standing and row[:2] not in {other[:2] for other in now[kept_in]}
    ]
    for kept_in, row in missing:
        await ask(f'INSERT INTO "{kept_in}" VALUES ({", ".join("?" * len(row))})', row)
    if missing:
        await ask("ANALYZE sqlite_schema")  # which counts nothing: it makes SQLite read them
