"""The shape of a JSON value, by a type or by a JSON Schema: says what is wrong with a value, and where."""

import re
from collections.abc import Mapping
from typing import Any, Protocol

import msgspec

_MOST_MISTAKES = 20  # that are told of one value
_PLACE = re.compile(r"(.*) - at `\$(.*)`", re.DOTALL)
_STEP = re.compile(r"\.([^.\[]+)|\[([^\]]*)\]")


class InvalidShape(ValueError):
    """What a column gives as its shape is none."""


class Shape(Protocol):
    """`schema` is its JSON Schema, for documents."""

    schema: Mapping[str, Any]

    def mistakes(self, text: str) -> dict[str, str]:
        """What is wrong with a JSON text by its place, as a JSON Pointer (RFC 6901): "" is the whole."""
        ...


def shape_of(declared: Any) -> Shape:
    """A dict is a JSON Schema, anything else a type. Raises InvalidShape."""
    return _SchemaShape(declared) if isinstance(declared, Mapping) else _TypeShape(declared)


class _TypeShape:
    """What msgspec reads from JSON: Structs, dataclasses, TypedDicts, `list[int]`, unions, with their constraints."""

    def __init__(self, declared: Any) -> None:
        try:
            self._decoder = msgspec.json.Decoder(declared)
            self.schema: Mapping[str, Any] = msgspec.json.schema(declared)
        except Exception as error:
            raise InvalidShape(f"{declared!r} is no type that msgspec reads from JSON: {error}") from error

    def mistakes(self, text: str) -> dict[str, str]:
        try:
            self._decoder.decode(text)
        except msgspec.ValidationError as error:
            return _placed(str(error))
        except (msgspec.DecodeError, ValueError, TypeError) as error:  # a hook of the type's own may raise anything
            return {"": f"{error}."}
        return {}


def _placed(message: str) -> dict[str, str]:
    """msgspec's message, such as "Expected `int`, got `str` - at `$.sizes[0]`", by the place that it names."""
    found = _PLACE.fullmatch(message)
    if found is None:
        return {"": f"{message}."}
    return {_pointer(name or index for name, index in _STEP.findall(found[2])): f"{found[1]}."}


class _SchemaShape:
    """A JSON Schema, of the draft that its `$schema` names, else of 2020-12."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        try:
            import jsonschema_rs  # an extra
        except ImportError as error:
            raise InvalidShape(
                "a JSON Schema needs `pip install piccobase[jsonschema]`; a type that msgspec knows needs nothing"
            ) from error
        self.schema = schema
        try:
            self._validator: Any = jsonschema_rs.validator_for(dict(schema))
        except Exception as error:
            raise InvalidShape(f"the JSON Schema is none: {error}") from error

    def mistakes(self, text: str) -> dict[str, str]:
        found: dict[str, str] = {}
        for error in self._validator.iter_errors(msgspec.json.decode(text)):
            found.setdefault(_pointer(error.instance_path), f"{error.message}.")
            if len(found) == _MOST_MISTAKES:
                break
        return found


def _pointer(steps: Any) -> str:
    return "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in steps)
