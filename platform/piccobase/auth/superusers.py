"""Making a superuser, or giving one a new password."""

from functools import cache
from typing import Any, Literal

from piccobase.base.clock import now
from piccobase.base.errors import FieldError, InvalidRecord
from piccobase.base.ids import new_secret
from piccobase.db.engine import Database
from piccobase.db.errors import NotUnique
from piccobase.db.placeholders import in_dialect
from piccobase.filters.fragments import quoted
from piccobase.identity.hashing import Hasher
from piccobase.schema.building import build_registry
from piccobase.schema.collections import CollectionInfo
from piccobase.schema.system import SUPERUSERS_ID
from piccobase.schema.values.base import InvalidValue

SET_UP = "set_up"
"""The name of the secret that signs the link to set up (`first_superuser.py`)."""


async def upsert_superuser(db: Database, hasher: Hasher, email: str, password: str) -> Literal["created", "updated"]:
    """Makes the superuser with this e-mail address, or gives the one that there is this password.

    All tokens given out to that superuser before die. Raises InvalidRecord for an address that is none, and for a
    password of less than 8 or more than 71 characters, with the codes of protocol.md Appendix B under `data`.
    """
    check_superuser(email, password)
    values = new_superuser_values(await hasher.hash(password))
    try:
        return await _write(db, email, values)
    except NotUnique:  # made by another process between the look and the insert: then it is there now
        return await _write(db, email, values)


@cache
def superusers_collection() -> CollectionInfo:
    """The collection of superusers, which is the same for every app."""
    superusers = build_registry([]).find(SUPERUSERS_ID)
    assert superusers is not None
    return superusers


def check_superuser(email: str, password: str) -> None:
    """Raises InvalidRecord where they cannot be a superuser's, with an error by field."""
    by_name = superusers_collection().by_name
    errors: dict[str, FieldError] = {}
    for name, value in {"email": email, "password": password}.items():
        if not value:
            errors[name] = FieldError("validation_required", "Cannot be blank.")
            continue
        try:
            by_name[name].value.check(value)
        except InvalidValue as broken:
            errors[name] = broken.error
    if errors:
        raise InvalidRecord("Failed to save the superuser.", errors)


def new_superuser_values(password_hash: str) -> dict[str, Any]:
    """The fields of a superuser who gets this password. With the new token key all earlier tokens die."""
    return {"password": password_hash, "tokenKey": new_secret(), "verified": True, "updated": now()}


async def take_set_up_secret(db: Database) -> bool:
    """Makes the links to set up worthless, and answers whether there were any.

    Inside the transaction of a new superuser, and before the insert: two who take the same locks in another order would
    wait for each other.
    """
    sql = in_dialect("DELETE FROM _secrets WHERE name = ? RETURNING name", db.dialect)
    return bool(await db.rows(sql, (SET_UP,)))


async def _write(db: Database, email: str, values: dict[str, Any]) -> Literal["created", "updated"]:
    superusers = superusers_collection()
    find = in_dialect(f"SELECT id FROM {superusers.source} WHERE email = ?", db.dialect)
    async with db.transaction():
        if await db.rows(find, (email,)):
            await _update(db, superusers, email, values)
            return "updated"
        await take_set_up_secret(db)
        await insert_superuser(db, email, values)
        return "created"


async def insert_superuser(db: Database, email: str, given: dict[str, Any]) -> None:
    """A new superuser with these fields, and the others' defaults."""
    superusers = superusers_collection()
    given = {"email": email, "created": given["updated"], **given}
    values = {field.name: given[field.name] if field.name in given else field.default() for field in superusers.fields}
    columns = ", ".join(quoted(superusers.by_name[name].column) for name in values)
    places = ", ".join("?" for _ in values)
    sql = in_dialect(f"INSERT INTO {superusers.source} ({columns}) VALUES ({places})", db.dialect)
    await db.rows(sql, _bound(db, superusers, values))


async def _update(db: Database, superusers: CollectionInfo, email: str, changes: dict[str, Any]) -> None:
    assignments = ", ".join(f"{quoted(superusers.by_name[name].column)} = ?" for name in changes)
    sql = in_dialect(f"UPDATE {superusers.source} SET {assignments} WHERE email = ?", db.dialect)
    await db.rows(sql, [*_bound(db, superusers, changes), email])


def _bound(db: Database, superusers: CollectionInfo, values: dict[str, Any]) -> list[Any]:
    """The values as the driver takes them."""
    bound = []
    for name, value in values.items():
        bind = superusers.by_name[name].value.bind(db.dialect)
        bound.append(bind(value) if bind and value is not None else value)
    return bound
