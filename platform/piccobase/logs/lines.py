"""The program's messages on stderr: a line of JSON each, or text where a person reads along in a terminal."""

import logging
import sys
from datetime import UTC, datetime
from typing import Any, TextIO

import msgspec

from piccobase.base.clock import instant_text
from piccobase.base.observing import current_scope, request_id
from piccobase.logs.masking import masked_text

_QUIET = ("httpx", "httpcore", "asyncio", "watchfiles", "piccolo")  # chatty; the first two tell whole URLs
_COLOURS = {logging.DEBUG: "\033[2m", logging.WARNING: "\033[33m", logging.ERROR: "\033[31m"}
_RESET = "\033[0m"


def set_up_logging(level: str, form: str, stream: TextIO | None = None) -> None:
    """Sends all messages of `level` ("debug" … "error") and above to stderr, and to nobody else.

    `form` is "json", "text", or "auto": text in a terminal, else JSON. `stream` stands in for stderr.
    """
    stream = sys.stderr if stream is None else stream
    handler = logging.StreamHandler(stream)
    as_text = stream.isatty() if form == "auto" else form == "text"
    handler.setFormatter(TextLines(coloured=stream.isatty()) if as_text else JSONLines())
    root = logging.getLogger()
    for other in [*root.handlers]:
        root.removeHandler(other)
    root.addHandler(handler)
    root.setLevel(level.upper())
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    logging.captureWarnings(True)


class JSONLines(logging.Formatter):
    """`{"time": …, "level": …, "logger": …, "message": …}`, with `requestId` within a request and `error` for a
    traceback."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": _time_of(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": masked_text(record.getMessage()),
        }
        if (scope := current_scope.get()) is not None:
            line["requestId"] = request_id(scope)
        if record.exc_info:
            line["error"] = masked_text(self.formatException(record.exc_info))
        return msgspec.json.encode(line).decode()


class TextLines(logging.Formatter):
    """`2026-11-23 00:16:37.866Z warning piccobase.http: …`, and a traceback below it."""

    def __init__(self, *, coloured: bool) -> None:
        super().__init__()
        self._coloured = coloured

    def format(self, record: logging.LogRecord) -> str:
        scope = current_scope.get()
        of_request = f" [{request_id(scope)}]" if scope is not None else ""
        # What a client has sent must not end a line, nor speak to the terminal.
        message = _visible(masked_text(record.getMessage()))
        line = f"{_time_of(record)} {record.levelname.lower()} {record.name}: {message}{of_request}"
        colour = _COLOURS.get(record.levelno, "") if self._coloured else ""
        if colour:
            line = f"{colour}{line}{_RESET}"
        if record.exc_info:
            traceback = masked_text(self.formatException(record.exc_info))
            line += "\n" + "\n".join(map(_visible, traceback.splitlines()))
        return line


def _time_of(record: logging.LogRecord) -> str:
    return instant_text(datetime.fromtimestamp(record.created, UTC))


def _visible(text: str) -> str:
    """Control characters written out."""
    return text if text.isprintable() else "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
