"""How answers leave uvicorn: a whole one in one piece, where uvicorn's own would send its head and its body apart."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from uvicorn.protocols.http.httptools_impl import (
    HEADER_RE,
    HEADER_VALUE_RE,
    STATUS_LINE,
    RequestResponseCycle,
)

_LARGEST = 256 << 10  # bytes of a body that are worth a copy
_CONTENT_LENGTH = b"content-length"
_FRAMING = frozenset({b"connection", b"transfer-encoding"})

Header = tuple[bytes, bytes]


class Answering(RequestResponseCycle):
    """One request and its answer. A packet less on the wire, a call of the system less, and no header is looked at
    twice that is always the same.

    The head of an answer that has a Content-Length waits for the first part of its body. If that is all of it, both
    are written together; everything else is left to uvicorn, which raises what is wrong with it.
    """

    _start: Any = None  # the message with the head, while it waits

    async def send(self, message: Any) -> None:
        start, self._start = self._start, None
        if message["type"] == "http.response.start" and _is_plain(message["headers"]) and not self.response_started:
            self._start = message
        elif start is None or message["type"] == "http.response.start":  # when a body has failed, uvicorn's own 500
            await super().send(message)
        elif self._is_whole(start, message):
            self._write(start, message["body"])
        else:
            await super().send(start)
            await super().send(message)

    def _is_whole(self, start: Any, message: Any) -> bool:
        body = message.get("body", b"")
        return (
            message["type"] == "http.response.body"
            and not message.get("more_body", False)
            and 0 < len(body) <= _LARGEST
            and (_CONTENT_LENGTH, b"%d" % len(body)) in start["headers"]
            and self.keep_alive
            and self.scope["method"] != "HEAD"
            and not self.flow.write_paused
            and not self.disconnected
        )

    def _write(self, start: Any, body: bytes) -> None:
        lines = [STATUS_LINE[start["status"]], *map(_line, self.default_headers), *map(_line, start["headers"])]
        self.transport.write(b"".join([*lines, b"\r\n", body]))
        self.response_started = self.response_complete = True
        self.waiting_for_100_continue = False
        self.message_event.set()
        self.on_response()


def _is_plain(headers: Iterable[Header]) -> bool:
    """Whether the head says how long the body is, once, and nothing of how it travels."""
    names = [name.lower() for name, _ in headers]
    return names.count(_CONTENT_LENGTH) == 1 and _FRAMING.isdisjoint(names)


@lru_cache(4096)
def _line(header: Header) -> bytes:
    """A header as it is written. Raises RuntimeError, as uvicorn does, for one that would be more than one."""
    name, value = header
    if HEADER_RE.search(name) or HEADER_VALUE_RE.search(value):
        raise RuntimeError("Invalid HTTP header.")
    return b"%b: %b\r\n" % (name.lower(), value)
