"""PostgreSQL's SQL as tokens (manual §4.1): enough to tell names and statements apart, exact about where texts end."""

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

Kind = Literal["name", "text", "mark"]


class Token(NamedTuple):
    """`value` is a name as the database has it (in small letters unless it was quoted), or the character of a mark."""

    kind: Kind
    value: str
    at: int


class NotTokens(ValueError):
    """The text breaks off within a token, or has a form that is not taken apart here."""


_BLANK = re.compile(r"(?:\s|--[^\r\n]*)+")
_NAME = re.compile(r"[^\W\d][\w$]*")
_QUOTED = re.compile(r'"((?:[^"]|"")*)"')
_TEXT = re.compile(r"'(?:[^']|'')*'")
_ESCAPED_TEXT = re.compile(r"'(?:[^'\\]|''|\\.)*'", re.DOTALL)
_DOLLAR = re.compile(r"\$(?:[^\W\d]\w*)?\$")
_COMMENT_EDGE = re.compile(r"/\*|\*/")


def tokens(sql: str) -> Iterator[Token]:
    """The tokens of a text in which `'` ends a text whatever stands before it (standard_conforming_strings).

    Raises NotTokens.
    """
    at, previous = 0, ""
    while at < len(sql):
        if found := _BLANK.match(sql, at):
            at = found.end()
            continue
        if sql.startswith("/*", at):
            at = _end_of_comment(sql, at)
            continue
        token, at = _next(sql, at)
        if token.kind == "text" and previous == "text":
            # Whether the second one knows escapes depends on the first.
            raise NotTokens("Two texts in a row: join them with ||.")
        previous = token.kind
        yield token


def _next(sql: str, at: int) -> tuple[Token, int]:
    if found := _NAME.match(sql, at):
        word, end = found[0], found.end()
        if word in ("u", "U") and sql[end : end + 2] == '&"':
            raise NotTokens('Names with escapes (U&"…") are not taken; write the characters themselves.')
        if word in ("e", "E") and sql[end : end + 1] == "'":
            return Token("text", "", at), _end(_ESCAPED_TEXT.match(sql, end), "text")
        return Token("name", word.lower(), at), end
    if sql[at] == '"':
        quoted = _QUOTED.match(sql, at)
        end = _end(quoted, "quoted name")
        assert quoted is not None
        return Token("name", quoted[1].replace('""', '"'), at), end
    if sql[at] == "'":
        return Token("text", "", at), _end(_TEXT.match(sql, at), "text")
    if found := _DOLLAR.match(sql, at):
        end = sql.find(found[0], found.end())
        if end < 0:
            raise NotTokens(f"A text that begins with {found[0]} has no end.")
        return Token("text", "", at), end + len(found[0])
    return Token("mark", sql[at], at), at + 1


def _end(found: re.Match[str] | None, what: str) -> int:
    if found is None:
        raise NotTokens(f"A {what} has no end.")
    return found.end()


def _end_of_comment(sql: str, at: int) -> int:
    """Comments nest."""
    depth = 0
    while found := _COMMENT_EDGE.search(sql, at):
        depth += 1 if found[0] == "/*" else -1
        at = found.end()
        if depth == 0:
            return at
    raise NotTokens("A comment has no end.")
