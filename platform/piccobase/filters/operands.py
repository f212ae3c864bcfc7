"""The two things a name or literal can be: a column of a row, or a value known when the statement runs."""

from collections.abc import Callable
from dataclasses import dataclass

from piccobase.filters.bindings import Bindings
from piccobase.filters.fragments import Fragment
from piccobase.filters.literals import Kind
from piccobase.filters.scalars import Scalar
from piccobase.schema.fields import FieldInfo

Read = Callable[[Bindings], Scalar]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A field of a row in the statement, or of a joined one.

    `present` is the joined row's key: NULL where that row is absent. `blank`: a lenient collection, in which NULL is
    the empty text. `json_path` goes into a JSON value. `lower`, `length` and `each` are the modifiers. `guard`
    must hold as well for any comparison with this column.
    """

    field: FieldInfo
    sql: Fragment
    strict: bool
    nullable: bool = True
    blank: bool = False
    present: Fragment | None = None
    json_path: tuple[str, ...] = ()
    lower: bool = False
    length: bool = False
    each: bool = False
    guard: Fragment | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """A literal, a macro or a value of the request; of a list `read_many` gives the elements.

    `token`: a number written in the filter, which is a double where it becomes a text (protocol.md §3.1).
    """

    kind: Kind
    read: Read
    token: bool = False
    read_many: Callable[[Bindings], list[Scalar]] | None = None

    @property
    def known(self) -> bool:
        """Whether it is a literal that is not empty, or a macro: then NULL is no empty text (protocol.md §3.6)."""
        return self.kind not in ("empty", "null", "unknown")
