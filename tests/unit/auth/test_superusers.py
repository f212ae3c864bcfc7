"""Superusers are made, and get new passwords, from the command line."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from tests.signing_in import SigningIn, Superuser

from piccobase.auth.superusers import upsert_superuser
from piccobase.base.clock import frozen
from piccobase.base.errors import InvalidRecord, SignInFailed

EMAIL, PASSWORD = "root@example.com", "correct horse"
MOMENT = datetime(2026, 11, 25, 12, 0, 0, 123_000, tzinfo=UTC)


async def sign_in(house: SigningIn, password: str) -> str:
    body = {"identity": EMAIL, "password": password}
    return (await house.password.sign_in(house.collection("_superusers"), body)).token


async def test_a_superuser_is_made_with_all_its_fields_and_can_sign_in(house: SigningIn) -> None:
    with frozen(MOMENT):
        assert await upsert_superuser(house.db, house.hasher, EMAIL, PASSWORD) == "created"
    [record] = await Superuser.select()
    assert (record["email"], record["verified"], record["emailVisibility"]) == (EMAIL, True, False)
    assert record["created"] == record["updated"] == MOMENT
    assert len(record["id"]) == 15
    assert len(record["tokenKey"]) == 50
    assert record["password"].startswith("$argon2id$")
    assert (await house.actors.actor(await sign_in(house, PASSWORD))).superuser


async def test_a_new_password_ends_all_tokens_and_keeps_the_record(house: SigningIn) -> None:
    with frozen(MOMENT):
        await upsert_superuser(house.db, house.hasher, EMAIL, PASSWORD)
    token = await sign_in(house, PASSWORD)
    [before] = await Superuser.select()
    with frozen(MOMENT + timedelta(days=1)):
        assert await upsert_superuser(house.db, house.hasher, EMAIL, "new password") == "updated"
    [after] = await Superuser.select()
    assert (after["id"], after["created"]) == (before["id"], before["created"])
    assert after["updated"] == MOMENT + timedelta(days=1)
    assert (await house.actors.actor(token)).guest
    assert await sign_in(house, "new password")
    with pytest.raises(SignInFailed):
        await sign_in(house, PASSWORD)


async def test_only_the_one_with_this_address_is_changed(house: SigningIn) -> None:
    await upsert_superuser(house.db, house.hasher, "other@example.com", PASSWORD)
    [other] = await Superuser.select()
    assert await upsert_superuser(house.db, house.hasher, EMAIL, PASSWORD) == "created"
    assert await upsert_superuser(house.db, house.hasher, EMAIL, PASSWORD) == "updated"
    assert other in await Superuser.select()


@pytest.mark.parametrize(
    ("email", "password", "codes"),
    [
        ("", "", {"email": "validation_required", "password": "validation_required"}),
        ("root", PASSWORD, {"email": "validation_is_email"}),
        ("root@localhost", PASSWORD, {"email": "validation_is_email"}),
        (EMAIL, "1234567", {"password": "validation_min_text_constraint"}),
        (EMAIL, "x" * 72, {"password": "validation_max_text_constraint"}),
        (EMAIL, "has a \0 in it", {"password": "validation_invalid_value"}),
        (f"{'x' * 300}@example.com", PASSWORD, {"email": "validation_max_text_constraint"}),
    ],
)
async def test_an_address_that_is_none_and_a_password_too_short_or_too_long_are_refused(
    house: SigningIn, email: str, password: str, codes: dict[str, str]
) -> None:
    with pytest.raises(InvalidRecord) as error:
        await upsert_superuser(house.db, house.hasher, email, password)
    assert {name: entry.code for name, entry in error.value.data.items()} == codes
    assert await Superuser.count() == 0


@pytest.mark.parametrize("password", ["x" * 8, "x" * 71])
async def test_eight_to_seventy_one_characters_are_a_password(house: SigningIn, password: str) -> None:
    assert await upsert_superuser(house.db, house.hasher, EMAIL, password) == "created"


async def test_two_commands_at_once_make_one_superuser(house: SigningIn) -> None:
    made = await asyncio.gather(
        *(upsert_superuser(house.db, house.hasher, EMAIL, f"password {number}") for number in range(4))
    )
    assert sorted(made) == ["created", "updated", "updated", "updated"]
    assert await Superuser.count() == 1
