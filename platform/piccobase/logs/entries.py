"""Entries of the log: what is noted while a request is answered, and what becomes of it later, in a batch."""

import logging
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import msgspec

from piccobase.logs.masking import masked_text, masked_url

DEBUG, INFO, WARNING, ERROR = -4, 0, 4, 8  # levels (protocol.md §8.3)
LONGEST_URL = 2000  # characters
LONGEST_HEADER = 500
LONGEST_TEXT = 1000
LONGEST_TRACEBACK = 6000
LONGEST_BODY = 4096  # bytes of an error's body that are looked at for its message


class AnsweredRequest(NamedTuple):
    """What is noted of a request: only what is at hand. Nothing is decoded, joined or looked up on its way."""

    at: float  # seconds since 1970, when it was answered
    seconds: float
    method: str
    path: bytes
    query: bytes
    status: int
    referer: bytes
    agent: bytes
    user_ip: str
    remote_ip: str
    auth: str  # the collection's name, "" for guests
    auth_id: str
    request_id: str  # "" where it has none
    body: bytes  # of an error


class LoggedMessage(NamedTuple):
    """A message of the program."""

    at: float
    level: int
    logger: str
    message: str
    traceback: str
    request_id: str


Noted = AnsweredRequest | LoggedMessage


class _RequestData(msgspec.Struct):
    """`data` of a request's entry. What is UNSET is left out."""

    auth: str
    authId: Any  # noqa: N815
    details: Any
    error: Any
    execTime: float  # noqa: N815
    method: str
    referer: str
    remoteIP: Any  # noqa: N815
    requestId: Any  # noqa: N815
    status: int
    type: str
    url: str
    userAgent: str  # noqa: N815
    userIP: Any  # noqa: N815


class _MessageData(msgspec.Struct):
    details: Any
    logger: str
    requestId: Any  # noqa: N815


class Choices(msgspec.Struct, frozen=True):
    """What is kept of an entry; from the settings."""

    ip: bool = True
    auth_id: bool = False


_encode = msgspec.json.Encoder().encode
_UNSET = msgspec.UNSET


def encode_entries(noted: Iterable[Noted], choices: Choices) -> str:
    """A batch as one JSON text: `[[milliseconds, level, message, data], …]`.

    The database takes the whole text at once, so that no Python runs for each row.
    """
    entries = [_of_request(one, choices) if type(one) is AnsweredRequest else _of_message(one) for one in noted]  # type: ignore[arg-type]
    encoded = _encode(entries).decode()
    # No database holds a NUL in JSON, and one row must not cost the others.
    return encoded.replace("\\u0000", "\\ufffd") if "\\u0000" in encoded else encoded


def _of_request(one: AnsweredRequest, choices: Choices) -> tuple[int, int, str, _RequestData]:
    url = one.path.decode("latin-1")
    if one.query:
        url = f"{url}?{one.query.decode('latin-1')}"
    url = masked_url(url)
    failed = one.status >= 400
    error, details = _of_error(one.body) if failed else (_UNSET, _UNSET)
    data = _RequestData(
        auth=one.auth,
        authId=one.auth_id if choices.auth_id and one.auth_id else _UNSET,
        details=details,
        error=error,
        execTime=round(one.seconds * 1000, 6),
        method=one.method,
        referer=masked_url(one.referer.decode("latin-1")) if one.referer else "",
        remoteIP=one.remote_ip if choices.ip else _UNSET,
        requestId=one.request_id or _UNSET,
        status=one.status,
        type="request",
        url=url,
        userAgent=masked_text(one.agent.decode("latin-1")),
        userIP=one.user_ip if choices.ip else _UNSET,
    )
    return int(one.at * 1000), ERROR if failed else INFO, f"{one.method} {url}", data


def _of_message(one: LoggedMessage) -> tuple[int, int, str, _MessageData]:
    data = _MessageData(
        details=masked_text(one.traceback[-LONGEST_TRACEBACK:]) if one.traceback else _UNSET,
        logger=one.logger,
        requestId=one.request_id or _UNSET,
    )
    return int(one.at * 1000), one.level, masked_text(one.message)[:LONGEST_TEXT], data


def _of_error(body: bytes) -> tuple[str, Any]:
    """The message of an error's body, and the codes by field."""
    try:
        answered = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return "", None
    if not isinstance(answered, dict):
        return "", None
    details = _codes(answered.get("data"))
    return masked_text(str(answered.get("message", "")))[:LONGEST_TEXT], details or None


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
