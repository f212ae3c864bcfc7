"""One table under judgement: what is asked of its rows as they are, and as they will be."""

from collections.abc import Collection, Mapping, Sequence

from piccobase.db import ddl
from piccobase.db.engine import Database, Row
from piccobase.migrations.comparing import Difference, TableDifference
from piccobase.migrations.conversions import new_value
from piccobase.migrations.conversions_postgres import for_version


class JudgedTable:
    """A table that is there before and after. `all_rows` are the tables that are in the database, with their rows.

    `version` is PostgreSQL's. Tables in `unknown` are not yet as the state before says.
    """

    def __init__(
        self,
        db: Database,
        difference: Difference,
        table: TableDifference,
        all_rows: Mapping[str, int],
        version: float,
        unknown: Collection[str],
    ) -> None:
        self.version, self.unknown = version, unknown
        self.db, self.dialect = db, db.dialect
        self.difference, self.table, self.all_rows = difference, table, all_rows
        self.rows = all_rows.get(table.before.name, 0)
        self.name = table.after.name
        self.source = table.before.table._meta.get_formatted_tablename()
        self.key = ddl.quoted(table.before.key)

    async def ask(self, sql: str) -> list[Row]:
        return await self.db.rows(self.spoken(sql))

    def spoken(self, sql: str) -> str:
        return for_version(sql, self.version) if self.dialect == "postgres" else sql

    async def count(self, where: str) -> int:
        [(count,)] = await self.ask(f"SELECT count(*) FROM {self.source} WHERE {where}")
        return int(count)

    def values(self, columns: Sequence[str]) -> str:
        """The table as it will be, with the key as it was: as a subquery of that name."""
        values = [f"{new_value(self.table, name, self.dialect)} AS {ddl.quoted(name)}" for name in columns]
        selected = ", ".join([*values, f'CAST({self.key} AS TEXT) AS "_key"'])
        return f"(SELECT {selected} FROM {self.source}) AS {ddl.quoted(self.table.after.table._meta.tablename)}"


def rows_in_words(count: int) -> str:
    return "1 row" if count == 1 else f"{count} rows"


def has(count: int) -> str:
    return "has" if count == 1 else "have"


def point(count: int) -> str:
    return "points" if count == 1 else "point"


def breaks(count: int) -> str:
    return "breaks" if count == 1 else "break"
