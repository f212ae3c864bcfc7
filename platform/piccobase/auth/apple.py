"""The client secret that Apple wants in place of a fixed one: a token signed with the developer's key."""

import re
from collections.abc import Mapping
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from piccobase.auth.forms import REQUIRED, form_texts
from piccobase.base.clock import unix_time
from piccobase.base.errors import BadRequest, FieldError, MalformedBody

LONGEST = 15_777_000  # seconds, half a year: Apple takes no more
_PEM = re.compile(r"\s*-----BEGIN PRIVATE KEY-----.+-----END PRIVATE KEY-----\s*", re.DOTALL)


def client_secret(body: Mapping[str, Any]) -> str:
    """The secret for `clientId`, `teamId`, `keyId`, `privateKey` (PKCS #8, PEM) and `duration` in seconds.

    Raises MalformedBody for values of another type, BadRequest with the mistakes by field.
    """
    form = form_texts(body, "clientId", "teamId", "keyId", "privateKey")
    duration = _duration(body)
    wrong: dict[str, FieldError] = {name: REQUIRED for name, text in form.items() if not text}
    for name in ("teamId", "keyId"):
        if form[name] and len(form[name]) != 10:
            wrong[name] = FieldError(
                "validation_length_invalid", "The length must be exactly 10.", {"min": 10, "max": 10}
            )
    if form["privateKey"] and not _PEM.fullmatch(form["privateKey"]):
        wrong["privateKey"] = FieldError("validation_match_invalid", "Must be in a valid format.")
    if duration == 0:
        wrong["duration"] = REQUIRED
    elif duration < 1:
        message = "Must be no less than 1."
        wrong["duration"] = FieldError("validation_min_greater_equal_than_required", message, {"threshold": 1})
    elif duration > LONGEST:
        message = f"Must be no greater than {LONGEST}."
        wrong["duration"] = FieldError("validation_max_less_equal_than_required", message, {"threshold": LONGEST})
    if wrong:
        raise BadRequest("Invalid client secret data.", wrong)
    return _signed(form, duration)


def _duration(body: Mapping[str, Any]) -> int:
    value = next((value for key, value in body.items() if key.lower() == "duration"), None)
    if value is not None and type(value) is not int:
        raise MalformedBody("An error occurred while loading the submitted data. duration must be a whole number.")
    return value or 0


def _signed(form: Mapping[str, str], duration: int) -> str:
    issued = int(unix_time())
    claims = {
        "iss": form["teamId"],
        "sub": form["clientId"],
        "aud": ["https://appleid.apple.com"],
        "iat": issued,
        "exp": issued + duration,
    }
    try:
        key = ECKey.import_key(form["privateKey"].strip())
        return jwt.encode({"alg": "ES256", "kid": form["keyId"], "typ": "JWT"}, claims, key)
    except (JoseError, ValueError) as error:
        reason = "the key must be an elliptic-curve key on P-256, as Apple's .p8 files hold it."
        raise BadRequest(f"Failed to generate client secret. Raw error: \n{reason}") from error
