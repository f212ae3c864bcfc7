"""Ids: of records (15 characters of `a-z0-9`) and of collections (protocol.md §1.9)."""

import secrets
import string
import zlib

RECORD_ID_LENGTH = 15
_ALPHABET = string.ascii_lowercase + string.digits
_LETTERS_AND_DIGITS = string.ascii_letters + string.digits


def new_record_id() -> str:
    """A random id for a record: 15 characters, about 77 bits."""
    # One draw of 15 bytes and a look-up is ten times faster than 15 calls of secrets.choice. 252 = 7 * 36 keeps it
    # unbiased: bytes above are thrown away, and 25 are more than enough to leave 15.
    while True:
        drawn = [_ALPHABET[byte % 36] for byte in secrets.token_bytes(20) if byte < 252]
        if len(drawn) >= RECORD_ID_LENGTH:
            return "".join(drawn[:RECORD_ID_LENGTH])


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
