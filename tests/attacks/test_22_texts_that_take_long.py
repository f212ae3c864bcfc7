"""Case 22: no text costs more than its length, however it is made: in a field, a filter, a sort or an excerpt."""

import time
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote

import pytest
from piccolo.columns import JSONB, UUID, Email, Interval, Numeric, Text, Time, Timestamptz
from tests.asking import serving

from piccobase import Collection, Rules
from piccobase.columns import URL, Editor, GeoPoint, MultiSelect
from piccobase.records.picking import parse_fields, pick
from piccobase.testing import Caller, TestApp

LENGTH = 100_000  # characters; what grows with their square takes minutes
SECONDS = 1.0  # of this process's own time, many times what is needed


class Everything(Collection, tablename="everything", lenient=True):
    text = Text()
    html = Editor()
    mail = Email()
    link = URL()
    moment = Timestamptz(null=True, default=None)
    clock = Time(null=True, default=None)
    span = Interval(null=True, default=None)
    number = Numeric(null=True, default=None)
    uid = UUID(null=True, default=None)
    place = GeoPoint()
    tags = MultiSelect(["a", "b"])
    js = JSONB(null=True, default=None)
    rules = Rules(list="", view="", create="", update="")


class Asked(Collection, tablename="asked"):
    """Its rule compares what the client sends."""

    text = Text()
    number = Numeric(null=True, default=None)
    rules = Rules(list="@request.query.x != text && @request.query.x != number && @request.headers.x_y ~ text")


FIELDS = ["text", "html", "mail", "link", "moment", "clock", "span", "number", "uid", "place", "tags", "js", "id"]
PIECES = (
    *("a", "1", " ", ".", "-", "a.", "a@", "@a.", "a-", "1.", "0", "1:", "-1", "T1", "+1", "e1", "http://", "://", "%"),
    *("a%", "/", "?a=", "#", "[", '["', '{"a":', "<", "<a", "<a ", "<script>", "</p", "<!--", "&", "&a", "&#", "&#x"),
    *("\\", "'", "\n", "é", "\u0301", "(", "_", "//"),
)


def texts() -> list[str]:
    """Each piece over and over, bare and with an end that spoils a match which was about to succeed."""
    repeated = [(piece * LENGTH)[:LENGTH] for piece in PIECES]
    return [text + end for text in repeated for end in ("", "\x01", "!")] + ["a@" + text + ".b" for text in repeated]


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[TestApp]:
    async with serving([Everything, Asked], [], None, tmp_path) as guest:
        yield guest


@pytest.mark.parametrize("field", FIELDS)
async def test_a_hostile_value_is_taken_or_refused_at_once(api: Caller, field: str) -> None:
    slowest = 0.0
    for text in texts():
        begun = time.process_time()
        answer = await api.ask("POST", api.records("everything"), {field: text})
        slowest = max(slowest, time.process_time() - begun)
        assert answer.status_code in (200, 400), text[:20]
    assert slowest < SECONDS


@pytest.mark.parametrize("parameter", ["filter", "sort", "fields", "page", "perPage", "skipTotal", "expand", "other"])
async def test_a_hostile_parameter_is_taken_or_refused_at_once(api: Caller, parameter: str) -> None:
    slowest = 0.0
    for piece in PIECES:
        for length in (250, 3400, 10_000):  # a filter may have 3500 bytes, the query string 64 KiB
            text = (piece * length)[:length]
            begun = time.process_time()
            answer = await api.ask("GET", api.records("everything"), query={parameter: text})
            slowest = max(slowest, time.process_time() - begun)
            assert answer.status_code in (200, 400), text[:20]
    assert slowest < SECONDS


async def test_a_hostile_text_that_a_rule_compares_is_compared_at_once(api: Caller) -> None:
    for piece in PIECES:
        for end in ("", "!"):
            text = (piece * LENGTH)[:10_000] + end
            begun = time.process_time()
            await api.ask("GET", api.records("asked"), query={"x": text}, headers={"X-Y": quote(text)})
            assert time.process_time() - begun < SECONDS, text[:20]


@pytest.mark.parametrize("cut", [1, 10, LENGTH])
def test_an_excerpt_is_cut_from_any_text_at_once(cut: int) -> None:
    wanted = parse_fields(f"html:excerpt({cut})")
    assert wanted is not None
    for text in texts():
        begun = time.process_time()
        excerpt = pick({"html": text}, wanted)["html"]
        assert time.process_time() - begun < SECONDS, text[:20]
        assert len(excerpt) <= cut
