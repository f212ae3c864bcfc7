"""From rows to what `encode_json` takes, column by column: worked out once for a set of visible fields."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import repeat
from typing import Any

import msgspec

from piccobase.schema.collections import CollectionInfo
from piccobase.schema.fields import FieldInfo
from piccobase.schema.values.base import Dialect

Row = Sequence[Any]


class RecordShape:
    """How records of one collection look to one kind of reader: which fields, in the order of the wire, encoded how.

    A record is a msgspec Struct made for the shape: it is built and encoded several times faster than a dict, and a
    field that is UNSET (an address that is not shown, an `expand` that did not run) is left out of the JSON.
    """

    def __init__(
        self,
        collection: CollectionInfo,
        fields: Iterable[FieldInfo],
        dialect: Dialect,
        wanted: frozenset[str] | None = None,
    ) -> None:
        """`wanted` are the keys that are asked for; None = all. `fields` have been chosen by it already."""
        self.collection = collection
        # Keys of a record stand in alphabetical order (protocol.md §1.5), and so do the selected columns.
        self.fields = tuple(sorted(fields, key=lambda field: field.name))
        self._readers = tuple(_ColumnReader(collection, field, dialect) for field in self.fields)
        self.names = frozenset(field.name for field in self.fields)
        constants = {"collectionId": collection.id, "collectionName": collection.name}
        if wanted is not None:
            constants = {key: constant for key, constant in constants.items() if key in wanted}
        self.constants: Mapping[str, str] = constants
        keys = sorted([*(field.name for field in self.fields), *constants, "expand"])
        # Attribute names are numbered, since a field may have a name that no Struct can have; the wire sees `rename`.
        names = {f"f{index}": key for index, key in enumerate(keys)}
        self.record = msgspec.defstruct("Record", [(name, Any) for name in names], rename=names, gc=False)
        self._expand = keys.index("expand")
        self._sources: tuple[str | None, ...] = tuple(constants.get(key) for key in keys)
        self._columns = tuple(
            next((index for index, field in enumerate(self.fields) if field.name == key), None) for key in keys
        )
        self._shown_email = next((index for index, field in enumerate(self.fields) if field.name == "email"), None)
        self._blank: list[Any] = [constants.get(key, msgspec.UNSET) for key in keys]
        self._stored = tuple(
            (keys.index(field.name), collection.fields.index(field), reader.read, reader.empty)
            for field, reader in zip(self.fields, self._readers, strict=True)
        )

    def records(
        self,
        rows: Sequence[Row],
        *,
        email_shown: Sequence[bool] | None = None,
        expanded: Sequence[bytes] | None = None,
    ) -> list[Any]:
        """One record a row. The rows hold the columns of `fields`, and may hold more behind them.

        `email_shown` says for each row whether its address may be seen; without it all may. `expanded` is the JSON of
        each record's `expand`; without it there is none.
        """
        if not rows:
            return []
        columns: list[Any] = list(zip(*rows, strict=True))
        for index, reader in enumerate(self._readers):
            columns[index] = reader(columns[index])
        if email_shown is not None and self._shown_email is not None:
            addresses = columns[self._shown_email]
            columns[self._shown_email] = [
                address if shown else msgspec.UNSET for address, shown in zip(addresses, email_shown, strict=True)
            ]
        values = [
            columns[column] if column is not None else repeat(msgspec.UNSET if source is None else source, len(rows))
            for column, source in zip(self._columns, self._sources, strict=True)
        ]
        if expanded is not None:
            values[self._expand] = map(msgspec.Raw, expanded)
        return list(map(self.record, *values))

    def record_of(self, stored: Row) -> Any:
        """One record, out of a row in the order of `collection.fields`."""
        values = self._blank.copy()
        for index, place, read, empty in self._stored:
            value = stored[place]
            values[index] = empty if value is None else value if read is None else read(value)
        return self.record(*values)


class _ColumnReader:
    """A column of driver values to a column of wire values. NULL becomes `empty`."""

    __slots__ = ("_changes_nothing", "_is_wire_already", "empty", "read")

    def __init__(self, collection: CollectionInfo, field: FieldInfo, dialect: Dialect) -> None:
        self.read = field.value.read(dialect)
        self._is_wire_already = field.value.is_wire_already(dialect)
        self.empty = empty_on_the_wire(collection, field)
        self._changes_nothing = self.read is None and self.empty is None

    def __call__(self, column: Sequence[Any]) -> Iterable[Any]:
        if self._changes_nothing:
            return column
        read, empty = self.read, self.empty
        if None in column:
            if read is None:
                return [empty if value is None else value for value in column]
            return [empty if value is None else read(value) for value in column]
        if read is None or (self._is_wire_already is not None and self._is_wire_already(column)):
            return column
        return map(read, column)


def empty_on_the_wire(collection: CollectionInfo, field: FieldInfo) -> Any:
    """What NULL is on the wire: null in a strict collection, the protocol's zero value in a lenient one (§2.2)."""
    if collection.strict or field.key:
        return None
    if field.target and not field.multiple:
        return ""
    match field.family:
        case "list" | "array":
            return []
        case "geo":
            return {"lat": 0, "lon": 0}
        case "json":
            return None
        case "boolean":
            return False
        case "number" | "integer" | "decimal" | "duration":
            return 0
        case _:
            return ""
