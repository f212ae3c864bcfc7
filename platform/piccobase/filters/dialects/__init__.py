"""What SQLite and PostgreSQL say differently."""

from piccobase.filters.dialects.base import Dialect
from piccobase.filters.dialects.postgres import POSTGRES
from piccobase.filters.dialects.sqlite import SQLITE
from piccobase.schema.values import base

__all__ = ["POSTGRES", "SQLITE", "dialect_of"]


def dialect_of(name: base.Dialect) -> Dialect:
    """The dialect of a database by its name."""
    return SQLITE if name == "sqlite" else POSTGRES
