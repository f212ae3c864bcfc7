"""The grammar of filters, read once more for the tests: text -> tree (protocol.md §3.1)."""

import re
from dataclasses import dataclass

LONGEST_FILTER = 3500  # bytes, of a client's filter
MOST_COMPARISONS = 200
DEEPEST_CALL = 3

OPERATORS = ("?!=", "?>=", "?<=", "?!~", "?=", "?>", "?<", "?~", "!=", ">=", "<=", "!~", "=", ">", "<", "~")
_IDENTIFIER = re.compile(r"[A-Za-z@_#][A-Za-z0-9_.:]*")
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?|-\.[0-9]+")
_ESCAPES = {"\\": "\\", "'": "'", '"': '"', "n": "\n", "r": "\r", "t": "\t"}


class Invalid(Exception):
    """A filter that the server must refuse with 400."""


class Forbidden(Exception):
    """A filter that the server must refuse with 403."""


@dataclass(frozen=True)
class Identifier:
    name: str


@dataclass(frozen=True)
class Text:
    value: str


@dataclass(frozen=True)
class Number:
    written: str


@dataclass(frozen=True)
class Call:
    name: str
    arguments: "tuple[Operand, ...]"


Operand = Identifier | Text | Number | Call


@dataclass(frozen=True)
class Comparison:
    left: Operand
    operator: str  # without the `?`
    right: Operand
    any_of: bool  # written with the `?`


@dataclass(frozen=True)
class Group:
    """Alternatives, each of which is a list of items that must all hold."""

    alternatives: "tuple[tuple[Comparison | Group, ...], ...]"


def parse(text: str) -> Group:
    """The tree of a filter. Raises `Invalid`."""
    reading = _Reading(text)
    tree = reading.group()
    if reading.at < len(text):
        raise Invalid(f"unexpected {text[reading.at :]!r}")
    if reading.comparisons > MOST_COMPARISONS:
        raise Invalid("too many comparisons")
    return tree


class _Reading:
    """A place in a text that moves on as the text is read."""

    def __init__(self, text: str) -> None:
        self.text, self.at, self.comparisons = text, 0, 0

    def group(self) -> Group:
        alternatives = [[self.item()]]
        while True:
            self.blank()
            if self.take("&&"):
                alternatives[-1].append(self.item())
            elif self.take("||"):
                alternatives.append([self.item()])
            else:
                return Group(tuple(map(tuple, alternatives)))

    def item(self) -> Comparison | Group:
        self.blank()
        if not self.take("("):
            return self.comparison()
        group = self.group()
        if not self.take(")"):
            raise Invalid("a group without end")
        return group

    def comparison(self) -> Comparison:
        self.comparisons += 1
        left = self.operand()
        self.blank()
        operator = next((each for each in OPERATORS if self.take(each)), None)
        if operator is None:
            raise Invalid("no operator")
        self.blank()
        return Comparison(left, operator.removeprefix("?"), self.operand(), operator.startswith("?"))

    def operand(self, depth: int = 0) -> Operand:
        if (quote := self.text[self.at : self.at + 1]) in ("'", '"') and quote:
            return self.quoted(quote)
        if found := _NUMBER.match(self.text, self.at):
            self.at = found.end()
            if self.text[self.at : self.at + 1] == "." or self.text[self.at : self.at + 1].isalnum():
                raise Invalid("not a number")
            return Number(found[0])
        if not (found := _IDENTIFIER.match(self.text, self.at)):
            raise Invalid("no operand")
        self.at = found.end()
        if self.take("("):
            return Call(found[0], self.arguments(depth + 1))
        if found[0][-1] in ".:" or found[0] in ("@", "_", "#"):
            raise Invalid(f"not a name: {found[0]}")
        return Identifier(found[0])

    def arguments(self, depth: int) -> tuple[Operand, ...]:
        if depth > DEEPEST_CALL:
            raise Invalid("calls too deep in each other")
        found: list[Operand] = []
        while True:
            self.blank()
            if self.take(")"):
                return tuple(found)
            found.append(self.operand(depth))
            self.blank()
            if not self.take(",") and not self.text.startswith(")", self.at):
                raise Invalid("arguments without end")

    def quoted(self, quote: str) -> Text:
        value, self.at = "", self.at + 1
        while self.at < len(self.text):
            sign, following = self.text[self.at], self.text[self.at + 1 : self.at + 2]
            if sign == "\\" and following in _ESCAPES and following:
                value, self.at = value + _ESCAPES[following], self.at + 2
            elif sign == quote:
                self.at += 1
                return Text(value)
            else:
                value, self.at = value + sign, self.at + 1
        raise Invalid("a text without end")

    def blank(self) -> None:
        """Passes blanks and comments."""
        while self.at < len(self.text):
            if self.text[self.at] in " \t\n":
                self.at += 1
            elif self.text.startswith("//", self.at):
                end = self.text.find("\n", self.at)
                self.at = len(self.text) if end < 0 else end + 1
            else:
                return

    def take(self, word: str) -> bool:
        taken = self.text.startswith(word, self.at)
        self.at += len(word) if taken else 0
        return taken
