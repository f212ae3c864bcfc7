"""A token is exchanged for one that lasts the full time again, by whoever it belongs to and only while they may."""

from datetime import timedelta

import pytest
from tests.signing_in import Driver, SigningIn, Superuser, User, claims_of

from piccobase.auth.refresh import refresh
from piccobase.auth.signed_in import SignedIn
from piccobase.base.clock import frozen, now
from piccobase.base.errors import Forbidden, Unauthorized


async def refreshed(house: SigningIn, collection: str, authorization: str) -> SignedIn:
    actor = await house.actors.actor(authorization)
    return await refresh(house.tokens, house.is_verified, house.collection(collection), actor, authorization)


async def test_a_refreshed_token_lives_longer_and_holds(house: SigningIn) -> None:
    record_id = await house.add(Driver, "bob@example.com")
    moment = now()
    with frozen(moment):
        first = await house.token(Driver, record_id)
        assert (await refreshed(house, "drivers", first)).token == first  # of the same second
    with frozen(moment + timedelta(hours=1)):
        again = await refreshed(house, "drivers", first)
        assert (again.collection.name, again.record_id) == ("drivers", record_id)
        assert claims_of(again.token)["exp"] == claims_of(first)["exp"] + 3600
        assert (await house.actors.actor(again.token)).id == record_id


@pytest.mark.parametrize("authorization", ["", "garbage", "Bearer "])
async def test_a_guest_has_nothing_to_refresh(house: SigningIn, authorization: str) -> None:
    for collection in ("drivers", "notes"):
        with pytest.raises(Unauthorized) as error:
            await refreshed(house, collection, authorization)
        assert error.value.message == "The request requires valid record authorization token."


async def test_a_file_token_is_not_exchanged_for_a_better_one(house: SigningIn) -> None:
    record_id = await house.add(Driver, "bob@example.com")
    with pytest.raises(Unauthorized):
        await refreshed(house, "drivers", await house.token(Driver, record_id, "file"))


async def test_other_collections_do_not_refresh_it_not_even_for_superusers(house: SigningIn) -> None:
    bob = await house.token(Driver, await house.add(Driver, "bob@example.com"))
    root = await house.token(Superuser, await house.add(Superuser, "root@example.com"))
    for token, collection, own in (
        (bob, "users", "drivers"),
        (bob, "_superusers", "drivers"),
        (bob, "notes", "drivers"),
        (root, "users", "_superusers"),
    ):
        with pytest.raises(Forbidden) as error:
            await refreshed(house, collection, token)
        assert error.value.message == f"The request requires auth record from {own} collection."


async def test_a_token_for_somebody_else_stays_what_it_is(house: SigningIn) -> None:
    record_id = await house.add(Driver, "bob@example.com")
    moment = now()
    with frozen(moment):
        token = await house.token(Driver, record_id, duration=600, refreshable=False)
    with frozen(moment + timedelta(minutes=5)):
        for authorization in (token, f"Bearer {token}"):
            assert (await refreshed(house, "drivers", authorization)).token == token


@pytest.mark.parametrize("refreshable", [True, False])
async def test_the_auth_rule_is_asked_again(house: SigningIn, refreshable: bool) -> None:
    record_id = await house.add(User, "ada@example.com", verified=True)
    token = await house.token(User, record_id, refreshable=refreshable)
    assert (await refreshed(house, "users", token)).record_id == record_id
    await User.update({User.verified: False}, force=True)
    with pytest.raises(Forbidden, match="requirements to authenticate"):
        await refreshed(house, "users", token)
