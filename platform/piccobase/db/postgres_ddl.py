"""Text in PostgreSQL is `COLLATE "C"`: compared and sorted by its bytes, as on SQLite.

Filters compare so in any case. With columns of that collation an index serves them, `LIKE 'a%'` too, and what Piccolo
sorts comes in the same order on both databases. Otherwise all of that hangs on the locale the database was made with.
"""

import re

_TABLE = re.compile(r"\s*(?:CREATE|ALTER)\s+TABLE\b", re.IGNORECASE)
_TEXT = re.compile(
    r"""
      '(?:[^']|'')*'                        # a string
    | "(?:[^"]|"")*"                        # a name
    | ::\s*\w+                              # a cast
    | \b(?P<type>(?:VARCHAR|CHAR|TEXT)\b(?:\s*\(\s*\d+\s*\))?+)(?!\s*(?:\[|COLLATE\b))  # arrays stay as they are
    """,
    re.VERBOSE | re.IGNORECASE,
)


def rewrite(ddl: str) -> str:
    """CREATE TABLE and ALTER TABLE with the collation after each type of text; any other statement as it is."""
    return _TEXT.sub(_with_collation, ddl) if _TABLE.match(ddl) else ddl


def _with_collation(found: re.Match[str]) -> str:
    return f'{found[0]} COLLATE "C"' if found["type"] else found[0]
