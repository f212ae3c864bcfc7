"""A record as JSON that SQLite writes itself. Reading its columns and encoding them here takes twice to thrice as long:
texts would be decoded from UTF-8 only to be encoded again."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice

from piccobase.base.json import encode_json
from piccobase.records.encoding import RecordShape, empty_on_the_wire
from piccobase.schema.fields import FieldInfo

_MOST_ARGUMENTS = 100  # of a function of SQLite; older ones take no more than 127


def record_json(shape: RecordShape, column: Callable[[FieldInfo], str]) -> str | None:
    """SQL that gives, for a row, what `encode_json` makes of `shape.records` for it, as a blob of UTF-8.

    `column` names a field's column in SQL. None where a field's values take Python (`ValueType.sqlite_json`).
    """
    members = _members(shape, column)
    return None if members is None else _blob([*_listed(members, "{"), _text("}" if members else "{}")])


def record_json_halves(shape: RecordShape, column: Callable[[FieldInfo], str]) -> tuple[str, str] | None:
    """The same in two blobs without the braces, since an `expand` belongs between them: see `joined_halves`."""
    members = _members(shape, column)
    if members is None:
        return None
    before = {name: sql for name, sql in members.items() if name < "expand"}
    behind = {name: sql for name, sql in members.items() if name > "expand"}
    return _blob(_listed(before)), _blob(_listed(behind))


def joined_halves(before: bytes, expand: bytes | None, behind: bytes) -> bytes:
    """A record's JSON of its halves, and the JSON of its `expand` if it has one."""
    middle = b'"expand":' + expand if expand is not None else b""
    return b"{" + b",".join(part for part in (before, middle, behind) if part) + b"}"


def _members(shape: RecordShape, column: Callable[[FieldInfo], str]) -> dict[str, str] | None:
    """SQL for the JSON of each value, by key."""
    members = {name: _text(encode_json(value).decode()) for name, value in shape.constants.items()}
    for field in shape.fields:
        written = field.value.sqlite_json(column(field))
        if written is None:
            return None
        members[field.name] = _or_empty(shape, field, column(field), written)
    return members


def _listed(members: Mapping[str, str], opening: str = "") -> list[str]:
    """The pieces of `"key":value,…` behind `opening`, keys in alphabetical order (protocol.md §1.5)."""
    pieces: list[str] = []
    for name in sorted(members):
        pieces += [_text(f"{',' if pieces else opening}{encode_json(name).decode()}:"), members[name]]
    return pieces


def _blob(pieces: Sequence[str]) -> str:
    return f"CAST({_concatenated(pieces or [_text('')])} AS BLOB)"


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
