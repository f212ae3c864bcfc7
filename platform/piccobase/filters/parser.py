"""Tokens to a tree, within limits. Knows the whole grammar of protocol.md §3.1, and no table."""

from dataclasses import dataclass
from typing import cast

from piccobase.filters import tree
from piccobase.filters.errors import FilterSyntax, FilterTooLong, ReservedWords, TooManyComparisons
from piccobase.filters.lexer import Token, tokenize
from piccobase.filters.literals import LiteralValue, kind_of, literal_value

CALL_DEPTH = 3


@dataclass(frozen=True, slots=True)
class Limits:
    """`size` in bytes of UTF-8, `comparisons` in one filter, `depth` of parentheses in each other."""

    size: int
    comparisons: int = 200
    depth: int = 50


CLIENT_LIMITS = Limits(size=3500)
RULE_LIMITS = Limits(size=100_000)


def parse(text: str, *, limits: Limits = RULE_LIMITS) -> tree.Filter:
    """A filter's tree. Raises FilterSyntax (for an empty text too), FilterTooLong or TooManyComparisons."""
    check_size(text, limits)
    return _Parser(text, limits).filter()


def check_size(text: str, limits: Limits) -> None:
    """Raises FilterTooLong for a text of more bytes than `limits.size`, FilterSyntax for one that no database takes."""
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        raise FilterSyntax("The filter is no valid Unicode text.") from None
    if size > limits.size:
        raise FilterTooLong(f"A filter can have at most {limits.size} bytes.")
    if "\0" in text:
        raise FilterSyntax("A filter cannot hold a NUL character.", text.index("\0"), text)


def refuse_reserved(text: str) -> None:
    """Raises ReservedWords (403) for a filter or sort that only rules and superusers may use.

    The words count wherever they stand, in a quoted text too (protocol.md §3.9).
    """
    for word in ("@request.", "@collection."):
        if word in text:
            raise ReservedWords(f"Only superusers can filter by {word}")


class _Parser:
    """Reads one filter from left to right; `filter` is its only door."""

    def __init__(self, text: str, limits: Limits) -> None:
        self._text, self._limits = text, limits
        self._tokens = iter(tokenize(text))
        self._token = next(self._tokens)
        self._literals: list[LiteralValue] = []
        self._comparisons = 0
        self._depth = 0

    def filter(self) -> tree.Filter:
        root = self._either()
        if self._token.kind != "end":
            raise self._unexpected("Expected && or || here.")
        return tree.Filter(self._text, root, tuple(self._literals))

    def _either(self) -> tree.Node:
        parts = [self._both()]
        while self._token.text == "||" and self._token.kind == "join":
            self._next()
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else tree.Any(tuple(parts))

    def _both(self) -> tree.Node:
        parts = [self._item()]
        while (self._token.text == "&&" and self._token.kind == "join") or self._token.kind == "open":
            # A group right after an item is joined by AND (protocol.md §3.1).
            if self._token.kind == "join":
                self._next()
            parts.append(self._item())
        return parts[0] if len(parts) == 1 else tree.All(tuple(parts))

    def _item(self) -> tree.Node:
        if self._token.kind != "open":
            return self._comparison()
        opened = self._next()
        self._depth += 1
        if self._depth > self._limits.depth:
            raise TooManyComparisons(
                f"Parentheses can be nested {self._limits.depth} deep and no deeper.", opened.at, self._text
            )
        node = self._either()
        if self._token.kind != "close":
            raise self._unexpected('Expected ")", && or || here.')
        self._next()
        self._depth -= 1
        return node

    def _comparison(self) -> tree.Comparison:
        start = self._token
        left = self._operand()
        if self._token.kind != "operator":
            raise self._unexpected("Expected an operator such as = or ~ here.")
        sign = self._next().text
        right = self._operand()
        self._comparisons += 1
        if self._comparisons > self._limits.comparisons:
            raise TooManyComparisons(
                f"A filter can have at most {self._limits.comparisons} comparisons.", start.at, self._text
            )
        operator = cast("tree.Operator", sign.removeprefix("?"))
        return tree.Comparison(left, operator, sign[0] == "?", right, start.at)

    def _operand(self, call_depth: int = 0) -> tree.Operand:
        token = self._token
        match token.kind:
            case "name":
                self._next()
                return self._name(token)
            case "text" | "number":
                self._next()
                value = literal_value(token.text)
                self._literals.append(value)
                return tree.Constant(len(self._literals) - 1, kind_of(value), token.at)
            case "call":
                return self._call(call_depth + 1)
        raise self._unexpected("Expected a field, a quoted text or a number here.")

    def _name(self, token: Token) -> tree.Name:
        path = token.text.split(".")
        if not all(path):
            raise FilterSyntax("A name cannot have two points in a row.", token.at, self._text)
        last, _, modifier = path[-1].partition(":")
        if not last or ":" in modifier:
            raise FilterSyntax("A name can have one modifier, after its last part.", token.at, self._text)
        return tree.Name((*path[:-1], last), modifier, token.at)

    def _call(self, depth: int) -> tree.Call:
        token = self._next()
        if depth > CALL_DEPTH:
            raise FilterSyntax(f"Functions can be nested {CALL_DEPTH} deep and no deeper.", token.at, self._text)
        arguments = []
        while self._token.kind != "close":
            arguments.append(self._operand(depth))
            if self._token.kind == "comma":
                self._next()
            elif self._token.kind != "close":
                raise self._unexpected('Expected "," or ")" here.')
        self._next()
        return tree.Call(token.text[:-1], tuple(arguments), token.at)

    def _next(self) -> Token:
        token = self._token
        if token.kind != "end":
            self._token = next(self._tokens)
        return token

    def _unexpected(self, expected: str) -> FilterSyntax:
        return FilterSyntax(expected, self._token.at, self._text)
