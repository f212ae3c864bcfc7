"""Signatures of messages, after the Standard Webhooks specification: made by senders, verified by receivers."""

import base64
import binascii
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Mapping, Sequence
from typing import Any

ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
PREFIX = "whsec_"
TOLERANCE = 300.0  # seconds that a message may be old, or come from the future
_LEAST, _MOST = 24, 64  # bytes of a secret
_VERSION = "v1"


class InvalidSignature(ValueError):
    """The message does not come from whoever has the secret, is too old, or is none. Answer it with 400."""


class InvalidSecret(ValueError):
    """The text is no secret that messages can be signed with."""


def new_secret() -> str:
    """A secret that nobody can guess."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def key_of(secret: str) -> bytes:
    """The bytes of a secret. Raises InvalidSecret unless it is `whsec_` and the base64 of 24 to 64 bytes."""
    if not secret.startswith(PREFIX):
        raise InvalidSecret(f"A secret begins with {PREFIX}, and base64 follows.")
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        raise InvalidSecret(f"What follows {PREFIX} is no base64.") from None
    if not _LEAST <= len(key) <= _MOST:
        raise InvalidSecret(f"A secret has {_LEAST} to {_MOST} bytes, written in base64; this one has {len(key)}.")
    return key


def sign(keys: Sequence[bytes], message_id: str, timestamp: int, body: bytes) -> str:
    """The value of `webhook-signature`: one signature for each key."""
    signed = b"%s.%d.%s" % (message_id.encode(), timestamp, body)
    return " ".join(f"{_VERSION},{_digest(key, signed)}" for key in keys)


def verify(
    body: bytes | str,
    headers: Mapping[str, str],
    secret: str | Sequence[str],
    *,
    tolerance: float = TOLERANCE,
    now: float | None = None,
) -> Any:
    """What the message says, if it was signed with the secret, or one of several, not longer ago than `tolerance`.

    `body` is the body as it came, byte for byte. `headers` are those of the request, in whatever case. `tolerance` is
    in seconds (default 300), to the past and to the future; `now` is the time in seconds since 1970 (default: the
    clock's). Within the tolerance a message can come twice: keep its `webhook-id` that long, and ignore the second.

    Raises InvalidSignature, InvalidSecret.
    """
    keys = [key_of(one) for one in ([secret] if isinstance(secret, str) else secret)]
    raw = body.encode() if isinstance(body, str) else body
    given = {name.lower(): value for name, value in headers.items()}
    message_id, timestamp, signatures = (given.get(name, "") for name in (ID, TIMESTAMP, SIGNATURE))
    if not (message_id and timestamp and signatures):
        raise InvalidSignature(f"A message has the headers {ID}, {TIMESTAMP} and {SIGNATURE}.")
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        raise InvalidSignature(f"{TIMESTAMP} is no number of seconds.")
    age = (time.time() if now is None else now) - int(timestamp)
    if abs(age) > tolerance:
        raise InvalidSignature("The message is too old." if age > 0 else "The message comes from the future.")
    signed = b"%s.%s.%s" % (message_id.encode(), timestamp.encode(), raw)
    expected = [_digest(key, signed) for key in keys]
    # All of them are compared, and in constant time: how long it takes tells nothing of what would have been right.
    fits = [
        hmac.compare_digest(right.encode(), one.encode())
        for version, _, one in (part.partition(",") for part in signatures.split(" "))
        if version == _VERSION
        for right in expected
    ]
    if not any(fits):
        raise InvalidSignature("The signature is not the one that the secret makes.")
    try:
        return json.loads(raw)
    except ValueError:
        raise InvalidSignature("The message is no JSON.") from None


def _digest(key: bytes, signed: bytes) -> str:
    return base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
