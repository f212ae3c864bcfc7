"""Tokens, against JWTs made by hand with nothing but hmac."""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.signing_in import Driver, Note, SigningIn, Superuser, User, claims_of, encoded, handmade_token

from piccobase.base.clock import frozen
from piccobase.identity.tokens import Claims, bare_token, read_token, sign_token

MOMENT = datetime(2026, 11, 25, 12, 0, 0, 250_000, tzinfo=UTC)
SECOND = 1_795_608_000  # MOMENT in seconds since 1970
KEY = "k" * 50 + "s" * 50
CLAIMS = {"collectionId": "pbc_1", "exp": SECOND + 60, "id": "r1", "refreshable": True, "type": "auth"}


def test_a_token_is_what_the_standard_makes_of_its_claims() -> None:
    assert sign_token(CLAIMS, KEY) == handmade_token(CLAIMS, KEY)
    assert sign_token(dict(reversed(CLAIMS.items())), KEY) == handmade_token(CLAIMS, KEY)


def test_a_handmade_token_is_read_and_verified() -> None:
    token = read_token(handmade_token(CLAIMS, KEY))
    assert token is not None
    assert token.claims == Claims("r1", "pbc_1", "auth", SECOND + 60, True)
    assert token.is_signed_with(KEY)


@pytest.mark.parametrize("key", [KEY + "x", KEY[:-1], KEY.upper(), "x" * 100, ""])
def test_another_key_verifies_nothing_before_and_after_the_right_one(key: str) -> None:
    token = read_token(handmade_token(CLAIMS, KEY))
    assert token is not None
    assert not token.is_signed_with(key)
    assert token.is_signed_with(KEY)
    assert not token.is_signed_with(key)


def test_a_claim_that_was_changed_breaks_the_signature() -> None:
    header, _, signature = handmade_token(CLAIMS, KEY).split(".")
    payload = handmade_token(CLAIMS | {"id": "r2"}, KEY).split(".")[1]
    token = read_token(f"{header}.{payload}.{signature}")
    assert token is not None
    assert not token.is_signed_with(KEY)


@pytest.mark.parametrize(
    ("alg", "digest"),
    [("HS512", hashlib.sha512), ("HS384", hashlib.sha384), ("none", hashlib.sha256), ("RS256", hashlib.sha256)],
)
def test_only_hs256_is_believed_whatever_the_header_says(alg: str, digest: Any) -> None:
    token = read_token(handmade_token(CLAIMS, KEY, header={"alg": alg, "typ": "JWT"}, digest=digest))
    assert token is not None
    assert not token.is_signed_with(KEY)


GOOD = handmade_token(CLAIMS, KEY)
HEADER, PAYLOAD, SIGNATURE = GOOD.split(".")


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "..",
        "a.b.c",
        "garbage",
        GOOD[:-1] + "!",
        f"{HEADER}.{PAYLOAD}",
        f"{HEADER}.{PAYLOAD}.",
        f".{PAYLOAD}.x",
        f" {GOOD}",
        f"{GOOD} ",
        f"{GOOD}\n",
        f"{GOOD}.x",
        f"Bearer {GOOD}",
        f"{HEADER}. {PAYLOAD}.{SIGNATURE}",
        "é.é.é",
        f"{encoded(b'null')}.{PAYLOAD}.x",
        f"{encoded(b'[]')}.{PAYLOAD}.x",
        f"{encoded(b'{}')}.{PAYLOAD}.x",
        "x" * 10**6,
        *(f"{HEADER}.{encoded(payload)}.x" for payload in (b"null", b"[]", b"{}", b"\xff", b"[" * 50_000, b'{"id":1}')),
    ],
    ids=lambda text: text[:40],
)
def test_what_is_no_token_is_none_and_no_error(text: str) -> None:
    assert read_token(text) is None


@pytest.mark.parametrize("missing", ["id", "collectionId", "type", "exp"])
def test_a_token_without_one_of_its_claims_is_none(missing: str) -> None:
    assert read_token(handmade_token({name: CLAIMS[name] for name in CLAIMS if name != missing}, KEY)) is None


@pytest.mark.parametrize(
    ("name", "value"),
    [("id", 1), ("id", None), ("id", ["r1"]), ("collectionId", {}), ("type", True), ("exp", "1"), ("exp", 1.5)],
)
def test_a_claim_of_another_type_is_none(name: str, value: Any) -> None:
    assert read_token(handmade_token(CLAIMS | {name: value}, KEY)) is None


