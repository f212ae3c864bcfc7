"""JSON values, points on the globe, bytes."""

import base64
import binascii
from dataclasses import dataclass, field
from typing import Any, ClassVar

import msgspec

from piccobase.base.json import NotJSON, dump_json, parse_json, parse_whole_json
from piccobase.schema.values.base import Convert, Dialect, Family, InvalidValue, ValueType, wrong_type
from piccobase.schema.values.shapes import Shape


def raw_json(stored: str) -> msgspec.Raw:
    """Stored JSON text goes out as it is, unread."""
    return msgspec.Raw(stored.encode())


@dataclass(frozen=True, slots=True, kw_only=True)
class JSONValue(ValueType):
    """Any JSON value; the Python value is its text, as Piccolo's JSON columns have it. `max_size` in bytes, 1 MiB.

    Where it has a shape, only what fits; the JSON null of a lenient collection, which says that there is nothing, does.
    """

    type: ClassVar[str] = "json"
    family: ClassVar[Family] = "json"
    max_size: int = 1 << 20
    shape: Shape | None = field(default=None, compare=False)

    def zero(self) -> Any:
        return "null"

    def is_zero(self, value: Any) -> bool:
        return value in (None, "null", '""', "[]", "{}")

    def is_blank(self, value: Any) -> bool:
        return value is None or value == "null"

    def clean(self, wire: Any) -> Any:
        if _has_infinity(wire):
            raise InvalidValue("validation_invalid_json", "A number in it is too large for a double.")
        return dump_json(wire)

    def coerce(self, wire: Any) -> Any:
        """A text is read again: what begins like JSON and is JSON becomes that value, verbatim (protocol.md §2.6)."""
        if isinstance(wire, str) and (wire in ("true", "false", "null") or (wire and wire[0] in '-"[{0123456789')):
            try:
                parse_whole_json(wire)
            except NotJSON:
                return dump_json(wire)
            return wire.strip()
        return self.clean(wire)

    def check(self, value: Any) -> None:
        if len(value.encode()) > self.max_size:
            raise InvalidValue(
                "validation_json_size_limit",
                f"The maximum allowed JSON size is {self.max_size} bytes.",
                {"maxSize": self.max_size},
            )
        if "\\u0000" in value:
            raise wrong_type("Must not contain a NUL character.")  # PostgreSQL's jsonb cannot hold it
        if self.shape is not None and value != "null" and (mistakes := self.shape.mistakes(value)):
            told = " ".join(f"At {place}: {text}" if place else text for place, text in mistakes.items())
            raise InvalidValue("validation_invalid_json", told, {"errors": mistakes})

    def read(self, dialect: Dialect) -> Convert | None:
        return raw_json

    def sqlite_json(self, column: str) -> str | None:
        return column

    def describe(self) -> dict[str, Any]:
        return {"maxSize": self.max_size}


def _has_infinity(wire: Any) -> bool:
    """Whether a number such as 1e400 is in it, which would be stored as null."""
    match wire:
        case float():
            return wire in (float("inf"), float("-inf"))
        case list():
            return any(map(_has_infinity, wire))
        case dict():
            return any(map(_has_infinity, wire.values()))
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class GeoPointValue(ValueType):
    """A point on the globe: `{"lon": …, "lat": …}` in degrees. The Python value is its JSON text."""

    type: ClassVar[str] = "geoPoint"
    family: ClassVar[Family] = "geo"

    def zero(self) -> Any:
        return '{"lat":0,"lon":0}'

    def clean(self, wire: Any) -> Any:
        if not isinstance(wire, dict) or not all(_is_number(wire.get(part)) for part in ("lon", "lat")):
            raise wrong_type('Must be a point such as {"lon": 2.35, "lat": 48.86}.')
        return _point(wire["lon"], wire["lat"])

    def coerce(self, wire: Any) -> Any:
        if isinstance(wire, str):
            try:
                wire = parse_json(wire)
            except NotJSON:
                return self.zero()
        if not isinstance(wire, dict):
            return self.zero()
        lon, lat = wire.get("lon", 0), wire.get("lat", 0)
        return _point(lon, lat) if _is_number(lon) and _is_number(lat) else self.zero()

    def check(self, value: Any) -> None:
        point = parse_json(value)
        if not -90 <= point["lat"] <= 90:
            raise InvalidValue("validation_invalid_latitude", "Latitude must be between -90 and 90 degrees.")
        if not -180 <= point["lon"] <= 180:
            raise InvalidValue("validation_invalid_longitude", "Longitude must be between -180 and 180 degrees.")

    def read(self, dialect: Dialect) -> Convert | None:
        return raw_json

    def sqlite_json(self, column: str) -> str | None:
        return column


def _is_number(wire: Any) -> bool:
    return isinstance(wire, int | float) and not isinstance(wire, bool)


def _point(lon: float, lat: float) -> str:
    """As JSON. An infinite part lies beyond the limits as 1000 does; minus zero, which jsonb does not know, is zero."""
    return dump_json({"lon": max(-1000, min(lon, 1000)) + 0, "lat": max(-1000, min(lat, 1000)) + 0})


@dataclass(frozen=True, slots=True, kw_only=True)
class BytesValue(ValueType):
    """Bytes: base64 on the wire (RFC 4648 §4). Not comparable in filters."""

    family: ClassVar[Family] = "bytes"

    def zero(self) -> Any:
        return b""

    def clean(self, wire: Any) -> Any:
        try:
            return base64.b64decode(wire, validate=True)
        except (binascii.Error, ValueError, TypeError):
            raise wrong_type("Must be bytes in base64.") from None

    def coerce(self, wire: Any) -> Any:
        try:
            return self.clean(wire)
        except InvalidValue:
            return b""

    def read(self, dialect: Dialect) -> Convert | None:
        return _base64


def _base64(stored: bytes) -> str:
    return base64.b64encode(stored).decode()
