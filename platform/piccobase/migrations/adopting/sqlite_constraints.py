"""Constraints in the text of a table of SQLite, named as this server names them: so a migration can drop each one."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from piccobase.db.ddl import fitting
from piccobase.db.sqlite_tokens import folded, quoted
from piccobase.db.table_text import Clause, ColumnText, TableText
from piccobase.migrations.adopting.found import FoundIndex

_NAMED = re.compile(r'CONSTRAINT\s+(?:"(?:[^"]|"")*"|`[^`]*`|\[[^\]]*\]|\w+)\s+', re.IGNORECASE)


def named(text: TableText, table: str, indexes: Sequence[FoundIndex]) -> TableText:
    """The same table: checks of a column are the table's, and what is unique alone is so in its column's definition."""
    return _Naming(text, table, indexes).done()


class _Naming:
    def __init__(self, text: TableText, table: str, indexes: Sequence[FoundIndex]) -> None:
        self.text, self.table = text, table
        self.columns_of = {frozenset(map(folded, index.columns)): index.columns for index in indexes if index.unique}
        self.taken = {folded(clause.name) for clause in text.constraints if clause.name}
        self.unique_alone: set[str] = set()

    def done(self) -> TableText:
        constraints = list(self._constraints())
        return self.text.with_columns(map(self._column, self.text.columns)).with_constraints(constraints)

    def _constraints(self) -> Iterator[Clause]:
        for clause in self.text.constraints:
            if clause.kind == "UNIQUE" and len(clause.columns) == 1:
                self.unique_alone |= clause.columns
            elif clause.kind == "UNIQUE":
                called = "_".join(self.columns_of.get(clause.columns, sorted(clause.columns)))
                yield self._called(clause, clause.name or called)
            elif clause.kind == "CHECK":
                yield self._called(clause, clause.name or "check")
            else:
                yield clause
        for column in self.text.columns:
            for clause in column.clauses:
                if clause.kind == "CHECK":
                    yield self._called(clause, clause.name or f"{column.name}_check").behind(",\n  ")

    def _called(self, clause: Clause, name: str) -> Clause:
        """As `ddl.constraint_name` calls it."""
        prefix = f"{self.table}_"
        wanted = fitting(name if name.startswith(prefix) else prefix + name)
        if wanted == clause.name:
            return clause
        number, free = 2, wanted
        while folded(free) in self.taken:
            number, free = number + 1, fitting(f"{wanted}_{number}")
        self.taken.add(folded(free))
        body = _NAMED.sub("", clause.definition, count=1) if clause.name else clause.definition
        return replace(clause, name=free, text=f"{clause.space}CONSTRAINT {quoted(free)} {body}")

    def _column(self, column: ColumnText) -> ColumnText:
        column = column.without("CHECK")
        alone = folded(column.name) in self.unique_alone and column.clause("UNIQUE") is None
        return column.having("UNIQUE", "UNIQUE") if alone else column
