"""An empty copy of a SQLite database's schema in memory: what statements would do to it can be seen before they run."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import apsw

from piccobase.db.converting import CONVERTING_FUNCTIONS
from piccobase.db.engine import Database, Row
from piccobase.db.sqlite_rebuild import Rebuild, StoredTable, read_stored, rebuild_statements
from piccobase.db.values import DECIMAL_ORDER, WIRE_FUNCTIONS, compare_decimals

# Tables first: what stands on them comes later.
_STATEMENTS = (
    "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' "
    "ORDER BY CASE type WHEN 'table' THEN 1 WHEN 'view' THEN 2 WHEN 'index' THEN 3 ELSE 4 END, rowid"
)


class Sketch:
    """Asked like a database, but at once."""

    def __init__(self) -> None:
        self._connection = apsw.Connection(":memory:")
        self._connection.create_collation(DECIMAL_ORDER, compare_decimals)
        for name, function in WIRE_FUNCTIONS.items():
            self._connection.create_scalar_function(name, function, 1, deterministic=True)
        for name, (convert, arguments) in CONVERTING_FUNCTIONS.items():
            self._connection.create_scalar_function(name, convert, arguments, deterministic=True)

    @classmethod
    async def of(cls, db: Database) -> "Sketch":
        sketch = cls()
        for (sql,) in await db.rows(_STATEMENTS):
            # The tables behind a virtual one come with it, and a view may need what only another program brings.
            with suppress(apsw.Error):
                sketch._connection.execute(sql)
        return sketch

    async def rows(self, sql: str, args: Sequence[Any] = ()) -> list[Row]:
        return list(self._connection.execute(sql, args))

    def run(self, sql: str) -> None:
        self._connection.execute(sql)

    async def table(self, name: str) -> StoredTable:
        return await read_stored(self, name)

    async def rebuild(self, rebuild: Rebuild) -> list[str]:
        """The statements that make a table anew; they are run here."""
        statements = rebuild_statements(await self.table(rebuild.table), rebuild)
        for sql in statements:
            self.run(sql)
        return statements

    def close(self) -> None:
        self._connection.close()
