"""A section of settings as the fields of a form, and the form as a change of the section. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin

import msgspec

from piccobase.extending import FieldError, RateLimitRule, Section, described, is_secret, is_section, plain, wire_name

Kind = Literal["text", "number", "check", "choice", "secret", "lines", "rules", "json", "group"]
Change = dict[str, Any]
Errors = Mapping[str, Any]
Form = Mapping[str, Sequence[str]]  # by the names of the fields
_WHOLE = re.compile(r"-?[0-9]{1,18}")
_SEPARATORS = re.compile(r"[\s,]+")


@dataclass(frozen=True, slots=True)
class Field:
    """One field. `name` is its place: `smtp.host`. A group has `fields` and nothing else."""

    name: str
    title: str
    hint: str
    kind: Kind
    value: Any = None
    choices: tuple[str, ...] = ()
    error: str = ""
    fields: tuple["Field", ...] = ()


@dataclass(frozen=True, slots=True)
class Root:
    """What a page is about: a section, and where its fields stand; of it, `only` these by wire name, or all."""

    section: Section
    path: str = ""
    only: tuple[str, ...] = ()

    def members(self) -> Iterator[tuple[msgspec.structs.FieldInfo, str]]:
        """The fields and their places."""
        for field in msgspec.structs.fields(self.section):
            if not self.only or field.encode_name in self.only:
                yield field, f"{self.path}.{field.encode_name}".lstrip(".")


def fields_of(root: Root, errors: Errors, typed: Form | None = None) -> Iterator[Field]:
    """The fields of a form. `errors` are what an answer says of the section; `typed` is what a refused form held."""
    section = root.section
    for field, name in root.members():
        title, hint, choices = described(field.type)
        choices = choices or _named(field.type)
        value = getattr(section, field.name)
        error = errors.get(field.encode_name, {})
        title = title or _in_words(field.name)
        if is_section(field.type):
            inside = tuple(fields_of(Root(value, name), error if isinstance(error, Mapping) else {}, typed))
            yield Field(name, title, hint, "group", fields=inside)
            continue
        kind = _kind(field.type, choices)
        shown = _shown(kind, value) if typed is None else _typed(kind, name, typed, value)
        if kind == "rules":
            shown = [(rule, _errors_of_rule(error, place)) for place, rule in enumerate(shown)]
        yield Field(name, title, hint, kind, shown, choices, _error_text(error, kind))


def _kind(kind: Any, choices: tuple[str, ...]) -> Kind:
    bare = plain(kind)
    if is_secret(kind):
        return "secret"
    if bare is bool:
        return "check"
    if bare in (int, float):
        return "number"
    if choices:
        return "choice"
    if bare is str:
        return "text"
    if get_origin(bare) is tuple and get_args(bare)[0] is RateLimitRule:
        return "rules"
    if get_origin(bare) is tuple and plain(get_args(bare)[0]) is str:
        return "lines"
    return "json"


def _named(kind: Any) -> tuple[str, ...]:
    """The texts that a `Literal` names."""
    bare = plain(kind)
    names = get_args(bare) if get_origin(bare) is Literal else ()
    return names if all(isinstance(name, str) for name in names) else ()


def _shown(kind: Kind, value: Any) -> Any:
    match kind:
        case "secret":
            return bool(value)  # only whether there is one
        case "lines":
            return "\n".join(value)
        case "json":
            return msgspec.json.format(msgspec.json.encode(value)).decode()
        case "rules":
            return [msgspec.to_builtins(rule) for rule in value]
    return value


def _typed(kind: Kind, name: str, typed: Form, value: Any) -> Any:
    """What somebody has typed, as they typed it; secrets are not shown again."""
    if kind == "secret":
        return bool(value)
    if kind == "check":
        return name in typed
    if kind == "rules":
        return _rules_of(name, typed)
    return typed.get(name, [""])[0]


def change_of(root: Root, form: Form) -> tuple[Change, dict[str, Any]]:
    """What a form asks to change of a section, and what in it is no value at all, by wire names."""
    change: Change = {}
    wrong: dict[str, Any] = {}
    for field, name in root.members():
        key = field.encode_name
        if is_section(field.type):
            change[key], inside = change_of(Root(getattr(root.section, field.name), name), form)
            if inside:
                wrong[key] = inside
            continue
        text = form.get(name, [""])[0]
        match _kind(field.type, described(field.type)[2] or _named(field.type)):
            case "check":
                change[key] = name in form
            case "secret":
                if f"{name}-remove" in form:
                    change[key] = ""
                elif text:
                    change[key] = text
            case "number":
                change[key], problem = _number(text, plain(field.type))
                if problem:
                    wrong[key] = problem
            case "lines":
                change[key] = [line for line in _SEPARATORS.split(text) if line]
            case "rules":
                rules = [_rule(rule) for rule in _rules_of(name, form)]
                change[key] = [rule for rule, _ in rules]
                if problems := {str(place): problem for place, (_, problem) in enumerate(rules) if problem}:
                    wrong[key] = problems
            case "json":
                try:
                    change[key] = msgspec.json.decode(text.encode())
                except msgspec.DecodeError as error:
                    wrong[key] = FieldError("validation_invalid_json", f"This is no JSON: {error}.")
            case _:
                change[key] = text.strip()
    return change, wrong


def _number(text: str, kind: type) -> tuple[Any, FieldError | None]:
    text = text.strip() or "0"
    if kind is int:
        if _WHOLE.fullmatch(text):
            return int(text), None
        return 0, FieldError("validation_not_a_number", "Must be a whole number.")
    try:
        return float(text), None
    except ValueError:
        return 0.0, FieldError("validation_not_a_number", "Must be a number.")


def _rules_of(name: str, form: Form) -> list[dict[str, str]]:
    """The rules in the order in which the page shows them: `rateLimits.rules.<some number>.label`."""
    rules: dict[str, dict[str, str]] = {}
    for key, values in form.items():
        if key.startswith(name + "."):
            number, _, member = key.removeprefix(name + ".").partition(".")
            rules.setdefault(number, {})[member] = values[0]
    filled = {wire_name(member) for member in ("label", "max_requests", "duration")}
    return [rule for rule in rules.values() if any(rule.get(member, "").strip() for member in filled)]


def _rule(rule: Mapping[str, str]) -> tuple[Change, dict[str, FieldError]]:
    change: Change = {member: rule.get(member, "").strip() for member in ("label", "audience")}
    wrong: dict[str, FieldError] = {}
    for member in ("maxRequests", "duration"):
        change[member], problem = _number(rule.get(member, ""), int)
        if problem:
            wrong[member] = problem
    return change, wrong


def _errors_of_rule(errors: Any, place: int) -> dict[str, str]:
    found = errors.get(str(place), {}) if isinstance(errors, Mapping) else {}
    return {member: error.message for member, error in found.items()}


def _error_text(error: Any, kind: Kind) -> str:
    """What is wrong with a field; of lines, with which of them."""
    if isinstance(error, FieldError):
        return error.message
    if kind == "rules" or not error:
        return ""
    return " ".join(f"{place}: {text}" for place, text in _texts(error))


def _texts(errors: Errors) -> Iterator[tuple[str, str]]:
    """Every mistake in what is inside a field, and where it is: in `Entry 2`, or in `Entry 2, subject`."""
    for name, error in errors.items():
        place = f"Entry {int(name) + 1}" if name.isdigit() else name
        if isinstance(error, FieldError):
            yield place, error.message
        else:
            yield from ((f"{place}, {inner}", text) for inner, text in _texts(error))


def _in_words(name: str) -> str:
    words = name.replace("_", " ")
    return words[:1].upper() + words[1:]
