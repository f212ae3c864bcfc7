"""What only the sender needs to read: the secrets of subscriptions, and the values of their headers, encrypted."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from piccobase.extending import SecretStore, now
from piccobase_webhooks.signing import InvalidSecret, key_of

HIDDEN = "******"  # in the place of a header's value; whoever sends it back leaves the value as it was
_NAME = "webhooks"
_SEALED = "sealed:"


@dataclass(frozen=True, slots=True)
class Seal:
    """Encrypts with the key of the server, as all secrets are."""

    secrets: SecretStore

    def close(self, text: str) -> str:
        """The text, encrypted; one that is already stays as it is."""
        return text if self.is_closed(text) else _SEALED + self.secrets.sealed(_NAME, text)

    def is_closed(self, text: str) -> bool:
        """Whether it is encrypted, with this key."""
        return self._opened(text) is not None

    def open(self, text: str) -> str | None:
        """What was encrypted; None where that was done with another key. What was written as it is stays so."""
        return self._opened(text) if text.startswith(_SEALED) else text

    def _opened(self, text: str) -> str | None:
        return self.secrets.unsealed(_NAME, text.removeprefix(_SEALED)) if text.startswith(_SEALED) else None

    def close_headers(self, headers: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
        """Headers to be stored; those that came back hidden are taken from what was stored before."""
        known = {name.lower(): value for name, value in before.items()}
        closed = {name: known.get(name.lower()) if value == HIDDEN else value for name, value in headers.items()}
        return {
            name: self.close(value) if isinstance(value, str) else value
            for name, value in closed.items()
            if value is not None
        }

    def open_headers(self, stored: str | None) -> list[tuple[str, str]]:
        """Headers to be sent. Those that cannot be read any more are left out."""
        headers: dict[str, str] = json.loads(stored or "{}") or {}
        opened = ((name, self.open(value)) for name, value in headers.items())
        return [(name, value) for name, value in opened if value is not None]

    def keys(self, webhook: Mapping[str, Any]) -> list[bytes]:
        """What a message is signed with: the secret, and the one before it as long as that is valid.

        Raises InvalidSecret where there is none that can be read.
        """
        until: datetime | None = webhook["oldSecretUntil"]
        stored = [webhook["secret"]] + ([webhook["oldSecret"]] if until is not None and until > now() else [])
        opened = [self.open(secret) for secret in stored if secret]
        if not opened or opened[0] is None:
            raise InvalidSecret("The secret was encrypted with another key (secret.key): give the webhook a new one.")
        return [key_of(secret) for secret in opened if secret is not None]
