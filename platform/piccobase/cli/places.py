"""Where a problem of a declaration stands: the file and line of the class, the field or the rule that it names."""

import ast
import inspect
import textwrap
from collections.abc import Iterator, Sequence

from piccolo.table import Table

from piccobase.base.errors import Problem


def place_of(problem: Problem, tables: Sequence[type[Table]]) -> tuple[str, int] | None:
    """File and line for a place such as `posts`, `posts.title`, `posts, list` or `posts.title, read`.

    None where it is no collection of `tables`, or where its source cannot be read.
    """
    subject, _, aspect = problem.place.partition(", ")
    name, _, field = subject.partition(".")
    table = next((one for one in tables if one._meta.tablename == name), None)
    if table is None:
        return None
    try:
        file, (lines, first) = inspect.getsourcefile(table), inspect.getsourcelines(table)
        body = ast.parse(textwrap.dedent("".join(lines)))
    except (OSError, TypeError, SyntaxError):
        return None
    if file is None:
        return None
    about_rules = aspect or problem.id.startswith("rule.")
    found = _line_of_rule(body, aspect) if about_rules else _line_of_field(body, table, field)
    return file, first - 1 + (found or _line_of_class(body))


def _line_of_class(body: ast.Module) -> int:
    return body.body[0].lineno


def _line_of_field(body: ast.Module, table: type[Table], field: str) -> int | None:
    attributes = {column._meta.db_column_name: column._meta.name for column in table._meta.columns}
    wanted = attributes.get(field, field)
    return next((value.lineno for name, value in _assignments(body) if name == wanted), None)


def _line_of_rule(body: ast.Module, aspect: str) -> int | None:
    """`list`, or what concerns the rules of fields: `fields`, `read of title`, `read`."""
    keyword = "fields" if aspect.startswith(("read", "write")) else aspect
    for name, value in _assignments(body):
        if name == "rules":
            given = value.keywords if isinstance(value, ast.Call) else []
            return next((one.value.lineno for one in given if one.arg == keyword), value.lineno)
    return None


def _assignments(body: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    """What the class assigns to plain names, one by one."""
    declared = body.body[0]
    for statement in declared.body if isinstance(declared, ast.ClassDef) else []:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                yield name, value
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                yield name, value
