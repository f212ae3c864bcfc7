"""Which texts can be values of a statement at all."""

import re


def can_be_stored(text: str) -> bool:
    """Whether a database takes the text as a value. One with a NUL or half of a surrogate pair is in no record."""
    return "\0" not in text and not _SURROGATE.search(text)


_SURROGATE = re.compile(r"[\ud800-\udfff]")
