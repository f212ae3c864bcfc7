"""People who sign in, for the tests of identity and auth: two auth collections, roles, and all that signs people in."""

import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from piccolo.columns import Varchar
from piccolo.table import Table

from piccobase.auth.password import PasswordSignIn
from piccobase.auth.roles import RoleService
from piccobase.db.embedded import EmbeddedEngine
from piccobase.db.postgres import PostgresEngine
from piccobase.hooks.dispatcher import NO_HOOKS
from piccobase.identity.actors import Actors
from piccobase.identity.hashing import Cost, Hasher
from piccobase.identity.key import load_master_key
from piccobase.identity.roles import Grants
from piccobase.identity.secrets import SecretStore, token_secret_name
from piccobase.identity.tokens import Tokens
from piccobase.records.acting import RecordService
from piccobase.rules.context import RequestContext
from piccobase.schema.auth_options import AuthOptions, TokenKind
from piccobase.schema.building import build_registry
from piccobase.schema.collections import CollectionInfo
from piccobase.schema.declaration import AuthCollection, Collection
from piccobase.schema.rules import Role, Rules
from piccobase.schema.system import SYSTEM_TABLES, Superuser

Engine = EmbeddedEngine | PostgresEngine
CHEAP = Cost(memory=8, passes=1)  # the least argon2 takes: the tests are about who is let in, not about cost


class User(AuthCollection, tablename="users", auth=AuthOptions(identity=("username", "email"))):
    username = Varchar(unique=True, null=True, default=None)
    rules = Rules(auth="verified = true")


class Driver(AuthCollection, tablename="drivers"):
    """With the same options as most: e-mail and password, no rule."""


class Robot(AuthCollection, tablename="robots", auth=AuthOptions(password=False)):
    """Never signs in by password."""


class Closed(AuthCollection, tablename="closed"):
    rules = Rules(auth=None)


class Note(Collection, tablename="notes"):
    text = Varchar()


TABLES: tuple[type[Table], ...] = (User, Driver, Robot, Closed, Note)
ROLES = (
    Role("reader"),
    Role("editor", includes=["reader"], may_grant=["reader"]),
    Role("admin", includes=["editor"], may_grant=["editor", "reader"]),
)


class CountingHasher(Hasher):
    """Counts the passwords that were checked, in earnest or not: each costs the same."""

    def __init__(self) -> None:
        super().__init__(CHEAP)
        self.checked = 0

    async def verify(self, stored_hash: str, password: str) -> bool:
        self.checked += 1
        return await super().verify(stored_hash, password)

    async def pretend(self, password: str) -> None:
        self.checked += 1
        await super().pretend(password)


class NoHooks:
    """In the place of the record service: nobody wraps anything."""

    hooks = NO_HOOKS

    def acting(self, context: RequestContext) -> RecordService:
        raise AssertionError("nobody asks")


class SigningIn:
    """Everything that takes part in signing in, on one database."""

    def __init__(self, db: Engine, data_dir: Path) -> None:
        self.db = db
        self.registry = build_registry(TABLES, ROLES)
        self.hasher = CountingHasher()
        self.secrets = SecretStore(db, load_master_key(data_dir))
        self.tokens = Tokens(self.secrets)
        self.actors = Actors(db, self.registry, self.secrets)
        self.grants = Grants(db)
        self.roles = RoleService(db, self.registry.roles, self.grants)
        self.password = PasswordSignIn(db, self.hasher, self.tokens, self.is_verified, NoHooks())
        self.asked_rules: list[tuple[str, str]] = []

    async def is_verified(self, collection: CollectionInfo, record_id: str) -> bool:
        """Stands for the room of rules: the one rule there is asks for `verified`."""
        self.asked_rules.append((collection.name, record_id))
        record = (
            await collection.table.select("verified").where(collection.table._meta.primary_key == record_id).first()
        )
        return bool(record and record["verified"])

    def collection(self, name: str) -> CollectionInfo:
        return self.registry.collections[name]

    async def add(self, table: type[AuthCollection], email: str, password: str = "", **values: Any) -> str:
        """A new record; its id."""
        record = table(email=email, password=await self.hasher.hash(password) if password else "", **values)
        await record.save()
        return str(record.id)

    async def token(self, table: type[AuthCollection], record_id: str, kind: TokenKind = "auth", **options: Any) -> str:
        """A token that holds, as if the record had signed in."""
        [token_key] = await table.select(table.token_key).where(table.id == record_id).output(as_list=True)
        return await self.tokens.issue(self.collection(table._meta.tablename), record_id, token_key, kind, **options)

    async def secret(self, table: type[AuthCollection], kind: TokenKind = "auth") -> str:
        return await self.secrets.load_or_create(token_secret_name(self.collection(table._meta.tablename), kind))


@asynccontextmanager
async def signing_in(db: Engine, data_dir: Path) -> AsyncIterator[SigningIn]:
    """The tables of all this in an empty database, and what works on them."""
    tables = (*SYSTEM_TABLES, *TABLES)
    for table in tables:
        table._meta.db = db
        await table.create_table()
    opened = SigningIn(db, data_dir)
    yield opened
    opened.hasher.close()
    for table in tables:
        table._meta._db = None


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def handmade_token(
    claims: Mapping[str, Any], key: str, *, header: Mapping[str, Any] | None = None, digest: Any = hashlib.sha256
) -> str:
    """A JWT made without any library for JWT, so that ours is checked against the standard (RFC 7515, Appendix A.1)."""
    parts = [
        encoded(json.dumps(part, separators=(",", ":")).encode())
        for part in (header or {"alg": "HS256", "typ": "JWT"}, claims)
    ]
    signature = hmac.new(key.encode(), ".".join(parts).encode(), digest).digest()
    return ".".join([*parts, encoded(signature)])


def claims_of(token: str) -> dict[str, Any]:
    payload = token.split(".")[1]
    decoded: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return decoded


__all__ = ["Closed", "Driver", "Note", "Robot", "SigningIn", "Superuser", "User", "signing_in"]
