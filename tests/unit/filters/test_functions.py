"""`geoDistance` and `strftime` (protocol.md §3.4). What they find was seen on the reference."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import apsw
import pytest
from tests.unit.filters.conftest import MOMENT, Database

from piccobase.filters.bindings import Bindings
from piccobase.filters.dialects.postgres import POSTGRES
from piccobase.filters.dialects.postgres_times import first_word, formatted, number_moment, text_moment
from piccobase.filters.errors import FilterSyntax, InvalidFilter, UnknownField
from piccobase.filters.fragments import compose, render, slot
from piccobase.filters.timetexts import strftime

ALL = "p1 p2 p3 p4 p5"
DISTANCES = [
    ("geoDistance(geo.lon, geo.lat, 12.5, -7) < 1", "p1"),
    ("geoDistance(geo.lon, geo.lat, 12.5, -7) >= 0", ALL),
    ("geoDistance(geo.lon, geo.lat, 10, 50) = 0", "p4"),
    ("geoDistance(geo.lon, geo.lat, 0, 0) > 100", "p1 p4"),
    ("geoDistance(geo.lon, geo.lat, null, 1) = null", ALL),
    ("geoDistance(geo.lon, geo.lat, null, 1) != 5", ALL),
    ("geoDistance(geo.lon, geo.lat, null, 1) = ''", ""),
    ("geoDistance(geo.lon, geo.lat, null, 1) > 0", ""),
    ("geoDistance(1, 2, 3, 4) > 1", ALL),
    ("geoDistance(1, 2, 3, 4,) > 1", ALL),
    ("5 < geoDistance(1, 2, 3, 4)", ALL),
    ("geoDistance(title, num, 3, 4) > 1", ""),
    ("geoDistance(title, num, 3, 4) = null", ALL),
    ("geoDistance(@now, 2, 3, 4) > 1", ""),
    ("geoDistance(@year, 2, 3, 4) > 1", ALL),
    ("geoDistance(true, 2, 3, 4) > 1", ALL),
    ("geoDistance(js.0, 2, 3, 4) > 1", "p1"),
    ("geoDistance(mcats.n, 2, 3, 4) > 1", "p1 p2 p4"),
    ("geoDistance(mcats.n, 2, 3, 4) > 300", "p1 p4"),  # some is enough: it asks nothing of all values
    ("geoDistance(mcats.n, 2, 3, 4) > 400", ""),
    ("geoDistance(num, 2, 3, 4) ~ '1'", ALL),
    ("geoDistance(num, 2, 3, 4) > geoDistance(1, 2, 3, 4)", ""),
    ("geoDistance(num, 2, 3, 4) ?> 1", ALL),
    ("geoDistance(cat.n, 2, 3, 4) = null", "p3 p5"),
    ("geoDistance(cat.n, 2, 3, 4) != null", "p1 p2 p4"),
    ("geoDistance(num:lower, 2, 3, 4) > 1", ALL),
    ("geoDistance(@request.query.x, 2, 3, 4) = null", ALL),
]


@pytest.mark.parametrize(("text", "expected"), DISTANCES, ids=[case[0] for case in DISTANCES])
def test_distances_are_kilometres_on_the_globe(related: Database, text: str, expected: str) -> None:
    assert related.ask("posts", text) == expected


TIMES = [
    ("strftime('%Y', dt) = '2024'", "p1"),
    ("strftime('%Y', dt) = ''", "p2 p3 p4 p5"),
    ("strftime('%Y', dt) != ''", "p1"),
    ("strftime('%Y', dt) = null", "p2 p3 p4 p5"),
    ("strftime('%Y', dt) != '2024'", "p2 p3 p4 p5"),
    ("strftime('%Y', dt) > '2000'", "p1"),
    ("strftime('%Y', dt) ~ '20'", "p1"),
    ("strftime('%Y', dt) !~ '99'", "p1"),
    ("strftime('%s', dt) > 0", "p1"),
    ("strftime('%s', dt) < 0", ""),
    ("strftime('%Y', dt) = 2024", ""),
    ("strftime('%Y', @now) = @year", ""),
    ("strftime('%Y', @now) = '2026'", ALL),
    ("strftime('%Y') = '2026'", ALL),
    ("strftime('%Y', 'now') = '2026'", ALL),
    ("strftime('%m-%d', dt, '+1 month') = '03-02'", "p1"),
    ("strftime('%m-%d', dt, '+1 month', 'floor') = '02-29'", "p1"),
    ("strftime('%m-%d', dt, 'start of month', '+1 month') = '02-01'", "p1"),
    ("strftime('%d', dt, 'nope') = ''", ALL),
    ("strftime('%Q', dt) = ''", ALL),
    ("strftime('', dt) = ''", ALL),
    ("strftime('x', dt) = 'x'", "p1"),
    ("strftime('%Y', 0) = '-4713'", ALL),
    ("strftime('%Y', 2460000.5) = '2023'", ALL),
    ("strftime('%Y', num, 'unixepoch') = '1970'", ALL),
    ("strftime('%Y', '2024-05-06') = '2024'", ALL),
    ("strftime('%d', '2024-02-30') = '01'", ALL),
    ("strftime('%Y', true) = ''", ""),
    ("strftime('%Y', null) = ''", ALL),
    ("strftime('%Y', title) = ''", ALL),
    ("strftime('%Y', js.0) = ''", "p2 p3 p4 p5"),
    ("strftime('%Y', mcats.created) > '2020'", "p1 p2 p4"),
    ("strftime('%Y', mcats.created) != ''", "p1 p2 p4"),
    ("strftime('%Y', mcats.created) = ''", "p3 p5"),
    ("strftime('%Y', mcats.created) ?= ''", "p3 p5"),
    ("strftime('%Y', author.created) = ''", "p3 p4 p5"),
    ("strftime('%Y', dt) = strftime('%Y', dt)", ALL),
    ("strftime('%Y', dt) = title", ""),
    ("strftime('%d', dt) = num", ""),
    ("strftime('%Y', dt:lower) = '2024'", "p1"),
    ("strftime('%d', dt) ?= '31'", "p1"),
    ("strftime('%H:%M', dt, 'utc') = '10:00'", "p1"),
    ("strftime('%Y', dt" + ", '+1 day'" * 8 + ") = '2024'", "p1"),
    ("strftime('%Y', @request.query.none) = ''", ALL),
]


@pytest.mark.parametrize(("text", "expected"), TIMES, ids=[case[0] for case in TIMES])
def test_times_become_texts(related: Database, text: str, expected: str) -> None:
    assert related.ask("posts", text) == expected


REFUSED = [
    ("geoDistance('1', 2, 3, 4) > 1", FilterSyntax, "geoDistance takes fields and numbers. (at 13: '1', 2"),
    ("geoDistance(1, 2, 3) > 1", FilterSyntax, "geoDistance takes four arguments"),
    ("geoDistance(1, 2, 3, 4, 5) > 1", FilterSyntax, "geoDistance takes four arguments"),
    ("geoDistance(1, 2, 3, geoDistance(1, 2, 3, 4)) > 1", FilterSyntax, "geoDistance takes fields and numbers."),
    ("GeoDistance(1, 2, 3, 4) > 1", UnknownField, 'no function GeoDistance. Did you mean "geoDistance"? (at 1: Geo'),
    ("lower(title) = 'a'", UnknownField, "There is no function lower."),
    ("strftime() = ''", FilterSyntax, "strftime takes 1 to 10 arguments"),
    ("strftime('%Y', dt" + ", '+1 day'" * 9 + ") = ''", FilterSyntax, "strftime takes 1 to 10 arguments"),
    ("strftime(title, dt) = ''", FilterSyntax, "The format and the modifiers of strftime are quoted texts."),
    ("strftime(5, dt) = ''", FilterSyntax, "are quoted texts."),
    ("strftime('%Y', dt, dt) = ''", FilterSyntax, "are quoted texts."),
    ("strftime('%Y', dt, 5) = ''", FilterSyntax, "are quoted texts."),
    ("strftime('%Y', strftime('%Y')) = ''", FilterSyntax, "The time of strftime is a field, a text or a number."),
    ("geoDistance(1, 2, 3, nope) > 1", UnknownField, 'posts has no field "nope". (at 22: nope'),
]


@pytest.mark.parametrize(("text", "error", "message"), REFUSED, ids=[case[0] for case in REFUSED])
def test_a_call_that_makes_no_sense_is_refused(
    related: Database, text: str, error: type[InvalidFilter], message: str
) -> None:
    with pytest.raises(error) as refused:
        related.ask("posts", text)
    assert message in refused.value.message


# strftime on columns: PostgreSQL against SQLite, which is asked for what stands in protocol.md

FORMATS = [
    "%Y-%m-%d %H:%M:%S",
    "%f|%F|%T|%R",
    "%j",
    "%U %W %V %G %g",
    "%u %w",
    "%I %p %P",
    "%e|%k|%l",
    "%s",
    "%%x%Y",
]
INSTANTS = [
    "2024-01-31 10:00:00.000Z", "2024-02-29 23:59:59.999Z", "2023-12-31 00:00:00.001Z", "2021-01-03 12:34:56.789Z",
    "2020-02-29 00:00:00.000Z", "1969-12-31 23:59:59.500Z", "0001-01-02 00:00:00.000Z", "9999-12-31 23:59:59.999Z",
    "1899-03-01 13:00:00.000Z",
]  # fmt: skip
MODIFIERS: list[list[str]] = [
    [], ["+1 month"], ["-1 month"], ["+1 month", "floor"], ["+13 months", "ceiling"], ["+1 year"], ["-2 years"],
    ["+1.5 days"], ["-3 hours"], ["90 minutes"], ["+1.001 seconds"], ["start of month"], ["start of year"],
    ["start of day"], ["start of month", "+1 month", "-1 day"], ["weekday 0"], ["weekday 3"], ["+02:30"],
    ["-00:00:01.5"],
    ["+0001-02-03"], ["-0001-02-03 04:05"], ["+1.5 months"], ["subsec"], ["localtime"], ["utc"], ["nope"],
    ["unixepoch"],
    ["weekday 7"], ["+1 day", "unixepoch"], ["Start Of Month"], ["+1 fortnight"], ["+5000 years"], ["-9000 years"],
    ["+1e3 days"], ["auto"], ["julianday"], [""], ["+1 month", "+1 day", "floor"], ["+0000-13-01"],
]  # fmt: skip
TEXTS = [
    "2024-05-06", "2024-05-06T07:08", "2024-05-06 07:08:09", "2024-05-06 07:08:09.5+02:00", "2024-05-06 24:00", "07:08",
    "2024-13-01", "2024-5-6", "2460000.5", " 2460000.5 ", "x", "", "2024-05-06 25:00", "07:08:09.123Z",
    "2024-05-06Z", "2024-05-06 07:08 Z",
]  # fmt: skip
NUMBERS: list[Any] = [1000, 2460000.5, 1706695200, -1, 1706695200.25, 5373484.49, 5373484.5, 1e12, -210866760000, 1e300]


def expected(form: str, time: Any, modifiers: Sequence[str]) -> str | None:
    return strftime(form, time, modifiers, MOMENT)


def asked_of_postgres(database: Database, moment: Any, form: str, modifiers: Sequence[str]) -> Any:
    sql = formatted(moment, lambda bindings: form, [lambda bindings, each=each: each for each in modifiers])
    statement = render(compose("SELECT ", sql), "postgres")
    return database.rows(statement.sql, statement.bind(Bindings(moment=MOMENT)))[0][0]


def cases(times: Sequence[Any]) -> list[tuple[Any, str, list[str]]]:
    """Each time with each format, and each with each modifier; not all with all."""
    dice = random.Random(7)
    found = [(time, form, dice.choice(MODIFIERS)) for time in times for form in FORMATS]
    return found + [(time, dice.choice(FORMATS), modifiers) for time in times for modifiers in MODIFIERS]


def test_postgres_shows_instants_as_sqlite_does(postgres_database: Database) -> None:
    wrong = []
    for time, form, modifiers in cases(INSTANTS):
        if modifiers and modifiers[0] in ("unixepoch", "julianday"):
            continue
        value = datetime.fromisoformat(time).astimezone(UTC)
        moment = compose("(", slot(lambda bindings, value=value: value), "::timestamptz AT TIME ZONE 'UTC')")
        found = asked_of_postgres(postgres_database, moment, form, modifiers)
        if found != expected(form, time, modifiers):
            wrong.append((time, form, modifiers, found, expected(form, time, modifiers)))
    assert wrong == [], "\n".join(map(str, wrong))


def test_postgres_reads_texts_and_numbers_as_sqlite_does(postgres_database: Database) -> None:
    wrong = []
    for time, form, modifiers in cases([*TEXTS, *NUMBERS]):
        first = first_word([lambda bindings, each=each: each for each in modifiers])
        value = slot(lambda bindings, time=time: time if isinstance(time, str) else Decimal(repr(time)))
        if isinstance(time, str):
            parts = POSTGRES._parts_of_text(compose("(", value, "::text)"))
            assert parts.number is not None
            assert parts.text is not None
            number = compose("(", parts.number, ")")
            moment = compose(
                "COALESCE(", number_moment(number, first), ", ", text_moment(compose("(", parts.text, ")"), first), ")"
            )
        else:
            moment = number_moment(compose("(", value, "::numeric)"), first)
        found = asked_of_postgres(postgres_database, moment, form, modifiers)
        if found != expected(form, time, modifiers):
            wrong.append((time, form, modifiers, found, expected(form, time, modifiers)))
    assert wrong == [], "\n".join(map(str, wrong))


def test_the_sqlite_that_answers_for_values_is_the_one_that_answers_for_records() -> None:
    memory = apsw.Connection(":memory:")
    for time, form, modifiers in cases(INSTANTS):
        if not {"localtime", "utc"} & {*modifiers}:
            marks = ", ".join("?" * (2 + len(modifiers)))
            [(found,)] = memory.execute(f"SELECT strftime({marks})", (form, time, *modifiers))
            assert found == expected(form, time, modifiers)
