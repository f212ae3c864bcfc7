"""What SQLite and PostgreSQL say differently."""

from piccobase.filters.dialects.base import Dialect
from piccobase.filters.dialects.postgres import POSTGRES, Postgres
from piccobase.filters.dialects.sqlite import SQLITE, SQLite
from piccobase.filters.own_functions import NO_FUNCTIONS, Functions
from piccobase.schema.values import base

__all__ = ["POSTGRES", "SQLITE", "dialect_of"]


def dialect_of(name: base.Dialect, functions: Functions = NO_FUNCTIONS) -> Dialect:
    """The dialect of a database by its name, with functions that were added to the language."""
    if functions:
        return SQLite(functions) if name == "sqlite" else Postgres(functions)
    return SQLITE if name == "sqlite" else POSTGRES
