"""A difference as SQL for CockroachDB: a text to be run statement by statement, each a transaction of its own.

It is PostgreSQL's plan with what CockroachDB does otherwise, as its documentation tells (no server was asked):

- a column's type is changed by a statement of its own, with USING, and not within a transaction; no index and no
  constraint may speak of the column meanwhile, so these go before and come again after it;
- a unique constraint is dropped as the index that it is;
- JSON is JSONB, `NULLS NOT DISTINCT` is an index on expressions, texts are compared by their bytes without a collation;
- functions belong to the schema, not to the connection: they are dropped at the end.
"""

import re
from collections.abc import Iterator, Sequence

from piccobase.db.ddl import quoted
from piccobase.db.shape import Shape
from piccobase.db.value_kinds import kind_of
from piccobase.migrations import costs
from piccobase.migrations.changes import Problem, SchemaChange, Step
from piccobase.migrations.comparing import TableDifference, compare
from piccobase.migrations.conversions import is_conversion
from piccobase.migrations.conversions_postgres import CREATE_TEXTS, TEXTS
from piccobase.migrations.described import DescribedTable, Part, referenced_columns
from piccobase.migrations.planning_postgres import PostgresPlan, called, is_wider

_ONLINE = "online: neither readers nor writers wait"
_TEXTS = TEXTS.removeprefix("pg_temp.")
_IS_VALID = "piccobase_is_valid"
_CHECKED_TYPE = re.compile(r", '([a-z][\w (),\[\]]*)'\)")


class CockroachDialect:
    """Stands for an engine where tables are only described: Piccolo asks it what it calls a column's type."""

    engine_type = "cockroach"
    dialect = "postgres"


def plan_cockroach(change: SchemaChange) -> tuple[list[Step], list[Problem]]:
    """The steps, and what has to be done by hand. The tables are bound to a CockroachDialect.

    Names are those that are declared; losses are not judged, since nothing is asked.
    """
    plan = _CockroachPlan(compare(change, "postgres"), referenced_columns(change.after), Shape("postgres"), {})
    return plan.steps(), list(plan.problems())


