"""A field: one named, typed part of a record, as it was declared."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from piccobase.schema.values.base import Family, ValueType

if TYPE_CHECKING:
    from piccolo.columns import Column


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class FieldInfo:
    """Everything the server needs to know about one field; derived from a Piccolo column at registration.

    `name` is the name on the wire and `column` the one in the database. They differ only for the key of a plain
    table, which the wire always calls `id`. `attribute` is the name on the Piccolo class.
    """

    name: str
    column: str
    attribute: str
    value: ValueType
    piccolo: "Column"
    id: str = ""  # the field's id on the wire, for example text3208210256
    required: bool = False
    nullable: bool = False
    unique: bool = False
    hidden: bool = False  # only superusers see it and write it
    system: bool = False
    key: bool = False
    serial: bool = False  # the database makes the value
    auto: Literal["", "create", "update"] = ""  # an instant that the server sets, and nobody writes
    target: str = ""  # a relation's target: the name of that collection
    cascade: bool = False  # a deleted target takes this record with it
    default: Callable[[], Any] = field(default=lambda: None)
    help: str = ""  # what the declaration says about it
    choices: frozenset[Any] = frozenset()  # of a column with `choices` that is no select: numbers, for example
    read_rule: str | None = ""  # decided by the actor alone; "" everyone, None superusers only
    write_rule: str | None = ""

    @property
    def family(self) -> Family:
        """How values of this field are compared."""
        return self.value.family

    @property
    def type(self) -> str:
        """The field's type on the wire: text, number, relation …"""
        return "relation" if self.target else self.value.type

    @property
    def multiple(self) -> bool:
        """Whether it holds a list of values (stored as a JSON array)."""
        return self.value.multiple
