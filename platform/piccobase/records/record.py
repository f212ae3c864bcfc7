"""A stored record as hooks and listeners get it: all that is not secret, whoever asks, in the forms of the wire."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from functools import cached_property
from typing import Any

import msgspec

from piccobase.records.encoding import empty_on_the_wire
from piccobase.schema.collections import CollectionInfo
from piccobase.schema.fields import FieldInfo
from piccobase.schema.values.base import Dialect

_SECRET = frozenset({"password", "tokenKey"})  # field types and names that nobody needs to see


class Record(Mapping[str, Any]):
    """Wire names to values: texts, numbers, booleans, lists, objects and None. Hidden fields stand in it as well.

    Hashes of passwords and token keys do not. It does not change, whatever becomes of the record.
    """

    __slots__ = ("__dict__", "_dialect", "_row", "collection")

    def __init__(self, collection: CollectionInfo, row: Sequence[Any], dialect: Dialect) -> None:
        """`row` is as the driver gave it, in the order of the collection's fields."""
        self.collection = collection
        self._row, self._dialect = row, dialect

    @classmethod
    def known(cls, collection: CollectionInfo, values: Mapping[str, Any]) -> "Record":
        """One that was taken apart by `to_dict`."""
        record = cls(collection, (), "sqlite")
        record.__dict__["_values"] = dict(values)
        return record

    @property
    def id(self) -> str:
        return str(self["id"])

    def to_dict(self) -> dict[str, Any]:
        """A copy that may be changed, and that JSON can hold."""
        return dict(self._values)

    @cached_property
    def _values(self) -> dict[str, Any]:
        return {
            field.name: wire_value(self.collection, field, stored, self._dialect)
            for field, stored in zip(self.collection.fields, self._row, strict=True)
            if not is_secret(field)
        }

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"<record {self.collection.name}/{self.get('id')}>"


def is_secret(field: FieldInfo) -> bool:
    """Whether a field holds what stands for a password."""
    return field.type in _SECRET or field.name in _SECRET


def wire_value(collection: CollectionInfo, field: FieldInfo, stored: Any, dialect: Dialect) -> Any:
    """A stored value in the form of the wire, JSON columns as what they hold."""
    if stored is None:
        return empty_on_the_wire(collection, field)
    read = field.value.read(dialect)
    value = stored if read is None else read(stored)
    if isinstance(value, msgspec.Raw):
        return (_decode_exact if field.family == "decimal" else msgspec.json.decode)(value)
    return value


_decode_exact = msgspec.json.Decoder(float_hook=Decimal).decode
