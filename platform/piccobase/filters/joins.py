"""The LEFT JOINs of one statement. The same path shares one join, so that two conditions speak of the same row."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from piccobase.filters.fragments import Fragment, compose, join, quoted
from piccobase.schema.collections import CollectionInfo
from piccobase.schema.fields import FieldInfo

if TYPE_CHECKING:
    from piccobase.filters.dialects.base import Dialect


class Joins:
    """Grows while filters and sorts of one statement are compiled; then `fragment` goes behind FROM."""

    def __init__(self, dialect: "Dialect", prefix: str = "via") -> None:
        self.dialect = dialect
        self._prefix = prefix
        self._aliases: dict[tuple[str, str], str] = {}
        self._joins: list[Fragment] = []
        self._restrictions: dict[str, Fragment | None] = {}

    def join(
        self,
        alias: str,
        relation: FieldInfo,
        target: CollectionInfo,
        passage: "Callable[[CollectionInfo, str, Joins], Fragment | None] | None" = None,
    ) -> str:
        """The quoted alias of the row that `relation` of the row `alias` points to; `passage` is asked once for it."""
        key = (alias, relation.column)
        joined = self._aliases.get(key)
        if joined is None:
            joined = self._aliases[key] = quoted(f"{self._prefix}_{len(self._aliases) + 1}")
            self._joins.append(
                Fragment(
                    f" LEFT JOIN {target.source} AS {joined}"
                    f" ON {joined}.{quoted(target.key.column)} = {alias}.{quoted(relation.column)}"
                )
            )
        if passage is not None and joined not in self._restrictions:
            self._restrictions[joined] = None  # the rule may pass the same way itself
            rule = passage(target, joined, self)
            if rule is not None:
                absent = f"{joined}.{quoted(target.key.column)} IS NULL OR "
                self._restrictions[joined] = compose("(", absent, "(", rule, "))")
        return joined

    def fragment(self) -> Fragment:
        """All joins, each with a blank before it; empty for none."""
        return join("", self._joins)

    def restrictions(self) -> Fragment | None:
        """What else must hold of the whole row because a client's path went into collections with list rules
        (protocol.md §3.9): "joined row absent, or its list rule holds". None for nothing."""
        found = [restriction for restriction in self._restrictions.values() if restriction is not None]
        return join(" AND ", found) if found else None
