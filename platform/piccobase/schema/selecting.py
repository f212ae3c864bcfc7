"""What a view's SELECT gives: the names of its columns, where each comes from, and its type. Pure, by way of sqlglot.

Only the analysis is made here; the database gets the query as it was written.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.annotate_types import annotate_types
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, traverse_scope
from sqlglot.schema import MappingSchema

from piccobase.schema.naming import nearest
from piccobase.schema.values.base import Dialect

Tables = Mapping[str, Mapping[str, str]]
"""SQL types by table and column, all names in lower case: databases differ only in how they write them."""

_WRITES = (exp.Insert, exp.Update, exp.Delete, exp.Merge, exp.Into, exp.Create, exp.Drop)


class CannotSelect(Exception):
    """The query is none that a view can have. `code` is that of the mistake, `column` what it is about, if one."""

    def __init__(self, code: str, column: str, text: str) -> None:
        super().__init__(text)
        self.code, self.column = code, column


@dataclass(frozen=True, slots=True)
class Selected:
    """A column of the result. `source` is a table and its column where the value is passed on as it is.

    `type` is sqlglot's name of the type, `UNKNOWN` where it cannot tell. `outer`: an outer join may have left it empty.
    """

    name: str
    source: tuple[str, str] | None
    type: str
    outer: bool


@dataclass(frozen=True, slots=True)
class Selection:
    """`reads` are all columns of tables that stand anywhere in the query, in lower case; `text` is the query without
    the semicolon at its end."""

    text: str
    columns: tuple[Selected, ...]
    reads: frozenset[tuple[str, str]]


def read_query(query: str, dialect: Dialect | None, tables: Tables) -> Selection:
    """What the query selects. `dialect` None: it is written for both databases. Raises CannotSelect."""
    text, tree = _parsed(query, [dialect] if dialect else ["sqlite", "postgres"])
    names = [column.alias_or_name for column in tree.selects]
    for number, name in enumerate(names, start=1):
        if not name or name == "*":
            raise CannotSelect("view.E003", "", f"column {number} has no name; write each column, with AS and a name")
        if names.count(name) > 1:
            raise CannotSelect("view.E003", name, "two columns have this name; give one another, with AS")
    for identifier in tree.find_all(exp.Identifier):
        identifier.set("this", identifier.name.lower())
        identifier.set("quoted", False)
    aliases = {alias.alias for alias in tree.find_all(exp.Alias)}
    schema = MappingSchema({name: dict(columns) for name, columns in tables.items()}, normalize=False)
    try:
        tree = qualify(tree, schema=schema, validate_qualify_columns=False, identify=False, quote_identifiers=False)
        tree = annotate_types(tree, schema=schema)
    except SqlglotError as error:
        message, _, unknown = _first_line(error).partition("Unknown column: ")
        if unknown:
            raise _no_column(unknown, tree, tables) from error
        raise CannotSelect("view.E001", "", f"the query cannot be understood: {message}") from error
    scopes = traverse_scope(tree)
    reads = frozenset(read for scope in scopes for read in _reads(scope, tables, aliases))
    outer = any(join.side for join in tree.find_all(exp.Join))
    columns = (
        Selected(name, _source(column, scopes[-1], index), _type(column), outer)
        for index, (name, column) in enumerate(zip(names, tree.selects, strict=True))
    )
    return Selection(text, tuple(columns), reads)


def _parsed(query: str, dialects: list[Dialect]) -> tuple[str, Any]:
    problem = ""
    for dialect in dialects:
        try:
            tokens = sqlglot.tokenize(query, dialect=dialect)
            if tokens and tokens[-1].token_type.name == "SEMICOLON":
                query = query[: tokens[-1].start]
            statements = sqlglot.parse(query, dialect=dialect)
        except SqlglotError as error:
            problem = problem or _first_line(error)
            continue
        if len(statements) != 1 or not isinstance(statements[0], exp.Query) or statements[0].find(*_WRITES):
            raise CannotSelect("view.E001", "", "the query must be one SELECT, and nothing else")
        return query, statements[0]
    raise CannotSelect("view.E001", "", f"the query cannot be read: {problem}")


def _first_line(error: SqlglotError) -> str:
    return str(error).splitlines()[0].rstrip(".")


def _reads(scope: Scope, tables: Tables, aliases: set[str]) -> Iterator[tuple[str, str]]:
    """The columns of tables that one level of the query names. Raises CannotSelect for a name that is none."""
    for column in scope.columns:
        source = _find_source(scope, column.table)
        if isinstance(source, exp.Table):
            if column.name not in tables.get(source.name, {column.name: ""}):
                raise _no_column(column.name, scope.expression, tables)
            yield source.name, column.name
        elif not column.table and column.name not in aliases and _all_known(scope, tables):
            raise _no_column(column.name, scope.expression, tables)


def _no_column(name: str, tree: Any, tables: Tables) -> CannotSelect:
    known = {column for table in tree.find_all(exp.Table) for column in tables.get(table.name, {})} - {name}
    return CannotSelect("view.E004", name, "no table of the query has such a column." + nearest(name, known))


def _all_known(scope: Scope, tables: Tables) -> bool:
    return all(isinstance(source, exp.Table) and source.name in tables for source in scope.sources.values())


def _find_source(scope: Scope | None, alias: str) -> Any:
    """What an alias stands for: here, or further out where a sub-select looks at the row around it."""
    while scope is not None:
        if alias in scope.sources:
            return scope.sources[alias]
        scope = scope.parent
    return None


def _source(column: Any, scope: Scope, index: int) -> tuple[str, str] | None:
    """Table and column that a column of the result passes on, through sub-selects; the same of each part of a UNION."""
    if scope.set_operation_scopes:
        found = {_source(_selects(each)[index], each, index) for each in scope.set_operation_scopes}
        return found.pop() if len(found) == 1 else None
    value = column.unalias()
    if not isinstance(value, exp.Column):
        return None
    source = scope.sources.get(value.table)
    if isinstance(source, exp.Table):
        return source.name, value.name
    if not isinstance(source, Scope):
        return None
    inner = [each.alias_or_name for each in _selects(source)]
    if value.name not in inner:
        return None
    place = inner.index(value.name)
    return _source(_selects(source)[place], source, place)


def _selects(scope: Scope) -> list[Any]:
    query: Any = scope.expression  # of a scope that is selected from it is a query
    return list(query.selects)


def _type(column: exp.Expression) -> str:
    return column.type.this.name if column.type is not None else "UNKNOWN"
