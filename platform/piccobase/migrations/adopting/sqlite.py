"""A SQLite file of somebody else's: copied into the data dir, and the copy made to fit. The file is only read."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import apsw

from piccobase.base.errors import StartError
from piccobase.db.embedded import EmbeddedEngine
from piccobase.db.sqlite_ddl import rewrite_column
from piccobase.db.sqlite_rebuild import Rebuild, read_stored, rebuild_statements
from piccobase.db.sqlite_tokens import quoted, tokens
from piccobase.db.table_text import ColumnText, TableText, parse_column, parse_table
from piccobase.migrations.adopting.found import Constant, FoundColumn, FoundTable
from piccobase.migrations.adopting.sqlite_constraints import named
from piccobase.migrations.adopting.sqlite_kinds import Kind, kind_of
from piccobase.migrations.adopting.sqlite_tables import read_tables, referring_columns

_BESIDE = ("", "-wal", "-shm", "-journal")


def path_of(url: str) -> Path:
    """The file of `shop.db`, `sqlite:///shop.db` or `sqlite:////home/me/shop.db`. Raises StartError."""
    text = unquote(urlsplit(url).path).removeprefix("/") if url.startswith("sqlite:///") else url
    if "://" in text:
        raise StartError(f"{url.partition('://')[0]}:// cannot be adopted: give postgresql://… or a SQLite file.")
    path = Path(text)
    if not path.is_file():
        raise StartError(f"There is no file {path}.")
    return path


def copy(source: Path, data_dir: Path) -> Path:
    """Copies a database, which somebody may be using, into the data dir. Returns the copy.

    Raises StartError where the data dir has a database already, or `source` is none.
    """
    target = data_dir / "data.db"
    if target.exists():
        raise StartError(f"{data_dir} has a database already. Choose another data dir with --data-dir.")
    data_dir.mkdir(parents=True, exist_ok=True)
    # As long as nobody has written to it there is no log beside it, and without one SQLite need not make one to read.
    alone = not any(source.with_name(source.name + end).exists() for end in _BESIDE[1:])
    address = f"{source.resolve().as_uri()}?mode=ro" + ("&immutable=1" if alone else "")
    try:
        opened = apsw.Connection(address, flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI)
        opened.execute("SELECT 1 FROM sqlite_schema")  # which says clearly what is no database
        copied = apsw.Connection(str(target))
        try:
            with copied.backup("main", opened, "main") as backup:
                while not backup.done:
                    backup.step(10_000)
        finally:
            copied.close()
            opened.close()
    except apsw.Error as error:
        remove(target)
        raise StartError(f"{source} cannot be read: {str(error).removeprefix(f'{type(error).__name__}: ')}") from error
    return target


def remove(database: Path) -> None:
    """The copy, as long as nothing but a copy is in it."""
    for end in _BESIDE:
        database.with_name(database.name + end).unlink(missing_ok=True)


async def fit_tables(engine: EmbeddedEngine) -> list[FoundTable]:
    """Gives columns the types, and their values the forms, in which this server keeps them. Returns the tables.

    SQLite keeps any value in any column, and each program writes dates, decimals and truths in a way of its own: so the
    kind of a column is told from its declared type and from the values that are there.
    """
    async with engine.schema_transaction():
        tables = await read_tables(engine)
        pointing = referring_columns(tables)
        columns = {table.name: await _fit(engine, table, pointing) for table in tables if table.kind == "table"}
        return [replace(table, columns=columns.get(table.name, ())) for table in await read_tables(engine)]


async def _fit(engine: EmbeddedEngine, table: FoundTable, pointing: set[tuple[str, str]]) -> list[FoundColumn]:
    kinds = {
        column.name: await kind_of(engine, table, column, stays=(table.name, column.name) in pointing)
        for column in table.columns
    }
    defaults = {column.name: await _default(engine, column, kinds[column.name]) for column in table.columns}
    stored = await read_stored(engine, table.name)
    text = parse_table(stored.sql)
    changed = {
        column.name: _changed(column, kinds[column.name], defaults[column.name])
        for column in text.columns
        if kinds[column.name].definition_type
    }
    change = {
        column.name: changed[column.name].definition
        for column in text.columns
        if column.name in changed
        and (
            _type_of(changed[column.name]) != _type_of(column)
            or await _would_change(engine, table.name, column.name, kinds[column.name])
        )
    }
    values = {name: kind.value for name, kind in kinds.items() if kind.value and name in change}
    create, *others = rebuild_statements(stored, Rebuild(table.name, change=change, values=values))
    made = parse_table(create)
    fitting = named(_with_rowid(made), table.name, table.indexes)
    if change or fitting.text != made.text:
        for statement in (fitting.text, *others):
            await engine.rows(statement)
    return [_declared_as(column, kinds[column.name], defaults[column.name]) for column in table.columns]


def _type_of(column: ColumnText) -> str:
    """As it will be stored, whatever Piccolo calls it."""
    return "".join(parse_column(rewrite_column(column.definition)).type.upper().split())


async def _would_change(engine: EmbeddedEngine, table: str, column: str, kind: Kind) -> bool:
    if not kind.value:
        return False
    old, new = quoted(column), kind.value
    differ = f"{new} IS NOT {old} OR typeof({new}) != typeof({old})"
    return bool(await engine.rows(f"SELECT 1 FROM {quoted(table)} WHERE {differ} LIMIT 1"))


def _with_rowid(text: TableText) -> TableText:
    """Records without a time of creation are listed in the order of their rowid, so every table has one here."""
    strict = any(token.upper == "STRICT" for token in tokens(text.options))
    return text if text.has_rowid else replace(text, options=") STRICT" if strict else ")")


@dataclass(frozen=True, slots=True)
class _Default:
    """A default that is a literal, in the form in which the column's values are stored."""

    value: Any
    literal: str


async def _default(engine: EmbeddedEngine, column: FoundColumn, kind: Kind) -> _Default | None:
    if column.default is None or column.computed or not kind.is_literal(column.default):
        return None
    name = quoted(column.name)
    value = kind.value or name
    ((stored, literal),) = await engine.rows(
        f"SELECT value, quote(value) FROM (SELECT {value} AS value FROM (SELECT {column.default} AS {name}))"
    )
    return _Default(stored, literal)


def _changed(column: ColumnText, kind: Kind, default: _Default | None) -> ColumnText:
    new = column.typed(kind.definition_type)
    if default is not None:
        return new.having("DEFAULT", f"DEFAULT {default.literal}")
    return new.having("DEFAULT", "DEFAULT CURRENT_TIMESTAMP") if kind.now else new


def _declared_as(column: FoundColumn, kind: Kind, default: _Default | None) -> FoundColumn:
    """With its type in the words of PostgreSQL, as the declaration reads them, and its default as a value."""
    found = replace(column, type=kind.type, remark=kind.remark)
    if default is None:
        return found
    try:
        return replace(found, constant=Constant(kind.python(default.value)))
    except (ValueError, TypeError, ArithmeticError):
        return found
