"""Which kind of form field a field of a collection is."""

from piccobase.extending import FieldInfo
from piccobase_admin.tables.kinds import (
    NUMBERS,
    Bytes,
    Choice,
    Code,
    Day,
    Duration,
    Entries,
    Fixed,
    FixedInstant,
    Flag,
    FormField,
    Instant,
    JSONText,
    Key,
    LongText,
    Number,
    Relation,
    Secret,
    Time,
    choices_of,
    element_of,
)

_SIMPLE = NUMBERS | {"text", "uuid", "boolean", "instant", "date", "time"}  # what an entry of a list can be
_LONG = 255  # characters: what may be longer gets more than one line


def form_field(field: FieldInfo) -> FormField:
    """The field as the form shows it."""
    if field.key:
        return Key(field)
    if field.auto:
        return FixedInstant(field)
    if field.serial:
        return Fixed(field)
    if field.hidden or field.type == "password":
        return Secret(field, JSONText(field) if field.multiple else plain_kind(field))
    return plain_kind(field)


def plain_kind(field: FieldInfo) -> FormField:
    """The kind of a field that is shown and written, by its values."""
    if field.target and not field.multiple:
        return Relation(field)
    if field.family in ("list", "array"):
        return Entries(field) if field.family == "list" or element_of(field).family in _SIMPLE else JSONText(field)
    if choices_of(field):
        return Choice(field)
    if field.family == "text" and (field.type == "editor" or not 0 < getattr(field.value, "max", 0) <= _LONG):
        return FormField(field) if field.type in ("email", "url") else LongText(field)
    return _KINDS[field.family](field)


_KINDS: dict[str, type[FormField]] = {
    "text": FormField,
    "integer": Number,
    "number": Number,
    "decimal": Number,
    "boolean": Flag,
    "instant": Instant,
    "date": Day,
    "time": Time,
    "duration": Duration,
    "uuid": Code,
    "bytes": Bytes,
    "json": JSONText,
    "geo": JSONText,
}