class _CockroachPlan(PostgresPlan):
    def steps(self) -> list[Step]:
        found = super().steps()
        text = " ".join(step.sql for step in found)
        gone = [f"DROP FUNCTION {name}" for name in (_TEXTS, _IS_VALID) if f"{name}(" in text]
        return [*found, *(self._step(sql, "is needed no more", "") for sql in gone)]

    def problems(self) -> Iterator[Problem]:
        for table in self.difference.changed:
            for before, after in table.changed:
                kinds = {kind_of(before.column).family, kind_of(after.column).family}
                if "interval" in kinds and len(kinds) > 1:
                    text = "an interval cannot be converted there: add a column, fill it, and drop the old one."
                    yield Problem(place=f"{table.after.name}.{after.name}", text=text)

    def _functions(self, steps: Sequence[Step]) -> Iterator[Step]:
        text = " ".join(step.sql for step in steps)
        if f"{_TEXTS}(" in text:
            sql = CREATE_TEXTS.replace(TEXTS, _TEXTS).replace("CREATE OR REPLACE", "CREATE")
            yield self._step(sql, "reads lists in JSON, for this migration alone", "")
        if f"{_IS_VALID}(" in text:
            types = sorted(set(_CHECKED_TYPE.findall(text)))
            yield self._step(_create_is_valid(types), "tells whether a text can be converted", "")

    def _step(self, sql: str, says: str, table: str, *, rows: int = 0, each: float = 0.0, lock: str = _ONLINE) -> Step:
        return costs.step(_spoken(sql), says, table, rows=rows, each=each, lock=_ONLINE, dialect="postgres")

    # --- tables

    def _create(self, table: DescribedTable) -> Iterator[Step]:
        same = [part for part in table.parts if part.kind == "unique" and part.text]
        for step in super()._create(table):
            sql = step.sql
            for part in same:
                columns = ", ".join(map(quoted, part.columns))
                sql = sql.replace(f", CONSTRAINT {quoted(part.name)} UNIQUE {part.text} ({columns})", "")
            for column in table.columns.values():
                if column.counts and sql.startswith("CREATE TABLE"):
                    head = f"{quoted(column.name)} {column.column.column_type} "
                    key = "PRIMARY KEY NOT NULL" if column.key else "NOT NULL"
                    sql = sql.replace(head + key, f"{head}{key} DEFAULT unique_rowid()")
            yield self._step(sql, step.says, step.table)
        for part in same:
            yield self._add_part(table, part, 0)

    def _rename_sequences(self, table: TableDifference) -> Iterator[Step]:
        return iter(())  # numbers come from a function

    # --- columns

    def _together(self, alters: Sequence[str]) -> list[str]:
        return list(alters)

    def _converted(self, table: TableDifference) -> set[str]:
        return {
            new.name for old, new in table.changed if is_conversion(old, new, "postgres") and not is_wider(old, new)
        }

    def _in_the_way(self, table: TableDifference) -> list[Part]:
        """Parts that stay, and speak of a column that is converted."""
        converted = self._converted(table)
        parts = [it for it in table.after.parts if it not in table.added_parts]
        return [
            it
            for it in parts
            if converted & set(it.columns)
            or (it.kind == "check" and any(quoted(name) in it.text for name in converted))
        ]

    def _types(self, table: TableDifference) -> Iterator[Step]:
        for part in self._in_the_way(table):
            yield self._drop_part(table.after, part, part.name, part.kind not in ("index", "unique index"))
        yield from super()._types(table)

    def _add_parts(self, table: TableDifference) -> Iterator[Step]:
        for part in self._in_the_way(table):
            yield self._add_part(table.after, part, 0)
        yield from super()._add_parts(table)

    # --- indexes and constraints

    def _drop_part(self, table: DescribedTable, part: Part, name: str, is_constraint: bool) -> Step:
        if part.kind in ("check", "foreign key"):
            return super()._drop_part(table, part, name, is_constraint)
        sql = f"DROP INDEX {called(table.table)}@{quoted(name)} CASCADE"
        return self._step(sql, f"drops the {part.kind} {name} of {table.name}", table.name)

    def _add_part(self, table: DescribedTable, part: Part, rows: int) -> Step:
        if part.kind != "unique" or not part.text:
            return super()._add_part(table, part, rows)
        columns = ", ".join(f"(ifnull({quoted(it)}::STRING, '')), ({quoted(it)} IS NULL)" for it in part.columns)
        sql = f"CREATE UNIQUE INDEX {quoted(part.name)} ON {called(table.table)} ({columns})"
        return self._step(sql, f"creates the index {part.name} of {table.name}", table.name)


def _spoken(sql: str) -> str:
    """What is said otherwise, wherever it stands."""
    if sql.startswith("DO $type$"):
        created = sql.partition("CREATE TYPE ")[2].partition("; EXCEPTION")[0]
        return f"CREATE TYPE IF NOT EXISTS {created}"
    sql = sql.replace("pg_input_is_valid(", f"{_IS_VALID}(").replace(f"{TEXTS}(", f"{_TEXTS}(")
    return re.sub(r" USING (?:btree|hash|gist) (?=\()", " ", sql)


def _create_is_valid(types: Sequence[str]) -> str:
    branches = " ".join(
        f"{'IF' if number == 0 else 'ELSIF'} kind = '{type_}' THEN PERFORM input::{type_};"
        for number, type_ in enumerate(types)
    )
    return (
        f"CREATE FUNCTION {_IS_VALID}(input STRING, kind STRING) RETURNS BOOL LANGUAGE plpgsql AS $$ BEGIN {branches} "
        "END IF; RETURN true; EXCEPTION WHEN others THEN RETURN false; END $$"
    )
