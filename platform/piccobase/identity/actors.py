"""From a token to whoever makes the request. Any token that does not hold makes a guest, and never an error."""

from dataclasses import dataclass
from typing import Any, TypeVar

from piccobase.base.clock import unix_time
from piccobase.db.engine import Database
from piccobase.db.placeholders import in_dialect
from piccobase.filters.fragments import quoted
from piccobase.identity.secrets import SecretStore, token_secret_name
from piccobase.identity.statements import can_be_stored
from piccobase.identity.tokens import Claims, UnverifiedToken, bare_token, read_token
from piccobase.schema.actor import GUEST, Actor
from piccobase.schema.auth_options import TokenKind
from piccobase.schema.collections import CollectionInfo
from piccobase.schema.registry import Registry
from piccobase.schema.system import SUPERUSERS_ID
from piccobase.schema.values.base import Convert, Dialect, InvalidValue

_MEMORY = 2000  # actors remembered at most, and tokens
_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class _Remembered:
    actor: Actor
    kind: TokenKind
    expires: int
    version: int  # of what it was read from
    select: "_AuthSelect"
    args: tuple[Any, ...]  # of the select


class Actors:
    """Finds the actor of a token: the record it names, if it holds the key the token was signed with, and its roles.

    An actor is remembered only as long as `db.version()` says that nobody has changed what it was read from, so whoever
    loses a role, a password or the record itself has lost it by the next request, in every process. A token that was
    proven to be ours stays taken apart, since that costs more than reading the record again; whether it still holds is
    asked each time.
    """

    def __init__(self, db: Database, registry: Registry, secrets: SecretStore) -> None:
        self._db = db
        self._registry = registry
        self._secrets = secrets
        self._selects = {
            collection.id: _AuthSelect(collection, db.dialect)
            for collection in registry.collections.values()
            if collection.kind == "auth"
        }
        self._memory: dict[str, _Remembered] = {}
        self._proven: dict[str, UnverifiedToken] = {}

    async def actor(self, authorization: str, kind: TokenKind = "auth", *, arrived: float | None = None) -> Actor:
        """Whoever the token stands for, GUEST if for nobody. `authorization` is a header's text or a bare token.

        `arrived`, a moment of `perf_counter`, is when the request had come: as of then it is, or of later.

        Not to be called inside a transaction: it would remember what is not committed yet.
        """
        if not authorization:
            return GUEST
        known = self._memory.get(authorization)
        if (
            known is not None
            and known.kind == kind
            and known.version == self._db.version(known.select.sql, known.args, since=arrived)
            and known.expires > unix_time()
        ):
            return known.actor
        return await self._load(authorization, kind)

    async def _load(self, authorization: str, kind: TokenKind) -> Actor:
        token = self._proven.get(authorization) or read_token(bare_token(authorization))
        if token is None or token.claims.type != kind or token.claims.is_expired():
            return GUEST
        claims = token.claims
        select = self._selects.get(claims.collection_id)
        args = select.args(claims.id, kind) if select else None
        if select is None or args is None:
            return GUEST
        version = self._db.version(select.sql, args)
        found = await self._db.rows(select.sql, args)
        if not found:
            return GUEST
        *row, secret, roles = found[0]
        values = dict(zip(select.names, row, strict=True))
        if secret is None or not token.is_signed_with(
            values["tokenKey"] + self._secrets.decrypted(token_secret_name(select.collection, kind), secret)
        ):
            return GUEST
        _remember(self._proven, authorization, token)
        actor = self._actor(select.collection, claims, values, roles)
        if version is not None:  # and what was read is at least as new
            _remember(self._memory, authorization, _Remembered(actor, kind, claims.exp, version, select, args))
        return actor

    def _actor(self, collection: CollectionInfo, claims: Claims, values: dict[str, Any], roles: str | None) -> Actor:
        return Actor(
            collection=collection,
            id=claims.id,
            values=values,
            roles=self._registry.roles.of(roles.split(",") if roles else ()),
            superuser=collection.id == SUPERUSERS_ID,
            refreshable=claims.refreshable,
        )


def _remember(memory: dict[str, _Value], authorization: str, value: _Value) -> None:
    """Only what we have signed ourselves: nobody else can fill the memory, or make its entries large."""
    if len(memory) >= _MEMORY:
        memory.clear()
    memory[authorization] = value


class _AuthSelect:
    """One statement that reads an auth record, the secret its tokens are signed with, and its roles, at once."""

    def __init__(self, collection: CollectionInfo, dialect: Dialect) -> None:
        self.collection = collection
        self.names = [field.name for field in collection.fields]
        columns = ", ".join(quoted(field.column) for field in collection.fields)
        self.sql = in_dialect(
            f"SELECT {columns}, (SELECT value FROM _secrets WHERE name = ?),"
            " (SELECT string_agg(role, ',') FROM _roles WHERE collection = ? AND record = ?)"
            f" FROM {collection.source} WHERE {quoted(collection.key.column)} = ?",
            dialect,
        )
        self._bind: Convert | None = collection.key.value.bind(dialect)

    def args(self, record_id: str, kind: TokenKind) -> tuple[Any, ...] | None:
        """What the statement is run with; None where no record can have this id."""
        try:
            key = self.collection.key.value.clean(record_id)
        except InvalidValue:
            return None
        if not can_be_stored(record_id):
            return None
        return (
            token_secret_name(self.collection, kind),
            self.collection.id,
            record_id,
            self._bind(key) if self._bind else key,
        )
