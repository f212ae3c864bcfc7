"""Roles given out: kept by collection and record, given and taken as sets."""

from tests.signing_in import SigningIn


async def test_roles_are_given_and_taken_as_sets(house: SigningIn) -> None:
    users = house.collection("users")
    await house.grants.grant(users, "ada", {"reader", "editor"})
    await house.grants.grant(users, "ada", {"editor", "admin"})
    assert await house.grants.granted(users, "ada") == {"reader", "editor", "admin"}
    await house.grants.take(users, "ada", {"reader", "never had it"})
    assert await house.grants.granted(users, "ada") == {"editor", "admin"}
    assert len(await house.db.rows("SELECT id FROM _roles")) == 2


async def test_roles_belong_to_one_record_of_one_collection(house: SigningIn) -> None:
    users, drivers = house.collection("users"), house.collection("drivers")
    await house.grants.grant(users, "same", {"admin"})
    assert await house.grants.granted(drivers, "same") == frozenset()
    assert await house.grants.granted(users, "other") == frozenset()
    await house.grants.take(drivers, "same", {"admin"})
    await house.grants.take_all(drivers, "same")
    assert await house.grants.granted(users, "same") == {"admin"}


async def test_a_record_that_goes_takes_its_roles_with_it(house: SigningIn) -> None:
    users = house.collection("users")
    await house.grants.grant(users, "ada", {"admin", "reader"})
    await house.grants.grant(users, "bob", {"admin"})
    await house.grants.take_all(users, "ada")
    assert await house.grants.granted(users, "ada") == frozenset()
    assert await house.grants.granted(users, "bob") == {"admin"}


async def test_grants_take_part_in_the_transaction_around_them(house: SigningIn) -> None:
    users = house.collection("users")
    try:
        async with house.db.transaction():
            await house.grants.grant(users, "ada", {"admin"})
            assert await house.grants.granted(users, "ada") == {"admin"}
            raise LookupError
    except LookupError:
        pass
    assert await house.grants.granted(users, "ada") == frozenset()
