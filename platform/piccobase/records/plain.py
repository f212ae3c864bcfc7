"""Records as the verbs give them, ready to be encoded, as the dicts that code works with; and back."""

from decimal import Decimal
from typing import Any

import msgspec

from piccobase.base.json import JSONFloat, encode_json, wire_number

_decode = msgspec.json.Decoder(float_hook=JSONFloat).decode


def plain(found: Any) -> Any:
    """As dicts, lists, texts, numbers. A number with a fraction is a float that remembers its digits."""
    return _decode(encode_json(found))


def to_wire(value: Any) -> Any:
    """What `encode_json` takes, of what code has made of plain values: numbers as the wire has them."""
    if isinstance(value, dict):
        return {name: to_wire(member) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return [to_wire(one) for one in value]
    if isinstance(value, JSONFloat):
        return msgspec.Raw(value.text.encode())
    if isinstance(value, float):
        return wire_number(value)
    if isinstance(value, Decimal):
        return msgspec.Raw(str(value).encode())
    return value
