"""Reads the tables of a SQLite file: what its pragmas tell, and what only the text of a CREATE TABLE does."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

from piccobase.db.engine import Database
from piccobase.db.sqlite_tokens import folded, quoted
from piccobase.db.table_text import Clause, TableText, parse_table
from piccobase.migrations.adopting.found import FoundCheck, FoundColumn, FoundForeignKey, FoundIndex, FoundTable


async def read_tables(db: Database) -> list[FoundTable]:
    """Everything that looks like a table, by name. Types are as they were declared."""
    listed = await db.rows(
        "SELECT name, type FROM pragma_table_list WHERE schema = 'main' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' "
        "AND type != 'shadow' ORDER BY name"
    )
    names = {folded(name): name for name, _ in listed}
    return [
        await _table(db, name, names) if kind == "table" else FoundTable(name=name, kind=_KINDS.get(kind, str(kind)))
        for name, kind in listed
    ]


_KINDS = {"virtual": "virtual table"}


def referring_columns(tables: Sequence[FoundTable]) -> set[tuple[str, str]]:
    """Columns that foreign keys lead from or to: their values must stay as they are, or differ on both ends alike."""
    ends = set()
    for table in tables:
        for foreign_key in table.foreign_keys:
            ends |= {(table.name, column) for column in foreign_key.columns}
            ends |= {(foreign_key.table, column) for column in foreign_key.to}
    return ends


async def _table(db: Database, name: str, names: dict[str, str]) -> FoundTable:
    ((sql,),) = await db.rows("SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ?", (name,))
    text = parse_table(sql)
    columns = await db.rows(
        'SELECT name, type, "notnull", dflt_value, pk, hidden FROM pragma_table_xinfo(?) ORDER BY cid', (name,)
    )
    key = tuple(column for _, column in sorted((pk, column) for column, *_, pk, _ in columns if pk))
    counted = text.rowid_column
    triggers = await db.rows(
        "SELECT name FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = ? ORDER BY name", (name,)
    )
    return FoundTable(
        name=name,
        columns=[
            FoundColumn(
                name=column,
                type=type_,
                nullable=not not_null and not pk,
                default=default,
                computed=hidden in (2, 3),
                identity="default" if counted and folded(counted) == folded(column) else "",
            )
            for column, type_, not_null, default, pk, hidden in columns
        ],
        key=key,
        indexes=_with_names(await _indexes(db, name), text),
        foreign_keys=await _foreign_keys(db, name, names),
        checks=list(_checks(text)),
        others=[f"trigger {trigger}" for (trigger,) in triggers],
    )


async def _indexes(db: Database, table: str) -> list[FoundIndex]:
    rows = await db.rows(
        'SELECT i.name, i."unique", i.partial, c.name, s.sql FROM pragma_index_list(?) AS i '
        "JOIN pragma_index_info(i.name) AS c LEFT JOIN sqlite_schema AS s ON s.type = 'index' AND s.name = i.name "
        "WHERE i.origin != 'pk' ORDER BY i.name, c.seqno",
        (table,),
    )
    columns: dict[str, list[str]] = defaultdict(list)
    for name, _, _, column, _ in rows:
        columns[name].append(column or "")
    kinds = {name: (unique, partial, sql) for name, unique, partial, _, sql in rows}
    return [
        FoundIndex(
            name=f"{table}_{'_'.join(columns[name])}" if name.startswith("sqlite_autoindex_") else name,
            columns=tuple(columns[name]),
            unique=bool(unique),
            partial=bool(partial),
            text=sql or "",
        )
        for name, (unique, partial, sql) in kinds.items()
    ]


def _with_names(indexes: Sequence[FoundIndex], text: TableText) -> list[FoundIndex]:
    """An index that a constraint has made is called as that."""
    names = {clause.columns: clause.name for clause in text.constraints if clause.kind == "UNIQUE" and clause.name}
    return [
        index if index.text else replace(index, name=names.get(frozenset(map(folded, index.columns)), index.name))
        for index in indexes
    ]


async def _foreign_keys(db: Database, table: str, names: dict[str, str]) -> list[FoundForeignKey]:
    rows = await db.rows(
        'SELECT id, "from", "table", "to", on_delete, on_update FROM pragma_foreign_key_list(?) ORDER BY id, seq',
        (table,),
    )
    parts: dict[int, list[tuple[str, str, str | None, str, str]]] = defaultdict(list)
    for number, *part in rows:
        parts[number].append((part[0], part[1], part[2], part[3], part[4]))
    found = []
    for ends in parts.values():
        _, target, to, on_delete, on_update = ends[0]
        target = names.get(folded(target), target)
        pointed = tuple(end or "" for _, _, end, _, _ in ends) if to else await _key(db, target)
        found.append(
            FoundForeignKey(
                columns=tuple(column for column, *_ in ends),
                table=target,
                to=tuple(await _as_declared(db, target, pointed)),
                on_delete=on_delete,
                on_update=on_update,
            )
        )
    return found


async def _key(db: Database, table: str) -> tuple[str, ...]:
    rows = await db.rows("SELECT name FROM pragma_table_xinfo(?) WHERE pk ORDER BY pk", (table,))
    return tuple(name for (name,) in rows)


async def _as_declared(db: Database, table: str, columns: Sequence[str]) -> list[str]:
    """With the letters of the table's own declaration: a foreign key may write them in another case."""
    own = {folded(name): name for (name,) in await db.rows("SELECT name FROM pragma_table_xinfo(?)", (table,))}
    return [own.get(folded(column), column) for column in columns]


def _checks(text: TableText) -> Iterator[FoundCheck]:
    clauses = [*(clause for column in text.columns for clause in column.clauses), *text.constraints]
    for clause in clauses:
        if clause.kind == "CHECK":
            yield FoundCheck(name=clause.name, text=_condition(clause))


def _condition(clause: Clause) -> str:
    """`CONSTRAINT "x" CHECK (price > 0)` -> `price > 0`"""
    inside = clause.definition[clause.definition.index("(", len(quoted(clause.name)) if clause.name else 0) :]
    return " ".join(inside.strip().removeprefix("(").removesuffix(")").split())
