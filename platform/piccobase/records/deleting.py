"""Delete a record, and do to the records that point to it what their relations say (protocol.md §2.7)."""

from typing import Any

from piccobase.base import clock
from piccobase.base.errors import BadRequest, NotFound
from piccobase.base.json import dump_json, parse_json
from piccobase.db.errors import ConstraintFailed, StillReferenced
from piccobase.db.placeholders import in_dialect
from piccobase.filters.fragments import quoted
from piccobase.identity.roles import Grants
from piccobase.records.binding import bind_value
from piccobase.records.service import Records
from piccobase.records.writing import load_row, stored_satisfies, update_statement
from piccobase.rules.context import RequestContext
from piccobase.schema.collections import CollectionInfo
from piccobase.schema.fields import FieldInfo
from piccobase.schema.system import SUPERUSERS_ID

FAILED = "Failed to delete record. Make sure that the record is not part of a required relation reference."


async def delete_record(records: Records, context: RequestContext, collection: CollectionInfo, record_id: str) -> None:
    """Removes a record.

    1. A locked verb refuses at once (Forbidden), then the row must be there (NotFound).
    2. The delete rule is asked of it; a refusal is NotFound.
    3. In one transaction: the rule again if anything was committed meanwhile; records that point here go with it, lose
       the relation, or refuse the whole (BadRequest), deepest first; then the row itself.
    """
    if collection.kind == "view":
        raise BadRequest("Unsupported collection type.")
    records.planner.refuse_locked(collection, context, "delete")
    key = records.planner.key_value(collection, record_id)
    version = records.db.version()
    if key is None or await load_row(records, collection, key) is None:
        raise NotFound
    if not await stored_satisfies(records, context, collection, "delete", key, {}):
        raise NotFound
    try:
        async with records.transaction():
            if version is None or version != records.db.version():
                if await load_row(records, collection, key, lock=True) is None:
                    raise NotFound
                if not await stored_satisfies(records, context, collection, "delete", key, {}):
                    raise NotFound
            if collection.id == SUPERUSERS_ID:
                await _keep_one_superuser(records, collection)
            await _Removal(records).remove(collection, key)
    except (StillReferenced, ConstraintFailed) as error:
        raise BadRequest(FAILED) from error


async def _keep_one_superuser(records: Records, collection: CollectionInfo) -> None:
    if (await records.db.rows(f"SELECT COUNT(*) FROM {collection.source}"))[0][0] <= 1:
        raise BadRequest("You can't delete the only existing superuser.")


class _Removal:
    """One deletion with all that follows from it. Remembers what is already going, so that circles come to an end."""

    def __init__(self, records: Records) -> None:
        self.records = records
        self.going: set[tuple[str, Any]] = set()

    async def remove(self, collection: CollectionInfo, key: Any) -> None:
        if (collection.name, key) in self.going:
            return
        self.going.add((collection.name, key))
        for pointing, field in self.records.registry.relations_to(collection):
            if field.multiple:
                await self._trim(pointing, field, collection, key)
            else:
                await self._release(pointing, field, key)
        await self._run(f"DELETE FROM {collection.source} WHERE {quoted(collection.key.column)} = ?", key)
        if collection.kind == "auth":
            await self._forget_roles(collection, key)

    async def _release(self, pointing: CollectionInfo, field: FieldInfo, key: Any) -> None:
        """A relation to one: its record goes too, or forgets the target, or forbids that it goes."""
        column = quoted(field.column)
        found = await self._run(f"SELECT {quoted(pointing.key.column)} FROM {pointing.source} WHERE {column} = ?", key)
        for (other,) in found:
            if field.cascade:
                await self.remove(pointing, other)
            elif field.required or not field.nullable:
                if (pointing.name, other) not in self.going:
                    raise BadRequest(FAILED)
            else:
                await self._write(pointing, other, field, None)

    async def _trim(self, pointing: CollectionInfo, field: FieldInfo, target: CollectionInfo, key: Any) -> None:
        """A relation to many: the id is taken out; a list that would be empty then follows the rule for one."""
        record_id = str(key)
        column = quoted(field.column)
        contains = (
            f"EXISTS (SELECT 1 FROM json_each({column}) WHERE value = ?)"
            if self.records.db.dialect == "sqlite"
            else f"{column} @> jsonb_build_array(?::text)"
        )
        found = await self._run(
            f"SELECT {quoted(pointing.key.column)}, {column} FROM {pointing.source} WHERE {contains}", record_id
        )
        for other, stored in found:
            left = [one for one in parse_json(stored) if one != record_id]
            if left:
                await self._write(pointing, other, field, dump_json(left))
            elif field.cascade:
                await self.remove(pointing, other)
            elif field.required:
                raise BadRequest(FAILED)
            else:
                await self._write(pointing, other, field, dump_json([]))

    async def _write(self, pointing: CollectionInfo, other: Any, field: FieldInfo, value: Any) -> None:
        """The pointing record has changed, and so its `updated` follows."""
        dialect = self.records.db.dialect
        dates = [one for one in pointing.fields if one.auto == "update"]
        changed = (field, *dates)
        statement = self.records.planner.remembered(
            ("update", pointing.name, tuple(one.name for one in changed)),
            lambda: update_statement(self.records, pointing, changed),
        )
        moment = [bind_value(one, clock.now(), dialect) for one in dates]
        await self.records.db.rows(statement.sql, [value, *moment, other])

    async def _forget_roles(self, collection: CollectionInfo, key: Any) -> None:
        read = collection.key.value.read(self.records.db.dialect)
        await Grants(self.records.db).take_all(collection, read(key) if read else key)

    async def _run(self, sql: str, *values: Any) -> list[Any]:
        db = self.records.db
        return await db.rows(in_dialect(sql, db.dialect), values)
