"""The two things a name or literal can be: a column of a row, or a value known when the statement runs."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from piccobase.filters.bindings import Bindings
from piccobase.filters.fragments import Fragment
from piccobase.filters.literals import Kind
from piccobase.filters.scalars import Scalar
from piccobase.schema.fields import FieldInfo

if TYPE_CHECKING:
    from piccobase.filters.joins import Fan

Read = Callable[[Bindings], Scalar]
ReadMany = Callable[[Bindings], list[Scalar]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A field of a row in the statement, or of a joined one; or what a function makes of such fields.

    `present` is the joined row's key: NULL where that row is absent. `blank`: a lenient collection, in which NULL is
    the empty text. `json_path` goes into a JSON value. `lower` and `length` are the modifiers. `guard` must hold as
    well for any comparison with this column.

    `fans` are the fans that the row stands in, the outermost first, and `rows` the aliases of the rows of theirs that
    the path passes: where one of them is absent, the value is NULL. `made`: what a function makes, and no field's own.
    `exact`: NULL and the empty text are not one (protocol.md §3.6). `every`: a comparison without `?` asks it of all
    values.
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
    guard: Fragment | None = None
    fans: "tuple[Fan, ...]" = ()
    rows: tuple[str, ...] = ()
    made: bool = False
    exact: bool = False
    every: bool = True

    @property
    def bare(self) -> bool:
        """Whether its values have no affinity in SQLite's sense: they are compared as they are, text or number."""
        return self.made or self.lower or self.length


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """A literal, a macro or a value of the request; of a list `read_many` gives the elements.

    `token`: a number written in the filter, which is a double where it becomes a text (protocol.md §3.1). `lower`: the
    modifier, which spoils a date.
    """

    kind: Kind
    read: Read
    token: bool = False
    lower: bool = False
    read_many: ReadMany | None = None

    @property
    def known(self) -> bool:
        """Whether it is a literal that is not empty, or a macro: then NULL is no empty text (protocol.md §3.6)."""
        return self.kind not in ("empty", "null", "unknown")


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """`@request.body.title:changed`: whether a value was sent and is not the stored one."""

    column: Column
    value: Value
    is_set: Callable[[Bindings], bool]
