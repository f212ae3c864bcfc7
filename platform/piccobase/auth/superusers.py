"""Making a superuser, or giving one a new password, from the command line."""

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


async def upsert_superuser(db: Database, hasher: Hasher, email: str, password: str) -> Literal["created", "updated"]:
    """Makes the superuser with this e-mail address, or gives the one that there is this password.

    All tokens given out to that superuser before die. Raises InvalidRecord for an address that is none, and for a
    password of less than 8 or more than 71 characters, with the codes of protocol.md Appendix B under `data`.
    """
    superusers = build_registry([]).find(SUPERUSERS_ID)
    assert superusers is not None
    _check(superusers, {"email": email, "password": password})
    changes = {
        "password": await hasher.hash(password),
        "tokenKey": new_secret(),
        "verified": True,
        "updated": now(),
    }
    try:
        return await _write(db, superusers, email, changes)
    except NotUnique:  # made by another process between the look and the insert: then it is there now
        return await _write(db, superusers, email, changes)


def _check(superusers: CollectionInfo, values: dict[str, str]) -> None:
    errors: dict[str, FieldError] = {}
    for name, value in values.items():
        if not value:
            errors[name] = FieldError("validation_required", "Cannot be blank.")
            continue
        try:
            superusers.by_name[name].value.check(value)
        except InvalidValue as broken:
            errors[name] = broken.error
    if errors:
        raise InvalidRecord("Failed to save the superuser.", errors)


async def _write(
    db: Database, superusers: CollectionInfo, email: str, changes: dict[str, Any]
) -> Literal["created", "updated"]:
    find = in_dialect(f"SELECT id FROM {superusers.source} WHERE email = ?", db.dialect)
    async with db.transaction():
        if await db.rows(find, (email,)):
            await _update(db, superusers, email, changes)
            return "updated"
        await _insert(db, superusers, {"email": email, "created": changes["updated"], **changes})
        return "created"


async def _update(db: Database, superusers: CollectionInfo, email: str, changes: dict[str, Any]) -> None:
    assignments = ", ".join(f"{quoted(superusers.by_name[name].column)} = ?" for name in changes)
    sql = in_dialect(f"UPDATE {superusers.source} SET {assignments} WHERE email = ?", db.dialect)
    await db.rows(sql, [*_bound(db, superusers, changes), email])


async def _insert(db: Database, superusers: CollectionInfo, given: dict[str, Any]) -> None:
    values = {field.name: given[field.name] if field.name in given else field.default() for field in superusers.fields}
    columns = ", ".join(quoted(superusers.by_name[name].column) for name in values)
    places = ", ".join("?" for _ in values)
    sql = in_dialect(f"INSERT INTO {superusers.source} ({columns}) VALUES ({places})", db.dialect)
    await db.rows(sql, _bound(db, superusers, values))


def _bound(db: Database, superusers: CollectionInfo, values: dict[str, Any]) -> list[Any]:
    """The values as the driver takes them."""
    bound = []
    for name, value in values.items():
        bind = superusers.by_name[name].value.bind(db.dialect)
        bound.append(bind(value) if bind and value is not None else value)
    return bound
