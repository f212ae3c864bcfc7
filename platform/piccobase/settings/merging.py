"""A change put over what holds: deep for sections, whole for everything else (protocol.md §8.2). Pure."""

from collections.abc import Mapping
from typing import Any, TypeVar, get_args, get_origin

import msgspec

from piccobase.base.errors import MalformedBody
from piccobase.schema.values.text import text_of
from piccobase.settings.section import Section, is_section, plain

_S = TypeVar("_S", bound=Section)
_SCALARS: Mapping[type, tuple[Any, str]] = {
    bool: (False, "true or false"),
    int: (0, "a whole number"),
    float: (0.0, "a number"),
    str: ("", "a text"),
}


def merged(current: _S, change: Any, path: str = "", *, form: bool = False) -> _S:
    """`current` with what `change` says; unknown keys are ignored, keys count in any letter case, null empties.

    With `form` the values are those of a form, where `123` may have been a text. Raises MalformedBody for a value of
    another type, which names the place, by `path` in front.
    """
    new: _S = _Change(form).section(current, change, path)
    return new


def nested(form: Mapping[str, Any]) -> dict[str, Any]:
    """A form's fields `meta.appName` as the object that JSON would have."""
    whole: dict[str, Any] = {}
    for name, value in form.items():
        *groups, last = name.split(".")
        inside = whole
        for group in groups:
            found = inside.setdefault(group, {})
            if not isinstance(found, dict):
                raise _wrong(name, "in a group")
            inside = found
        inside[last] = value
    return whole


class _Change:
    def __init__(self, form: bool) -> None:
        self._form = form

    def section(self, current: Any, change: Any, path: str) -> Any:
        if not isinstance(change, Mapping):
            raise _wrong(path, "an object")
        fields = {field.encode_name.lower(): field for field in msgspec.structs.fields(current)}
        changes: dict[str, Any] = {}
        for key, value in change.items():
            field = fields.get(key.lower())
            if field is None:
                continue
            place = f"{path}.{field.encode_name}".lstrip(".")
            if field.name in changes:
                raise _wrong(place, "there once only")
            changes[field.name] = self.value(field.type, getattr(current, field.name), value, place)
        return msgspec.structs.replace(current, **changes)

    def value(self, kind: Any, current: Any, change: Any, path: str) -> Any:
        bare = plain(kind)
        if is_section(bare):
            return empty(bare) if change is None else self.section(current, change, path)
        if get_origin(bare) is tuple:
            return self._list(get_args(bare)[0], change, path)
        if bare in _SCALARS:
            return self._scalar(bare, change, path)
        try:
            return msgspec.convert(change, kind)
        except msgspec.ValidationError as error:
            raise _wrong(path, f"of its type ({error})") from error

    def _list(self, kind: Any, change: Any, path: str) -> tuple[Any, ...]:
        if change is None:
            return ()
        if self._form and not isinstance(change, list):
            change = [change]  # a field that was sent once
        if not isinstance(change, list):
            raise _wrong(path, "a list")
        blank = empty(kind) if is_section(kind) else None
        return tuple(self.value(kind, blank, one, f"{path}.{place}") for place, one in enumerate(change))

    def _scalar(self, kind: type, change: Any, path: str) -> Any:
        zero, called = _SCALARS[kind]
        if change is None or (self._form and change == "" and kind is not str):
            return zero
        if kind is str and self._form:
            return text_of(change)
        if kind is float and isinstance(change, int | float) and not isinstance(change, bool):
            return float(change)
        if type(change) is not kind or (isinstance(change, int) and not -(2**63) <= change < 2**63):
            raise _wrong(path, called)
        return change


def empty(kind: type[_S]) -> _S:
    """A section in which everything is empty, 0 or false, whatever its defaults."""
    blank: dict[str, Any] = {}
    for field in msgspec.structs.fields(kind):
        bare = plain(field.type)
        if is_section(bare):
            blank[field.name] = empty(bare)
        elif bare in _SCALARS:
            blank[field.name] = _SCALARS[bare][0]
        elif get_origin(bare) is tuple:
            blank[field.name] = ()
    return kind(**blank)


def _wrong(path: str, wanted: str) -> MalformedBody:
    subject = path or "The body"
    return MalformedBody(f"An error occurred while loading the submitted data. {subject} must be {wanted}.")
