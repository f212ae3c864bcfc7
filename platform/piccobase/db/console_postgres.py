"""Written SQL on PostgreSQL: a connection of its own for each use, read-only unless it writes, with limits.

PostgreSQL has no authorizer, so two things stand in for one. Tables with secrets are covered by temporary views that
lack them: a name without its schema means the view, and the database itself refuses to write what that does not show.
And before anything runs, each statement's words are looked at: what would get around the views, or out of the database,
is refused.
"""

import asyncio
import re
from collections.abc import Sequence
from typing import Any

import asyncpg

from piccobase.base.observing import acting
from piccobase.db.console import MOST_ROWS, TIME_LIMIT, WRITING, Cells, ColumnOfAnswer, Guarded, SQLAnswer, SQLFailed
from piccobase.db.postgres import PostgresEngine
from piccobase.db.postgres_errors import DRIVER_ERRORS
from piccobase.db.postgres_tokens import NotTokens, Token, tokens
from piccobase.db.postgres_transaction import actor_setting

_AT_ONCE = 2
_READING = frozenset({"SELECT", "WITH", "VALUES", "TABLE", "EXPLAIN", "SHOW"})
_WRITING = WRITING - {"REPLACE"}
_SHAPES = frozenset({"table", "index", "view", "sequence", "type"})  # what is made, altered and dropped …
_BEFORE_SHAPES = frozenset({"or", "replace", "unique", "unlogged", "materialized", "if", "exists"})  # … perhaps so
# Of what begins with pg_, files, other sessions and the values in statistics are reached by the rest.
_CATALOG = frozenset(
    (
        "pg_attrdef",
        "pg_attribute",
        "pg_catalog",
        "pg_class",
        "pg_column_size",
        "pg_constraint",
        "pg_database_size",
        "pg_enum",
        "pg_get_constraintdef",
        "pg_get_expr",
        "pg_get_indexdef",
        "pg_get_viewdef",
        "pg_index",
        "pg_indexes",
        "pg_indexes_size",
        "pg_namespace",
        "pg_relation_size",
        "pg_sequence",
        "pg_sequences",
        "pg_size_pretty",
        "pg_sleep",
        "pg_table_size",
        "pg_tables",
        "pg_total_relation_size",
        "pg_type",
        "pg_typeof",
        "pg_views",
    )
)
# Functions that run SQL given as a text, or change who runs it.
_FUNCTION_REFUSED = re.compile(r"set_config|ts_rewrite|ts_stat|lo_\w+|dblink\w*|\w+_to_xml\w*")
_LOG_SCHEMA = "piccobase_logs"


class PostgresConsole:
    """See `Console`."""

    def __init__(self, engine: PostgresEngine, guarded: Guarded, *, time_limit: float = TIME_LIMIT) -> None:
        self._engine = engine
        self._guarded = guarded
        self._time_limit = time_limit
        self._places = asyncio.Semaphore(_AT_ONCE)

    async def run(self, text: str) -> SQLAnswer:
        """See `Console`."""
        try:
            statements = _statements(text)
        except NotTokens as error:
            raise SQLFailed(str(error)) from None
        async with self._places:
            try:
                return await self._run(statements)
            except asyncpg.QueryCanceledError as error:
                raise SQLFailed(f"The query took longer than {self._time_limit:g} seconds.") from error
            except asyncpg.PostgresError as error:
                raise SQLFailed(_told(error)) from error
            except DRIVER_ERRORS as error:
                raise SQLFailed(str(error) or type(error).__name__) from error

    async def _run(self, statements: "Sequence[_Statement]") -> SQLAnswer:
        milliseconds = str(int(self._time_limit * 1000))
        connection = await asyncpg.connect(
            self._engine.config["dsn"],
            timeout=10,
            statement_cache_size=0,
            server_settings={
                "application_name": "piccobase sql",
                "statement_timeout": milliseconds,
                "lock_timeout": "10000",
                "standard_conforming_strings": "on",
                "row_security": "on",
                "piccobase.actor": actor_setting(acting()),
            },
        )
        try:
            guards = await _cover(connection, self._guarded)
            for statement in statements:
                await _check(connection, statement, guards, self._guarded)
            writes = bool(statements) and statements[0].verb in _WRITING
            async with connection.transaction(readonly=not writes):
                return await (_change if writes else _read)(connection, statements)
        finally:
            if connection.is_in_transaction():
                connection.terminate()
            else:
                await connection.close(timeout=5)


class _Statement:
    """One statement of the text, and the names and marks in it."""

    def __init__(self, sql: str, parts: list[Token]) -> None:
        self.sql, self.parts = sql, parts
        names = [part for part in parts if part.value != "("]
        self.verb = names[0].value.upper() if names else ""


