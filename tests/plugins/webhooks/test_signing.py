"""Signatures of messages, and what a receiver makes of them."""

from typing import Any

import pytest

from piccobase_webhooks import InvalidSecret, InvalidSignature, verify
from piccobase_webhooks.signing import key_of, new_secret, sign

# The example of the Standard Webhooks specification's own libraries.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ID, TIMESTAMP, BODY = "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
HEADERS = {"webhook-id": ID, "webhook-timestamp": str(TIMESTAMP), "webhook-signature": SIGNATURE}


def test_a_signature_is_the_one_that_the_specification_shows() -> None:
    assert sign([key_of(SECRET)], ID, TIMESTAMP, BODY) == SIGNATURE


def test_a_message_is_read_when_its_signature_is_right() -> None:
    assert verify(BODY, HEADERS, SECRET, now=TIMESTAMP + 10) == {"test": 2432232314}


def test_a_body_may_be_a_text_and_headers_may_be_written_in_capitals() -> None:
    capitals = {name.title(): value for name, value in HEADERS.items()}
    assert verify(BODY.decode(), capitals, SECRET, now=TIMESTAMP) == {"test": 2432232314}


def test_while_a_secret_is_replaced_either_of_both_is_enough() -> None:
    old, new = new_secret(), new_secret()
    both = {**HEADERS, "webhook-signature": sign([key_of(new), key_of(old)], ID, TIMESTAMP, BODY)}
    for secret in (old, new, [new_secret(), old]):
        assert verify(BODY, both, secret, now=TIMESTAMP) == {"test": 2432232314}


def test_a_new_secret_is_one_that_can_be_used() -> None:
    assert new_secret() != new_secret()
    assert len(key_of(new_secret())) == 32


@pytest.mark.parametrize(
    "secret", ["", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_", "whsec_AAAA", "whsec_!!!!", "whsec_" + "A" * 200]
)
def test_what_is_no_secret_is_refused(secret: str) -> None:
    with pytest.raises(InvalidSecret):
        key_of(secret)


@pytest.mark.parametrize(
    ("why", "changes"),
    [
        ("no id", {"webhook-id": ""}),
        ("another id", {"webhook-id": "msg_other"}),
        ("no time", {"webhook-timestamp": ""}),
        ("a time that is none", {"webhook-timestamp": "soon"}),
        ("a time in digits that are no digits here", {"webhook-timestamp": "١٦١٤٢٦٥٣٣٠"}),
        ("another time", {"webhook-timestamp": str(TIMESTAMP + 1)}),
        ("no signature", {"webhook-signature": ""}),
        ("a signature without a version", {"webhook-signature": SIGNATURE.removeprefix("v1,")}),
        ("a signature of another version", {"webhook-signature": SIGNATURE.replace("v1", "v0")}),
        ("a signature that is no ASCII", {"webhook-signature": "v1,\u00e9"}),
    ],
)
def test_a_message_that_was_changed_is_refused(why: str, changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidSignature):
        verify(BODY, {**HEADERS, **changes}, SECRET, now=TIMESTAMP)
