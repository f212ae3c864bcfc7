"""Text to tokens, with positions (protocol.md §3.1). One compiled expression does all of it."""

import re
from typing import NamedTuple

from piccobase.filters.errors import FilterSyntax
from piccobase.filters.literals import NUMBER_PATTERN, TEXT_PATTERN

IDENTIFIER = r"[A-Za-z@_#][A-Za-z0-9_.:]*+(?<![.:])"

_TOKEN = re.compile(
    rf"""(?:[ \t\n]++|//[^\n]*+)*+(?:
        (?P<call>[A-Za-z_][A-Za-z0-9_]*+\()
      | (?P<name>{IDENTIFIER})
      | (?P<text>{TEXT_PATTERN})
      | (?P<number>{NUMBER_PATTERN})
      | (?P<operator>\??(?:!=|!~|>=|<=|[=<>~]))
      | (?P<join>&&|\|\|)
      | (?P<open>\()
      | (?P<close>\))
      | (?P<comma>,)
      | (?P<end>\Z)
    )""",
    re.VERBOSE | re.DOTALL,
)
_BARE = frozenset("@_#")  # these begin an identifier and are none by themselves


class Token(NamedTuple):
    """`kind` is call, name, text, number, operator, join, open, close, comma or end; `at` counts from 0."""

    kind: str
    text: str
    at: int


def tokenize(text: str) -> list[Token]:
    """All tokens, an `end` token last. Blanks and comments are gone. Raises FilterSyntax where no token begins."""
    tokens: list[Token] = []
    at = 0
    match = _TOKEN.match
    while True:
        found = match(text, at)
        if found is None:
            at = _skip_blanks(text, at)
            raise FilterSyntax(_what_is_wrong(text, at), at, text)
        kind = found.lastgroup
        assert kind is not None
        token = found[kind]
        at = found.end()
        if token in _BARE:
            raise FilterSyntax(f'"{token}" alone is no name.', at - 1, text)
        tokens.append(Token(kind, token, at - len(token)))
        if kind == "end":
            return tokens


_BLANKS = re.compile(r"(?:[ \t\n]++|//[^\n]*+)*+")


def _skip_blanks(text: str, at: int) -> int:
    found = _BLANKS.match(text, at)
    return found.end() if found else at


def _what_is_wrong(text: str, at: int) -> str:
    character = text[at]
    if character in "'\"":
        return "The quoted text has no end."
    if character.isdecimal() or character in "-.":
        return "This is no number: digits, a point and digits are allowed."
    if character in "&|":
        return f'Conditions are joined by "{character * 2}".'
    if re.match("[A-Za-z@_#]", character):
        return "A name cannot end in a point or a colon."
    return f"{character!r} does not belong here."
