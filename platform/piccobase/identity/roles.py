"""Roles given out: the rows of `_roles`, read and changed. By collection id and record id, since ids alone clash."""

from collections.abc import Iterable

from piccobase.base.ids import new_record_id
from piccobase.db.engine import Database
from piccobase.db.placeholders import in_dialect
from piccobase.schema.collections import CollectionInfo


class Grants:
    """Who was given which role. What comes with a role by inclusion is worked out by `Registry.roles`, not stored."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._read = in_dialect("SELECT role FROM _roles WHERE collection = ? AND record = ?", db.dialect)
        self._insert = in_dialect(
            "INSERT INTO _roles (id, collection, record, role) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING", db.dialect
        )
        self._delete = in_dialect("DELETE FROM _roles WHERE collection = ? AND record = ? AND role = ?", db.dialect)
        self._delete_all = in_dialect("DELETE FROM _roles WHERE collection = ? AND record = ?", db.dialect)

    async def granted(self, collection: CollectionInfo, record_id: str) -> frozenset[str]:
        """The roles this record was given itself, also such as are no longer declared."""
        return frozenset(role for (role,) in await self._db.rows(self._read, (collection.id, record_id)))

    async def grant(self, collection: CollectionInfo, record_id: str, roles: Iterable[str]) -> None:
        """Gives these roles beside those the record has. One it has already stays as it is."""
        async with self._db.transaction():
            for role in sorted(roles):
                await self._db.rows(self._insert, (new_record_id(), collection.id, record_id, role))

    async def take(self, collection: CollectionInfo, record_id: str, roles: Iterable[str]) -> None:
        """Takes these roles away. One it does not have makes no difference."""
        async with self._db.transaction():
            for role in sorted(roles):
                await self._db.rows(self._delete, (collection.id, record_id, role))

    async def take_all(self, collection: CollectionInfo, record_id: str) -> None:
        """For a record that is deleted, or new: ids can be chosen, and nobody inherits the roles of another."""
        await self._db.rows(self._delete_all, (collection.id, record_id))
