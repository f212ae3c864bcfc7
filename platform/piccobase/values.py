"""Kinds of values, for columns of one's own: a column class says by its method `value_of_field` what it holds.

Each is a frozen dataclass with limits, to be used as it is or derived from. `docs/how-to/own-column-types.md` shows it.
"""

from piccobase.schema.values.base import Convert, Dialect, InvalidValue, ValueType
from piccobase.schema.values.dates import DateValue, DurationValue, InstantValue, TimeValue
from piccobase.schema.values.lists import ArrayValue, ListValue, SelectListValue
from piccobase.schema.values.numbers import BooleanValue, DecimalValue, IntegerValue, NumberValue
from piccobase.schema.values.structured import BytesValue, GeoPointValue, JSONValue
from piccobase.schema.values.text import EditorValue, EmailValue, SelectValue, TextValue, URLValue, UUIDValue

__all__ = [
    "ArrayValue",
    "BooleanValue",
    "BytesValue",
    "Convert",
    "DateValue",
    "DecimalValue",
    "Dialect",
    "DurationValue",
    "EditorValue",
    "EmailValue",
    "GeoPointValue",
    "InstantValue",
    "IntegerValue",
    "InvalidValue",
    "JSONValue",
    "ListValue",
    "NumberValue",
    "SelectListValue",
    "SelectValue",
    "TextValue",
    "TimeValue",
    "URLValue",
    "UUIDValue",
    "ValueType",
]
