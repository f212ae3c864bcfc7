"""Lists: several of a set, ordered ids of other records, and Piccolo's arrays."""

from dataclasses import dataclass
from typing import Any, ClassVar

from piccobase.base.json import NotJSON, dump_json, parse_json
from piccobase.schema.values.base import Convert, Dialect, Family, InvalidValue, ValueType, wrong_type
from piccobase.schema.values.structured import raw_json
from piccobase.schema.values.text import entries_of


@dataclass(frozen=True, slots=True, kw_only=True)
class ListValue(ValueType):
    """A list of texts, stored as a JSON array; the Python value is the list. `max_select` 0 = no limit."""

    type: ClassVar[str] = "select"
    family: ClassVar[Family] = "list"
    multiple: ClassVar[bool] = True
    min_select: int = 0
    max_select: int = 0

    def zero(self) -> Any:
        return []

    def is_blank(self, value: Any) -> bool:
        return not value

    def clean(self, wire: Any) -> Any:
        if not isinstance(wire, list) or not all(isinstance(entry, str) for entry in wire):
            raise wrong_type("Must be a list of texts.")
        return list(dict.fromkeys(entry for entry in wire if entry))

    def coerce(self, wire: Any) -> Any:
        return entries_of(wire)

    def check(self, value: Any) -> None:
        if self.max_select and len(value) > self.max_select:
            raise InvalidValue(
                "validation_too_many_values", f"Select no more than {self.max_select}.", {"maxSelect": self.max_select}
            )
        if value and len(value) < self.min_select:
            raise InvalidValue(
                "validation_not_enough_values", f"Select at least {self.min_select}.", {"minSelect": self.min_select}
            )

    def bind(self, dialect: Dialect) -> Convert | None:
        return dump_json

    def read(self, dialect: Dialect) -> Convert | None:
        return raw_json

    def sqlite_json(self, column: str) -> str | None:
        return column


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectListValue(ListValue):
    """Several of `values`."""

    values: tuple[str, ...]

    def check(self, value: Any) -> None:
        for entry in value:
            if entry not in self.values:
                raise InvalidValue("validation_invalid_value", f"Invalid value {entry}.", {"value": entry})
        ListValue.check(self, value)

    def describe(self) -> dict[str, Any]:
        return {"values": list(self.values), "maxSelect": self.max_select or len(self.values)}


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrayValue(ValueType):
    """Piccolo's Array: a list of values of one kind, in PostgreSQL's own array or as JSON text on SQLite.

    Lists in it are of one length, as PostgreSQL wants them, and a list of empty lists is an empty list.
    """

    type: ClassVar[str] = "json"
    family: ClassVar[Family] = "array"
    multiple: ClassVar[bool] = True
    element: ValueType

    def zero(self) -> Any:
        return []

    def is_blank(self, value: Any) -> bool:
        return not value

    def clean(self, wire: Any) -> Any:
        if not isinstance(wire, list):
            raise wrong_type("Must be a list.")
        return self._even([self._entry(entry) for entry in wire])

    def _even(self, entries: list[Any]) -> list[Any]:
        if not isinstance(self.element, ArrayValue) or not entries:
            return entries
        if len({len(entry) for entry in entries}) > 1:
            raise wrong_type("The lists in it must be of one length.")
        return entries if entries[0] else []

    def _entry(self, wire: Any) -> Any:
        if wire is None:
            raise wrong_type("A list must not hold null.")
        return self.element.clean(wire)

    def coerce(self, wire: Any) -> Any:
        if isinstance(wire, str):
            try:
                wire = parse_json(wire)
            except NotJSON:
                return []
        entries = [self.element.coerce(entry) for entry in wire] if isinstance(wire, list) else []
        return self._even([entry for entry in entries if entry is not None])

    def check(self, value: Any) -> None:
        for entry in value:
            self.element.check(entry)

    def bind(self, dialect: Dialect) -> Convert | None:
        inner = self.element.bind(dialect)
        if dialect == "sqlite":
            return lambda value: dump_json([inner(entry) for entry in value] if inner else value)
        return (lambda value: [inner(entry) for entry in value]) if inner else None

    def read(self, dialect: Dialect) -> Convert | None:
        inner = self.element.read(dialect)
        if dialect == "sqlite":
            return (lambda stored: [inner(entry) for entry in parse_json(stored)]) if inner else raw_json
        return (lambda stored: [inner(entry) for entry in stored]) if inner else None

    def sqlite_json(self, column: str) -> str | None:
        return column if self.element.read("sqlite") is None else None
