"""`Section`: what a group of settings is declared as, by the system and by plugins alike."""

from collections.abc import Iterator, Mapping, Sequence
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import msgspec

from piccobase.base.errors import FieldError

Mistakes = dict[str, Any]  # by the wire name of a field: a FieldError, or the mistakes of what is inside it
_SECRET, _CHOICES = "secret", "choices"  # names of marks
_ACRONYMS = {"url": "URL", "ip": "IP", "ips": "IPs"}

SecretText = Annotated[str, msgspec.Meta(extra={_SECRET: True}, extra_json_schema={"writeOnly": True})]
"""A text that is encrypted where it is stored and never answered."""


def says(title: str, description: str = "", choices: Sequence[str] = ()) -> msgspec.Meta:
    """What a field is called and what it is for, on the dashboard and in the docs; `choices` where only these can be.

    Stands in its type: `sender: Annotated[str, says("Sender", "Who signs the mails.")] = ""`.
    """
    return msgspec.Meta(
        title=title,
        description=description or None,
        extra={_CHOICES: tuple(choices)} if choices else None,
        extra_json_schema={"enum": list(choices)} if choices else None,
    )


def wire_name(name: str) -> str:
    """`app_url` as the wire has it.

    >>> wire_name("app_url"), wire_name("log_auth_id")
    ('appURL', 'logAuthId')
    """
    first, *rest = name.split("_")
    return first + "".join(_ACRONYMS.get(word, word.capitalize()) for word in rest)


class Section(msgspec.Struct, frozen=True, kw_only=True, rename=wire_name):
    """A group of settings: fields with types and defaults. Declared with `frozen=True`, as this is.

    Types are bool, int, float, str, `SecretText`, other sections, tuples of these (`tuple[str, ...]`), and whatever
    else msgspec converts from JSON. What `msgspec.Meta` and `Literal` demand is checked; `check` is for the rest.
    """

    def check(self) -> Mistakes:
        """What is wrong with these values by the wire names of the fields; empty when they can be used.

        Sections inside are asked by themselves.
        """
        return {}


def mistakes_of(section: Section) -> Mistakes:
    """All that is wrong with a section and with those inside it."""
    found = dict(section.check())
    for field in msgspec.structs.fields(section):
        value = getattr(section, field.name)
        if isinstance(value, Section):
            inside = mistakes_of(value)
        elif isinstance(value, tuple):
            inside = {str(place): mistakes_of(one) for place, one in enumerate(value) if isinstance(one, Section)}
            inside = {place: mistakes for place, mistakes in inside.items() if mistakes}
        else:
            continue
        outside = found.get(field.encode_name, {})
        if inside and not isinstance(outside, FieldError):
            found[field.encode_name] = _joined(outside, inside)
    return found


def _joined(left: Mapping[str, Any], right: Mapping[str, Any]) -> Mistakes:
    """The mistakes of both; where both speak of one place, of both insides."""
    joined = dict(left)
    for name, mistakes in right.items():
        known = joined.get(name)
        both = isinstance(known, Mapping) and isinstance(mistakes, Mapping)
        joined[name] = _joined(joined[name], mistakes) if both else mistakes
    return joined


def secret_paths(kind: type[Section]) -> Iterator[tuple[str, ...]]:
    """Where a section has secrets: the wire names that lead to each.

    Raises TypeError for one in a list or behind a choice of types, where nothing would keep it apart.
    """
    for field in msgspec.structs.fields(kind):
        if is_secret(field.type):
            yield (field.encode_name,)
        elif is_section(field.type):
            yield from ((field.encode_name, *path) for path in secret_paths(plain(field.type)))
        elif _hides_secret(field.type):
            raise TypeError(
                f"{kind.__name__}.{field.name} has a SecretText inside {field.type}. "
                "Make it a field of its own: secrets cannot stand in lists, mappings or unions."
            )


def is_section(kind: Any) -> bool:
    bare = plain(kind)
    return isinstance(bare, type) and issubclass(bare, Section)


def is_secret(kind: Any) -> bool:
    return get_origin(kind) is Annotated and any(
        isinstance(mark, msgspec.Meta) and (mark.extra or {}).get(_SECRET) for mark in get_args(kind)[1:]
    )


def described(kind: Any) -> tuple[str, str, tuple[str, ...]]:
    """What `says` has said of a field's type: title, description and choices, each empty where nothing was said."""
    title, description, choices = "", "", ()
    for mark in get_args(kind)[1:] if get_origin(kind) is Annotated else ():
        if isinstance(mark, msgspec.Meta):
            title, description = mark.title or title, mark.description or description
            choices = (mark.extra or {}).get(_CHOICES, choices)
    return title, description, choices


def plain(kind: Any) -> Any:
    """The type without what `Annotated` says of it."""
    return get_args(kind)[0] if get_origin(kind) is Annotated else kind


def _hides_secret(kind: Any) -> bool:
    if is_section(kind):
        return any(True for _ in secret_paths(plain(kind)))
    if get_origin(kind) in (tuple, list, dict, Union, UnionType, Annotated):
        return is_secret(kind) or any(_hides_secret(inner) for inner in get_args(kind))
    return False
