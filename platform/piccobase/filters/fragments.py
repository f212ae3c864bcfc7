"""Pieces of SQL with open slots. Values never join the text: a slot is filled when the statement runs."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from piccobase.schema.values.base import Dialect

if TYPE_CHECKING:
    from piccobase.filters.bindings import Bindings

Binder = Callable[["Bindings"], Any]
"""Gives one driver value for one slot, out of the literals and the request of this very run."""

_SLOT = "\0"  # cannot stand in SQL: neither database takes it in a name or a text


@dataclass(frozen=True, slots=True)
class Fragment:
    """A piece of SQL and the binders of its slots, in the order they stand there."""

    sql: str
    binders: tuple[Binder, ...] = ()


@dataclass(frozen=True, slots=True)
class Statement:
    """A whole statement, ready for a driver: `?` or `$1` for each slot."""

    sql: str
    binders: tuple[Binder, ...]

    def bind(self, bindings: "Bindings") -> list[Any]:
        """The driver values of one run."""
        return [binder(bindings) for binder in self.binders]


def slot(binder: Binder) -> Fragment:
    """One open slot."""
    return Fragment(_SLOT, (binder,))


def compose(*pieces: str | Fragment) -> Fragment:
    """Texts and fragments one after the other. Texts are our own SQL and names of the registry, never a client's."""
    sql: list[str] = []
    binders: list[Binder] = []
    for piece in pieces:
        if isinstance(piece, str):
            sql.append(piece)
        else:
            sql.append(piece.sql)
            binders.extend(piece.binders)
    return Fragment("".join(sql), tuple(binders))


def join(separator: str, fragments: Iterable[Fragment]) -> Fragment:
    """Fragments with `separator` between them; an empty fragment for none."""
    listed = list(fragments)
    return Fragment(
        separator.join(fragment.sql for fragment in listed),
        tuple(binder for fragment in listed for binder in fragment.binders),
    )


def render(fragment: Fragment, dialect: Dialect) -> Statement:
    """Numbers the slots. On PostgreSQL slots with the same binder are one parameter."""
    if dialect == "sqlite":
        return Statement(fragment.sql.replace(_SLOT, "?"), fragment.binders)
    numbers: dict[int, int] = {}
    binders: list[Binder] = []
    texts = fragment.sql.split(_SLOT)
    pieces = [texts[0]]
    for binder, text in zip(fragment.binders, texts[1:], strict=True):
        if id(binder) not in numbers:
            binders.append(binder)
            numbers[id(binder)] = len(binders)
        pieces.append(f"${numbers[id(binder)]}{text}")
    return Statement("".join(pieces), tuple(binders))


TRUE, FALSE = Fragment("TRUE"), Fragment("FALSE")


def quoted(name: str) -> str:
    """An identifier in SQL; names come from the registry, and a quote in one still cannot end it."""
    return '"' + name.replace('"', '""') + '"'
