"""`RuleFunction`: a function of the filter language that an app or a plugin adds. It is declared here and called in
`functions.py`."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from string import Formatter
from types import MappingProxyType
from typing import Any, Literal, get_args

from piccobase.base.errors import Problem
from piccobase.schema.values import base

Takes = Literal[
    "text",  # any field or value, as the text that the wire shows
    "number",  # a double
    "instant",  # on PostgreSQL a timestamptz, on SQLite its text on the wire
    "list",  # on PostgreSQL a jsonb array, on SQLite its JSON text
    "field",  # a field and no value, as the database has it
]
Gives = Literal["text", "number", "boolean"]

BUILT_IN = ("geoDistance", "strftime")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class RuleFunction:
    """A function for rules and filters: `distance(place.lon, place.lat) < 5`.

    `takes` are its arguments, all of which must be given, and their kinds; NULL may be among the values. `gives` is
    what its result compares as. `sqlite` and `postgres` are SQL expressions in which `{name}` stands for an argument,
    and doubled braces for braces; arguments are pieces of SQL with their values bound, in parentheses.

    `python` is what SQLite calls where there is no SQL for it: a function of the same arguments that always gives the
    same for the same. It is called for each row that the database looks at, in the event loop, and may raise
    BadRequest. PostgreSQL cannot call it.
    """

    name: str
    takes: Mapping[str, Takes]
    gives: Gives
    sqlite: str | None = None
    postgres: str | None = None
    python: Callable[..., Any] | None = None
    plugin: str = field(default="", kw_only=True)  # whose it is, set when it is brought

    def template(self, dialect: base.Dialect) -> str | None:
        """Its SQL for a database; None where there is none."""
        if dialect == "postgres":
            return self.postgres
        if self.sqlite is None and self.python is not None:
            return f"{self.sqlite_name}({', '.join(f'{{{name}}}' for name in self.takes)})"
        return self.sqlite

    @property
    def sqlite_name(self) -> str:
        """What its Python function is called in SQL."""
        return f"rule_function_{self.name}"

    @property
    def usage(self) -> str:
        """How it is written: `distance(lon, lat)`."""
        return f"{self.name}({', '.join(self.takes)})"


Functions = Mapping[str, RuleFunction]
NO_FUNCTIONS: Functions = MappingProxyType({})


def pieces(template: str) -> Iterator[tuple[str, str | None]]:
    """A text of SQL, and the name of the argument behind it. Raises ValueError for one that cannot be taken apart."""
    for text, name, spec, conversion in Formatter().parse(template):
        if spec or conversion:
            raise ValueError("an argument is written {name} and nothing else")
        yield text, name


def check_functions(functions: Iterable[RuleFunction]) -> Iterator[Problem]:
    """All that is wrong with each of them, but for what one database lacks."""
    for one in functions:
        place = f"plugin {one.plugin}, {one.name}" if one.plugin else one.name
        if not _NAME.fullmatch(one.name):
            yield Problem(
                "function.E001", place, "a function's name has letters, digits and _, and begins with no digit"
            )
        if one.name in BUILT_IN:
            yield Problem("function.E002", place, f"{one.name} is a function of the language itself")
        yield from _check_types(one, place)
        if one.sqlite is None and one.postgres is None and one.python is None:
            yield Problem(
                "function.E004", place, "give its SQL, sqlite= and postgres=, or a function for SQLite, python="
            )
        for written, template in (("sqlite", one.sqlite), ("postgres", one.postgres)):
            yield from _check_template(one, place, written, template)


def lacking(functions: Iterable[RuleFunction], dialect: base.Dialect) -> Iterator[Problem]:
    """Those that a database cannot answer."""
    product = "SQLite" if dialect == "sqlite" else "PostgreSQL"
    for one in functions:
        if one.template(dialect) is None:
            place = f"plugin {one.plugin}, {one.name}" if one.plugin else one.name
            yield Problem("function.E005", place, f"this app runs on {product}, for which {one.name} has no SQL")


def called_by_sqlite(functions: Iterable[RuleFunction]) -> Mapping[str, tuple[Callable[..., Any], int]]:
    """The Python functions that SQL calls, by their names there, with the number of their arguments."""
    return {
        one.sqlite_name: (one.python, len(one.takes)) for one in functions if one.python is not None and not one.sqlite
    }


def _check_types(one: RuleFunction, place: str) -> Iterator[Problem]:
    for name, kind in one.takes.items():
        if not name.isidentifier():
            yield Problem("function.E001", place, f'"{name}" cannot name an argument')
        if kind not in get_args(Takes):
            yield Problem("function.E003", place, f'an argument is one of {", ".join(get_args(Takes))}, not "{kind}"')
    if one.gives not in get_args(Gives):
        yield Problem("function.E003", place, f'it gives one of {", ".join(get_args(Gives))}, not "{one.gives}"')


def _check_template(one: RuleFunction, place: str, written: str, template: str | None) -> Iterator[Problem]:
    if template is None:
        return
    try:
        names = [name for _, name in pieces(template) if name is not None]
    except ValueError as error:
        yield Problem("function.E004", place, f"its SQL for {written} cannot be read: {error}")
        return
    for name in names:
        if name not in one.takes:
            yield Problem("function.E004", place, f"its SQL for {written} names {{{name}}}, which it does not take")
