"""When an expression fires, in time zones that put their clocks forward and back."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest

from piccobase.jobs.cron import InvalidCron, parse_cron

# Paris: on 2026-03-29 02:00 becomes 03:00 (01:00 UTC), on 2026-10-25 03:00 becomes 02:00 again (01:00 UTC).
# Lord Howe: half an hour, on 2026-04-05 (15:00 UTC the day before). Samoa: 2011-12-30 did not exist.
CASES = [
    ("*/5 * * * *", "UTC", "2026-11-25 12:01", ["2026-11-25 12:05", "2026-11-25 12:10"]),
    ("0 3 * * *", "UTC", "2026-11-25 03:00", ["2026-11-26 03:00"]),
    ("0 3 * * *", "Europe/Paris", "2026-11-25 01:59", ["2026-11-25 02:00", "2026-11-26 02:00"]),
    ("@daily", "America/New_York", "2026-07-01 12:00", ["2026-07-02 04:00"]),
    ("@hourly", "UTC", "2026-11-25 12:00", ["2026-11-25 13:00"]),
    ("0 0 29 2 *", "UTC", "2026-11-25 12:00", ["2028-02-29 00:00"]),
    ("0 9 * * MON-FRI", "UTC", "2026-11-27 09:00", ["2026-11-30 09:00"]),
    (
        "0 0 13 * FRI",
        "UTC",
        "2026-11-25 12:00",
        ["2026-11-27 00:00", "2026-12-04 00:00", "2026-12-11 00:00", "2026-12-13 00:00"],
    ),
    # What does not exist fires right after the jump, and once however often it would have been.
    ("30 2 * * *", "Europe/Paris", "2026-03-28 12:00", ["2026-03-29 01:00", "2026-03-30 00:30"]),
    ("*/10 2 * * *", "Europe/Paris", "2026-03-28 12:00", ["2026-03-29 01:00", "2026-03-30 00:00"]),
    ("30 2 * * *", "Europe/Paris", "2026-03-29 01:00", ["2026-03-30 00:30"]),
    ("0 12 30 12 *", "Pacific/Apia", "2011-12-29 12:00", ["2011-12-30 10:00", "2012-12-29 22:00"]),
    # What comes twice fires the first time.
    ("30 2 * * *", "Europe/Paris", "2026-10-24 12:00", ["2026-10-25 00:30", "2026-10-26 01:30"]),
    ("30 2 * * *", "Europe/Paris", "2026-10-25 00:30", ["2026-10-26 01:30"]),
    ("0 3 * * *", "Europe/Paris", "2026-10-25 00:30", ["2026-10-25 02:00"]),
    ("15 2 * * *", "Australia/Lord_Howe", "2026-04-04 00:00", ["2026-04-04 15:45", "2026-04-05 15:45"]),
    ("45 1 * * *", "Australia/Lord_Howe", "2026-04-04 00:00", ["2026-04-04 14:45", "2026-04-05 15:15"]),
    # Every hour that passes is every hour.
    ("0 * * * *", "Europe/Paris", "2026-10-24 23:30", [f"2026-10-25 0{hour}:00" for hour in range(4)]),
    ("*/30 * * * *", "Europe/Paris", "2026-03-29 00:15", ["2026-03-29 00:30", "2026-03-29 01:00", "2026-03-29 01:30"]),
]


def milliseconds(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


@pytest.mark.parametrize(("expression", "timezone", "after", "expected"), CASES)
def test_it_fires_at_these_instants_of_utc(expression: str, timezone: str, after: str, expected: list[str]) -> None:
    cron, instant, found = parse_cron(expression, timezone), milliseconds(after), []
    for _ in expected:
        instant = cron.after(instant)
        found.append(datetime.fromtimestamp(instant / 1000, UTC).strftime("%Y-%m-%d %H:%M"))
    assert found == expected


STRETCHES = [
    *[
        ("0 2 * * *", 24, zone, "2026-01-01", "2027-01-01")
        for zone in ("Europe/Paris", "America/New_York", "Africa/Cairo")
    ],
    ("0 * * * *", 1, "Europe/Paris", "2026-10-23", "2026-10-27"),
    ("0 * * * *", 1, "Australia/Lord_Howe", "2026-04-02", "2026-04-07"),
    ("0 * * * *", 1, "Europe/Paris", "2026-03-27", "2026-03-31"),
]


@pytest.mark.parametrize(("expression", "hours", "timezone", "begin", "end"), STRETCHES)
def test_through_jumps_of_the_clock_it_fires_once_each_day_or_hour(
    expression: str, hours: int, timezone: str, begin: str, end: str
) -> None:
    cron, instant, fires = parse_cron(expression, timezone), milliseconds(begin), []
    while (instant := cron.after(instant)) <= milliseconds(end):
        fires.append(instant)
    assert abs(len(fires) - (milliseconds(end) - milliseconds(begin)) / 3_600_000 / hours) <= 1
    pauses = [(later - earlier) / 3_600_000 for earlier, later in itertools.pairwise(fires)]
    assert all(hours - 1 <= pause <= hours + 1 for pause in pauses)
    assert min(pauses) > 0


WRONG = [
    ("61 * * * *", "UTC", "out of range"),
    ("* * * *", "UTC", "it needs five fields"),
    ("0 0 * * * *", "UTC", "it needs five fields"),
    ("", "UTC", "it needs five fields"),
    ("@reboot", "UTC", "@yearly, @annually"),
    ("0 0 30 2 *", "UTC", "ever fires"),
    ("R * * * *", "UTC", "H and R are not supported"),
    ("H * * * *", "UTC", "H and R are not supported"),
    ("*/0 * * * *", "UTC", "not acceptable"),
    ("'; DROP TABLE x * * *", "UTC", "no cron expression"),
    ("0 0 * * *", "Europe/Pariss", 'Did you mean "Europe/Paris"?'),
    ("0 0 * * *", "../../etc/passwd", "There is no time zone"),
    ("0 0 * * *", "", "There is no time zone"),
]


@pytest.mark.parametrize(("expression", "timezone", "said"), WRONG)
def test_what_cannot_be_is_refused_with_a_reason(expression: str, timezone: str, said: str) -> None:
    with pytest.raises(InvalidCron) as refused:
        parse_cron(expression, timezone)
    assert said in str(refused.value)


def test_a_year_of_milliseconds_is_kept_exactly() -> None:
    instant = milliseconds("2026-11-25 12:00") + 1
    assert parse_cron("* * * * *").after(instant) == milliseconds("2026-11-25 12:01")
    assert timedelta(milliseconds=parse_cron("* * * * *").after(0)) == timedelta(minutes=1)
