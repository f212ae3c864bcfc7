"""Signing in by identity and password: who gets in, who does not, and what the others can learn (nothing)."""

from typing import Any

import pytest
from tests.signing_in import Closed, Driver, Robot, SigningIn, Superuser, User, claims_of

from piccobase.base.errors import BadRequest, Forbidden, NotFound, RequestError, SignInFailed, Unavailable
from piccobase.identity.hashing import Cost, Hasher

PASSWORD = "correct horse"
FAILED = {"data": {}, "message": "Failed to authenticate.", "status": 400}


async def sign_in(house: SigningIn, collection: str, **body: Any) -> str:
    """The id of whoever has signed in, after checking that the token holds."""
    signed_in = await house.password.sign_in(house.collection(collection), body)
    assert signed_in.collection is house.collection(collection)
    actor = await house.actors.actor(signed_in.token)
    assert (actor.collection, actor.id) == (signed_in.collection, signed_in.record_id)
    return signed_in.record_id


@pytest.fixture
async def ada(house: SigningIn) -> str:
    return await house.add(User, "ada@example.com", PASSWORD, username="ada", verified=True)


async def refused(house: SigningIn, collection: str, **body: Any) -> RequestError:
    with pytest.raises(RequestError) as error:
        await sign_in(house, collection, **body)
    return error.value


@pytest.mark.parametrize(
    "body",
    [
        {"identity": "ada@example.com", "password": PASSWORD},
        {"identity": "ada", "password": PASSWORD},
        {"identity": "ada", "password": PASSWORD, "identityField": "username"},
        {"identity": "ada@example.com", "password": PASSWORD, "identityField": "email"},
        {"Identity": "ada", "PASSWORD": PASSWORD, "more": 1},
        {"identity": "ada", "password": PASSWORD, "identityField": None},
    ],
)
async def test_identity_and_password_sign_in(house: SigningIn, ada: str, body: dict[str, Any]) -> None:
    assert await sign_in(house, "users", **body) == ada


@pytest.mark.parametrize(
    "body",
    [
        {"identity": "ada@example.com", "password": PASSWORD + " "},
        {"identity": "ada@example.com", "password": PASSWORD.upper()},
        {"identity": "ADA@example.com", "password": PASSWORD},
        {"identity": "ada@example.com ", "password": PASSWORD},
        {"identity": "nobody@example.com", "password": PASSWORD},
        {"identity": "nobody", "password": PASSWORD},
        {"identity": "Ada", "password": PASSWORD},
        {"identity": "a%", "password": PASSWORD},
        {"identity": "' OR ''='", "password": PASSWORD},
        {"identity": "ada\0", "password": PASSWORD},
        {"identity": "\0@example.com", "password": PASSWORD},
        {"identity": "ada", "password": PASSWORD + "\0"},
        {"identity": "ada", "password": PASSWORD, "identityField": "email"},
        {"identity": "ada@example.com", "password": PASSWORD, "identityField": "username"},
        {"identity": " ", "password": " "},
    ],
)
async def test_whatever_is_wrong_the_answer_and_the_work_are_the_same(
    house: SigningIn, ada: str, body: dict[str, Any]
) -> None:
    checked = house.hasher.checked
    error = await refused(house, "users", **body)
    assert isinstance(error, SignInFailed)
    assert error.wire() == FAILED
    assert house.hasher.checked == checked + 1
    assert not house.asked_rules


@pytest.mark.parametrize("password", ["", "not a hash", "$argon2id$v=19$m=8,t=1,p=1$broken"])
async def test_a_record_without_a_usable_password_cannot_be_signed_in_to(house: SigningIn, password: str) -> None:
    record = Driver(email="bob@example.com", password=password)
    await record.save()
    for guess in ("x", password or "x"):
        assert (await refused(house, "drivers", identity="bob@example.com", password=guess)).wire() == FAILED


@pytest.mark.parametrize(
    ("body", "codes"),
    [
        ({}, {"identity": "validation_required", "password": "validation_required"}),
        ({"identity": "ada"}, {"password": "validation_required"}),
        ({"identity": "", "password": "x"}, {"identity": "validation_required"}),
        (
            {"identity": "x" * 256, "password": "x" * 256},
            {"identity": "validation_length_out_of_range", "password": "validation_length_out_of_range"},
        ),
        ({"identity": "a", "password": "b", "identityField": "name"}, {"identityField": "validation_in_invalid"}),
        ({"identity": "a", "password": "b", "identityField": "id"}, {"identityField": "validation_in_invalid"}),
        ({"identity": "a", "password": "b", "identityField": "Email"}, {"identityField": "validation_in_invalid"}),
        ({"identity": "a", "password": "b", "identityField": "tokenKey"}, {"identityField": "validation_in_invalid"}),
    ],
)
async def test_a_form_with_mistakes_is_told_which(
    house: SigningIn, ada: str, body: dict[str, Any], codes: dict[str, str]
) -> None:
    error = await refused(house, "users", **body)
    assert isinstance(error, BadRequest)
    assert error.message == "An error occurred while validating the submitted data."
    assert {name: entry["code"] for name, entry in error.wire()["data"].items()} == codes
    assert house.hasher.checked == 0


