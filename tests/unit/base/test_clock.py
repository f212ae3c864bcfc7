"""The one clock, and instants as text: protocol.md §1.9."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from piccobase.base.clock import frozen, instant_text, now, unix_time

MOMENT = datetime(2026, 11, 23, 0, 16, 37, 866999, UTC)


def test_a_frozen_clock_stands_and_goes_on_afterwards_also_when_something_fails() -> None:
    def stand_and_fail() -> None:
        with frozen(MOMENT):
            assert now() == MOMENT.replace(microsecond=866000)  # cut to milliseconds, not rounded
            assert unix_time() == MOMENT.timestamp()
            raise LookupError

    with pytest.raises(LookupError):
        stand_and_fail()
    assert abs(now() - datetime.now(UTC)) < timedelta(minutes=1)


def test_a_clock_within_a_frozen_one_gives_it_back() -> None:
    with frozen(MOMENT):
        with frozen(MOMENT + timedelta(days=1)):
            assert now().day == 24
        assert now().day == 23


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (MOMENT, "2026-11-23 00:16:37.866Z"),
        (datetime(2026, 1, 2, tzinfo=UTC), "2026-01-02 00:00:00.000Z"),
        (datetime(2026, 1, 2, 1, tzinfo=timezone(timedelta(hours=2))), "2026-01-01 23:00:00.000Z"),
        (datetime(2026, 1, 2, 1, tzinfo=timezone(timedelta(0))), "2026-01-02 01:00:00.000Z"),
        (datetime(2026, 1, 2, 3, 4, 5, 6), "2026-01-02 03:04:05.000Z"),
        (datetime(1, 1, 1, tzinfo=UTC), "0001-01-01 00:00:00.000Z"),
        (datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC), "9999-12-31 23:59:59.999Z"),
    ],
)
def test_an_instant_is_written_in_utc_with_three_digits(moment: datetime, text: str) -> None:
    assert instant_text(moment) == text
