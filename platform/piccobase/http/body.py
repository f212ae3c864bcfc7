"""Request bodies (protocol.md §1.3, §1.4): JSON objects, forms with inferred values, and `@jsonPayload`."""

import io
import re
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import unquote_to_bytes

from multipart import MultipartError, MultipartParser, parse_options_header

from piccobase.base.errors import MalformedBody, TooLarge
from piccobase.base.json import JSONFloat, NotJSON, parse_json
from piccobase.base.numbers import ecma_number

Receive = Callable[[], Awaitable[Any]]
DEFAULT_BODY_LIMIT = 32 << 20
_NUMBER_LIKE = re.compile(r"[-0-9][-.0-9]*")


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


def parse_body(content_type: str, body: bytes, *, chunked: bool) -> dict[str, Any]:
    """The body as an object. An absent one is `{}`; an empty chunked JSON one is malformed."""
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


def _urlencoded_pairs(body: bytes) -> list[tuple[str, str]]:
    pairs = []
    for pair in body.split(b"&"):
        if not pair or b";" in pair:
            continue
        name, _, value = pair.partition(b"=")
        pairs.append((_form_text(name), _form_text(value)))
    return pairs


def _form_text(escaped: bytes) -> str:
    try:
        return unquote_to_bytes(escaped.replace(b"+", b" ")).decode()
    except UnicodeDecodeError as error:
        raise MalformedBody("The form is not valid UTF-8.") from error


def _multipart_pairs(content_type: str, body: bytes) -> list[tuple[str, str]]:
    """The plain parts. File parts are passed over: no collection has a file field yet (protocol.md §1.4, 3)."""
    boundary = parse_options_header(content_type)[1].get("boundary", "")
    if not boundary:
        raise MalformedBody("A multipart body needs a boundary.")
    try:
        parts = MultipartParser(
            io.BytesIO(body), boundary, memory_limit=len(body) + 1, buffer_size=max(4096, len(boundary) * 2 + 64)
        ).parts()
        return [(part.name, part.raw.decode()) for part in parts if not part.filename]
    except (MultipartError, UnicodeDecodeError) as error:
        raise MalformedBody("The multipart body cannot be read.") from error


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
    if _NUMBER_LIKE.fullmatch(text):
        try:
            number = JSONFloat(text)
        except ValueError:
            return text
        if "." not in text:
            return int(text) if ecma_number(number) == text else text
        return number if ecma_number(number) == text else text
    return text
