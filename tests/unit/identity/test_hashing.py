"""Passwords become argon2id hashes, a bounded number at a time; to check one costs the same whatever comes of it."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from argon2 import PasswordHasher
from tests.signing_in import CHEAP

from piccobase.base.errors import Unavailable
from piccobase.identity.hashing import Cost, Hasher


@pytest.fixture
def hasher() -> Iterator[Hasher]:
    opened = Hasher(CHEAP)
    yield opened
    opened.close()


async def test_a_password_is_hashed_with_argon2id_at_the_cost_that_was_decided() -> None:
    opened = Hasher()
    stored = await opened.hash("correct horse")
    opened.close()
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


async def test_two_hashes_of_one_password_differ(hasher: Hasher) -> None:
    assert await hasher.hash("same") != await hasher.hash("same")


@pytest.mark.parametrize("password", ["12345678", "pässwörd ✓", " ", "x" * 255, "\udc80 not UTF-8"])
async def test_a_password_fits_its_own_hash_and_no_other(hasher: Hasher, password: str) -> None:
    stored = await hasher.hash(password)
    assert await hasher.verify(stored, password)
    assert not await hasher.verify(stored, password + "x")
    assert not await hasher.verify(stored, password[:-1])


BROKEN = [
    "",
    "plain text",
    "$argon2id$v=19$m=8,t=1,p=1$",
    "$argon2id$v=19$m=8,t=1,p=1$!!!$???",
    "$2y$10$abcdefghijklmnop",
]


class Checks:
    """How many hashes argon2 has worked on; one that it refuses to read costs it nothing."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.worked: list[str] = []
        verify = PasswordHasher.verify

        def counting(hasher: PasswordHasher, hash_: Any, password: Any) -> Any:
            if hash_ not in BROKEN:
                self.worked.append(hash_)
            return verify(hasher, hash_, password)

        monkeypatch.setattr(PasswordHasher, "verify", counting)


@pytest.mark.parametrize("stored", BROKEN)
async def test_a_broken_hash_fits_nothing_and_is_checked_as_long_as_a_good_one(
    hasher: Hasher, monkeypatch: pytest.MonkeyPatch, stored: str
) -> None:
    checks = Checks(monkeypatch)
    assert not await hasher.verify(stored, "password")
    assert len(checks.worked) == 1


async def test_pretending_does_the_work_of_one_check_at_the_same_cost(
    hasher: Hasher, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = await hasher.hash("password")
    checks = Checks(monkeypatch)
    await hasher.pretend("password")
    await hasher.verify(stored, "wrong")
    [pretended, real] = checks.worked
    assert pretended.split("$")[:4] == real.split("$")[:4]
    assert [len(part) for part in pretended.split("$")] == [len(part) for part in real.split("$")]


async def test_a_hash_of_another_cost_still_fits_and_asks_to_be_made_anew(hasher: Hasher) -> None:
    former = Hasher(Cost(memory=16, passes=1))
    stored = await former.hash("password")
    former.close()
    assert await hasher.verify(stored, "password")
    assert hasher.needs_rehash(stored)
    assert not hasher.needs_rehash(await hasher.hash("password"))


@contextmanager
def held_hashing(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Within, argon2 begins and does not end; the event says that it has begun."""
    begun, go_on = threading.Event(), threading.Event()
    hash_ = PasswordHasher.hash

    def held(hasher: PasswordHasher, password: Any) -> str:
        begun.set()
        go_on.wait()
        return hash_(hasher, password)

    monkeypatch.setattr(PasswordHasher, "hash", held)
    try:
        yield begun
    finally:
        go_on.set()


async def refused(hasher: Hasher) -> Unavailable:
    """Who is let in instead waits for longer than this."""
    async with asyncio.timeout(5):
        with pytest.raises(Unavailable) as error:
            await hasher.hash("one too many")
    return error.value


async def test_who_comes_when_the_queue_is_full_is_refused_at_once_and_places_are_given_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    opened = Hasher(CHEAP, threads=2, waiting=3)
    with held_hashing(monkeypatch):
        tasks = [asyncio.ensure_future(opened.hash(f"password {number}")) for number in range(5)]
        await asyncio.sleep(0)  # lets the tasks take their places
        assert (await refused(opened)).status == 503
    assert len(await asyncio.gather(*tasks)) == 5
    assert await opened.hash("there is room again")
    opened.close()


async def test_a_caller_who_goes_away_does_not_free_the_place_of_the_work_that_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    opened = Hasher(CHEAP, threads=1, waiting=0)
    with held_hashing(monkeypatch) as begun:
        task = asyncio.ensure_future(opened.hash("password"))
        await asyncio.to_thread(begun.wait)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await refused(opened)
    opened.close()


async def test_the_loop_goes_on_while_a_password_is_hashed(monkeypatch: pytest.MonkeyPatch, hasher: Hasher) -> None:
    threads: list[threading.Thread] = []
    hash_ = PasswordHasher.hash

    def noting(argon2: PasswordHasher, password: Any) -> str:
        threads.append(threading.current_thread())
        return hash_(argon2, password)

    monkeypatch.setattr(PasswordHasher, "hash", noting)
    await hasher.hash("password")
    assert threads != [threading.main_thread()]


async def test_a_closed_hasher_is_unavailable(hasher: Hasher) -> None:
    hasher.close()
    with pytest.raises(Unavailable):
        await hasher.hash("password")