@pytest.mark.parametrize(
    ("header", "token"),
    [
        ("abc", "abc"),
        ("Bearer abc", "abc"),
        ("bearer abc", "abc"),
        ("BEARER abc", "abc"),
        ("bEaReR abc", "abc"),
        ("Bearer  abc", " abc"),
        ("Token abc", "Token abc"),
        ("Bearerabc", "Bearerabc"),
        ("Bearer\tabc", "Bearer\tabc"),
        ("", ""),
        ("Bearer ", ""),
        ("Bearer Bearer abc", "Bearer abc"),
    ],
)
def test_bearer_with_one_space_is_taken_off_and_nothing_else(header: str, token: str) -> None:
    assert bare_token(header) == token


def test_a_token_expires_with_its_second() -> None:
    with frozen(MOMENT):
        assert not Claims("r1", "pbc_1", "auth", SECOND + 1).is_expired()
        assert Claims("r1", "pbc_1", "auth", SECOND).is_expired()


async def test_issued_tokens_have_the_claims_header_and_key_of_the_protocol(house: SigningIn) -> None:
    record_id = await house.add(User, "ada@example.com")
    [token_key] = await User.select(User.token_key).output(as_list=True)
    with frozen(MOMENT):
        token = await house.token(User, record_id)
    expected = {
        "collectionId": "_pb_users_auth_",
        "exp": SECOND + 432_000,
        "id": record_id,
        "refreshable": True,
        "type": "auth",
    }
    assert token == handmade_token(expected, token_key + await house.secret(User))
    assert token.startswith("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.")


@pytest.mark.parametrize(
    ("kind", "claims", "seconds", "names"),
    [
        ("file", {}, 180, "collectionId exp id type"),
        ("verification", {"email": "a@b.de"}, 86_400, "collectionId email exp id type"),
        ("passwordReset", {"email": "a@b.de"}, 1_800, "collectionId email exp id type"),
        ("emailChange", {"email": "a@b.de", "newEmail": "c@d.de"}, 1_800, "collectionId email exp id newEmail type"),
    ],
)
async def test_each_kind_has_its_own_claims_duration_and_secret(
    house: SigningIn, kind: Any, claims: dict[str, str], seconds: int, names: str
) -> None:
    record_id = await house.add(Driver, "bob@example.com")
    [token_key] = await Driver.select(Driver.token_key).output(as_list=True)
    with frozen(MOMENT):
        token = await house.token(Driver, record_id, kind, **claims)
    said = claims_of(token)
    assert " ".join(said) == names
    assert said["exp"] == SECOND + seconds
    assert said | claims == said
    read = read_token(token)
    assert read is not None
    assert read.is_signed_with(token_key + await house.secret(Driver, kind))
    assert not read.is_signed_with(token_key + await house.secret(Driver, "auth"))


async def test_a_superuser_stays_signed_in_for_a_day(house: SigningIn) -> None:
    record_id = await house.add(Superuser, "root@example.com")
    with frozen(MOMENT):
        assert claims_of(await house.token(Superuser, record_id))["exp"] == SECOND + 86_400


async def test_a_token_for_somebody_else_has_its_own_duration_and_cannot_be_refreshed(house: SigningIn) -> None:
    record_id = await house.add(Driver, "bob@example.com")
    with frozen(MOMENT):
        said = claims_of(await house.token(Driver, record_id, duration=60, refreshable=False))
    assert said["exp"] == SECOND + 60
    assert said["refreshable"] is False


async def test_two_tokens_of_one_second_are_the_same_and_of_two_are_not(house: SigningIn) -> None:
    record_id = await house.add(Driver, "bob@example.com")
    with frozen(MOMENT):
        first = await house.token(Driver, record_id)
    with frozen(MOMENT + timedelta(milliseconds=700)):
        assert await house.token(Driver, record_id) == first
    with frozen(MOMENT + timedelta(milliseconds=750)):
        assert await house.token(Driver, record_id) != first


async def test_there_are_no_tokens_for_records_that_cannot_sign_in(house: SigningIn) -> None:
    assert Note._meta.tablename == "notes"
    with pytest.raises(ValueError, match="notes is no auth collection"):
        await house.tokens.issue(house.collection("notes"), "r1", "key")
