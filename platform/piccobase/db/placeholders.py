"""Hand-written SQL: `?` for each value, then in the words of either database."""

import re
from itertools import count

from piccobase.schema.values.base import Dialect


def in_dialect(sql: str, dialect: Dialect) -> str:
    """The statement with the placeholders of `dialect`: `?` on SQLite, `$1`, `$2` … on PostgreSQL.

    Every `?` is a placeholder, so texts and names in the statement must have none; those of the registry are words.

    >>> in_dialect("SELECT id FROM users WHERE email = ? OR name = ?", "postgres")
    'SELECT id FROM users WHERE email = $1 OR name = $2'
    """
    if dialect == "sqlite":
        return sql
    numbers = count(1)
    return re.sub(r"\?", lambda _: f"${next(numbers)}", sql)
