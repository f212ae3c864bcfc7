"""Ids: of records (15 characters of `a-z0-9`) and of collections (protocol.md §1.9)."""

import secrets
import string
import zlib

RECORD_ID_LENGTH = 15
_ALPHABET = string.ascii_lowercase + string.digits
_LETTERS_AND_DIGITS = string.ascii_letters + string.digits
# 252 = 7 * 36 keeps ids unbiased: bytes above are thrown away.
_OF_BYTE = bytes(ord(_ALPHABET[byte % 36]) for byte in range(256))
_THROWN_AWAY = bytes(range(252, 256))


def new_record_id() -> str:
    """A random id for a record: 15 characters, about 77 bits."""
    # One draw of some bytes more than are needed, many times faster than 15 calls of secrets.choice.
    while True:
        drawn = secrets.token_bytes(20).translate(_OF_BYTE, _THROWN_AWAY)
        if len(drawn) >= RECORD_ID_LENGTH:
            return drawn[:RECORD_ID_LENGTH].decode()


def new_secret(length: int = 50) -> str:
    """A random secret of letters and digits, for signing keys and token keys."""
    return "".join(secrets.choice(_LETTERS_AND_DIGITS) for _ in range(length))


def collection_id(kind: str, name: str) -> str:
    """The id a collection gets at its first registration: `pbc_` and the CRC-32 of kind and name in decimal.

    >>> collection_id("base", "cats")
    'pbc_3834699042'
    """
    return f"pbc_{zlib.crc32((kind + name).encode())}"


def field_id(type_: str, name: str) -> str:
    """The id of a field on the wire, for example `text3208210256` for the text field `id`."""
    return f"{type_}{zlib.crc32(name.encode())}"
