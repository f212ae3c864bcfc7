"""Values that a field accepts, by its type: plausible, different for each number, and the same for the same one."""

import base64
import re
import zlib
from datetime import UTC, date, datetime, timedelta
from math import ceil, floor
from typing import Any
from uuid import UUID

from piccobase.base.clock import instant_text
from piccobase.schema.collections import CollectionInfo
from piccobase.schema.fields import FieldInfo
from piccobase.schema.values.base import InvalidValue, ValueType
from piccobase.schema.values.lists import ArrayValue, SelectListValue
from piccobase.schema.values.numbers import DecimalValue, IntegerValue, NumberValue
from piccobase.schema.values.text import EditorValue, EmailValue, PasswordValue, SelectValue, TextValue, URLValue
from piccobase.testing.calling import PASSWORD

_BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)


def plausible(collection: CollectionInfo, field: FieldInfo, number: int) -> Any:
    """A wire value for the field. Raises ValueError where it must be given, because of a pattern for example."""
    if field.choices:
        return sorted(field.choices)[(number - 1) % len(field.choices)]
    value = _wire_value(field.value, collection.name, field.name, number)
    try:
        field.value.check(field.value.clean(value))
    except InvalidValue as error:
        raise ValueError(
            f"{collection.name}.{field.name} must be given: {value!r} would be none. {error.error.message}"
        ) from None
    return value


def plausible_id(collection: CollectionInfo, number: int) -> str:
    """An id such as `posts0000000001`; empty where the key is of another kind, or has a form of its own."""
    value = collection.key.value
    if not isinstance(value, TextValue) or collection.key.serial:
        return ""
    length, digits = value.min or 15, str(number)
    room = max(0, length - max(len(digits), 5))
    word = re.sub("[^a-z0-9]", "", collection.name.lower())
    if len(word) > room > 3:  # two long names may begin alike
        word = f"{word[: room - 3]}{zlib.crc32(collection.name.encode()) % 1000:03}"
    made = word[:room] + digits.rjust(length - len(word[:room]), "0")
    try:
        value.check(made)
    except InvalidValue:
        return ""
    return made


def _wire_value(value: ValueType, collection: str, field: str, number: int) -> Any:
    if examples := (value.json_schema() or {}).get("examples"):
        return examples[(number - 1) % len(examples)]
    match value:
        case SelectValue():
            return value.values[(number - 1) % len(value.values)]
        case SelectListValue():
            return [*value.values[: max(1, value.min_select)]]
        case EmailValue():
            return f"{collection.strip('_')}{number}@{(*value.only_domains, 'example.com')[0]}"
        case URLValue():
            return f"https://{(*value.only_domains, 'example.com')[0]}/{collection}/{number}"
        case PasswordValue():
            return PASSWORD.ljust(value.min, "!")[: value.max or None]
        case EditorValue():
            return f"<p>{_label(field)} {number}</p>"
        case TextValue():
            return _text(value, _label(field), number)
        case IntegerValue() | NumberValue() | DecimalValue():
            return _number(value, number)
        case ArrayValue():
            return [_wire_value(value.element, collection, field, number)]
    return _by_family(value, number)


def _by_family(value: ValueType, number: int) -> Any:
    match value.family:
        case "boolean":
            return True
        case "instant":
            least, most = getattr(value, "min", None), getattr(value, "max", None)
            moment = (least or (most - timedelta(days=365) if most else _BEGINNING)) + timedelta(minutes=number)
            return instant_text(moment)
        case "date":
            return f"{date(2026, 1, 1) + timedelta(days=number - 1)} 00:00:00.000Z"
        case "time":
            return f"{8 + number // 60 % 12:02}:{number % 60:02}:00"
        case "duration":
            return number * 60
        case "uuid":
            return str(UUID(int=number, version=4))
        case "bytes":
            return base64.b64encode(str(number).encode()).decode()
        case "geo":
            return {"lon": number % 180, "lat": number % 90}
        case "json":
            return {"number": number}
    return str(number)


def _label(field: str) -> str:
    """`first_name` and `firstName` as words: "First name"."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|_+", " ", field).strip()
    return words.capitalize()


def _text(value: TextValue, label: str, number: int) -> str:
    """`Title 3`; where it does not match the pattern, what else it might be."""
    tries = [f"{label} {number}", f"{label.lower()}-{number}".replace(" ", "-"), label + _letters(number), str(number)]
    tries += [f"{label}{number}", _letters(number).lower(), _letters(number).upper()]
    for text in tries:
        if len(text) < value.min:
            text = text[:1] * (value.min - len(text)) + text
        if value.max and len(text) > value.max:
            text = text[-value.max :]
        if not value.pattern or re.search(value.pattern, text):
            return text
    return tries[0]


def _letters(number: int) -> str:
    """1, 2, 3 … 27 as letters: A, B, C … AA."""
    text = ""
    while number:
        number, rest = divmod(number - 1, 26)
        text = chr(ord("A") + rest) + text
    return text


def _number(value: IntegerValue | NumberValue | DecimalValue, number: int) -> int:
    """The number itself; round and round where there are limits."""
    least: int | None
    most: int | None
    if isinstance(value, DecimalValue):
        least, most = None, None if value.precision is None else 10 ** (value.precision - (value.scale or 0)) - 1
    else:
        least = None if value.min is None else ceil(value.min)
        most = None if value.max is None else floor(value.max)
    first = 1 if least is None or least < 1 else least
    if most is None:
        return first + number - 1
    if most < first:
        first = most if least is None else least
    return first + (number - 1) % (most - first + 1)
