"""A table of SQLite made anew with another definition, by copying its rows (sqlite.org/lang_altertable.html §7).

The text of the table that is there is edited, so what nobody spoke of stays: columns, constraints, indexes and triggers
that somebody made by hand, generated columns, collations, options, the values of rowid. Columns are renamed last and by
SQLite itself, which knows who else names them: views, triggers, foreign keys of other tables.

Planned first, then run, within `engine.schema_transaction()`: dropping the old table with foreign keys on would delete
the rows that point to it.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from piccobase.base.errors import StartError
from piccobase.db.errors import DatabaseFailed
from piccobase.db.sqlite_ddl import rewrite_column
from piccobase.db.sqlite_tokens import folded, quoted, tokens
from piccobase.db.table_text import (
    Clause,
    ColumnText,
    TableText,
    names_in,
    parse_column,
    parse_constraint,
    parse_table,
    renamed_in,
    without_qualifier,
)
from piccobase.db.values import DECIMAL_ORDER


@dataclass(frozen=True, slots=True)
class StoredTable:
    """A table with all that goes when it is dropped, as the database has kept the statements that made it.

    `indexes` are those that were made by a statement of their own, by their names.
    """

    name: str
    sql: str
    indexes: Mapping[str, str] = field(default_factory=dict)
    triggers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rebuild:
    """What is to be different afterwards. Names are compared as SQLite does, whatever their letters' case.

    All that is given speaks of columns by their new names; only the keys of `change`, `drop` and the expressions in
    `values` by the old ones. A definition may have Piccolo's types and defaults (`sqlite_ddl`).
    """

    table: str
    change: Mapping[str, str] = field(default_factory=dict)
    """Column to its new definition, `"title" TEXT NOT NULL DEFAULT ''`, which may carry a new name. Checks of the old
    one, and its collation if it has one that is not ours, are kept."""
    add: Sequence[str] = ()
    """Definitions of new columns. Rows get the default, evaluated for each of them."""
    drop: Collection[str] = ()
    """Columns. Indexes and constraints over them go too (`left_out`)."""
    values: Mapping[str, str] = field(default_factory=dict)
    """New column to an expression over the columns of the old table, where it is not the old column or the default."""
    add_constraints: Mapping[str, str] = field(default_factory=dict)
    """Name to `CONSTRAINT "x" CHECK (…)`."""
    drop_constraints: Collection[str] = ()
    """Names of constraints or of indexes. It is no error when there is none of that name."""


def rebuild_statements(stored: StoredTable, rebuild: Rebuild) -> list[str]:
    """All statements, in their order, to be run one by one as they are (`Database.rows`, not `run_ddl`).

    Raises StartError for what cannot be: a column that is not there, a key that would lose a column, a generated column
    computed from one that is dropped.
    """
    return list(_Plan(stored, rebuild).statements())


def left_out(stored: StoredTable, rebuild: Rebuild) -> list[str]:
    """What goes along with the columns that are dropped: `the index posts_title`, `UNIQUE (a, b)`."""
    plan = _Plan(stored, rebuild)
    return [*(it.definition for it in plan.constraints_lost()), *(f"the index {name}" for name in plan.indexes_lost())]


class _Plan:
    """While it is built the new table is called `shadow`; a column is called as in the old table, a new one as it will
    be, unless an old one, that gets another name, still has its name.
    """

    def __init__(self, stored: StoredTable, rebuild: Rebuild) -> None:
        self.stored = stored
        self.rebuild = rebuild
        self.old = parse_table(stored.sql)
        self.shadow = f"piccobase_new_{stored.name}"
        self.dropped = frozenset(map(folded, rebuild.drop))
        self.change = {folded(name): parse_column(rewrite_column(text)) for name, text in rebuild.change.items()}
        self.add = [parse_column(rewrite_column(text)) for text in rebuild.add]
        self.constraints_to_drop = frozenset(map(folded, rebuild.drop_constraints))
        self.values = {folded(name): expression for name, expression in rebuild.values.items()}
        self._check_names()
        kept = [it for it in self.old.columns if folded(it.name) not in self.dropped]
        taken = {folded(it.name) for it in kept}
        # Pairs of the name while it is built and the name in the end.
        self.names = [(it.name, self.change.get(folded(it.name), it).name) for it in kept]
        self.names += [
            (f"piccobase_new_{it.name}" if folded(it.name) in taken else it.name, it.name) for it in self.add
        ]
        self.built = {folded(final): building for building, final in self.names if building != final}
        self.new = self._new_table(kept)

    def _check_names(self) -> None:
        there = {folded(it.name) for it in self.old.columns}
        for name in (*self.rebuild.change, *self.rebuild.drop):
            if folded(name) not in there:
                raise StartError(f"{self.stored.name} has no column {name} that could be changed or dropped.")

    def _new_table(self, kept: list[ColumnText]) -> TableText:
        columns = [self._changed(it) if folded(it.name) in self.change else self._as_it_was(it) for it in kept]
        building = [name for name, _ in self.names[len(kept) :]]
        columns += [
            replace(self._given(it), before=" ").called(name) for it, name in zip(self.add, building, strict=True)
        ]
        lost = self.constraints_lost()
        constraints = [it for it in self.old.constraints if it not in lost and not self._is_to_go(it)]
        constraints += [
            renamed_in(parse_constraint(text), self.built, self.stored.name)
            for text in self.rebuild.add_constraints.values()
        ]
        head = f"CREATE TABLE {quoted(self.shadow)} "
        return replace(self.old, head=head).with_columns(columns).with_constraints(constraints)

    def _changed(self, column: ColumnText) -> ColumnText:
        given = self._given(self.change[folded(column.name)])
        for clause in self._as_it_was(column).clauses:
            by_hand = clause.kind == "COLLATE" and DECIMAL_ORDER not in clause.text and not given.clause("COLLATE")
            if by_hand or (clause.kind == "CHECK" and clause.definition not in (it.definition for it in given.clauses)):
                given = replace(given, clauses=(*given.clauses, clause.behind(" ")))
        return replace(given, name=column.name, written=column.written, before=column.before, after=column.after)

    def _given(self, column: ColumnText) -> ColumnText:
        clauses = tuple(renamed_in(it, self.built, self.stored.name) for it in column.clauses)
        return replace(column, clauses=clauses, before="", after="")

    def _as_it_was(self, column: ColumnText) -> ColumnText:
        if column.is_generated and column.mentioned & self.dropped and folded(column.name) not in self.change:
            raise StartError(
                f"{self.stored.name}.{column.name} is computed from a column that is to be dropped "
                f"({column.definition}). Drop it as well, or compute it from others first."
            )
        clauses = tuple(it for it in column.clauses if not self._is_to_go(it) and not self._is_lost(it))
        return column if clauses == column.clauses else replace(column, clauses=clauses)

    def _is_to_go(self, clause: Clause) -> bool:
        return clause.name != "" and folded(clause.name) in self.constraints_to_drop

    def _is_lost(self, clause: Clause) -> bool:
        return clause.kind == "CHECK" and bool(clause.columns & self.dropped)

    def constraints_lost(self) -> list[Clause]:
        """Of the table, and checks of other columns."""
        lost = [it for it in self.old.constraints if it.columns & self.dropped and not self._is_to_go(it)]
        if any(it.kind == "PRIMARY KEY" for it in lost) or self.old.key & self.dropped:
            raise StartError(f"A column of the primary key of {self.stored.name} cannot be dropped.")
        others = (it for it in self.old.columns if folded(it.name) not in self.dropped)
        return lost + [it for column in others for it in column.clauses if self._is_lost(it) and not self._is_to_go(it)]

    def indexes_lost(self) -> list[str]:
        return [
            name
            for name, sql in self.stored.indexes.items()
            if folded(name) not in self.constraints_to_drop and columns_of_index(sql) & self.dropped
        ]

    # --- the statements

    def statements(self) -> Iterator[str]:
        table, shadow = quoted(self.stored.name), quoted(self.shadow)
        # A check may say `posts.price > 0`, and the table is not called posts yet.
        yield without_qualifier(self.new.text, self.stored.name)
        yield self._copy()
        if self.old.counts and self.new.counts:  # else numbers of rows that were deleted would be given again
            name, new = _text(self.stored.name), _text(self.shadow)
            yield f"DELETE FROM sqlite_sequence WHERE name = {new}"
            yield f"INSERT INTO sqlite_sequence SELECT {new}, seq FROM sqlite_sequence WHERE name = {name}"
        yield f"DROP TABLE {table}"
        # Without it SQLite would look into views and triggers, which name a table that is not there at this moment.
        yield "PRAGMA legacy_alter_table = ON"
        yield f"ALTER TABLE {shadow} RENAME TO {table}"
        yield "PRAGMA legacy_alter_table = OFF"
        lost = self.indexes_lost()
        for name, sql in self.stored.indexes.items():
            if name not in lost and folded(name) not in self.constraints_to_drop:
                yield sql
        yield from self.stored.triggers.values()
        for old, new in _one_by_one([pair for pair in self.names if pair[0] != pair[1]], self.names):
            yield f"ALTER TABLE {table} RENAME COLUMN {quoted(old)} TO {quoted(new)}"

    def _copy(self) -> str:
        into: list[str] = []
        what: list[str] = []
        rowid = self._rowid()
        if rowid and not self.new.rowid_column:  # some query may sort by it (`@rowid`)
            into.append(rowid)
            what.append(rowid)
        kept = len(self.names) - len(self.add)
        for number, ((building, final), column) in enumerate(zip(self.names, self.new.columns, strict=True)):
            value = self.values.get(folded(final), quoted(building) if number < kept else None)
            if value is not None and not column.is_generated:
                into.append(quoted(building))
                what.append(value)
        order = f" ORDER BY {rowid}" if rowid else ""
        # OR ABORT: a constraint may say ON CONFLICT IGNORE, and rows would be left out without a word.
        return (
            f"INSERT OR ABORT INTO {quoted(self.shadow)} ({', '.join(into)}) "
            f"SELECT {', '.join(what)} FROM {quoted(self.stored.name)}{order}"
        )

    def _rowid(self) -> str:
        """The name by which the rowid can be had in both, or ""."""
        columns = {folded(it.name) for it in (*self.old.columns, *self.new.columns)}
        names = (name for name in ("rowid", "_rowid_", "oid") if name not in columns)
        return next(names, "") if self.old.has_rowid else ""


def columns_of_index(sql: str) -> frozenset[str]:
    """All that it mentions, in its WHERE too."""
    found = tokens(sql)
    start = next((position for position, it in enumerate(found) if it.text == "("), len(found))
    return names_in("".join(it.text for it in found[start:]))


def _one_by_one(wanted: list[tuple[str, str]], names: list[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Renames in an order in which no two columns ever have the same name: of two that swap theirs, one steps aside."""
    taken = {folded(building) for building, _ in names}
    while wanted:
        free = next((it for it in wanted if folded(it[1]) not in taken - {folded(it[0])}), None)
        old, new = free or wanted[0]
        wanted.remove((old, new))
        if free is None:
            aside = f"piccobase_aside_{old}"
            wanted.append((aside, new))
            new = aside
        yield old, new
        taken = taken - {folded(old)} | {folded(new)}


