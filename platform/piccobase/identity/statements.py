"""SQL as the rooms that sign people in write it: `?` for each value, then in the words of either database."""

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


def can_be_stored(text: str) -> bool:
    """Whether a database takes the text as a value. One with a NUL or half of a surrogate pair is in no record."""
    return "\0" not in text and not _SURROGATE.search(text)


_SURROGATE = re.compile(r"[\ud800-\udfff]")
