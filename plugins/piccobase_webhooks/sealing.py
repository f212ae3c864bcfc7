"""What only the sender needs to read: the secrets of subscriptions, and the values of their headers, encrypted."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from piccobase.extending import SecretStore, unix_time
from piccobase_webhooks.signing import InvalidSecret, key_of

HIDDEN = "******"  # in the place of a header's value; whoever sends it back leaves the value as it was
_NAME = "webhooks"
_SEALED = "sealed:"


@dataclass(frozen=True, slots=True)
class Seal:
    """Encrypts with the key of the server, as all secrets are."""

    secrets: SecretStore

    def close_secret(self, secret: str, *, before: str = "", hours: float = 0) -> str:
        """A secret to be stored, with what was stored before it: that stays valid for so many hours."""
        old = self._secrets(before)[:1] if hours and before else []
        return self._close(json.dumps({"now": secret, "old": old, "until": unix_time() + hours * 3600}))

    def keys(self, stored: str) -> list[bytes]:
        """What messages are signed with: the secret, and the one before it as long as that is valid.

        Raises InvalidSecret where there is none that can be read.
        """
        secrets = self._secrets(stored)
        if not secrets:
            raise InvalidSecret("The secret was encrypted with another key (secret.key): give the webhook a new one.")
        return [key_of(secret) for secret in secrets]

    def close_headers(self, headers: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
        """Headers to be stored; those that came back hidden are taken from what was stored before."""
        known = {name.lower(): value for name, value in before.items()}
        given = {name: known.get(name.lower()) if value == HIDDEN else value for name, value in headers.items()}
        return {
            name: self._close(value) if isinstance(value, str) and not value.startswith(_SEALED) else value
            for name, value in given.items()
            if value is not None
        }

    def open_headers(self, stored: str | None) -> list[tuple[str, str]]:
        """Headers to be sent. Those that cannot be read any more are left out."""
        headers: dict[str, str] = json.loads(stored or "{}") or {}
        opened = ((name, self._open(value)) for name, value in headers.items())
        return [(name, value) for name, value in opened if value is not None]

    def _secrets(self, stored: str) -> list[str]:
        """The valid ones, the newest first; none where they cannot be read. One that was written as it is counts."""
        opened = self._open(stored)
        if opened is None or not opened.startswith("{"):
            return [opened] if opened else []
        known = json.loads(opened)
        return [known["now"], *(known["old"] if unix_time() < known["until"] else [])]

    def _close(self, text: str) -> str:
        return _SEALED + self.secrets.sealed(_NAME, text)

    def _open(self, text: str) -> str | None:
        return self.secrets.unsealed(_NAME, text.removeprefix(_SEALED)) if text.startswith(_SEALED) else text
