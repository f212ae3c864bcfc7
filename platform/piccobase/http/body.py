"""Request bodies (protocol.md §1.3, §1.4): JSON objects, forms with inferred values, and `@jsonPayload`."""

import asyncio
import binascii
import io
import re
from collections.abc import Awaitable, Callable
from typing import Any

from multipart import MultipartError, MultipartParser, parse_options_header

from piccobase.base.errors import MalformedBody, TooLarge
from piccobase.base.json import JSONFloat, NotJSON, parse_json
from piccobase.base.numbers import ecma_number

Receive = Callable[[], Awaitable[Any]]
DEFAULT_BODY_LIMIT = 32 << 20
MAX_VALUES = 500_000  # in a JSON body: reading more would keep everybody else waiting
MAX_FORM_FIELDS = 10_000
AT_ONCE = 64 << 10  # bytes that are worked through in the event loop; more go to a thread
_SLICE = 256 << 10  # bytes
_NUMBER_LIKE = re.compile(r"[-0-9][-.0-9]{0,30}")  # without an exponent no double is written longer than this
_BAD_ESCAPE = re.compile(rb"%(?![0-9a-fA-F]{2})")


async def read_body(receive: Receive, declared: int | None, limit: int) -> bytes:
    """The whole body. Raises TooLarge before reading when Content-Length says so, else while reading."""
    if declared is not None and declared > limit:
        raise TooLarge
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise MalformedBody("The connection was closed before the body was complete.")
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            raise TooLarge
        chunks.append(chunk)
        if not message.get("more_body", False):
            return chunks[0] if len(chunks) == 1 else b"".join(chunks)


async def parse_body(content_type: str, body: bytes, *, chunked: bool) -> dict[str, Any]:
    """The body as an object. An absent one is `{}`; an empty chunked JSON one is malformed.

    A large one is read in a thread. Raises MalformedBody for what is not of its content type, and for more than
    500,000 values in JSON or 10,000 fields in a form.
    """
    if len(body) <= AT_ONCE:
        return _object(content_type, body, chunked=chunked)
    return await asyncio.to_thread(_object, content_type, body, chunked=chunked)


def _object(content_type: str, body: bytes, *, chunked: bool) -> dict[str, Any]:
    if content_type.startswith("application/json"):
        if not body and not chunked:
            return {}
        return _json_object(body)
    if not body:
        return {}
    if content_type.startswith("multipart/form-data"):
        return _form_object(_multipart_pairs(content_type, body))
    if content_type.startswith("application/x-www-form-urlencoded"):
        return _form_object(_urlencoded_pairs(body))
    raise MalformedBody("Unsupported Content-Type.")


def _json_object(body: bytes) -> dict[str, Any]:
    if _has_too_many_values(body):
        raise MalformedBody(f"A JSON body can hold at most {MAX_VALUES} values.")
    try:
        value = parse_json(body.decode())
    except UnicodeDecodeError as error:
        raise MalformedBody("The body is not valid UTF-8.") from error
    except NotJSON as error:
        raise MalformedBody(f"The body is not valid JSON: {error}.") from error
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise MalformedBody("The body must be a JSON object.")
    return value


def _has_too_many_values(body: bytes) -> bool:
    """Counts what separates values. Only where there are many of these are texts told from what is between them."""
    if _separators(body) <= MAX_VALUES:
        return False
    unescaped = body.replace(b"\\\\", b"").replace(b'\\"', b"")
    count, in_text = 0, False
    for start in range(0, len(unescaped), _SLICE):
        pieces = unescaped[start : start + _SLICE].split(b'"')
        count += _separators(b"".join(pieces[in_text::2]))
        if count > MAX_VALUES:
            return True
        in_text ^= len(pieces) % 2 == 0
    return False


def _separators(text: bytes) -> int:
    return text.count(b",") + text.count(b"[") + text.count(b"{")


def _urlencoded_pairs(body: bytes) -> list[tuple[str, str]]:
    if body.count(b"&") >= MAX_FORM_FIELDS:
        raise MalformedBody(f"A form can have at most {MAX_FORM_FIELDS} fields.")
    if b";" in body or _BAD_ESCAPE.search(body):
        raise MalformedBody("The form is not well encoded: a semicolon, or a percent sign without two digits.")
    pairs = (pair.partition(b"=") for pair in body.split(b"&") if pair)
    return [(_form_text(name), _form_text(value)) for name, _, value in pairs]


def _form_text(escaped: bytes) -> str:
    # Percent signs for the equals signs of quoted-printable (RFC 2045 §6.7): of the standard library's decoders its is
    # the one that takes a long text in one go, fifty times as fast as urllib's.
    quoted = escaped.replace(b"+", b" ").replace(b"=", b"=3D").replace(b"%", b"=")
    try:
        return binascii.a2b_qp(quoted).decode()
    except UnicodeDecodeError as error:
        raise MalformedBody("The form is not valid UTF-8.") from error


def _multipart_pairs(content_type: str, body: bytes) -> list[tuple[str, str]]:
    """The plain parts. File parts are passed over: no collection has a file field yet (protocol.md §1.4, 3)."""
    boundary = parse_options_header(content_type)[1].get("boundary", "")
    if not boundary:
        raise MalformedBody("A multipart body needs a boundary.")
    try:
        parts = MultipartParser(
            io.BytesIO(body),
            boundary,
            memory_limit=len(body) + 1,
            spool_limit=len(body) + 1,  # never to a file: the body is in memory already
            part_limit=MAX_FORM_FIELDS,
            buffer_size=max(4096, len(boundary) * 2 + 64),
        ).parts()
        return [(part.name, part.raw.decode()) for part in parts if part.name and not part.filename]
    except UnicodeDecodeError as error:
        raise MalformedBody("The form is not valid UTF-8.") from error
    except MultipartError as error:
        raise MalformedBody(f"The multipart body cannot be read: {error.args[0]}.") from error


def _form_object(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    grouped: dict[str, list[Any]] = {}
    payloads: list[str] = []
    for name, text in pairs:
        if name == "@jsonPayload":
            payloads.append(text)
        else:
            grouped.setdefault(name, []).append(_inferred(text))
    values = {name: found[0] if len(found) == 1 else found for name, found in grouped.items()}
    for payload in payloads:
        values |= _json_object(payload.encode())
    return values


def _inferred(text: str) -> Any:
    """`true` and `false`, and numbers that are written in their shortest form; everything else stays text."""
    if text in ("true", "false"):
        return text == "true"
    if not _NUMBER_LIKE.fullmatch(text):
        return text
    try:
        number = JSONFloat(text)
        if ecma_number(number) != text:
            return text
    except ValueError:  # such as 1-2, or larger than any double
        return text
    return number if "." in text else int(text)
