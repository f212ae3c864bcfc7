"""The cache key of a filter: its text with the literals taken out. The parser runs on new shapes only."""

import re
from typing import NamedTuple

from piccobase.filters.literals import NUMBER_PATTERN, TEXT_PATTERN, LiteralValue, kind_of, literal_value
from piccobase.filters.parser import RULE_LIMITS, Limits, check_size

# Comments are matched to be left alone: a quote in one begins no text. Digits within a name are no number.
_LITERAL = re.compile(rf"(//[^\n]*+|{TEXT_PATTERN}|(?<![A-Za-z0-9_.:@#]){NUMBER_PATTERN})", re.DOTALL)


class Shape(NamedTuple):
    """Filters with equal `key` compile to the same SQL and have their literals at the same places.

    `literals` are this filter's own, in the order of the text: what `Bindings.literals` takes.
    """

    key: tuple[str, ...]
    literals: tuple[LiteralValue, ...]


def shape_of(text: str, *, limits: Limits = RULE_LIMITS) -> Shape:
    """The shape of a filter, valid or not: what does not parse has a shape as well, and no plan under it.

    Raises FilterTooLong: a long literal must not slip through because a short one has the same shape.
    """
    check_size(text, limits)
    parts = _LITERAL.split(text)
    literals = []
    for index in range(1, len(parts), 2):
        token = parts[index]
        if token[0] != "/":
            value = literal_value(token)
            literals.append(value)
            parts[index] = kind_of(value)
    if "@request." in text or "@collection." in text:
        # Even inside a quoted text these words are refused to most (protocol.md §3.9): a plan that was made for a
        # filter without them must not serve one that has them.
        parts.append("reserved")
    return Shape(tuple(parts), tuple(literals))
