"""Failed sign-ins are counted by address and account; nobody can fill the memory or get round it within a network."""

from collections.abc import Callable

import pytest

from piccobase.base.errors import TooManyRequests
from piccobase.http.addresses import written_out
from piccobase.http.counting import LocalCounter
from piccobase_admin.attempts import MOST_FOR_ONE_ACCOUNT, MOST_IN_ALL, PERIOD, Attempts

Name = Callable[[int], str]


class Counting:
    """Attempts by a clock of their own."""

    def __init__(self) -> None:
        self.now = 0.0
        self.attempts = Attempts(
            LocalCounter(MOST_FOR_ONE_ACCOUNT, PERIOD, clock=lambda: self.now),
            LocalCounter(MOST_IN_ALL, PERIOD, clock=lambda: self.now),
        )


async def tries_before_the_door_closes(address: Name, identity: Name) -> int:
    """How many guesses of this kind are let through, out of a hundred."""
    counted = Counting().attempts
    for number in range(100):
        try:
            await counted.begin(written_out(address(number)), identity(number))
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
async def test_the_door_closes_after_so_many(address: Name, identity: Name, most: int) -> None:
    assert await tries_before_the_door_closes(address, identity) == most


async def test_who_succeeds_begins_anew_and_time_heals() -> None:
    counting = Counting()
    counted = counting.attempts
    for _ in range(5):
        for _ in range(MOST_FOR_ONE_ACCOUNT - 1):
            await counted.begin("192.0.2.1", "root@example.com")
        await counted.begin("192.0.2.1", "root@example.com")
        await counted.succeed("192.0.2.1", "root@example.com")
    with pytest.raises(TooManyRequests, match="Try again in 15 minutes"):
        for _ in range(MOST_IN_ALL):
            await counted.begin("192.0.2.1", "root@example.com")
    counting.now += PERIOD
    await counted.begin("192.0.2.1", "root@example.com")


async def test_what_the_address_is_refused_is_not_counted_for_the_account() -> None:
    counted = Counting().attempts
    for number in range(MOST_IN_ALL):
        await counted.begin("192.0.2.1", f"{number}@example.com")
    for _ in range(2 * MOST_FOR_ONE_ACCOUNT):
        with pytest.raises(TooManyRequests):
            await counted.begin("192.0.2.1", "root@example.com")
    assert await counted._by_account.take("192.0.2.1\0root@example.com") == 0.0
