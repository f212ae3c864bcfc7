"""What a change would lose, and what it cannot do, judged by counting the rows that are there. Changes nothing."""

from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass

from piccobase.db import ddl
from piccobase.db.engine import Database
from piccobase.db.value_kinds import kind_of
from piccobase.migrations.changes import Loss, Problem
from piccobase.migrations.comparing import Difference
from piccobase.migrations.conversions import (
    converted,
    default_value,
    is_constant,
    is_conversion,
    kept,
    zero,
)
from piccobase.migrations.conversions_postgres import functions_for
from piccobase.migrations.described import DescribedColumn, DescribedTable
from piccobase.migrations.judged import JudgedTable, has, point, rows_in_words
from piccobase.migrations.violations import rows_that_cannot_come_back, violations


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
            why = f"the table is dropped with {rows_in_words(count)}."
            found.append(Kept(loss=Loss(place=table.name, kind="dropped", rows=count, why=why), table=table))
    for table in difference.created:
        if trash := difference.trashed.get(table.name):
            found += [it async for it in rows_that_cannot_come_back(db, difference, table, trash)]
    for common in difference.changed:
        found += [it async for it in _Judge(db, difference, common, rows, version, unknown).all()]
    return Judgement(
        tuple(it for it in found if isinstance(it, Kept)), tuple(it for it in found if isinstance(it, Problem))
    )


class _Judge(JudgedTable):
    """Its columns."""

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
        async for problem in violations(self):
            yield problem

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
        if count := await self.count(where):
            place = f"{self.name}.{column.name}"
            why = f"the column is dropped, and {rows_in_words(count)} {has(count)} a value in it."
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
            if count := await self.count(where):
                why = f"{rows_in_words(count)} {has(count)} a value that {_type(after)} cannot hold as it is."
                yield self._lost(Loss(place=place, kind="narrowed", rows=count, why=why), before, after, where)
            value = converted(name, source, target, self.dialect)
            missing = f"({value}) IS NULL AND ({name} IS NULL OR ({kept(name, source, target, self.dialect)}))"
        else:
            missing = f"{name} IS NULL"
        if after.null or default_value(after, self.dialect) is not None:
            return
        count = await self.count(missing)
        if not count:
            return
        if target.pointing:
            yield Problem(
                place=place, text=f"{rows_in_words(count)} {point(count)} to nothing, and {_WAY_OUT_FOREIGN_KEY}"
            )
        else:
            nothing = zero(after, self.dialect)
            why = f"{rows_in_words(count)} {has(count)} no value, and there may be none: they get {nothing}."
            yield self._lost(Loss(place=place, kind="filled", rows=count, why=why), before, after, missing)

    def _lost(self, loss: Loss, before: DescribedColumn, after: DescribedColumn, where: str) -> Kept:
        return Kept(
            loss=loss,
            table=self.table.before,
            column=before.name,
            new_table=self.name,
            new_key=self.table.after.key,
            new_column=after.name,
            where=self.spoken(where),
            new_type=after.column.column_type,
        )

    async def _added(self, column: DescribedColumn) -> AsyncIterator[Kept | Problem]:
        if column.null or column.counts or default_value(column, self.dialect) is not None:
            return
        place, count = f"{self.name}.{column.name}", self.rows
        if trash := self.table.trashed.get(column.name):
            there = f't."key" = {self.source}.{self.key}'
            count = await self.count(f"NOT EXISTS (SELECT 1 FROM {ddl.quoted(trash)} AS t WHERE {there})")
            if not count:
                return
        if kind_of(column.column).pointing:
            yield Problem(
                place=place, text=f"{rows_in_words(count)} would point to nothing, and {_WAY_OUT_FOREIGN_KEY}"
            )
            return
        why = (
            f"the column may not be empty and has no default: {rows_in_words(count)} get {zero(column, self.dialect)}."
        )
        loss = Loss(place=place, kind="filled", rows=count, why=why)
        yield Kept(loss=loss, table=self.table.before)


_WAY_OUT_FOREIGN_KEY = "no record can be made up. Keep null=True, or say first in a migration where they point to."


def _type(column: DescribedColumn) -> str:
    return str(column.column.column_type)
