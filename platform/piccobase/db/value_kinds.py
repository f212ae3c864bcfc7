"""Kinds of values that columns hold, the same on every database: what conversions lead from and to.

Written as text a kind goes into SQL, for the functions that convert values on SQLite: `decimal`, `integer[]`.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from piccolo import columns as c
from piccolo.columns import Column, ForeignKey

from piccobase.columns import File, Files, MultiSelect, Relations, Select

Family = Literal[
    "text",
    "integer",
    "float",
    "decimal",
    "boolean",
    "instant",  # TIMESTAMPTZ
    "local",  # TIMESTAMP
    "date",
    "time",
    "interval",
    "uuid",
    "json",
    "list",  # a list as JSON: MultiSelect, Relations
    "bytes",
    "array",
    "other",
]


@dataclass(frozen=True, slots=True)
class ValueKind:
    """`type` is PostgreSQL's. `single` holds one value that a list could hold too: a Select, a File, a foreign key.

    `pointing` is a foreign key's, where nothing is NULL. `element` is an array's.
    """

    family: Family
    type: str = ""
    single: bool = False
    pointing: bool = False
    element: "ValueKind | None" = None
    enum: tuple[str, ...] = ()  # the values of a type of PostgreSQL's that has only those

    def __str__(self) -> str:
        if self.element is not None:
            return f"{self.element}[]"
        return self.family + ("!" if self.single else "") + ("?" if self.pointing else "")


@lru_cache(1000)
def kind_named(text: str) -> ValueKind:
    """The kind that is written so; its type is not known then."""
    if text.endswith("[]"):
        return ValueKind("array", element=kind_named(text[:-2]))
    family: Family = text.rstrip("!?")  # type: ignore[assignment]  # by `str(kind)`
    return ValueKind(family, single="!" in text, pointing="?" in text)


# The first that fits: some are derived from others.
_FAMILIES: tuple[tuple[type[Column], Family], ...] = (
    (MultiSelect, "list"),
    (Relations, "list"),
    (Files, "list"),
    (c.JSON, "json"),
    (c.Varchar, "text"),
    (c.Text, "text"),
    (c.Char, "text"),
    (c.Serial, "integer"),
    (c.Integer, "integer"),
    (c.Real, "float"),
    (c.DoublePrecision, "float"),
    (c.Numeric, "decimal"),
    (c.Boolean, "boolean"),
    (c.Timestamptz, "instant"),
    (c.Timestamp, "local"),
    (c.Date, "date"),
    (c.Time, "time"),
    (c.Interval, "interval"),
    (c.UUID, "uuid"),
    (c.Bytea, "bytes"),
)


def kind_of(column: Column) -> ValueKind:
    """What a column holds. One of a class that nobody knows is of the kind `other`, with its type."""
    type_ = column.column_type.lower()
    if isinstance(column, ForeignKey):
        target = kind_of(column._foreign_key_meta.resolved_target_column)
        return ValueKind(target.family, type_, single=True, pointing=True, element=target.element)
    if isinstance(column, c.Array):
        return ValueKind("array", type_, element=kind_of(column.base_column))
    if isinstance(column, c.Serial):
        return ValueKind("integer", "bigint" if "big" in type_ else "integer")
    family: Family = next((family for class_, family in _FAMILIES if isinstance(column, class_)), "other")
    if isinstance(column, Select) and column.enum is not None:
        return ValueKind(family, type_, single=True, enum=column.values)
    return ValueKind(family, type_, single=isinstance(column, Select | File))
