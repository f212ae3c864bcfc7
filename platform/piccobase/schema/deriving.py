"""From a declared column to the field it becomes: every Piccolo column type and ours, a kind of value each."""

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, cast

from piccolo import columns as piccolo
from piccolo.columns import Column
from piccolo.columns.choices import Choice
from piccolo.columns.defaults.base import Default
from piccolo.columns.defaults.timestamp import TimestampNow

from piccobase import columns as ours
from piccobase.base import clock
from piccobase.base.json import parse_json
from piccobase.schema.values.base import ValueType
from piccobase.schema.values.dates import DateValue, DurationValue, InstantValue, TimeValue
from piccobase.schema.values.lists import ArrayValue, ListValue, SelectListValue
from piccobase.schema.values.numbers import BooleanValue, DecimalValue, IntegerValue, NumberValue
from piccobase.schema.values.shapes import InvalidShape, shape_of
from piccobase.schema.values.structured import BytesValue, GeoPointValue, JSONValue
from piccobase.schema.values.text import (
    CharValue,
    EditorValue,
    EmailValue,
    IntegerKeyValue,
    PasswordValue,
    SelectValue,
    TextValue,
    URLValue,
    UUIDValue,
)

OWN = "value_of_field"
"""The method by which a column class of somebody's own says what kind of value it holds."""
KINDS = (
    TextValue,
    UUIDValue,
    NumberValue,
    IntegerValue,
    DecimalValue,
    BooleanValue,
    InstantValue,
    DateValue,
    TimeValue,
    DurationValue,
    BytesValue,
    JSONValue,
    GeoPointValue,
    ListValue,
    ArrayValue,
)


class NotServed(Exception):
    """A column that cannot become a field; the text says why and what to use instead."""


def value_type(column: Column) -> ValueType:
    """The kind of value a column holds. Relations are resolved by the registry, which knows the targets."""
    if isinstance(column, ours.File | ours.Files):
        raise NotServed("file columns are not built yet; leave the column out, or keep a URL for now")
    for cls in type(column).__mro__:
        if OWN in vars(cls):
            return _own_kind(column)
        if make := _MAKERS.get(cls):
            return make(column)
    raise NotServed(f"{type(column).__name__} is no column type that can be served; derive it from one of Piccolo's")


def _own_kind(column: Any) -> ValueType:
    """What a column of somebody's own class says of its values."""
    name = type(column).__name__
    if type(column).column_type is Column.column_type:
        raise NotServed(
            f"its SQL type would be called {name.upper()}, like its class; give {name} the property column_type, "
            f'such as "{_sql_type(column)}"'
        )
    try:
        value = getattr(column, OWN)()
    except Exception as error:
        raise NotServed(f"{name}.{OWN}() failed: {type(error).__name__}: {error}") from error
    if not isinstance(value, KINDS):
        raise NotServed(f"{name}.{OWN}() must return a value of a class that is derived from one in piccobase.values")
    return value


def _sql_type(column: Column) -> str:
    """The type of the nearest class that Piccolo itself knows, which is called as its SQL is."""
    known = (cls.__name__.upper() for cls in type(column).__mro__ if cls.__module__.startswith("piccolo."))
    return next(known, "TEXT")


def key_type(column: Column) -> ValueType:
    """The kind of value of a key, which is text on the wire whatever the database holds."""
    if isinstance(column, ours.RecordId):
        return TextValue(min=column.min_length, max=column.max_length, pattern=column.pattern)
    if isinstance(column, piccolo.Integer | piccolo.Serial):
        wide = isinstance(column, piccolo.BigInt | piccolo.BigSerial)
        return IntegerKeyValue(bits=64 if wide else 16 if isinstance(column, piccolo.SmallInt) else 32)
    if isinstance(column, piccolo.UUID):
        return UUIDValue()
    if isinstance(column, piccolo.Varchar | piccolo.Text):
        return TextValue(min=1, max=getattr(column, "length", None) or 0)
    raise NotServed(f"a key of type {type(column).__name__} cannot be served; use text, an integer or a UUID")


def _varchar(column: piccolo.Varchar) -> ValueType:
    choices = _choices(column)
    return SelectValue(values=choices) if choices else TextValue(max=column.length or 0)


