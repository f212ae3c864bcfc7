"""The first superuser comes by a link that the server prints, once, on both databases."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.asking import serving
from tests.signing_in import Superuser

from piccobase.auth.first_superuser import FirstSuperuser
from piccobase.auth.superusers import upsert_superuser
from piccobase.base.clock import frozen
from piccobase.base.errors import Forbidden, InvalidRecord
from piccobase.testing import Caller, TestApp

EMAIL, PASSWORD = "root@example.com", "correct horse"
START = datetime(2026, 11, 25, 12, tzinfo=UTC)


@pytest.fixture
async def api(database_url: str | None, tmp_path: Path) -> AsyncIterator[TestApp]:
    async with serving([], [], database_url, tmp_path) as opened:
        yield opened


async def token_of(first: FirstSuperuser) -> str:
    token = await first.token()
    assert token is not None
    return token


async def test_a_token_makes_one_superuser_and_no_second(api: TestApp) -> None:
    first = api.services.first_superuser
    token, other = await token_of(first), await token_of(first)
    await first.create(token, EMAIL, PASSWORD)
    assert await api.signed_in("_superusers", EMAIL, PASSWORD)
    assert await first.token() is None
    for used in (token, other):
        with pytest.raises(Forbidden, match="already"):
            await first.create(used, "second@example.com", PASSWORD)


async def test_of_many_who_race_exactly_one_becomes_superuser(api: Caller) -> None:
    first = api.services.first_superuser
    tokens = [await token_of(first) for _ in range(6)]
    racing = [
        first.create(token, f"racer{place}@example.com", PASSWORD) for place, token in enumerate([*tokens, tokens[0]])
    ]
    outcomes = await asyncio.gather(*racing, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes if outcome is not None] == [Forbidden] * (len(racing) - 1)
    assert await Superuser.count() == 1


async def test_a_token_of_one_process_holds_in_another_and_after_a_restart(api: Caller) -> None:
    """The other process is another `FirstSuperuser` with the same database and key."""
    services = api.services
    other = FirstSuperuser(services.engine, services.hasher, services.first_superuser.secrets)
    await other.create(await token_of(services.first_superuser), EMAIL, PASSWORD)
    assert not await services.first_superuser.is_missing()


async def test_superuser_upsert_ends_the_link_for_good(api: Caller) -> None:
    first = api.services.first_superuser
    token = await token_of(first)
    await upsert_superuser(api.services.engine, api.services.hasher, EMAIL, PASSWORD)
    with pytest.raises(Forbidden, match="already"):
        await first.create(token, "second@example.com", PASSWORD)
    await Superuser.delete(force=True)  # by hand, in the database
    with pytest.raises(Forbidden, match="not the token"):
        await first.create(token, "second@example.com", PASSWORD)
    await first.create(await token_of(first), "second@example.com", PASSWORD)


async def test_a_token_expires_after_a_day(api: Caller) -> None:
    first = api.services.first_superuser
    with frozen(START):
        token = await token_of(first)
    with frozen(START + timedelta(days=1)), pytest.raises(Forbidden, match="expired"):
        await first.create(token, EMAIL, PASSWORD)
    with frozen(START + timedelta(hours=23, minutes=59)):
        await first.create(token, EMAIL, PASSWORD)


async def test_address_and_password_must_be_such_as_the_command_takes(api: Caller) -> None:
    first = api.services.first_superuser
    token = await token_of(first)
    for email, password, wrong in (
        ("", "", {"email", "password"}),
        ("root", PASSWORD, {"email"}),
        (EMAIL, "1234567", {"password"}),
    ):
        with pytest.raises(InvalidRecord) as refused:
            await first.create(token, email, password)
        assert refused.value.data.keys() == wrong
    await first.create(token, EMAIL, PASSWORD)
