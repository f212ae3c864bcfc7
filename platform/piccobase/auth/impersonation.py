"""Tokens by which a superuser asks as somebody else, for a moment and without a password."""

from dataclasses import dataclass

from piccobase.auth.signed_in import auth_options
from piccobase.base.errors import NotFound
from piccobase.db.engine import Database
from piccobase.db.placeholders import in_dialect
from piccobase.filters.fragments import quoted
from piccobase.identity.statements import can_be_stored
from piccobase.identity.tokens import Tokens
from piccobase.schema.collections import CollectionInfo
from piccobase.schema.values.base import InvalidValue


@dataclass(frozen=True, slots=True)
class Impersonation:
    """Gives out such tokens. Whether somebody may have one is for the caller to know: nothing is asked here."""

    db: Database
    tokens: Tokens

    async def token(
        self, collection: CollectionInfo, record_id: str, duration: int, *, refreshable: bool = False
    ) -> str:
        """An auth token for a record. It lives `duration` seconds, or for 0 as long as one of somebody who signs in.

        Like all tokens it dies with the record's password. The `auth` rule is not asked: it is about signing in, and
        whoever is asked for here does not. Raises NotFound where the collection is no auth collection, or has no such
        record.
        """
        auth_options(collection)
        value = collection.key.value
        try:
            key = value.clean(record_id) if can_be_stored(record_id) else None
        except InvalidValue:
            key = None
        if key is None:
            raise NotFound
        bind = value.bind(self.db.dialect)
        token_key, key_column = (quoted(one.column) for one in (collection.by_name["tokenKey"], collection.key))
        sql = f"SELECT {token_key} FROM {collection.source} WHERE {key_column} = ?"
        found = await self.db.rows(in_dialect(sql, self.db.dialect), (bind(key) if bind else key,))
        if not found:
            raise NotFound
        return await self.tokens.issue(collection, record_id, found[0][0], duration=duration, refreshable=refreshable)
