"""63: a receiver believes only what was signed, as it was signed, not long ago and with its own secret."""

import pytest

from piccobase_webhooks import InvalidSignature, verify
from piccobase_webhooks.signing import key_of, new_secret, sign

SECRET = new_secret()
NOW = 1_800_000_000
BODY = b'{"type":"record.deleted","data":{"recordId":"a"}}'


def signed(body: bytes = BODY, *, secret: str = SECRET, message: str = "msg_1", at: int = NOW) -> dict[str, str]:
    return {
        "webhook-id": message,
        "webhook-timestamp": str(at),
        "webhook-signature": sign([key_of(secret)], message, at, body),
    }


def test_what_was_signed_is_believed() -> None:
    assert verify(BODY, signed(), SECRET, now=NOW)["type"] == "record.deleted"


@pytest.mark.parametrize(
    ("attack", "body", "headers"),
    [
        ("another body under a signature that was seen", BODY.replace(b"a", b"b"), signed()),
        ("the body with a blank more", BODY + b" ", signed()),
        ("another id, so that it is not known as a replay", BODY, signed() | {"webhook-id": "msg_2"}),
        ("a later time, so that it is not too old", BODY, signed(at=NOW - 3600) | {"webhook-timestamp": str(NOW)}),
        ("signed with a guessed secret", BODY, signed(secret=new_secret())),
        ("no signature", BODY, signed() | {"webhook-signature": "v1,"}),
        ("a signature of no version that is known", BODY, signed() | {"webhook-signature": "none,"}),
        ("many guesses", BODY, signed() | {"webhook-signature": " ".join(f"v1,{n}" for n in range(500))}),
        ("id and time moved into each other", BODY, signed(message="msg_1.1") | {"webhook-id": "msg_1"}),
    ],
)
def test_a_forged_message_is_refused(attack: str, body: bytes, headers: dict[str, str]) -> None:
    with pytest.raises(InvalidSignature):
        verify(body, headers, SECRET, now=NOW)


@pytest.mark.parametrize(("age", "believed"), [(0, True), (300, True), (301, False), (-300, True), (-301, False)])
def test_a_message_is_believed_for_five_minutes(age: int, believed: bool) -> None:
    """One that was overheard is worthless afterwards, and one that is made for later never has any worth."""
    if believed:
        verify(BODY, signed(), SECRET, now=NOW + age)
    else:
        with pytest.raises(InvalidSignature):
            verify(BODY, signed(), SECRET, now=NOW + age)


def test_how_long_it_is_believed_is_for_the_receiver_to_say() -> None:
    with pytest.raises(InvalidSignature):
        verify(BODY, signed(), SECRET, tolerance=10, now=NOW + 11)
