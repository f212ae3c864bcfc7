"""Tables that drift away from a running server's code: looked for once a second, and their collections refused then.

A statement about a column that is gone fails by itself (SchemaChanged). One about a column of another type may not: the
API would send a text where a number was promised, or store what it does not mean.
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Sequence

from piccolo.table import Table

from piccobase.base.errors import PiccobaseError
from piccobase.db.engine import Database, Row
from piccobase.db.setup import needed, unfit
from piccobase.db.shape import read_shape
from piccobase.schema.declaration import View

log = logging.getLogger("piccobase.db")
WATCH_EVERY = 1.0  # seconds

# What is different after each change of a table, and cheap to ask for. `$1` are the oids of the tables.
_POSTGRES_MARK = (
    "SELECT count(*), max(a.xmin::text::bigint), (SELECT max(c.xmin::text::bigint) FROM pg_class AS c "
    "WHERE c.oid = ANY($1::oid[])) FROM pg_attribute AS a WHERE a.attrelid = ANY($1::oid[])"
)
_SQLITE_MARK = "SELECT schema_version FROM pragma_schema_version"


class Drift:
    """`tables` are those that are served. `refuse` is told the names of the collections that cannot be any more."""

    def __init__(self, db: Database, tables: Sequence[type[Table]], refuse: Callable[[Collection[str]], None]) -> None:
        self._db, self._refuse = db, refuse
        # Worked out now, while the tables are bound to this database.
        self._tables = {table: needed(table) for table in tables if not issubclass(table, View)}
        self._oids: list[int] = []
        self._seen: Row | None = None
        self._refused: frozenset[str] = frozenset()

    async def watch(self) -> None:
        """Looks about once a second, until cancelled. While the database is away nothing changes."""
        while True:
            try:
                await self.look()
            except PiccobaseError:
                log.debug("It could not be looked at whether the tables have changed.", exc_info=True)
            await asyncio.sleep(WATCH_EVERY)

    async def look(self) -> None:
        """Compares the tables with the code, if anything about them has changed since the last time."""
        mark = await self._mark()
        if mark == self._seen:
            return
        shape = await read_shape(self._db)
        found = {table: reason for table, wanted in self._tables.items() if (reason := unfit(wanted, shape))}
        refused = frozenset(table._meta.tablename for table in found)
        if refused != self._refused:
            self._refuse(refused)
            self._tell(refused, [f"{self._tables[table].table}{reason}" for table, reason in found.items()])
        self._refused, self._seen = refused, mark

    def _tell(self, refused: Collection[str], reasons: Sequence[str]) -> None:
        if refused:
            log.warning(
                "Tables have changed under this server: %s Requests for %s are answered with 503, until it is started "
                "anew with the code that belongs to them.",
                " ".join(reasons),
                ", ".join(sorted(refused)),
            )
        else:
            log.info("The tables fit the code of this server again.")

    async def _mark(self) -> Row:
        if self._db.dialect == "sqlite":
            (mark,) = await self._db.rows(_SQLITE_MARK)
            return mark
        if self._refused or not self._oids:  # a table that was gone comes back as another one
            names = [table._meta.get_formatted_tablename() for table in self._tables]
            rows = await self._db.rows("SELECT to_regclass(name)::oid FROM unnest($1::text[]) AS name", (names,))
            self._oids = [oid for (oid,) in rows if oid is not None]
        (mark,) = await self._db.rows(_POSTGRES_MARK, (self._oids,))
        return mark
