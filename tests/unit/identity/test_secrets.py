"""Stored secrets: made once however many ask, unreadable without the key, and never mistaken for each other."""

import asyncio
from pathlib import Path

import pytest
from tests.signing_in import Driver, Engine, SigningIn, User

from piccobase.base.errors import StartError
from piccobase.identity.key import load_master_key
from piccobase.identity.secrets import SecretStore, token_secret_name

OTHER_KEY = "another key of more than thirty-two characters"


def another_process(house: SigningIn, tmp_path: Path) -> SecretStore:
    return SecretStore(house.db, load_master_key(tmp_path))


async def stored(db: Engine, name: str) -> str:
    rows = await db.rows("SELECT name, value FROM _secrets")
    return dict(rows)[name]


async def test_a_secret_is_made_when_it_is_first_asked_for_and_kept(house: SigningIn, tmp_path: Path) -> None:
    first = await house.secrets.load_or_create("mail")
    assert len(first) == 50
    assert first.isalnum()
    assert await house.secrets.load_or_create("mail") == first
    assert await another_process(house, tmp_path).load_or_create("mail") == first
    assert await house.secrets.load_or_create("other") != first


async def test_two_stores_that_make_one_secret_at_once_agree(house: SigningIn, tmp_path: Path) -> None:
    stores = [another_process(house, tmp_path) for _ in range(6)]
    for round_ in range(5):
        made = await asyncio.gather(*(store.load_or_create(f"raced {round_}") for store in stores))
        assert len(set(made)) == 1
    assert len(await house.db.rows("SELECT name FROM _secrets")) == 5


async def test_the_secret_itself_is_nowhere_in_the_row(house: SigningIn) -> None:
    secret = await house.secrets.load_or_create("mail")
    value = await stored(house.db, "mail")
    assert secret not in value
    assert value != await _encrypted_again(house, "mail")


async def _encrypted_again(house: SigningIn, name: str) -> str:
    await house.secrets.replace(name)
    return await stored(house.db, name)


async def test_a_replaced_secret_is_another_one_for_every_process_at_once(house: SigningIn, tmp_path: Path) -> None:
    other = another_process(house, tmp_path)
    before = await other.load_or_create("mail")
    after = await house.secrets.replace("mail")
    assert after != before
    assert await other.load_or_create("mail") == after


async def test_replacing_a_secret_that_is_not_there_makes_it(house: SigningIn) -> None:
    made = await house.secrets.replace("new")
    assert await house.secrets.load_or_create("new") == made


async def test_another_key_opens_nothing_and_the_message_says_which_one_is_wrong(
    house: SigningIn, tmp_path: Path
) -> None:
    await house.secrets.load_or_create("mail")
    foreign = SecretStore(house.db, load_master_key(tmp_path, OTHER_KEY))
    for asked in (foreign.load_or_create("mail"), foreign.check()):
        with pytest.raises(StartError) as error:
            await asked
        assert '"mail"' in error.value.message
        assert "the key in PICCOBASE_SECRET_KEY" in error.value.message
        assert "secret.key of its data dir" in error.value.message


async def test_the_check_at_start_passes_with_the_right_key_and_with_nothing_stored(house: SigningIn) -> None:
    await house.secrets.check()
    await house.secrets.load_or_create("mail")
    await house.secrets.check()


@pytest.mark.parametrize("value", ["", "plain", "a.b.c.d.e", "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..AA.AA.AA"])
async def test_a_value_that_was_tampered_with_is_refused(house: SigningIn, value: str) -> None:
    with pytest.raises(StartError, match="was not encrypted with the key"):
        house.secrets.decrypted("mail", value)


async def test_the_value_of_one_secret_is_not_taken_for_another(house: SigningIn) -> None:
    await house.secrets.load_or_create("mail")
    with pytest.raises(StartError):
        house.secrets.decrypted("token", await stored(house.db, "mail"))


async def test_many_values_are_decrypted_and_few_are_remembered(house: SigningIn) -> None:
    first = await house.secrets.replace("mail")
    value = await stored(house.db, "mail")
    for _ in range(1200):
        house.secrets._decrypted[str(len(house.secrets._decrypted)), ""] = ""
    assert house.secrets.decrypted("mail", value) == first
    await house.secrets.load_or_create("other")
    assert len(house.secrets._decrypted) < 1200


async def test_token_secrets_are_told_apart_by_collection_and_kind(house: SigningIn) -> None:
    secrets = [await house.secret(table, kind) for table in (User, Driver) for kind in ("auth", "file")]
    assert len(set(secrets)) == 4
    assert token_secret_name(house.collection("users"), "auth") == "token._pb_users_auth_.auth"
