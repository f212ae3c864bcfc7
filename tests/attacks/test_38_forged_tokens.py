"""38: a token counts only if we signed it, for this purpose, and it has not expired."""

import hashlib
from collections.abc import Callable
from typing import Any

import pytest
from tests.signing_in import SigningIn, Superuser, claims_of, encoded, handmade_token


@pytest.fixture
async def token(house: SigningIn) -> str:
    """A superuser's: the one worth forging."""
    return await house.token(Superuser, await house.add(Superuser, "root@example.com"))


async def test_the_token_itself_counts(house: SigningIn, token: str) -> None:
    assert (await house.actors.actor(token)).superuser


def unsigned(token: str, alg: str) -> str:
    header = encoded(f'{{"alg":"{alg}","typ":"JWT"}}'.encode())
    return f"{header}.{token.split('.')[1]}."


FORGERIES: dict[str, Callable[[str], str]] = {
    "alg none without a signature": lambda token: unsigned(token, "none"),
    "alg None": lambda token: unsigned(token, "None"),
    "alg NONE with the old signature": lambda token: unsigned(token, "NONE") + token.split(".")[2],
    "alg none with the old signature": lambda token: unsigned(token, "none") + token.split(".")[2],
    "no signature": lambda token: token.rpartition(".")[0] + ".",
    "two parts": lambda token: token.rpartition(".")[0],
    "cut by one character": lambda token: token[:-1],
    "cut in half": lambda token: token[: len(token) // 2],
    "the first character of the signature changed": lambda token: changed(token),
    "a JWE": lambda token: token + ".x.x",
    "an empty key": lambda token: handmade_token(claims_of(token), ""),
    "the claims as the key": lambda token: handmade_token(claims_of(token), token.split(".")[1]),
    "a key out of the header": lambda token: handmade_token(
        claims_of(token),
        "mine" * 20,
        header={"alg": "HS256", "typ": "JWT", "jwk": {"kty": "oct", "k": encoded(b"mine" * 20)}},
    ),
}


def changed(token: str) -> str:
    head, _, signature = token.rpartition(".")
    return f"{head}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}"


@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES)
async def test_a_forged_token_makes_a_guest(house: SigningIn, token: str, forge: Callable[[str], str]) -> None:
    for kind in ("auth", "file"):
        assert (await house.actors.actor(forge(token), kind)).guest  # type: ignore[arg-type]  # both are kinds


async def right_key(house: SigningIn) -> str:
    [token_key] = await Superuser.select(Superuser.token_key).output(as_list=True)
    return str(token_key + await house.secret(Superuser))


@pytest.mark.parametrize(
    ("alg", "digest"), [("HS512", hashlib.sha512), ("HS384", hashlib.sha384), ("RS256", hashlib.sha256)]
)
async def test_another_algorithm_is_refused_even_with_the_right_key(
    house: SigningIn, token: str, alg: str, digest: Any
) -> None:
    header = {"alg": alg, "typ": "JWT"}
    forged = handmade_token(claims_of(token), await right_key(house), header=header, digest=digest)
    assert (await house.actors.actor(forged)).guest


@pytest.mark.parametrize(
    "claims",
    [
        {"type": "file"},
        {"type": "passwordReset"},
        {"type": "verification"},
        {"type": "Auth"},
        {"type": ""},
        {"exp": 0},
        {"exp": 1_700_000_000},
        {"exp": -1},
        {"exp": None},
        {"exp": "4000000000"},
        {"exp": True},
        {"id": "nobodyisthisone"},
        {"id": ""},
        {"id": "' OR ''='"},
        {"id": "\0"},
        {"id": {"$ne": None}},
        {"collectionId": "pbc_1"},
        {"collectionId": None},
    ],
    ids=str,
)
async def test_the_right_key_does_not_make_up_for_wrong_claims(
    house: SigningIn, token: str, claims: dict[str, Any]
) -> None:
    key = await right_key(house)
    assert (await house.actors.actor(handmade_token(claims_of(token), key))).superuser
    assert (await house.actors.actor(handmade_token(claims_of(token) | claims, key))).guest


@pytest.mark.parametrize("kind", ["file", "verification", "passwordReset", "emailChange"])
async def test_a_token_of_another_kind_does_not_sign_in(house: SigningIn, kind: Any) -> None:
    record_id = await house.add(Superuser, "root@example.com")
    token = await house.token(Superuser, record_id, kind)
    assert (await house.actors.actor(token)).guest
    # Nor when its kind is changed: each kind is signed with a secret of its own.
    [token_key] = await Superuser.select(Superuser.token_key).output(as_list=True)
    await house.secret(Superuser, "auth")
    relabelled = handmade_token(claims_of(token) | {"type": "auth"}, token_key + await house.secret(Superuser, kind))
    assert (await house.actors.actor(relabelled)).guest
