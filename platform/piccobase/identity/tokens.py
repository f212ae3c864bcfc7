"""Tokens: JWT signed with HS256, claims and key as protocol.md §5.10 says. Made, read, and checked."""

import re
from collections.abc import Mapping
from typing import Any

import msgspec
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from piccobase.base.clock import unix_time
from piccobase.identity.secrets import SecretStore, token_secret_name
from piccobase.schema.auth_options import TokenKind
from piccobase.schema.collections import CollectionInfo

_ALGORITHMS = ["HS256"]  # and no other, whatever a token's header asks for
_HEADER = {"alg": "HS256", "typ": "JWT"}
_COMPACT = re.compile(r"[\w-]+\.[\w-]+\.[\w-]+", re.ASCII)  # Python's base64 would pass over anything else in between
_BEARER = re.compile("bearer ", re.IGNORECASE)


class Claims(msgspec.Struct, frozen=True, rename="camel"):
    """What a token says: which record, of which collection (by id), what it is good for, and until when.

    `exp` is in seconds since 1970. `email` and `new_email` are in tokens that go out by mail. A token that was given
    out for somebody else to use has `refreshable` false.
    """

    id: str
    collection_id: str
    type: str
    exp: int
    refreshable: bool = False
    email: str = ""
    new_email: str = ""

    def is_expired(self) -> bool:
        return self.exp <= unix_time()


class UnverifiedToken:
    """A token that is well formed. `claims` are only what it says of itself, until `is_signed_with` has said yes."""

    __slots__ = ("_proven_key", "_signature", "claims")

    def __init__(self, claims: Claims, signature: jws.CompactSignature) -> None:
        self.claims = claims
        self._signature = signature
        self._proven_key: str | None = None

    def is_signed_with(self, key: str) -> bool:
        """Whether the signature was made with this key, by HS256.

        A yes is remembered: it follows from token and key alone, and stays true whatever happens to the record.
        """
        if key == self._proven_key:
            return True
        try:
            proven = jws.validate_compact(self._signature, OctKey.import_key(key), algorithms=_ALGORITHMS)
        except (JoseError, ValueError):  # another algorithm, or none; no key at all
            return False
        if proven:
            self._proven_key = key
        return proven


_decode_claims = msgspec.json.Decoder(Claims).decode


def read_token(token: str) -> UnverifiedToken | None:
    """A token taken apart, nothing of it verified; None where it is none, or lacks a claim that every token has."""
    if not _COMPACT.fullmatch(token):
        return None
    try:
        signature = jws.extract_compact(token.encode())
        return UnverifiedToken(_decode_claims(signature.payload), signature)
    except (JoseError, ValueError, RecursionError):
        return None


def bare_token(authorization: str) -> str:
    """The token in a header `Authorization`: what stands there, without a leading `Bearer ` in any letter case."""
    return authorization[7:] if _BEARER.match(authorization) else authorization


def sign_token(claims: Mapping[str, Any], key: str) -> str:
    """A token of these claims."""
    # Sorted, as the reference writes them: two tokens of the same second are the same text.
    return jwt.encode(
        _HEADER, dict(sorted(claims.items())), OctKey.import_key(key), algorithms=_ALGORITHMS, default_type=None
    )


class Tokens:
    """Gives out tokens for auth records."""

    def __init__(self, secrets: SecretStore) -> None:
        self._secrets = secrets

    async def issue(
        self,
        collection: CollectionInfo,
        record_id: str,
        token_key: str,
        kind: TokenKind = "auth",
        *,
        duration: int = 0,
        refreshable: bool = True,
        **claims: str,
    ) -> str:
        """A token for the record, which must be of an auth collection; `token_key` is the record's own.

        It lives `duration` seconds, 0 = what the collection says. `claims` are those a kind has beside the usual ones,
        by their names on the wire. `refreshable` counts for auth tokens only.
        """
        if collection.auth is None:
            raise ValueError(f"{collection.name} is no auth collection")
        secret = await self._secrets.load_or_create(token_secret_name(collection, kind))
        exp = int(unix_time()) + (duration or collection.auth.duration(kind))
        said: dict[str, Any] = {**claims, "id": record_id, "collectionId": collection.id, "type": kind, "exp": exp}
        if kind == "auth":
            said["refreshable"] = refreshable
        return sign_token(said, token_key + secret)
