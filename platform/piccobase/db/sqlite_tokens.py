"""SQL taken apart, as far as is needed to tell its words from what stands in strings and quoted names."""

import re
from typing import NamedTuple

_TOKEN = re.compile(
    r"""(?P<space>[ \t\n\f\r]+|--[^\n]*|/\*.*?\*/)|(?P<string>'(?:[^']|'')*')"""
    r"""|(?P<name>"(?:[^"]|"")*"|\[[^\]]*\]|`(?:[^`]|``)*`)"""
    # To SQLite everything beyond ASCII is a letter, a space or a picture too.
    r"""|(?P<word>[A-Za-z0-9_$\x80-\U0010ffff]+(?:\.\d+)?)|(?P<sign>.)""",
    re.DOTALL,
)


class Token(NamedTuple):
    """`kind` is space, string, name (a quoted one), word (numbers too) or sign (one character)."""

    kind: str
    text: str

    @property
    def upper(self) -> str:
        return self.text.upper()


def tokens(sql: str) -> list[Token]:
    """All of the text: joined, the tokens are what was given."""
    return [Token(str(found.lastgroup), found[0]) for found in _TOKEN.finditer(sql)]


def unquoted(name: str) -> str:
    """A name without its quotes, brackets or backquotes; any other text as it is."""
    match name[:1]:
        case '"' | "'" | "`" as quote:
            return name[1:-1].replace(quote * 2, quote)
        case "[":
            return name[1:-1]
    return name


def quoted(name: str) -> str:
    escaped = name.replace('"', '""')
    return f'"{escaped}"'


def folded(name: str) -> str:
    """The form in which SQLite compares names: `Title` and `TITLE` are one, `É` and `é` are two."""
    return name.translate(_LOWER)


_LOWER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}
