"""A record as JSON that SQLite writes itself. Reading its columns and encoding them here takes twice to thrice as long:
texts would be decoded from UTF-8 only to be encoded again."""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from piccobase.base.json import encode_json
from piccobase.records.encoding import RecordShape, empty_on_the_wire
from piccobase.schema.fields import FieldInfo

_MOST_ARGUMENTS = 100  # of a function of SQLite; older ones take no more than 127


def record_json(shape: RecordShape, column: Callable[[FieldInfo], str]) -> str | None:
    """SQL that gives, for a row, what `encode_json` makes of `shape.records` for it, as a blob of UTF-8.

    `column` names a field's column in SQL. None where a field's values take Python (`ValueType.sqlite_json`).
    """
    members = {name: _text(encode_json(value).decode()) for name, value in shape.constants.items()}
    for field in shape.fields:
        written = field.value.sqlite_json(column(field))
        if written is None:
            return None
        members[field.name] = _or_empty(shape, field, column(field), written)
    pieces: list[str] = []
    for name in sorted(members):
        key = encode_json(name).decode()
        pieces += [_text(f"{',' if pieces else '{'}{key}:"), members[name]]
    return f"CAST({_concatenated([*pieces, _text('}' if pieces else '{}')])} AS BLOB)"


def _or_empty(shape: RecordShape, field: FieldInfo, column: str, written: str) -> str:
    """The value's JSON, and that of the empty value for NULL."""
    empty = encode_json(empty_on_the_wire(shape.collection, field)).decode()
    if empty != "null":
        return f"CASE WHEN {column} IS NULL THEN {_text(empty)} ELSE {written} END"
    return written if written.startswith("json_quote(") else f"ifnull({written}, 'null')"


def _concatenated(pieces: Sequence[str]) -> str:
    """Of `concat`s of `concat`s, where there are more pieces than a function takes."""
    while len(pieces) > _MOST_ARGUMENTS:
        pieces = [f"concat({', '.join(some)})" for some in _batches(pieces)]
    return f"concat({', '.join(pieces)})"


def _batches(pieces: Sequence[str]) -> Iterator[list[str]]:
    rest = iter(pieces)
    while some := list(islice(rest, _MOST_ARGUMENTS)):
        yield some


def _text(text: str) -> str:
    """A literal in SQL. It is made of names of the registry, never of what a client sends."""
    return "'" + text.replace("'", "''") + "'"
