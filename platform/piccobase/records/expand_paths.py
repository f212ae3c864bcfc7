"""The `expand` parameter (protocol.md §2.4): a text becomes a tree of segments. Pure, and knows no collection."""

from collections.abc import Mapping
from functools import lru_cache

from piccobase.base.errors import InvalidQuery

MOST_SEGMENTS = 6  # of a path; what goes deeper is left out
MOST_RELATIONS = 50  # in all paths together: each is a query of its own
_REMEMBERED = 2048  # characters; what is longer is seldom asked twice, and would fill the memory

Tree = Mapping[str, "Tree"]
"""Segments as the client wrote them, each with those that follow it. `a,a.b` is `a.b`."""


class TooManyRelations(InvalidQuery):
    """More relations than one request may follow."""

    code = "query.expand_too_many"

    @classmethod
    def default_message(cls) -> str:
        return f"The parameter expand follows at most {MOST_RELATIONS} relations. Ask for the rest in another request."


def parse_expand(text: str) -> Tree:
    """The paths of an `expand`, merged. Raises TooManyRelations; nothing else is wrong with any text."""
    return _parsed_remembered(text) if len(text) <= _REMEMBERED else _parsed(text)


def _parsed(text: str) -> Tree:
    root: dict[str, Tree] = {}
    count = 0
    for path in text.replace(" ", "").split(","):
        segments = path.strip(".").split(".")[:MOST_SEGMENTS]
        node = root
        for segment in segments if segments != [""] else []:
            if segment not in node:
                count += 1
                node[segment] = {}
            node = node[segment]  # type: ignore[assignment]  # all are dicts until they are given away
        if count > MOST_RELATIONS:
            raise TooManyRelations
    return root


_parsed_remembered = lru_cache(512)(_parsed)
