"""Messages on stderr: JSON lines for machines, text for people, nothing secret in either."""

import io
import json
import logging
from collections.abc import Iterator

import pytest

from piccobase.base.observing import current_scope
from piccobase.logs.lines import set_up_logging

TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJpZCI6IngifQ.c2lnbmF0dXJl"


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = [*root.handlers], root.level
    yield
    logging.captureWarnings(False)
    root.handlers[:] = handlers
    root.setLevel(level)


def written(form: str, level: str = "info") -> io.StringIO:
    stream = io.StringIO()
    set_up_logging(level, form, stream)
    return stream


def test_a_line_of_json_has_time_level_logger_and_message() -> None:
    stream = written("auto")  # no terminal
    logging.getLogger("shop").warning("%s\nsold out", "tea")
    line = json.loads(stream.getvalue())
    assert line.pop("time").endswith("Z")
    assert line == {"level": "warning", "logger": "shop", "message": "tea\nsold out"}
    assert stream.getvalue().count("\n") == 1


def test_within_a_request_a_line_names_it_and_an_exception_brings_its_traceback() -> None:
    stream = written("json")
    before = current_scope.set({"headers": [(b"x-request-id", b"abc-1")]})
    try:
        raise ValueError(f"refused {TOKEN}")
    except ValueError:
        logging.getLogger("shop").exception("failed")
    finally:
        current_scope.reset(before)
    line = json.loads(stream.getvalue())
    assert line["requestId"] == "abc-1"
    assert "Traceback" in line["error"]
    assert "ValueError: refused ***" in line["error"]


def test_text_for_a_terminal_has_no_line_or_escape_that_a_client_has_sent() -> None:
    stream = written("text")
    logging.getLogger("shop").warning("asked for %s", "x\n2026-01-01 error forged\x1b[31m")
    [line] = stream.getvalue().splitlines()
    assert "\\n2026-01-01 error forged\\x1b[31m" in line


@pytest.mark.parametrize("form", ["json", "text"])
def test_tokens_and_keys_are_never_written(form: str) -> None:
    stream = written(form)
    logging.getLogger("shop").error("token %s and key %s", TOKEN, "pbk_0123456789")
    assert "token *** and key ***" in stream.getvalue()


@pytest.mark.parametrize(("level", "count"), [("debug", 4), ("info", 3), ("warning", 2), ("error", 1)])
def test_messages_below_the_level_are_left_out(level: str, count: int) -> None:
    stream = written("json", level)
    for number in (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR):
        logging.getLogger("shop").log(number, "x")
    assert len(stream.getvalue().splitlines()) == count