def _choices(column: Column) -> tuple[Any, ...]:
    if column._meta.choices is None:
        return ()
    return tuple(
        member.value.value if isinstance(member.value, Choice) else member.value for member in column._meta.choices
    )


def choices_of(column: Column) -> frozenset[Any]:
    """What a column with `choices` may hold, where that is not a select already: numbers, for example."""
    if isinstance(column, piccolo.Varchar | piccolo.Text | piccolo.Array):
        return frozenset()
    return frozenset(_choices(column))


def _integer(bits: int) -> Callable[[Any], ValueType]:
    return lambda column: IntegerValue(bits=bits)


def _array(column: piccolo.Array) -> ValueType:
    return ArrayValue(element=value_type(column.base_column))


def _multi_select(column: ours.MultiSelect) -> ValueType:
    return SelectListValue(values=column.values, min_select=column.min_select, max_select=column.max_select)


def _url(column: ours.URL) -> ValueType:
    return URLValue(max=column.length or 0, only_domains=column.only_domains, except_domains=column.except_domains)


def _json_of(column: ours.JSONOf) -> ValueType:
    try:
        shape = None if column.shape is None else shape_of(column.shape)
    except InvalidShape as reason:
        raise NotServed(str(reason)) from reason
    return JSONValue(max_size=column.max_size, shape=shape)


def _password(column: ours.Password) -> ValueType:
    return PasswordValue(min=column.min_length, max=column.max_length, pattern=column.pattern)


def _text(column: piccolo.Text) -> ValueType:
    choices = _choices(column)
    return SelectValue(values=choices) if choices else TextValue()


# Looked up along the column class's MRO: the nearest ancestor decides.
_MAKERS: Mapping[type, Callable[[Any], ValueType]] = {
    piccolo.Varchar: _varchar,
    piccolo.Char: lambda column: CharValue(max=column.length or 0),
    piccolo.Text: _text,
    piccolo.Email: lambda column: EmailValue(max=column.length or 0),
    piccolo.UUID: lambda column: UUIDValue(),
    piccolo.SmallInt: _integer(16),
    piccolo.Integer: _integer(32),
    piccolo.BigInt: _integer(64),
    piccolo.Serial: _integer(32),
    piccolo.BigSerial: _integer(64),
    piccolo.Timestamp: lambda column: InstantValue(naive=True),
    piccolo.Timestamptz: lambda column: InstantValue(),
    piccolo.Date: lambda column: DateValue(),
    piccolo.Time: lambda column: TimeValue(),
    piccolo.Interval: lambda column: DurationValue(),
    piccolo.Boolean: lambda column: BooleanValue(),
    piccolo.Numeric: lambda column: DecimalValue(precision=column.precision, scale=column.scale),
    piccolo.Real: lambda column: NumberValue(single=True),
    piccolo.DoublePrecision: lambda column: NumberValue(),
    piccolo.JSON: lambda column: JSONValue(),
    piccolo.Bytea: lambda column: BytesValue(),
    piccolo.Array: _array,
    ours.Select: lambda column: SelectValue(values=column.values, blank=column.enum is None),
    ours.MultiSelect: _multi_select,
    ours.Relations: lambda column: ListValue(min_select=column.min_select, max_select=column.max_select),
    ours.URL: _url,
    ours.Editor: lambda column: EditorValue(max_size=column.max_size),
    ours.JSONOf: _json_of,
    ours.GeoPoint: lambda column: GeoPointValue(),
    ours.Password: _password,
}


def default_of(column: Column, value: ValueType) -> Callable[[], Any]:
    """What an absent value becomes, as a Python value: the column's default, made anew each time."""
    declared = getattr(column, "default", None)
    if isinstance(declared, Enum):
        declared = declared.value
    if isinstance(column, piccolo.Timestamp) and isinstance(declared, TimestampNow):
        # Piccolo's own is the machine's local time; naive ones are UTC here.
        return lambda: clock.now().replace(tzinfo=None)
    if isinstance(declared, Default):
        return declared.python
    if value.family == "list" and isinstance(declared, str):
        return lambda: parse_json(declared)
    if isinstance(declared, list):
        return lambda: list(declared)
    if callable(declared):
        return cast("Callable[[], Any]", declared)
    return lambda: declared
