"""The first superuser, made over the web by whoever holds the link that the server prints while there is none.

The link's token says until when it holds and is signed with a secret of the database. So every process on one database
takes the links of every other, a restart does not break a link, and no token is stored. The secret goes in the very
transaction that brings the first superuser, whichever way that one comes: of two who race, one finds it gone.
"""

import base64
import hashlib
import hmac
from dataclasses import dataclass

from piccobase.auth.superusers import (
    SET_UP,
    check_superuser,
    insert_superuser,
    new_superuser_values,
    superusers_collection,
    take_set_up_secret,
)
from piccobase.base.clock import unix_time
from piccobase.base.errors import Forbidden
from piccobase.db.engine import Database
from piccobase.identity.hashing import Hasher
from piccobase.identity.secrets import SecretStore

LIFETIME = 24 * 60 * 60  # seconds a link holds
_TOO_LATE = "This server has its first superuser already, so the link no longer holds. Sign in instead."


@dataclass(frozen=True, slots=True)
class FirstSuperuser:
    """Gives out links' tokens, and makes the superuser for one."""

    db: Database
    hasher: Hasher
    secrets: SecretStore

    async def is_missing(self) -> bool:
        """Whether there is no superuser at all."""
        return not await self.db.rows(f"SELECT 1 FROM {superusers_collection().source} LIMIT 1")

    async def token(self) -> str | None:
        """A new token, good for 24 hours; None where there is a superuser. To be shown to nobody but the operator."""
        if not await self.is_missing():
            return None
        expires = f"{int(unix_time()) + LIFETIME:x}"
        return f"{expires}.{_signature(await self.secrets.load_or_create(SET_UP), expires)}"

    async def create(self, token: str, email: str, password: str) -> None:
        """Makes the superuser.

        1. The token must be one of ours, in time, and there must be no superuser yet: else Forbidden.
        2. Address and password must be such as `superuser upsert` takes: else InvalidRecord.
        3. The password is hashed. Raises Unavailable when too many are being hashed already.
        4. In one transaction: the secret goes, which only one can make it do; then the superuser comes. Whoever is too
           late gets Forbidden.
        """
        await self._check(token)
        check_superuser(email, password)
        values = new_superuser_values(await self.hasher.hash(password))
        async with self.db.transaction():
            if not await take_set_up_secret(self.db) or not await self.is_missing():
                raise Forbidden(_TOO_LATE)
            await insert_superuser(self.db, email, values)

    async def _check(self, token: str) -> None:
        if not await self.is_missing():
            raise Forbidden(_TOO_LATE)
        secret = await self.secrets.load(SET_UP)
        expires, _, signature = token.strip().partition(".")
        if secret is None or not hmac.compare_digest(_signature(secret, expires).encode(), _ascii(signature)):
            raise Forbidden(
                "This is not the token that the server printed. Open the whole link, or start the server anew for "
                "another one."
            )
        if int(expires, 16) <= unix_time():
            raise Forbidden("The link has expired. Start the server anew: it prints another one.")


def _signature(secret: str, expires: str) -> str:
    made = hmac.digest(secret.encode(), b"set up until " + _ascii(expires), hashlib.sha256)
    return base64.urlsafe_b64encode(made).decode().rstrip("=")


def _ascii(text: str) -> bytes:
    # Whatever a stranger sends has to become bytes; what is not ASCII equals nothing of ours.
    return text.encode("ascii", "replace")
