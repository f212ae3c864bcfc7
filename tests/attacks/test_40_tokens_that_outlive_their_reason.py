"""40: a token dies with the password, the key, the secret and the record; a role ends with the grant."""

from collections.abc import Awaitable, Callable

import pytest
from tests.signing_in import SigningIn, Superuser

from piccobase.auth.superusers import upsert_superuser
from piccobase.base.ids import new_secret
from piccobase.identity.secrets import token_secret_name


async def change_password(house: SigningIn) -> None:
    await upsert_superuser(house.db, house.hasher, "root@example.com", "another password")


async def change_token_key(house: SigningIn) -> None:
    await Superuser.update({Superuser.token_key: new_secret()}, force=True)


async def replace_secret(house: SigningIn) -> None:
    await house.secrets.replace(token_secret_name(house.collection("_superusers"), "auth"))


async def delete_record(house: SigningIn) -> None:
    await Superuser.delete(force=True)


@pytest.mark.parametrize(
    "end", [change_password, change_token_key, replace_secret, delete_record], ids=lambda end: end.__name__
)
async def test_tokens_die_with_what_they_rest_on(house: SigningIn, end: Callable[[SigningIn], Awaitable[None]]) -> None:
    record_id = await house.add(Superuser, "root@example.com")
    token = await house.token(Superuser, record_id)
    for _ in range(2):
        assert (await house.actors.actor(token)).superuser
    await end(house)
    for _ in range(2):
        assert (await house.actors.actor(token)).guest


async def test_a_record_made_anew_with_the_id_of_a_deleted_one_is_not_signed_in_by_its_tokens(house: SigningIn) -> None:
    record_id = await house.add(Superuser, "root@example.com")
    token = await house.token(Superuser, record_id)
    await Superuser.delete(force=True)
    await house.add(Superuser, "root@example.com", id=record_id)
    assert (await house.actors.actor(token)).guest


async def test_a_role_ends_with_the_grant_at_once(house: SigningIn) -> None:
    root = await house.actors.actor(await house.token(Superuser, await house.add(Superuser, "root@example.com")))
    drivers = house.collection("drivers")
    bob = await house.add(drivers.table, "bob@example.com")  # type: ignore[arg-type]  # it is an auth collection
    token = await house.token(drivers.table, bob)  # type: ignore[arg-type]
    await house.roles.set(drivers, bob, {"roles": ["admin"]}, root)
    assert (await house.actors.actor(token)).roles == {"admin", "editor", "reader"}
    await house.roles.set(drivers, bob, {"roles": []}, root)
    assert (await house.actors.actor(token)).roles == frozenset()
