"""Indexes and constraints that the rows do not fulfil, which is a problem that nobody can accept."""

from collections.abc import AsyncIterator

from piccobase.db import ddl
from piccobase.db.engine import Database
from piccobase.db.shape import TRASH_PREFIX
from piccobase.migrations.changes import Problem
from piccobase.migrations.comparing import Difference, TableDifference
from piccobase.migrations.conversions import is_conversion
from piccobase.migrations.described import DescribedTable, Part
from piccobase.migrations.judged import JudgedTable, breaks, point, rows_in_words

SHOWN = 3  # ids in a message


async def violations(judged: JudgedTable) -> AsyncIterator[Problem]:
    for part in _parts_to_check(judged):
        if problem := await _violation(judged, part):
            yield problem


def _parts_to_check(judged: JudgedTable) -> list[Part]:
    """New ones, and those over columns whose values change."""
    changed = {
        after.name
        for before, after in judged.table.kept
        if is_conversion(before, after, judged.dialect) or (before.null and not after.null)
    }
    parts = [it for it in judged.table.after.parts if it.kind != "index"]
    return [it for it in parts if it in judged.table.added_parts or changed & set(it.columns)]


async def _violation(judged: JudgedTable, part: Part) -> Problem | None:
    match part.kind:
        case "unique" | "unique index":
            return await _duplicates(judged, part)
        case "check":
            return await _unfulfilled(judged, part)
        case _:
            return await _pointing_nowhere(judged, part)


async def _duplicates(judged: JudgedTable, part: Part) -> Problem | None:
    names = [ddl.quoted(name) for name in part.columns]
    listed = ", ".join(names)
    if part.kind == "unique index":
        condition = f" WHERE {part.text}"
    elif part.text:  # NULLS NOT DISTINCT
        condition = ""
    else:
        condition = " WHERE " + " AND ".join(f"{name} IS NOT NULL" for name in names)
    found = await judged.ask(
        f'SELECT count(*), min("_key"), max("_key") FROM {judged.values(part.columns)}{condition} '
        f"GROUP BY {listed} HAVING count(*) > 1 ORDER BY 2 LIMIT {SHOWN}"
    )
    if not found:
        return None
    pairs = "; ".join(f"{first} and {last}" for _, first, last in found)
    place = f"{judged.name}.{'+'.join(part.columns)}"
    text = (
        f"is to be unique, and these records are the same there: {pairs}. Make them differ first, or add a column "
        "with null=True and fill it before it becomes unique."
    )
    return Problem(place=place, text=text)


async def _unfulfilled(judged: JudgedTable, part: Part) -> Problem | None:
    condition = part.text.removeprefix("CHECK").strip()
    found = await judged.ask(
        f'SELECT count(*), min("_key") FROM {judged.values(list(judged.table.after.columns))} WHERE NOT {condition}'
    )
    [(count, first)] = found
    if not count:
        return None
    text = f"{rows_in_words(count)} {breaks(count)} the check {part.name}, the first is {first}. Correct them first."
    return Problem(place=judged.name, text=text)


async def _pointing_nowhere(judged: JudgedTable, part: Part) -> Problem | None:
    assert part.pointer is not None
    [name] = part.columns
    column = judged.table.after.columns[name]
    if column in judged.table.added and name not in judged.table.trashed and column.default is None:
        return None  # NULL everywhere
    common = next((it for it in judged.difference.common if it.after.name == part.pointer.table), None)
    if common is not None and common.before.name in judged.unknown:
        return None
    where = f"{ddl.quoted(name)} IS NOT NULL"
    if target := _target(judged, common, part.pointer.table):
        key = common.old_name(part.pointer.column) if common is not None else part.pointer.column
        there = f"t.{ddl.quoted(key)}"
        values = ddl.quoted(judged.table.after.table._meta.tablename)
        where += f" AND NOT EXISTS (SELECT 1 FROM {target} AS t WHERE {there} = {values}.{ddl.quoted(name)})"
    [(count, first)] = await judged.ask(f'SELECT count(*), min("_key") FROM {judged.values([name])} WHERE {where}')
    if not count:
        return None
    trash = judged.table.trashed.get(name)
    text = (
        f"{rows_in_words(count)} {point(count)} to a record that is not in {part.pointer.table}, the first is {first}. "
        f"{_without_trash(trash) if trash else 'Correct them first.'}"
    )
    return Problem(place=f"{judged.name}.{name}", text=text)


def _target(judged: JudgedTable, common: TableDifference | None, name: str) -> str:
    """The table of that name as it is called now, "" while it is not there."""
    if common is not None:
        return common.before.table._meta.get_formatted_tablename() if common.before.name in judged.all_rows else ""
    if any(table.name == name for table in judged.difference.created):
        return ""
    return ".".join(map(ddl.quoted, name.split(".")))  # somebody else's table


async def rows_that_cannot_come_back(
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
                f"{rows_in_words(count)} in the trash {point(count)} to a record that is not in {part.pointer.table} "
                f"any more. {_without_trash(trash)}"
            )
            yield Problem(place=f"{table.name}.{part.columns[0]}", text=text)


def _without_trash(trash: str) -> str:
    return f"To go back without them: piccobase migrate purge {trash.removeprefix(TRASH_PREFIX)}"
