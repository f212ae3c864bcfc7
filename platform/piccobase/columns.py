"""Columns that the field expects and Piccolo lacks. Ordinary Piccolo columns: they work in queries and migrations.

This module's path is frozen: migration files import the classes from here. Options of validation and display are
plain attributes and no migration parameters, so that changing one makes no migration; a class can therefore be made
without them, as a migration does.
"""

from collections.abc import Sequence
from typing import Any

from piccolo.columns import JSONB, Text, Timestamptz, Varchar
from piccolo.columns.defaults.base import Default
from piccolo.columns.defaults.timestamptz import TimestamptzNow
from piccolo.table import Table

from piccobase.base import clock
from piccobase.base.ids import RECORD_ID_LENGTH, new_record_id, new_secret


class NewRecordId(Default):
    """A fresh id for each record, made in Python: a callable default would be written into the table as a constant."""

    @property
    def postgres(self) -> str:
        return "''"

    @property
    def sqlite(self) -> str:
        return "''"

    def python(self) -> str:
        return new_record_id()


class Now(TimestamptzNow):
    """The current instant, cut to the milliseconds that are stored."""

    @property
    def postgres(self) -> str:
        return "date_trunc('milliseconds', current_timestamp)"

    @property
    def sqlite(self) -> str:
        return "(strftime('%Y-%m-%d %H:%M:%fZ', 'now'))"

    def python(self) -> Any:
        return clock.now()


class RecordId(Varchar):
    """The key of a collection: 15 characters of `a-z0-9`, made by the server when the client gives none.

    `min_length`, `max_length` and `pattern` say what a client may give.
    """

    def __init__(
        self,
        length: int | None = 255,
        *,
        min_length: int = RECORD_ID_LENGTH,
        max_length: int = RECORD_ID_LENGTH,
        pattern: str = r"^[a-z0-9]+$",
        **kwargs: Any,
    ) -> None:
        self.min_length, self.max_length, self.pattern = min_length, max_length, pattern
        kwargs.pop("default", None)
        kwargs["primary_key"] = True
        super().__init__(length=length, default="", **kwargs)
        self.default = NewRecordId()


class NewTokenKey(NewRecordId):
    """A fresh token key for each auth record, made in Python for the same reason."""

    def python(self) -> str:
        return new_secret()


class TokenKey(Varchar):
    """Part of the key that signs an auth record's tokens: writing it makes all tokens given out before invalid."""

    def __init__(self, length: int | None = 60, **kwargs: Any) -> None:
        kwargs.pop("default", None)
        kwargs |= {"secret": True, "unique": True}
        super().__init__(length=length, default="", **kwargs)
        self.default = NewTokenKey()


class AutoDate(Timestamptz):
    """An instant that the server sets, at creation, at each update or at both. Nobody can write it over the API."""

    def __init__(self, *, on_create: bool = True, on_update: bool = False, **kwargs: Any) -> None:
        self.on_create, self.on_update = on_create, on_update
        kwargs.setdefault("default", Now())
        if on_update:
            kwargs["auto_update"] = clock.now
        super().__init__(**kwargs)

    @property
    def column_type(self) -> str:
        return "TIMESTAMPTZ"


class Select(Varchar):
    """One of `values`.

    `enum` is the PostgreSQL type of that column, as SQL names it, where it is an enum; SQLite keeps a text all the
    same. The type is made where it is missing. A value that is added later has to be added to the type first.
    """

    def __init__(
        self, values: Sequence[str] = (), *, length: int | None = 255, enum: str | None = None, **kwargs: Any
    ) -> None:
        self.values = tuple(values)
        self.enum = enum
        if enum is not None:
            kwargs |= {"enum": enum, "values": list(self.values)}  # a migration that makes the type needs them
        super().__init__(length=length, **kwargs)

    @property
    def column_type(self) -> str:
        if self.enum is not None and self._meta.engine_type != "sqlite":
            return self.enum
        type_: str = super().column_type
        return type_


class _JSONList(JSONB):
    """A list of texts kept as a JSON array: JSONB on PostgreSQL, text on SQLite."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("default", "[]")
        super().__init__(**kwargs)


class MultiSelect(_JSONList):
    """Several of `values`, at most `max_select` (0 = all of them)."""

    def __init__(self, values: Sequence[str] = (), *, min_select: int = 0, max_select: int = 0, **kwargs: Any) -> None:
        self.values, self.min_select, self.max_select = tuple(values), min_select, max_select
        super().__init__(**kwargs)


class Relations(_JSONList):
    """Ordered ids of records of `target`, a collection's class. With `cascade` a record goes with its last target."""

    def __init__(
        self,
        target: type[Table] | None = None,
        *,
        min_select: int = 0,
        max_select: int = 0,
        cascade: bool = False,
        **kwargs: Any,
    ) -> None:
        self.target, self.min_select, self.max_select, self.cascade = target, min_select, max_select, cascade
        super().__init__(**kwargs)


class URL(Varchar):
    """An absolute URL with scheme and host."""

    def __init__(
        self,
        *,
        only_domains: Sequence[str] = (),
        except_domains: Sequence[str] = (),
        length: int | None = 2048,
        **kwargs: Any,
    ) -> None:
        self.only_domains, self.except_domains = tuple(only_domains), tuple(except_domains)
        super().__init__(length=length, **kwargs)


class Editor(Text):
    """Rich text (HTML), at most `max_size` bytes (5 MiB)."""

    def __init__(self, *, max_size: int = 5 << 20, **kwargs: Any) -> None:
        self.max_size = max_size
        super().__init__(**kwargs)

    @property
    def column_type(self) -> str:
        return "TEXT"


class JSONOf(JSONB):
    """JSON of one shape, at most `max_size` bytes (1 MiB); what does not fit is refused, with the places.

    `shape` is a type that msgspec reads (a Struct, a dataclass, `dict[str, int]`), or a JSON Schema as a dict, which
    needs an extra: `pip install piccobase[jsonschema]`. Without a shape it takes any JSON.
    """

    def __init__(self, shape: Any = None, *, max_size: int = 1 << 20, **kwargs: Any) -> None:
        self.shape, self.max_size = shape, max_size
        super().__init__(**kwargs)


class GeoPoint(JSONB):
    """A point on the globe, `{"lon": …, "lat": …}` in degrees; 0/0 when nothing was given and null is not allowed."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("default", '{"lat":0,"lon":0}')
        super().__init__(**kwargs)


class Password(Varchar):
    """A password, stored as its argon2id hash and never sent out. `min_length` and `max_length` count characters."""

    def __init__(
        self, *, min_length: int = 8, max_length: int = 71, pattern: str = "", length: int | None = 255, **kwargs: Any
    ) -> None:
        self.min_length, self.max_length, self.pattern = min_length, max_length, pattern
        kwargs["secret"] = True
        super().__init__(length=length, **kwargs)


class File(Varchar):
    """One uploaded file. Here so that its path is fixed; `piccobase check` refuses it until files are built."""


class Files(_JSONList):
    """Several uploaded files. Refused likewise."""