def _text(value: str) -> str:
    escaped = value.replace("'", "''")
    return f"'{escaped}'"


# --- run


class Asks(Protocol):
    """A database or a transaction, as far as it is needed here."""

    async def rows(self, sql: str, args: Sequence[Any] = ()) -> list[Any]: ...


async def read_stored(db: Asks, table: str) -> StoredTable:
    """Raises DatabaseFailed where there is no such table."""
    found = await db.rows(
        "SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND (type = 'table' AND name = ?1 COLLATE "
        "NOCASE OR type IN ('index', 'trigger') AND tbl_name = ?1 COLLATE NOCASE) ORDER BY rowid",
        (table,),
    )
    by_kind: dict[str, dict[str, str]] = {"table": {}, "index": {}, "trigger": {}}
    for kind, name, sql in found:
        by_kind[kind][name] = sql
    if not by_kind["table"]:
        raise DatabaseFailed(f"There is no table {table}.")
    [(name, sql)] = by_kind["table"].items()
    return StoredTable(name, sql, by_kind["index"], by_kind["trigger"])


async def run_rebuild(db: Asks, rebuild: Rebuild) -> None:
    """Within a transaction whose foreign keys are off. Raises what `rebuild_statements` and the database raise."""
    for statement in rebuild_statements(await read_stored(db, rebuild.table), rebuild):
        await db.rows(statement)