def _statements(text: str) -> list[_Statement]:
    """The statements between semicolons. Raises NotTokens."""
    found: list[_Statement] = []
    parts: list[Token] = []
    begin = 0
    for token in [*tokens(text), Token("mark", ";", len(text))]:
        if token == ("mark", ";", token.at):
            if parts:
                found.append(_Statement(text[begin : token.at], parts))
            parts, begin = [], token.at + 1
        else:
            parts.append(token)
    return found


async def _cover(connection: Any, guarded: Guarded) -> frozenset[str]:
    """Puts a view before each table that has secrets or is the system's, and returns the names of these tables."""
    rows = await connection.fetch(
        "SELECT relation.oid::regclass::text AS source, relation.relname AS name,"
        " array_agg(attname::text ORDER BY attnum) AS columns"
        " FROM pg_catalog.pg_class AS relation JOIN pg_catalog.pg_attribute ON attrelid = relation.oid"
        " WHERE relkind IN ('r', 'p') AND pg_catalog.pg_table_is_visible(relation.oid)"
        " AND relnamespace <> 'pg_catalog'::regnamespace AND attnum > 0 AND NOT attisdropped"
        " GROUP BY relation.oid, relname"
    )
    covered = {row["name"]: row for row in rows if guarded.keeps_shape(row["name"])}
    for name, row in covered.items():
        columns = ", ".join(
            f"NULL::text AS {_quoted(column)}" if guarded.hides(name, column) else _quoted(column)
            for column in row["columns"]
        )
        no_writing = " OFFSET 0" if guarded.is_system(name) else ""
        await connection.execute(
            f"CREATE TEMP VIEW {_quoted(name)} AS SELECT {columns} FROM {row['source']}{no_writing}"
        )
    return frozenset(covered)


async def _check(connection: Any, statement: _Statement, guards: frozenset[str], guarded: Guarded) -> None:
    """Raises SQLFailed for a statement with anything in it that must not run."""
    if statement.verb not in _READING | _WRITING:
        raise SQLFailed(f"{statement.verb or 'This'} is not run here, only {', '.join(sorted(_READING | _WRITING))}.")
    changes_shape = statement.verb in ("CREATE", "ALTER", "DROP")
    if changes_shape:
        _check_shape(statement)
    called = set()
    for index, part in enumerate(statement.parts):
        if part.kind != "name":
            continue
        before = statement.parts[index - 1].value if index else ""
        after = statement.parts[index + 1].value if index + 1 < len(statement.parts) else ""
        name = part.value
        if before == "." and (name in guards or name in guarded.secrets):
            raise SQLFailed(f"Write {name} without its schema: it is shown without secrets here.")
        if name in guards and statement.verb in ("ALTER", "DROP"):
            raise SQLFailed(f"{name} keeps its shape: it holds secrets, or is the system's own.")
        if (name.startswith("pg_") and name not in _CATALOG) or name == _LOG_SCHEMA:
            raise SQLFailed(f"{name} is out of reach here.")
        if _FUNCTION_REFUSED.fullmatch(name):
            raise SQLFailed(f"The function {name} is not run here.")
        if after == "(" or before == ".":
            called.add(name)
    own = await connection.fetch(
        "SELECT DISTINCT proname::text FROM pg_catalog.pg_proc"
        " WHERE proname = ANY($1) AND pronamespace <> 'pg_catalog'::regnamespace",
        list(called),
    )
    if own:
        raise SQLFailed(f"The function {own[0][0]} is not run here: only PostgreSQL's own are.")


def _check_shape(statement: _Statement) -> None:
    for part in statement.parts[1:]:
        if part.value in _SHAPES:
            return
        if part.value not in _BEFORE_SHAPES:
            break
    raise SQLFailed(f"{statement.verb} is run here for {', '.join(sorted(_SHAPES))} only.")


async def _read(connection: Any, statements: Sequence[_Statement]) -> SQLAnswer:
    answer = SQLAnswer()
    for statement in statements:
        prepared = await connection.prepare(statement.sql)
        cursor = await prepared.cursor()
        rows = await cursor.fetch(MOST_ROWS)
        if attributes := prepared.get_attributes():
            cells = Cells()
            for row in rows:
                cells.add(row)
            answer.columns = [ColumnOfAnswer(attribute.name, attribute.type.name) for attribute in attributes]
            answer.rows = cells.rows
    return answer


async def _change(connection: Any, statements: Sequence[_Statement]) -> SQLAnswer:
    answer = SQLAnswer()
    for statement in statements:
        prepared = await connection.prepare(statement.sql)
        await prepared.fetch()
        number = (prepared.get_statusmsg() or "").rpartition(" ")[2]  # "UPDATE 3", "INSERT 0 3", "CREATE TABLE"
        answer.affected += int(number) if number.isdigit() else 0
    return answer


def _told(error: asyncpg.PostgresError) -> str:
    """The message, without the detail, which quotes whole rows."""
    message = str(getattr(error, "message", None) or type(error).__name__)
    hint = getattr(error, "hint", None)
    return f"{message} ({error.sqlstate})" + (f"\n{hint}" if hint else "")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
