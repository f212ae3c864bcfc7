"""Signing in by identity and password (protocol.md §5.4)."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from piccobase.auth.forms import form_texts, invalid_form, length_error
from piccobase.auth.signed_in import MaySignIn, SignedIn, auth_options, check_auth_rule
from piccobase.auth.signing_in import Hooked, signing_in
from piccobase.base.errors import FieldError, Forbidden, RequestError, SignInFailed
from piccobase.db.engine import Database
from piccobase.db.placeholders import in_dialect
from piccobase.filters.fragments import quoted
from piccobase.identity.hashing import Hasher
from piccobase.identity.statements import can_be_stored
from piccobase.identity.tokens import Tokens
from piccobase.rules.context import RequestContext
from piccobase.schema.collections import CollectionInfo
from piccobase.schema.values.base import InvalidValue
from piccobase.schema.values.text import EmailValue

log = logging.getLogger("piccobase.auth")
_NO_REQUEST = RequestContext(method="POST")


@dataclass(frozen=True, slots=True)
class _Candidate:
    """The record that an identity names."""

    key: Any  # as the driver gave it
    password_hash: str
    token_key: str


@dataclass(frozen=True, slots=True)
class PasswordSignIn:
    """`POST /api/collections/{c}/auth-with-password`."""

    db: Database
    hasher: Hasher
    tokens: Tokens
    may_sign_in: MaySignIn
    records: Hooked

    async def sign_in(
        self, collection: CollectionInfo, body: Mapping[str, Any], context: RequestContext = _NO_REQUEST
    ) -> SignedIn:
        """Signs in as `check` does, inside of the hooks around SigningIn."""
        return await signing_in(
            self.records,
            context,
            collection,
            "password",
            lambda: self.check(collection, body),
            identity=str(body.get("identity", "")),
        )

    async def check(self, collection: CollectionInfo, body: Mapping[str, Any]) -> SignedIn:
        """Signs in with `identity`, `password` and, if the caller wants a certain field only, `identityField`.

        1. The collection must let its records sign in by password: else Forbidden.
        2. The form is read: MalformedBody for a value that is no text, BadRequest with the mistakes by field.
        3. The record is looked for by its identity fields, in one query whatever they are and whether there is one.
        4. The password is checked; where there is no record the same work is done for nothing. Unknown identity and
           wrong password are the same SignInFailed. Unavailable when too many are being checked already.
        5. The `auth` rule must be satisfied: else Forbidden. Only who knows the password learns that.
        6. A hash made at a former cost is made anew.
        7. The token is issued.
        """
        options = auth_options(collection)
        if not options.password:
            raise Forbidden("The collection is not configured to allow password authentication.")
        identity, password, fields = _read_form(body, options.identity)
        found = await _find(self.db, collection, identity, fields)
        if found is None:
            await self.hasher.pretend(password)
            raise SignInFailed
        if not await self.hasher.verify(found.password_hash, password):
            raise SignInFailed
        record_id = _wire_id(self.db, collection, found.key)
        await check_auth_rule(collection, record_id, self.may_sign_in)
        if self.hasher.needs_rehash(found.password_hash):
            await self._rehash(collection, found, password)
        token = await self.tokens.issue(collection, record_id, found.token_key)
        return SignedIn(collection, record_id, token)

    async def _rehash(self, collection: CollectionInfo, found: _Candidate, password: str) -> None:
        """Stores the hash at today's cost. Where that fails nobody is kept out: the next sign-in tries again."""
        column, key = quoted(collection.by_name["password"].column), quoted(collection.key.column)
        # Only where the hash is still the one that was checked: a password that was changed meanwhile stays changed.
        sql = in_dialect(
            f"UPDATE {collection.source} SET {column} = ? WHERE {key} = ? AND {column} = ?", self.db.dialect
        )
        try:
            await self.db.rows(sql, (await self.hasher.hash(password), found.key, found.password_hash))
        except RequestError:
            log.warning("A password of %s could not be hashed anew at today's cost.", collection.name, exc_info=True)


def _read_form(body: Mapping[str, Any], identity_fields: tuple[str, ...]) -> tuple[str, str, tuple[str, ...]]:
    """Identity, password, and the fields to look in."""
    form = form_texts(body, "identity", "password", "identityField")
    wanted = form["identityField"]
    errors = {name: length_error(form[name], 1, 255) for name in ("identity", "password")}
    if wanted:
        errors["identityField"] = length_error(wanted, 1, 255)
        if wanted not in identity_fields:
            errors["identityField"] = FieldError("validation_in_invalid", "Must be a valid value.")
    if wrong := {name: error for name, error in errors.items() if error}:
        raise invalid_form(wrong)
    return form["identity"], form["password"], (wanted,) if wanted else _in_order(identity_fields)


def _in_order(fields: tuple[str, ...]) -> tuple[str, ...]:
    """The e-mail address comes first, then the others as declared."""
    return tuple(sorted(fields, key=lambda name: name != "email"))


async def _find(db: Database, collection: CollectionInfo, identity: str, fields: tuple[str, ...]) -> _Candidate | None:
    """The record whose first matching identity field holds exactly `identity`."""
    by_name = collection.by_name
    select = ", ".join(quoted(by_name[name].column) for name in ("id", "password", "tokenKey"))
    parts, args = [], []
    for rank, name in enumerate(fields):
        field = by_name[name]
        try:
            value = field.value.clean(identity)
        except InvalidValue:  # a field of another type than text
            value = None
        if not can_be_stored(identity) or (name == "email" and not _looks_like_email(identity)):
            value = None  # equals nothing; the query is made all the same
        bind = field.value.bind(db.dialect)
        parts.append(f"SELECT {rank}, {select} FROM {collection.source} WHERE {quoted(field.column)} = ?")
        args.append(bind(value) if bind and value is not None else value)
    sql = in_dialect(" UNION ALL ".join(parts) + " ORDER BY 1 LIMIT 1", db.dialect)
    rows = await db.rows(sql, args)
    return _Candidate(*rows[0][1:]) if rows else None


def _looks_like_email(identity: str) -> bool:
    try:
        EmailValue().check(identity)
    except InvalidValue:
        return False
    return True


def _wire_id(db: Database, collection: CollectionInfo, key: Any) -> str:
    read = collection.key.value.read(db.dialect)
    return str(read(key) if read else key)
