"""What a change would lose, and what it cannot do, judged by counting the rows that are there. Changes nothing."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass

from piccobase.db import ddl
from piccobase.db.engine import Database, Row
from piccobase.db.shape import TRASH_PREFIX
from piccobase.db.value_kinds import kind_of
from piccobase.migrations.changes import Loss, Problem
from piccobase.migrations.comparing import Difference, TableDifference
from piccobase.migrations.conversions import (
    converted,
    default_value,
    is_constant,
    is_conversion,
    kept,
    new_value,
    zero,
)
from piccobase.migrations.conversions_postgres import for_version, functions_for
from piccobase.migrations.described import DescribedColumn, DescribedTable, Part

SHOWN = 3  # ids in a message


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """The values that a loss is about, for the trash: those of `column` in the rows that `where` says, or all rows.

    `table` is as it was before, `new_column` what the column is called afterwards, of the type `new_type`; both are
    empty for one that is not there any more.
    """

    loss: Loss
    table: DescribedTable
    column: str = ""
    new_table: str = ""
    new_key: str = ""
    new_column: str = ""
    new_type: str = ""
    where: str = ""


@dataclass(frozen=True, slots=True)
class Judgement:
    losses: tuple[Kept, ...] = ()
    problems: tuple[Problem, ...] = ()


async def judge(
    db: Database, difference: Difference, rows: Mapping[str, int], version: float, unknown: Collection[str] = ()
) -> Judgement:
    """`rows` are the tables of the state before that are in the database, with the number of their rows.

    `version` is PostgreSQL's. Tables in `unknown` are not yet as the state before says: nothing is asked of them.
    """
    if db.dialect == "sqlite" or not (functions := functions_for(_conversions(difference), version)):
        return await _judge(db, difference, rows, version, unknown)
    async with db.transaction():  # which has one connection for all
        for sql in functions:
            await db.rows(sql)
        return await _judge(db, difference, rows, version, unknown)


def _conversions(difference: Difference) -> str:
    """All of them as one text, to look for what they call."""
    return " ".join(
        kept(name, kind_of(before.column), kind_of(after.column), "postgres")
        for table in difference.changed
        for before, after in table.kept
        for name in ["value"]
        if is_conversion(before, after, "postgres")
    )


async def _judge(
    db: Database, difference: Difference, rows: Mapping[str, int], version: float, unknown: Collection[str]
) -> Judgement:
    found: list[Kept | Problem] = []
    for table in difference.dropped:
        if count := rows.get(table.name):
            why = f"the table is dropped with {_rows(count)}."
            found.append(Kept(loss=Loss(place=table.name, kind="dropped", rows=count, why=why), table=table))
    for table in difference.created:
        if trash := difference.trashed.get(table.name):
            found += [it async for it in _rows_that_cannot_come_back(db, difference, table, trash)]
    for common in difference.changed:
        found += [it async for it in _Judge(db, difference, common, rows, version, unknown).all()]
    return Judgement(
        tuple(it for it in found if isinstance(it, Kept)), tuple(it for it in found if isinstance(it, Problem))
    )


async def _rows_that_cannot_come_back(
    db: Database, difference: Difference, table: DescribedTable, trash: str
) -> AsyncIterator[Problem]:
    """Of a table that was dropped: those that point to what somebody has deleted since."""
    for part in table.parts:
        target = next((it for it in difference.common if part.pointer and it.after.name == part.pointer.table), None)
        if part.pointer is None or target is None:
            continue
        column = ddl.quoted(part.columns[0])
        there = f"n.{ddl.quoted(target.old_name(part.pointer.column))} = t.{column}"
        gone = f"NOT EXISTS (SELECT 1 FROM {target.before.table._meta.get_formatted_tablename()} AS n WHERE {there})"
        [(count,)] = await db.rows(
            f"SELECT count(*) FROM {ddl.quoted(trash)} AS t WHERE t.{column} IS NOT NULL AND {gone}"
        )
        if count:
            text = (
                f"{_rows(count)} in the trash {_point(count)} to a record that is not in {part.pointer.table} "
                f"any more. {_without_trash(trash)}"
            )
            yield Problem(place=f"{table.name}.{part.columns[0]}", text=text)


def _without_trash(trash: str) -> str:
    return f"To go back without them: piccobase migrate purge {trash.removeprefix(TRASH_PREFIX)}"


class _Judge:
    """One table."""

    def __init__(
        self,
        db: Database,
        difference: Difference,
        table: TableDifference,
        rows: Mapping[str, int],
        version: float,
        unknown: Collection[str],
    ) -> None:
        self.version, self.unknown = version, unknown
        self.db, self.dialect = db, db.dialect
        self.difference, self.table, self.all_rows = difference, table, rows
        self.rows = rows.get(table.before.name, 0)
        self.name = table.after.name
        self.source = table.before.table._meta.get_formatted_tablename()
        self.key = ddl.quoted(table.before.key)

    async def all(self) -> AsyncIterator[Kept | Problem]:
        for problem in self._key_problems():
            yield problem
        if not self.rows:
            return
        for column in self.table.dropped:
            async for found in self._dropped(column):
                yield found
        for before, after in self.table.kept:
            async for found in self._changed(before, after):
                yield found
        for column in self.table.added:
            async for found in self._added(column):
                yield found
        for part in self._parts_to_check():
            async for found in self._violations(part):
                yield found

    # --- the key

    def _key_problems(self) -> list[Problem]:
        before, after = self.table.before, self.table.after
        old, new = before.columns[before.key], after.columns[after.key]
        way_out = (
            "Keep the key, or make a new table and copy the rows in a migration of your own (`migrate new --empty`)."
        )
        if self.table.old_name(after.key) != before.key:
            text = f"the primary key was {before.key} and is to be {after.key}. {way_out}"
            return [Problem(place=self.name, text=text)]
        same = kind_of(old.column).family == kind_of(new.column).family and old.counts == new.counts
        if not same or (old.counts and old.type != new.type):
            text = f"the type of a primary key cannot be changed (from {old.type} to {new.type}). {way_out}"
            return [Problem(place=f"{self.name}.{after.key}", text=text)]
        return []

    # --- columns

    async def _dropped(self, column: DescribedColumn) -> AsyncIterator[Kept | Problem]:
        """Nothing is lost where a column holds what every record would hold."""
        name = ddl.quoted(column.name)
        where = f"{name} IS NOT NULL"
        for nothing in {zero(column, self.dialect), default_value(column, self.dialect)}:
            if nothing is not None and is_constant(nothing) and kind_of(column.column).family not in ("other",):
                where += f" AND {self._differs(column, name, nothing)}"
        if count := await self._count(where):
            place = f"{self.name}.{column.name}"
            why = f"the column is dropped, and {_rows(count)} {_has(count)} a value in it."
            loss = Loss(place=place, kind="dropped", rows=count, why=why)
            yield Kept(loss=loss, table=self.table.before, column=column.name, new_table=self.name, where=where)

    def _differs(self, column: DescribedColumn, name: str, value: str) -> str:
        if self.dialect == "postgres" and kind_of(column.column).family in ("json", "list"):
            return f"{name}::jsonb IS DISTINCT FROM {value}::jsonb"
        return f"{name} <> {value}"

    async def _changed(self, before: DescribedColumn, after: DescribedColumn) -> AsyncIterator[Kept | Problem]:
        name, place = ddl.quoted(before.name), f"{self.name}.{after.name}"
        source, target = kind_of(before.column), kind_of(after.column)
        if is_conversion(before, after, self.dialect):
            where = f"{name} IS NOT NULL AND NOT ({kept(name, source, target, self.dialect)})"
            if count := await self._count(where):
                why = f"{_rows(count)} {_has(count)} a value that {_type(after)} cannot hold as it is."
                yield self._lost(Loss(place=place, kind="narrowed", rows=count, why=why), before, after, where)
            value = converted(name, source, target, self.dialect)
            missing = f"({value}) IS NULL AND ({name} IS NULL OR ({kept(name, source, target, self.dialect)}))"
        else:
            missing = f"{name} IS NULL"
        if after.null or default_value(after, self.dialect) is not None:
            return
        count = await self._count(missing)
        if not count:
            return
        if target.pointing:
            yield Problem(place=place, text=f"{_rows(count)} {_point(count)} to nothing, and {_WAY_OUT_FOREIGN_KEY}")
        else:
            why = f"{_rows(count)} {_has(count)} no value, and there may be none: they get {zero(after, self.dialect)}."
            yield self._lost(Loss(place=place, kind="filled", rows=count, why=why), before, after, missing)

    def _lost(self, loss: Loss, before: DescribedColumn, after: DescribedColumn, where: str) -> Kept:
        return Kept(
            loss=loss,
            table=self.table.before,
            column=before.name,
            new_table=self.name,
            new_key=self.table.after.key,
            new_column=after.name,
            where=self._spoken(where),
            new_type=after.column.column_type,
        )

    async def _added(self, column: DescribedColumn) -> AsyncIterator[Kept | Problem]:
        if column.null or column.counts or default_value(column, self.dialect) is not None:
            return
        place, count = f"{self.name}.{column.name}", self.rows
        if trash := self.table.trashed.get(column.name):
            there = f't."key" = {self.source}.{self.key}'
            count = await self._count(f"NOT EXISTS (SELECT 1 FROM {ddl.quoted(trash)} AS t WHERE {there})")
            if not count:
                return
        if kind_of(column.column).pointing:
            yield Problem(place=place, text=f"{_rows(count)} would point to nothing, and {_WAY_OUT_FOREIGN_KEY}")
            return
        why = f"the column may not be empty and has no default: {_rows(count)} get {zero(column, self.dialect)}."
        loss = Loss(place=place, kind="filled", rows=count, why=why)
        yield Kept(loss=loss, table=self.table.before)

    # --- indexes and constraints

    def _parts_to_check(self) -> list[Part]:
        """New ones, and those over columns whose values change."""
        changed = {
            after.name
            for before, after in self.table.kept
            if is_conversion(before, after, self.dialect) or (before.null and not after.null)
        }
        parts = [it for it in self.table.after.parts if it.kind != "index"]
        return [it for it in parts if it in self.table.added_parts or changed & set(it.columns)]

    async def _violations(self, part: Part) -> AsyncIterator[Kept | Problem]:
        match part.kind:
            case "unique" | "unique index":
                problem = await self._duplicates(part)
            case "check":
                problem = await self._unfulfilled(part)
            case _:
                problem = await self._pointing_nowhere(part)
        if problem:
            yield problem

    def _values(self, columns: Sequence[str]) -> str:
        """The table as it will be, with the key as it was: as a subquery of that name."""
        values = [f"{new_value(self.table, name, self.dialect)} AS {ddl.quoted(name)}" for name in columns]
        selected = ", ".join([*values, f'CAST({self.key} AS TEXT) AS "_key"'])
        return f"(SELECT {selected} FROM {self.source}) AS {ddl.quoted(self.table.after.table._meta.tablename)}"

    async def _duplicates(self, part: Part) -> Problem | None:
        names = [ddl.quoted(name) for name in part.columns]
        listed = ", ".join(names)
        if part.kind == "unique index":
            condition = f" WHERE {part.text}"
        elif part.text:  # NULLS NOT DISTINCT
            condition = ""
        else:
            condition = " WHERE " + " AND ".join(f"{name} IS NOT NULL" for name in names)
        found = await self._ask(
            f'SELECT count(*), min("_key"), max("_key") FROM {self._values(part.columns)}{condition} '
            f"GROUP BY {listed} HAVING count(*) > 1 ORDER BY 2 LIMIT {SHOWN}"
        )
        if not found:
            return None
        pairs = "; ".join(f"{first} and {last}" for _, first, last in found)
        place = f"{self.name}.{'+'.join(part.columns)}"
        text = (
            f"is to be unique, and these records are the same there: {pairs}. Make them differ first, or add a column "
            "with null=True and fill it before it becomes unique."
        )
        return Problem(place=place, text=text)

    async def _unfulfilled(self, part: Part) -> Problem | None:
        condition = part.text.removeprefix("CHECK").strip()
        found = await self._ask(
            f'SELECT count(*), min("_key") FROM {self._values(list(self.table.after.columns))} WHERE NOT {condition}'
        )
        [(count, first)] = found
        if not count:
            return None
        text = f"{_rows(count)} {_break(count)} the check {part.name}, the first is {first}. Correct them first."
        return Problem(place=self.name, text=text)

    async def _pointing_nowhere(self, part: Part) -> Problem | None:
        assert part.pointer is not None
        [name] = part.columns
        column = self.table.after.columns[name]
        if column in self.table.added and name not in self.table.trashed and column.default is None:
            return None  # NULL everywhere
        target_before = next(
            (it.before.name for it in self.difference.common if it.after.name == part.pointer.table), ""
        )
        if target_before in self.unknown:
            return None
        target = self._target(part.pointer.table)
        where = f"{ddl.quoted(name)} IS NOT NULL"
        if target:
            old_column = next(
                (
                    it.old_name(part.pointer.column)
                    for it in self.difference.common
                    if it.after.name == part.pointer.table
                ),
                part.pointer.column,
            )
            there = f"t.{ddl.quoted(old_column)}"
            values = ddl.quoted(self.table.after.table._meta.tablename)
            where += f" AND NOT EXISTS (SELECT 1 FROM {target} AS t WHERE {there} = {values}.{ddl.quoted(name)})"
        [(count, first)] = await self._ask(f'SELECT count(*), min("_key") FROM {self._values([name])} WHERE {where}')
        if not count:
            return None
        trash = self.table.trashed.get(name)
        text = (
            f"{_rows(count)} {_point(count)} to a record that is not in {part.pointer.table}, the first is {first}. "
            f"{_without_trash(trash) if trash else 'Correct them first.'}"
        )
        return Problem(place=f"{self.name}.{name}", text=text)

    def _target(self, name: str) -> str:
        """The table of that name as it is called now, "" while it is not there."""
        common = next((it for it in self.difference.common if it.after.name == name), None)
        if common is not None:
            return common.before.table._meta.get_formatted_tablename() if common.before.name in self.all_rows else ""
        if any(table.name == name for table in self.difference.created):
            return ""
        return ".".join(map(ddl.quoted, name.split(".")))  # somebody else's table

    async def _ask(self, sql: str) -> list[Row]:
        return await self.db.rows(self._spoken(sql))

    def _spoken(self, sql: str) -> str:
        return for_version(sql, self.version) if self.dialect == "postgres" else sql

    async def _count(self, where: str) -> int:
        [(count,)] = await self._ask(f"SELECT count(*) FROM {self.source} WHERE {where}")
        return int(count)


_WAY_OUT_FOREIGN_KEY = "no record can be made up. Keep null=True, or say first in a migration where they point to."


def _type(column: DescribedColumn) -> str:
    return str(column.column.column_type)


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count} rows"


def _has(count: int) -> str:
    return "has" if count == 1 else "have"


def _point(count: int) -> str:
    return "points" if count == 1 else "point"


def _break(count: int) -> str:
    return "breaks" if count == 1 else "break"
