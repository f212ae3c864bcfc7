"""The page of settings: what is said by hand, and the table of all keys with their types, defaults and meanings."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_origin

import msgspec

from piccobase.http.limits import TAGS
from piccobase.settings.section import Section, described, is_secret, is_section, plain
from piccobase.settings.sections import RateLimitRule, Settings

_WRITTEN = Path(__file__).with_suffix(".md")
_NAMES = {bool: "true or false", int: "whole number", float: "number", str: "text"}


def settings_page() -> str:
    """The whole page: the written one, with the tables where it asks for them."""
    parts = {
        "<!-- keys -->": "".join(_table(Settings())),
        "<!-- rule -->": "".join(_table(RateLimitRule())),
        "<!-- actions -->": "".join(_actions()),
    }
    page = _WRITTEN.read_text()
    for mark, part in parts.items():
        page = page.replace(mark, part.rstrip("\n"))
    return page


def _table(section: Section) -> Iterator[str]:
    yield "| key | type | default | |\n|---|---|---|---|\n"
    yield from _rows(section, "")


def _rows(section: Section, path: str) -> Iterator[str]:
    for field in msgspec.structs.fields(section):
        name = f"{path}{field.encode_name}"
        value = getattr(section, field.name)
        if is_section(field.type):
            yield from _rows(value, f"{name}.")
            continue
        title, description, choices = described(field.type)
        says = " ".join(text for text in (f"{title}." if title else "", description) if text)
        if choices:
            says += " One of " + ", ".join(f"`{choice}`" for choice in choices if choice) + ", or empty."
        yield f"| `{name}` | {_type(field.type)} | {_default(value, field.type)} | {says} |\n"


def _type(kind: Any) -> str:
    bare = plain(kind)
    if is_secret(kind):
        return "secret text"
    if get_origin(bare) is tuple:
        return "list of rules" if get_args(bare)[0] is RateLimitRule else "list of texts"
    return _NAMES[bare]


def _default(value: Any, kind: Any) -> str:
    if is_section(get_args(plain(kind))[0] if get_args(plain(kind)) else None):
        return "four rules"
    return f"`{msgspec.json.encode(value).decode()}`"


def _actions() -> Iterator[str]:
    yield "| action | request below `/api/collections/{collection}` |\n|---|---|\n"
    for (method, *parts), tags in TAGS.items():
        path = "/".join("{id}" if part == "*" else part for part in parts)
        yield f"| {', '.join(f'`{tag}`' for tag in tags)} | `{method} /{path}` |\n"
    yield "| `file` | `GET /api/files/{collection}/…` |\n"
