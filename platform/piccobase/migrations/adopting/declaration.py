"""What is to be written into an app's file: tables with columns as source text, and what was left out, with why."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from piccobase.migrations.adopting.found import FoundTable


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """`Varchar(length=20, null=True)` as its parts, and from where the names in it are imported."""

    name: str
    arguments: Sequence[str] = ()
    imports: frozenset[tuple[str, str]] = frozenset()  # (module, name)

    def __str__(self) -> str:
        return f"{self.name}({', '.join(self.arguments)})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """An assignment in a class: a column or a constraint."""

    attribute: str
    call: Call
    remark: str = ""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Something of the database that is not declared. `place` is `orders` or `orders.total`."""

    place: str
    why: str
    stays: bool = True  # in the database, where it goes on working; not so a table that cannot be served

    def __str__(self) -> str:
        return f"{self.place}: {self.why}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredTable:
    found: FoundTable
    class_name: str
    members: Sequence[Member]
    targets: frozenset[str] = frozenset()  # names of the classes that it needs before it
    left_out: Sequence[LeftOut] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """In the order in which the classes can stand in a file."""

    tables: Sequence[DeclaredTable] = ()
    left_out: Sequence[LeftOut] = field(default=())  # whole tables


def text_source(text: str) -> str:
    """A text as Python source, in double quotes where that needs no backslash."""
    written = repr(text)
    if written.startswith("'") and '"' not in text:
        return '"' + written[1:-1] + '"'
    return written
