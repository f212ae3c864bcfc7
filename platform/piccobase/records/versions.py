"""Which version of a record somebody has read: ETags out of the id and the date of the last change."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from piccobase.base.errors import BadRequest, PreconditionFailed
from piccobase.records.binding import bind_value, wire_id
from piccobase.schema.collections import CollectionInfo
from piccobase.schema.fields import FieldInfo
from piccobase.schema.values.base import Dialect
from piccobase.schema.values.dates import stored_instant

_STEP = timedelta(milliseconds=1)  # the finest that is stored


class NoETag(BadRequest):
    """Records of a collection without a date of the last change have no ETag, so nothing can depend on one."""

    code = "record.no_etag"

    def __init__(self, collection: CollectionInfo) -> None:
        super().__init__(
            f"Records of {collection.name} have no ETag, since no field of theirs says when they were changed last. "
            "Leave If-Match and If-None-Match out, or give the collection such a field (AutoDate, as `updated` is)."
        )


class Changed(PreconditionFailed):
    """The record is no longer as whoever asks has read it (`If-Match`). Nothing was done."""

    code = "record.changed"

    def __init__(self) -> None:
        super().__init__("The record has changed since you have read it. Read it again, and decide anew.")


@dataclass(frozen=True, slots=True)
class Expected:
    """The versions one of which the record must still have; None: any, as long as the record is there."""

    versions: frozenset[str] | None

    def check(self, collection: CollectionInfo, row: Sequence[Any], dialect: Dialect) -> None:
        """Raises Changed, and NoETag."""
        version = version_of(collection, row, dialect)
        if self.versions is not None and version not in self.versions:
            raise Changed


def version_of(collection: CollectionInfo, row: Sequence[Any], dialect: Dialect) -> str:
    """A stored row's version, `<id>.<updated>` with a T for the space. Raises NoETag."""
    dated = changed_field(collection)
    if dated is None:
        raise NoETag(collection)
    read, stored = dated.value.read(dialect), row[collection.fields.index(dated)]
    shown = "" if stored is None else str(read(stored) if read else stored)
    return f"{wire_id(collection, row, dialect)}.{shown}".replace(" ", "T")


def changed_field(collection: CollectionInfo) -> FieldInfo | None:
    """The field that says when a record was changed last."""
    return next((field for field in collection.fields if field.auto == "update"), None)


def later(field: FieldInfo, moment: Any, before: Any, dialect: Dialect) -> Any:
    """The date of a change, later than the one stored before: so no two versions have the same. Driver values all."""
    if before is None or field.family != "instant" or moment > before:
        return moment
    if isinstance(before, str):  # SQLite's
        shown = stored_instant(before)
        return bind_value(field, datetime.fromisoformat(shown) + _STEP, dialect) if shown else moment
    return bind_value(field, before + _STEP, dialect)
