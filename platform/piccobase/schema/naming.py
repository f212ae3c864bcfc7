"""Names: which ones a collection and a field may have, and which one was probably meant."""

import difflib
import re
from collections.abc import Iterable

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
RESERVED_FIELDS = frozenset({"null", "true", "false", "_rowid_", "collectionId", "collectionName", "expand"})
RESERVED_AUTH_FIELDS = frozenset({"passwordConfirm", "oldPassword"})


def is_word(name: str) -> bool:
    """Whether the name can stand in a path, a filter and a URL as it is, and in a database: at most 63 characters,
    since PostgreSQL cuts off the rest."""
    return _WORD.fullmatch(name) is not None and len(name) <= 63


def nearest(name: str, known: Iterable[str]) -> str:
    """` Did you mean "title"?`, or nothing where no known name is near. Give it only names the reader may know."""
    found = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f' Did you mean "{found[0]}"?' if found else ""
