"""Text: plain, e-mail, URL, rich text, one of a set, a password, a UUID."""

import re
import uuid
from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import urlsplit

from piccobase.base.json import JSONFloat, NotJSON, parse_whole_json
from piccobase.base.numbers import ecma_number
from piccobase.schema.values.base import Convert, Dialect, Family, InvalidValue, ValueType, wrong_type

_ATOM = r"[^\s@\"(),:;<>\[\]\\.]+"
# Words with dots between them, then a domain of at least two labels, the last of which begins and ends with a letter.
_EMAIL = re.compile(
    rf"(?=.{{1,64}}@){_ATOM}(?:\.{_ATOM})*@(?:[^\W_](?:[\w-]{{0,61}}[^\W_])?\.)+[^\W\d_](?:[\w-]*[^\W\d_])?"
)
_HOST = re.compile(r"(?:[^\W_](?:[\w-]*\w)?\.)*[^\W_](?:[\w-]*\w)?\.?|[0-9a-f:.]*:[0-9a-f:.]*")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*")
_NO_URL = re.compile(r"[\s\\]|%(?![0-9A-Fa-f]{2})")


def text_of(wire: Any) -> str:
    """What a lenient collection makes of any JSON value where text is expected (protocol.md §2.6)."""
    match wire:
        case str():
            return wire
        case bool():
            return "true" if wire else "false"
        case int():
            return str(wire)
        case JSONFloat() if wire in (float("inf"), float("-inf")):
            return wire.text  # 1e400: no double, but a text
        case float():
            return ecma_number(wire)
        case _:
            return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TextValue(ValueType):
    """Text. `min` and `max` count characters, 0 = no limit; `pattern` must match somewhere, as in the reference."""

    min: int = 0
    max: int = 0
    pattern: str = ""

    def is_blank(self, value: Any) -> bool:
        return value is None or value == ""

    def is_value_already(self, wire: Any) -> bool:
        if type(self) is not TextValue or type(wire) is not str or self.pattern or not wire or "\0" in wire:
            return False
        return self.min <= len(wire) and (not self.max or len(wire) <= self.max)

    def clean(self, wire: Any) -> Any:
        if not isinstance(wire, str):
            raise wrong_type("Must be a text.")
        return wire

    def coerce(self, wire: Any) -> Any:
        return text_of(wire)

    def check(self, value: Any) -> None:
        if "\x00" in value:
            # PostgreSQL cannot store it, and one behaviour on both databases is worth more than a NUL.
            raise wrong_type("Must not contain a NUL character.")
        if not value:
            return
        if len(value) < self.min:
            raise InvalidValue(
                "validation_min_text_constraint", f"Must be at least {self.min} character(s).", {"min": self.min}
            )
        if self.max and len(value) > self.max:
            raise InvalidValue(
                "validation_max_text_constraint", f"Must be no more than {self.max} character(s).", {"max": self.max}
            )
        if self.pattern and not re.search(self.pattern, value):
            raise InvalidValue("validation_invalid_format", "Invalid value format.")

    def sqlite_json(self, column: str) -> str | None:
        return f"json_quote({column})"

    def describe(self) -> dict[str, Any]:
        return {
            "min": self.min,
            "max": self.max,
            "pattern": self.pattern,
            "autogeneratePattern": "",
            "primaryKey": False,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class CharValue(TextValue):
    """Piccolo's Char. PostgreSQL fills it up with blanks that mean nothing, so blanks at its end are not kept."""

    def clean(self, wire: Any) -> Any:
        return TextValue.clean(self, wire).rstrip(" ")

    def coerce(self, wire: Any) -> Any:
        return text_of(wire).rstrip(" ")

    def read(self, dialect: Dialect) -> Convert | None:
        return _without_blanks

    def sqlite_json(self, column: str) -> str | None:
        return f"json_quote(rtrim({column}, ' '))"


def _without_blanks(stored: str) -> str:
    return stored.rstrip(" ")


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailValue(TextValue):
    """An e-mail address with a dotted domain. The letters' case is kept."""

    type: ClassVar[str] = "email"
    only_domains: tuple[str, ...] = ()
    except_domains: tuple[str, ...] = ()

    def check(self, value: Any) -> None:
        TextValue.check(self, value)
        if not value:
            return
        if not _EMAIL.fullmatch(value):
            raise InvalidValue("validation_is_email", "Must be a valid email address.")
        domain = value.rpartition("@")[2].lower()
        if (self.only_domains and domain not in self.only_domains) or domain in self.except_domains:
            raise InvalidValue("validation_email_domain_not_allowed", "Email domain is not allowed.")

    def describe(self) -> dict[str, Any]:
        return {"onlyDomains": list(self.only_domains), "exceptDomains": list(self.except_domains)}


@dataclass(frozen=True, slots=True, kw_only=True)
class URLValue(TextValue):
    """An absolute URL with scheme and host."""

    type: ClassVar[str] = "url"
    only_domains: tuple[str, ...] = ()
    except_domains: tuple[str, ...] = ()

    def check(self, value: Any) -> None:
        TextValue.check(self, value)
        if not value:
            return
        host = _host_of(value)
        if host is None:
            raise InvalidValue("validation_invalid_url", "Must be a valid URL.")
        if (self.only_domains and host not in self.only_domains) or host in self.except_domains:
            raise InvalidValue("validation_url_domain_not_allowed", "URL domain is not allowed.")

    def describe(self) -> dict[str, Any]:
        return {"onlyDomains": list(self.only_domains), "exceptDomains": list(self.except_domains)}


def _host_of(url: str) -> str | None:
    """The host of an absolute URL, None for what is none."""
    try:
        parts = urlsplit(url)
    except ValueError:  # a bracket without its other half
        return None
    host, port = parts.hostname or "", parts.netloc.rpartition("@")[2].rpartition("]")[2].partition(":")[2]
    if not _SCHEME.fullmatch(parts.scheme) or _NO_URL.search(url) or not _HOST.fullmatch(host):
        return None
    return None if port and not re.fullmatch("[0-9]{1,5}", port) else host


@dataclass(frozen=True, slots=True, kw_only=True)
class EditorValue(TextValue):
    """Rich text (HTML). `max_size` counts bytes of UTF-8; the default is 5 MiB."""

    type: ClassVar[str] = "editor"
    max_size: int = 5 << 20

    def check(self, value: Any) -> None:
        TextValue.check(self, value)
        if len(value.encode()) > self.max_size:
            raise InvalidValue(
                "validation_content_size_limit",
                f"The maximum allowed content size is {self.max_size} bytes.",
                {"maxSize": self.max_size},
            )

    def describe(self) -> dict[str, Any]:
        return {"maxSize": self.max_size, "convertURLs": False}


def entries_of(wire: Any) -> list[str]:
    """The entries a lenient list or single select takes out of any JSON value, in order (protocol.md §2.6)."""
    if isinstance(wire, str) and "[" in wire:
        try:
            parsed = parse_whole_json(wire)
        except NotJSON:
            parsed = None
        if isinstance(parsed, list) and all(isinstance(entry, str) for entry in parsed):
            wire = parsed
    entries = wire if isinstance(wire, list) else [wire]
    return list(dict.fromkeys(text for entry in entries if (text := text_of(entry))))


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectValue(TextValue):
    """One of `values`, or nothing; where there is no `blank` nothing is no value."""

    type: ClassVar[str] = "select"
    values: tuple[str, ...]
    blank: bool = True

    def coerce(self, wire: Any) -> Any:
        entries = entries_of(wire)
        return entries[-1] if entries else ""

    def check(self, value: Any) -> None:
        if value not in self.values and (value or not self.blank):
            raise InvalidValue("validation_invalid_value", f"Invalid value {value}.", {"value": value})

    def describe(self) -> dict[str, Any]:
        return {"values": list(self.values), "maxSelect": 1}


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordValue(TextValue):
    """A password on its way in, its argon2id hash once stored. It is never sent out.

    The limits are the reference's (protocol.md §2.6) and, unlike those of text, carry no params.
    """

    type: ClassVar[str] = "password"
    min: int = 8
    max: int = 71

    def check(self, value: Any) -> None:
        try:
            TextValue.check(self, value)
        except InvalidValue as broken:
            raise InvalidValue(broken.error.code, broken.error.message) from None

    def read(self, dialect: Dialect) -> Convert | None:
        return _nothing

    def sqlite_json(self, column: str) -> str | None:
        return None

    def describe(self) -> dict[str, Any]:
        return {"min": self.min, "max": self.max, "pattern": self.pattern, "cost": 0}


def _nothing(stored: Any) -> str:
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class UUIDValue(ValueType):
    """A UUID: Python's on the inside, its text on the wire."""

    family: ClassVar[Family] = "uuid"

    def zero(self) -> Any:
        return None

    def clean(self, wire: Any) -> Any:
        try:
            return uuid.UUID(wire)
        except (ValueError, AttributeError, TypeError):
            raise wrong_type("Must be a UUID.") from None

    def coerce(self, wire: Any) -> Any:
        try:
            return uuid.UUID(wire)
        except (ValueError, AttributeError, TypeError):
            return None

    def bind(self, dialect: Dialect) -> Convert | None:
        return str if dialect == "sqlite" else None

    def read(self, dialect: Dialect) -> Convert | None:
        return None if dialect == "sqlite" else str

    def sqlite_json(self, column: str) -> str | None:
        return f"json_quote({column})"

    def describe(self) -> dict[str, Any]:
        return {"min": 36, "max": 36, "pattern": "^[0-9a-f-]{36}$", "autogeneratePattern": "", "primaryKey": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegerKeyValue(ValueType):
    """The key of a plain table with an integer key: a JSON string on the wire; input may also be a JSON number."""

    family: ClassVar[Family] = "integer"
    bits: int = 64

    def zero(self) -> Any:
        return None

    def clean(self, wire: Any) -> Any:
        number = self.coerce(wire)
        if number is None:
            raise wrong_type("Must be the id of a record: a whole number.")
        return number

    def coerce(self, wire: Any) -> Any:
        if isinstance(wire, str) and re.fullmatch("0|-?[1-9][0-9]{0,18}", wire):
            wire = int(wire)
        if isinstance(wire, JSONFloat) and wire.is_integer() and abs(wire) < 2**53:
            wire = int(wire)
        if not isinstance(wire, int) or isinstance(wire, bool):
            return None
        return wire if -(2 ** (self.bits - 1)) <= wire < 2 ** (self.bits - 1) else None

    def read(self, dialect: Dialect) -> Convert | None:
        return str

    def sqlite_json(self, column: str) -> str | None:
        return f"""'"' || {column} || '"'"""
