"""A collection as the server knows it: derived from a declared Piccolo table at registration, and frozen."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from piccobase.schema.fields import FieldInfo

if TYPE_CHECKING:
    from piccolo.table import Table

    from piccobase.schema.auth_options import AuthOptions

Verb = Literal["list", "view", "create", "update", "delete", "manage", "auth"]
VERBS: tuple[Verb, ...] = ("list", "view", "create", "update", "delete")


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class CollectionInfo:
    """One collection. `id` is on the wire and never changes, `name` is the wire name and the table's name.

    `fields` are in the order they were declared; `wire_order` has the keys of a record's JSON in their order there.
    """

    id: str
    name: str
    kind: Literal["base", "auth", "view"] = "base"
    table: "type[Table]"
    fields: tuple[FieldInfo, ...]
    key: FieldInfo
    strict: bool = True
    system: bool = False
    rules: Mapping[Verb, str | None] = field(default_factory=dict)  # filter texts; None = superusers only
    unique_together: tuple[tuple[str, ...], ...] = ()
    auth: "AuthOptions | None" = None
    by_name: Mapping[str, FieldInfo] = field(default_factory=dict)
    select: str = ""  # of a view: its statement, in the words of the database it was built for

    @property
    def source(self) -> str:
        """What stands behind FROM: the table's name, quoted for SQL, or a view's statement in brackets."""
        return f"({self.select})" if self.kind == "view" else self.table._meta.get_formatted_tablename()

    def describe_place(self, verb: Verb) -> str:
        """`posts, list`: how messages name a rule."""
        return f"{self.name}, {verb}"

    def __repr__(self) -> str:
        return f"<collection {self.name}>"
