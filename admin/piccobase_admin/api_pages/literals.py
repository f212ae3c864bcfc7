"""Values written as code: in JavaScript, Dart, Python, and as a shell's JSON."""

import json
import re
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

WIDTH = 60  # characters of a list or mapping that stands on one line
_BARE_KEY = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")
_ID_IN_SHELL = "\ue000"  # stands for the signed-in record's id until the shell's quotes are set


class Me:
    """Stands in a value for the id of whoever has signed in."""


ME = Me()


@dataclass(frozen=True, slots=True)
class Language:
    """How a language writes values. `me` is its expression for the id of whoever has signed in."""

    true: str
    false: str
    null: str
    me: str
    text: Callable[[str], str]
    key: Callable[[str], str]


def _json_text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _python_text(text: str) -> str:
    return _json_text(text) if '"' not in text and text.isprintable() else repr(text)


def _dart_text(text: str) -> str:
    escaped = json.dumps(text, ensure_ascii=False)[1:-1].replace('\\"', '"').replace("'", "\\'").replace("$", "\\$")
    return f"'{escaped}'"


def _js_key(key: str) -> str:
    return key if _BARE_KEY.fullmatch(key) else _json_text(key)


JAVASCRIPT = Language("true", "false", "null", "pb.authStore.record.id", _json_text, _js_key)
DART = Language("true", "false", "null", "pb.authStore.record!.id", _dart_text, _dart_text)
PYTHON = Language("True", "False", "None", 'signed_in["record"]["id"]', _python_text, _python_text)


def write(value: Any, language: Language, indent: int = 0) -> str:
    """`value` as an expression: JSON's kinds of values, and ME. `indent` is that of the line it begins on."""
    match value:
        case Me():
            return language.me
        case bool():
            return language.true if value else language.false
        case None:
            return language.null
        case str():
            return language.text(value)
        case list() | tuple():
            return _enclosed("[", [write(entry, language, indent + 2) for entry in value], "]", indent)
        case dict():
            entries = [f"{language.key(name)}: {write(entry, language, indent + 2)}" for name, entry in value.items()]
            blank = " " if language is JAVASCRIPT else ""
            return _enclosed("{", entries, "}", indent, blank)
    return json.dumps(value)


def _enclosed(start: str, entries: Sequence[str], end: str, indent: int, blank: str = "") -> str:
    line = ", ".join(entries)
    if len(line) <= WIDTH and "\n" not in line:
        return f"{start}{blank if line else ''}{line}{blank if line else ''}{end}"
    inner = "".join(f"\n{' ' * (indent + 2)}{entry}," for entry in entries)
    return f"{start}{inner}\n{' ' * indent}{end}"


def shell_json(value: Any) -> str:
    """`value` as JSON in a shell's quotes; ME becomes `$ID`."""
    text = json.dumps(value, ensure_ascii=False, default=lambda me: _ID_IN_SHELL)
    return shlex.quote(text).replace(_ID_IN_SHELL, "'\"$ID\"'")
