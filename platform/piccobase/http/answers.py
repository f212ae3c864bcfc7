"""Answers: status, the headers that every one carries (protocol.md §1.5), and a body of JSON, or none."""

from collections.abc import Awaitable, Callable
from typing import Any

from piccobase.base.errors import RequestError
from piccobase.base.json import encode_json

Send = Callable[[Any], Awaitable[None]]
Header = tuple[bytes, bytes]

SECURITY_HEADERS: tuple[Header, ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"SAMEORIGIN"),
    (b"x-xss-protection", b"1; mode=block"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"vary", b"Origin"),
)
CORS_HEADER: Header = (b"access-control-allow-origin", b"*")
JSON_HEADERS: tuple[Header, ...] = ((b"content-type", b"application/json"), *SECURITY_HEADERS)
_JSON_CORS_HEADERS: tuple[Header, ...] = (*JSON_HEADERS, CORS_HEADER)
_CORS_HEADERS: tuple[Header, ...] = (*SECURITY_HEADERS, CORS_HEADER)


async def send_json(
    send: Send, status: int, body: bytes, *, cors: bool, head: bool, extra: tuple[Header, ...] = ()
) -> None:
    """JSON that is already encoded. With `head` the headers are the same and the body stays away."""
    common = _JSON_CORS_HEADERS if cors else JSON_HEADERS
    headers = [*common, (b"content-length", b"%d" % len(body)), *extra]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if head else body})


async def send_nothing(send: Send, *, status: int = 204, cors: bool, extra: tuple[Header, ...] = ()) -> None:
    """204, or 304, without a body and without a content type."""
    headers = [*(_CORS_HEADERS if cors else SECURITY_HEADERS), *extra]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


async def send_error(
    send: Send, error: RequestError, *, cors: bool, head: bool = False, extra: tuple[Header, ...] = ()
) -> None:
    """The one shape of protocol.md §1.6, and the error's code in a header of its own."""
    await send_json(
        send,
        error.status,
        encode_json(error.wire()),
        cors=cors,
        head=head,
        extra=((b"x-error-code", error.code.encode()), *extra),
    )
