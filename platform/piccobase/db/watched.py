"""What the change log has to know of a collection's table to write of it, without knowing what a collection is."""

from collections.abc import Mapping
from typing import Any

import msgspec

CHANGES = "_changes"


class WatchedTable(msgspec.Struct, frozen=True, kw_only=True):
    """A table whose rows are records. Kept as JSON, so that every process writes the log that opens the database."""

    table: str
    schema: str = ""  # of PostgreSQL; empty for the one that is searched first
    collection: str  # its id
    key: str  # a column
    fields: Mapping[str, str]  # the names of fields by their columns
    secrets: tuple[str, ...] = ()  # columns whose values are never kept

    @property
    def kept(self) -> dict[str, str]:
        """Those fields whose values the log keeps of a record that was deleted."""
        return {column: name for column, name in self.fields.items() if column not in self.secrets}


_decode = msgspec.json.Decoder(WatchedTable).decode


def stored_form(watched: WatchedTable) -> str:
    return msgspec.json.encode(watched).decode()


def from_stored(text: Any) -> WatchedTable | None:
    """None for what a version has stored that had other words for it; the next start stores it anew."""
    try:
        return _decode(text) if text else None
    except msgspec.MsgspecError:
        return None
