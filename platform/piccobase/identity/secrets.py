"""Named secrets, kept encrypted in the database: what tokens are signed with, and what must not be read in a backup."""

from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from piccobase.base.errors import StartError
from piccobase.base.ids import new_secret
from piccobase.db.engine import Database
from piccobase.db.placeholders import in_dialect
from piccobase.identity.key import MasterKey
from piccobase.schema.auth_options import TokenKind
from piccobase.schema.collections import CollectionInfo

# JWE (RFC 7516), encrypted with the master key itself. The name stands in the header, which is authenticated: a row's
# value cannot be passed off as another's.
_ALGORITHMS = ["dir", "A256GCM"]
_MEMORY = 1000  # decrypted values remembered


def token_secret_name(collection: CollectionInfo, kind: TokenKind) -> str:
    """The name of the secret that tokens of this kind are signed with. By id, so that a rename keeps it."""
    return f"token.{collection.id}.{kind}"


class SecretStore:
    """The rows of `_secrets`. Whatever happened in another process is seen at once: only decryption is remembered."""

    def __init__(self, db: Database, key: MasterKey) -> None:
        self._db = db
        self._origin = key.origin
        self._key = OctKey.import_key(key.value)
        self._decrypted: dict[tuple[str, str], str] = {}
        self._read = in_dialect("SELECT value FROM _secrets WHERE name = ?", db.dialect)
        self._insert = in_dialect("INSERT INTO _secrets (name, value) VALUES (?, ?) ON CONFLICT DO NOTHING", db.dialect)
        self._upsert = in_dialect(
            "INSERT INTO _secrets (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            db.dialect,
        )
        self._read_under = in_dialect("SELECT name, value FROM _secrets WHERE substr(name, 1, ?) = ?", db.dialect)
        self._delete = in_dialect("DELETE FROM _secrets WHERE name = ?", db.dialect)

    async def load_or_create(self, name: str) -> str:
        """The secret of this name; a new one of 50 letters and digits where there is none.

        Of several processes that make one at once, all get the one that was stored first. Raises StartError for a
        secret that was encrypted with another key.
        """
        stored = await self._db.rows(self._read, (name,))
        if not stored:
            await self._db.rows(self._insert, (name, self._encrypted(name, new_secret())))
            stored = await self._db.rows(self._read, (name,))
        return self.decrypted(name, stored[0][0])

    async def load(self, name: str) -> str | None:
        """The secret of this name, None where there is none. Raises StartError as `load_or_create` does."""
        stored = await self._db.rows(self._read, (name,))
        return self.decrypted(name, stored[0][0]) if stored else None

    async def load_under(self, prefix: str) -> dict[str, str]:
        """All secrets whose names begin with `prefix`. Raises StartError as `load_or_create` does."""
        stored = await self._db.rows(self._read_under, (len(prefix), prefix))
        return {name: self.decrypted(name, value) for name, value in stored}

    async def store(self, name: str, secret: str) -> None:
        """Keeps a given secret, which must not be empty, in the place of what was there."""
        await self._db.rows(self._upsert, (name, self._encrypted(name, secret)))

    async def forget(self, name: str) -> None:
        """Deletes the secret of this name, if there is one."""
        await self._db.rows(self._delete, (name,))

    async def replace(self, name: str) -> str:
        """Puts a new secret in the place of the old one, if there is one: what was signed with that is worthless."""
        secret = new_secret()
        await self._db.rows(self._upsert, (name, self._encrypted(name, secret)))
        return secret

    async def check(self) -> None:
        """Raises StartError unless every stored secret can be read with this key. To be asked once, at start."""
        for name, value in await self._db.rows("SELECT name, value FROM _secrets ORDER BY name"):
            self.decrypted(name, value)

    def decrypted(self, name: str, value: str) -> str:
        """What a row's value says. Raises StartError where it was not encrypted with this key, under this name."""
        known = self._decrypted.get((name, value))
        if known is not None:
            return known
        try:
            secret = self._opened(name, value)
        except (JoseError, ValueError) as error:
            raise StartError(
                f'The stored secret "{name}" was not encrypted with the key in {self._origin}. Start with the key this '
                "database was used with: secret.key of its data dir, or the PICCOBASE_SECRET_KEY of that time."
            ) from error
        if len(self._decrypted) >= _MEMORY:
            self._decrypted.clear()
        self._decrypted[name, value] = secret
        return secret

    def sealed(self, name: str, text: str) -> str:
        """A text that is kept elsewhere, encrypted as secrets are; it opens under the same name only."""
        return self._encrypted(name, text)

    def unsealed(self, name: str, sealed: str) -> str | None:
        """What `sealed` has made of a text; None where that was done with another key or name."""
        try:
            return self._opened(name, sealed)
        except (JoseError, ValueError):
            return None

    def _opened(self, name: str, value: str) -> str:
        opened = jwe.decrypt_compact(value, self._key, algorithms=_ALGORITHMS)
        secret = (opened.plaintext or b"").decode()
        if not secret or opened.protected.get("kid") != name:
            raise ValueError("the value of another secret")
        return secret

    def _encrypted(self, name: str, secret: str) -> str:
        header = {"alg": "dir", "enc": "A256GCM", "kid": name}
        return jwe.encrypt_compact(header, secret.encode(), self._key, algorithms=_ALGORITHMS)