async def test_an_email_address_goes_before_somebody_elses_username(house: SigningIn, ada: str) -> None:
    eve = await house.add(User, "eve@example.com", "eves password", username="ada@example.com", verified=True)
    assert await sign_in(house, "users", identity="ada@example.com", password=PASSWORD) == ada
    await refused(house, "users", identity="ada@example.com", password="eves password")
    assert (
        await sign_in(house, "users", identity="ada@example.com", password="eves password", identityField="username")
        == eve
    )


async def test_a_username_that_looks_like_an_address_signs_in_where_nobody_has_that_address(house: SigningIn) -> None:
    eve = await house.add(User, "eve@example.com", PASSWORD, username="odd@example.com", verified=True)
    assert await sign_in(house, "users", identity="odd@example.com", password=PASSWORD) == eve


async def test_records_of_other_collections_do_not_sign_in_here(house: SigningIn, ada: str) -> None:
    await house.add(Superuser, "root@example.com", PASSWORD)
    for collection, identity in (("drivers", "ada@example.com"), ("users", "root@example.com")):
        assert (await refused(house, collection, identity=identity, password=PASSWORD)).wire() == FAILED


async def test_a_record_that_does_not_satisfy_the_auth_rule_is_told_only_with_the_right_password(
    house: SigningIn,
) -> None:
    record_id = await house.add(User, "new@example.com", PASSWORD)
    assert isinstance(await refused(house, "users", identity="new@example.com", password="wrong"), SignInFailed)
    assert house.asked_rules == []
    error = await refused(house, "users", identity="new@example.com", password=PASSWORD)
    assert isinstance(error, Forbidden)
    assert error.message == "The request doesn't satisfy the collection requirements to authenticate."
    assert house.asked_rules == [("users", record_id)]


async def test_an_open_auth_rule_is_not_asked_and_none_lets_nobody_in(house: SigningIn) -> None:
    await house.add(Driver, "bob@example.com", PASSWORD)
    await house.add(Closed, "bob@example.com", PASSWORD)
    assert await sign_in(house, "drivers", identity="bob@example.com", password=PASSWORD)
    assert isinstance(await refused(house, "closed", identity="bob@example.com", password=PASSWORD), Forbidden)
    assert house.asked_rules == []


async def test_sign_in_by_password_can_be_off(house: SigningIn) -> None:
    await house.add(Robot, "robot@example.com", PASSWORD)
    error = await refused(house, "robots", identity="robot@example.com", password=PASSWORD)
    assert isinstance(error, Forbidden)
    assert error.message == "The collection is not configured to allow password authentication."
    assert house.hasher.checked == 0


async def test_records_of_a_base_collection_cannot_sign_in(house: SigningIn) -> None:
    error = await refused(house, "notes", identity="x", password="y")
    assert isinstance(error, NotFound)
    assert error.message == "Missing or invalid auth collection context."


async def test_a_full_queue_refuses_and_says_nothing_about_the_account(
    house: SigningIn, ada: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.hasher.close()
    for identity in ("ada", "nobody"):
        assert isinstance(await refused(house, "users", identity=identity, password=PASSWORD), Unavailable)


async def test_a_hash_of_a_former_cost_is_made_anew_at_sign_in_and_nothing_else_changes(house: SigningIn) -> None:
    record_id = await house.add(Driver, "bob@example.com")
    former = Hasher(Cost(memory=16, passes=1))
    stored = await former.hash(PASSWORD)
    former.close()
    await Driver.update({Driver.password: stored, Driver.updated: Driver.updated}, force=True)
    [before] = await Driver.select()
    token = await house.token(Driver, record_id)

    await refused(house, "drivers", identity="bob@example.com", password="wrong")
    assert [before] == await Driver.select()

    assert await sign_in(house, "drivers", identity="bob@example.com", password=PASSWORD) == record_id
    [after] = await Driver.select()
    assert after.pop("password") != before.pop("password")
    assert after == before
    assert not (await house.actors.actor(token)).guest
    assert await sign_in(house, "drivers", identity="bob@example.com", password=PASSWORD) == record_id


async def test_a_password_that_is_changed_while_the_old_one_is_hashed_anew_stays_changed(
    house: SigningIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    former = Hasher(Cost(memory=16, passes=1))
    await Driver(email="bob@example.com", password=await former.hash(PASSWORD)).save()
    former.close()
    changed = await house.hasher.hash("a new password")
    hash_ = house.hasher.hash

    async def meanwhile(password: str) -> str:
        await Driver.update({Driver.password: changed}, force=True)
        return await hash_(password)

    monkeypatch.setattr(house.hasher, "hash", meanwhile)
    await sign_in(house, "drivers", identity="bob@example.com", password=PASSWORD)
    assert await Driver.select(Driver.password).output(as_list=True) == [changed]


async def test_the_token_names_the_collection_by_id(house: SigningIn, ada: str) -> None:
    signed_in = await house.password.sign_in(house.collection("users"), {"identity": "ada", "password": PASSWORD})
    assert claims_of(signed_in.token)["collectionId"] == "_pb_users_auth_"
