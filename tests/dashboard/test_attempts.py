"""Failed sign-ins are counted by address and account; nobody can fill the memory or get round it within a network."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from piccobase.base.clock import frozen
from piccobase.base.errors import TooManyRequests
from piccobase_admin import attempts
from piccobase_admin.attempts import MOST_FOR_ONE_ACCOUNT, MOST_IN_ALL, PERIOD, Attempts

START = datetime(2026, 11, 25, 12, tzinfo=UTC)
Name = Callable[[int], str]


def tries_before_the_door_closes(address: Name, identity: Name) -> int:
    """How many guesses of this kind are let through, out of a hundred."""
    counted = Attempts()
    for number in range(100):
        try:
            counted.begin(address(number), identity(number))
        except TooManyRequests:
            return number
    return 100


@pytest.mark.parametrize(
    ("address", "identity", "most"),
    [
        (lambda _: "192.0.2.1", lambda _: "root@example.com", MOST_FOR_ONE_ACCOUNT),
        (
            lambda _: "192.0.2.1",
            lambda number: ["root@example.com", "ROOT@Example.com"][number % 2],
            MOST_FOR_ONE_ACCOUNT,
        ),
        (lambda _: "192.0.2.1", lambda number: f"{number}@example.com", MOST_IN_ALL),
        (lambda number: f"2001:db8:1:2::{number:x}", lambda _: "root@example.com", MOST_FOR_ONE_ACCOUNT),
        (lambda number: f"2001:db8:1:{number:x}::1", lambda _: "root@example.com", 100),
        (lambda number: f"192.0.2.{number}", lambda _: "root@example.com", 100),
        (
            lambda number: ["::ffff:192.0.2.1", "192.0.2.1"][number % 2],
            lambda _: "root@example.com",
            MOST_FOR_ONE_ACCOUNT,
        ),
        (lambda _: "", lambda number: f"{number}@example.com", MOST_IN_ALL),
    ],
    ids=[
        "one account",
        "letter case",
        "many accounts",
        "one IPv6 network",
        "many IPv6 networks",
        "many addresses",
        "IPv4 written as IPv6",
        "no address",
    ],
)
def test_the_door_closes_after_so_many(address: Name, identity: Name, most: int) -> None:
    assert tries_before_the_door_closes(address, identity) == most


def test_who_succeeds_begins_anew_and_time_heals() -> None:
    counted = Attempts()
    with frozen(START):
        for _ in range(5):
            for _ in range(MOST_FOR_ONE_ACCOUNT - 1):
                counted.begin("192.0.2.1", "root@example.com")
            counted.begin("192.0.2.1", "root@example.com")
            counted.succeed("192.0.2.1", "root@example.com")
        with pytest.raises(TooManyRequests):
            for _ in range(MOST_IN_ALL):
                counted.begin("192.0.2.1", "root@example.com")
    with frozen(START + timedelta(seconds=PERIOD)):
        counted.begin("192.0.2.1", "root@example.com")


def test_nobody_fills_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "_MEMORY", 10)
    counted = Attempts()
    for number in range(50):
        counted.begin(f"192.0.2.{number}", "x" * 10_000)
    assert len(counted._counts) == 10
    assert max(len(part) for key in counted._counts for part in key) <= 255
