"""33: a record of one auth collection is not the one of another that has the same id (CVE-2026-25574)."""

import pytest
from tests.signing_in import Driver, SigningIn, Superuser, User, claims_of, handmade_token

from piccobase.auth.refresh import refresh
from piccobase.base.errors import Forbidden
from piccobase.schema.system import SUPERUSERS_ID

ID = "sameidforallofu"


@pytest.fixture
async def token(house: SigningIn) -> str:
    """Bob's, a driver; there are a user and a superuser with his id."""
    for table in (Driver, User, Superuser):
        await house.add(
            table, f"{table.__name__}@example.com", id=ID, token_key="the same key for all, if that were possible"
        )
    return await house.token(Driver, ID)


async def test_the_token_stands_for_the_record_of_its_own_collection(house: SigningIn, token: str) -> None:
    actor = await house.actors.actor(token)
    assert actor.collection is house.collection("drivers")
    assert actor.values["email"] == "Driver@example.com"
    assert not actor.superuser


@pytest.mark.parametrize(
    "collection_id", [SUPERUSERS_ID, "_pb_users_auth_", "_superusers", "users", "drivers", "", "*"]
)
async def test_a_token_that_claims_another_collection_is_signed_with_the_wrong_secret(
    house: SigningIn, token: str, collection_id: str
) -> None:
    [token_key] = await Driver.select(Driver.token_key).output(as_list=True)
    for key in (token_key + await house.secret(Driver), token_key):
        forged = handmade_token(claims_of(token) | {"collectionId": collection_id}, key)
        assert (await house.actors.actor(forged)).guest


async def test_roles_of_one_are_not_roles_of_the_other(house: SigningIn, token: str) -> None:
    await house.grants.grant(house.collection("users"), ID, {"admin"})
    await house.grants.grant(house.collection("_superusers"), ID, {"editor"})
    assert (await house.actors.actor(token)).roles == frozenset()
    assert (await house.actors.actor(await house.token(User, ID))).roles == {"admin", "editor", "reader"}


async def test_neither_sees_the_roles_of_the_other_as_its_own(house: SigningIn, token: str) -> None:
    actor = await house.actors.actor(token)
    assert await house.roles.read(house.collection("drivers"), ID, actor) == {"roles": [], "effective": []}
    with pytest.raises(Forbidden):
        await house.roles.read(house.collection("users"), ID, actor)


async def test_a_token_is_refreshed_in_its_own_collection_only(house: SigningIn, token: str) -> None:
    actor = await house.actors.actor(token)
    for name in ("users", "_superusers"):
        with pytest.raises(Forbidden):
            await refresh(house.tokens, house.is_verified, house.collection(name), actor, token)
