"""Entries of the log: what is noted while a request is answered, and what becomes of it later, in a batch."""

import logging
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec

from piccobase.base.errors import RequestError
from piccobase.logs.masking import masked_error, masked_text, masked_url

DEBUG, INFO, WARNING, ERROR = -4, 0, 4, 8  # levels (protocol.md §8.3)
LONGEST_URL = 2000  # characters
LONGEST_HEADER = 500
LONGEST_TEXT = 1000
LONGEST_TRACEBACK = 6000
LONGEST_BODY = 4096  # bytes of an error's body that are looked at for its message

AnsweredRequest = tuple[
    float,  # when it was answered, by time.perf_counter
    float,  # seconds it took
    str,  # method
    str,  # path and query (`shown_url`), at most LONGEST_URL of each
    int,  # status
    str,  # referer (`shown_url`), at most LONGEST_HEADER
    str,  # user agent, at most LONGEST_HEADER
    str | None,  # the client's address, None where addresses are not kept
    str | None,  # the socket's address, None likewise
    str,  # the auth collection's name, "" for guests
    str,  # the auth record's id, "" where it is not kept
    str | None,  # the request's id where it has one
]
"""What is noted of a request: only what is at hand, and as it will be kept, so that no Python runs for it later.

A plain tuple, since each microsecond counts twice here."""


class FailedRequest(NamedTuple):
    """A request that was answered with an error."""

    request: AnsweredRequest
    failure: RequestError | bytes
    """The error, or the body of its answer."""


class LoggedMessage(NamedTuple):
    """A message of the program."""

    at: float  # by time.perf_counter
    level: int
    logger: str
    message: str
    traceback: str
    request_id: str


Noted = AnsweredRequest | FailedRequest | LoggedMessage


def encode_entries(batch: Sequence[Noted]) -> str:
    """A batch as one JSON text, an array for each entry, out of which the database makes rows (`store.py`).

    The database takes the whole text at once, so no Python runs for each row there.
    """
    encoded = masked_text(_encode([one if type(one) is tuple else _ready(one) for one in batch]).decode())
    # No database holds a NUL in JSON, and one row must not cost the others.
    if "\\" in encoded and "\\u0000" in encoded:
        encoded = encoded.replace("\\u0000", "\\ufffd")
    return encoded


_encode = msgspec.json.Encoder().encode

shown_url = lru_cache(2048)(masked_url)
"""A URL as the log may show it."""


def _ready(one: Any) -> Any:
    return _of_message(one) if type(one) is LoggedMessage else (*one.request, *_of_error(one.failure))


def _of_message(one: LoggedMessage) -> Any:
    data: dict[str, Any] = {"logger": one.logger}
    if one.traceback:
        data["details"] = one.traceback[-LONGEST_TRACEBACK:]
    if one.request_id:
        data["requestId"] = one.request_id
    return (one.at, None, one.level, one.message[:LONGEST_TEXT], data)


def _of_error(failure: RequestError | bytes) -> tuple[str, Any]:
    """The message of an error, and the codes by field."""
    try:
        answered = msgspec.json.decode(failure) if isinstance(failure, bytes) else failure.wire()
    except msgspec.DecodeError:
        return "", None
    if not isinstance(answered, dict):
        return "", None
    return masked_error(str(answered.get("message", ""))[:LONGEST_TEXT]), _codes(answered.get("data")) or None


def _codes(data: Any) -> Any:
    """Only the codes: what was wrong with a field, and nothing of what was sent."""
    if not isinstance(data, Mapping):
        return None
    code = data.get("code")
    if isinstance(code, str):
        return code
    return {name: codes for name, member in data.items() if (codes := _codes(member)) is not None}


def level_of(record: logging.LogRecord) -> int:
    """A level of Python's as the protocol's."""
    if record.levelno >= logging.ERROR:
        return ERROR
    if record.levelno >= logging.WARNING:
        return WARNING
    return INFO if record.levelno >= logging.INFO else DEBUG
