"""SQL taken apart, as far as is needed to tell its words from what stands in strings and quoted names."""

import re
from typing import NamedTuple

_TOKEN = re.compile(
    r"""(?P<space>\s+|--[^\n]*|/\*.*?\*/)|(?P<string>'(?:[^']|'')*')|(?P<name>"(?:[^"]|"")*"|\[[^\]]*\]|`[^`]*`)"""
    r"""|(?P<word>[\w$]+(?:\.\d+)?)|(?P<sign>.)""",
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
    """A name without its double quotes, brackets or backquotes; any other text as it is."""
    if name[:1] == '"':
        return name[1:-1].replace('""', '"')
    return name[1:-1] if name[:1] in "[`" else name


def quoted(name: str) -> str:
    escaped = name.replace('"', '""')
    return f'"{escaped}"'
