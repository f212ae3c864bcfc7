"""What is found in a database that was not made by us, before anybody decides how much of it can be declared."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Constant:
    """A default that is always the same, as the Python value of its column."""

    value: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundColumn:
    """`type` is as PostgreSQL writes it, for a domain that of what it restricts; `default` is SQL.

    `constant` is the default's value where it is always the same.
    """

    name: str
    type: str
    nullable: bool = True
    default: str | None = None
    constant: Constant | None = None
    computed: bool = False  # made by the database from the other columns
    identity: Literal["", "always", "default"] = ""  # GENERATED … AS IDENTITY
    labels: tuple[str, ...] = ()  # of an enum
    domain: str = ""
    comment: str = ""
    remark: str = ""  # what has become of it


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundIndex:
    """`columns` in their order, "" for an expression; `text` is the whole as the database writes it."""

    name: str
    columns: tuple[str, ...]
    unique: bool = False
    partial: bool = False
    nulls_distinct: bool = True
    method: str = "btree"
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundForeignKey:
    """From `columns` to columns `to` of `table`, which is called as a `Shape` calls it."""

    columns: tuple[str, ...]
    table: str
    to: tuple[str, ...]
    on_delete: str = "NO ACTION"
    on_update: str = "NO ACTION"


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundCheck:
    """`text` is the condition. One without a name was written into a CREATE TABLE of SQLite without one."""

    name: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundTable:
    """A table, or what looks like one: then `kind` says what it is."""

    name: str
    schema: str = ""  # empty: the one that is searched first
    kind: str = "table"
    columns: Sequence[FoundColumn] = ()
    key: tuple[str, ...] = ()
    indexes: Sequence[FoundIndex] = ()
    foreign_keys: Sequence[FoundForeignKey] = ()
    checks: Sequence[FoundCheck] = ()
    comment: str = ""
    others: Sequence[str] = field(default=())  # triggers and the like, which stay as they are, in words

    @property
    def shape_name(self) -> str:
        return f"{self.schema}.{self.name}" if self.schema else self.name
