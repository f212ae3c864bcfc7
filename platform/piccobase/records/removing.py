"""What goes with a deleted record, and what becomes of the records that point to it (protocol.md §2.7)."""

from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any

from piccobase.base import clock
from piccobase.base.errors import BadRequest
from piccobase.base.json import dump_json, parse_json
from piccobase.base.turns import Turns
from piccobase.db.placeholders import in_dialect
from piccobase.filters.fragments import quoted
from piccobase.identity.roles import Grants
from piccobase.records.binding import bind_value
from piccobase.records.row_writes import RowWrites
from piccobase.records.service import Records
from piccobase.rules.context import RequestContext
from piccobase.schema.collections import CollectionInfo
from piccobase.schema.fields import FieldInfo

FAILED = "Failed to delete record. Make sure that the record is not part of a required relation reference."
PORTION = 500  # records that one statement is about; between two of them others have a turn

Keys = Sequence[Any]


class Removal:
    """One deletion with all that follows from it, inside a transaction.

    First everything that goes is found: what points here by a relation that cascades, what points there, and so on,
    circles included. Then whatever else needs one of these refuses the whole (BadRequest). Only then something is
    written: relations lose what goes, and the records are deleted, those found last first.
    """

    def __init__(self, records: Records, context: RequestContext) -> None:
        self.records = records
        self._rows = RowWrites(records, context)
        self._going: dict[str, set[Any]] = {}  # keys by collection
        self._gone: dict[str, set[str]] = {}  # the same as lists of ids have them
        self._portions: list[tuple[CollectionInfo, Keys]] = []  # the same, in the order in which they were found
        self._turns = Turns()

    async def remove(self, collection: CollectionInfo, keys: Iterable[Any]) -> None:
        """Deletes these records. Raises BadRequest where another one needs one of them."""
        self._add(collection, keys)
        done = 0
        while done < len(self._portions):
            await self._follow(*self._portions[done])
            done += 1
        for portion in self._portions:
            await self._refuse_what_is_needed(*portion)
        for target, going in reversed(self._portions):
            await self._release(target, going)
            await self._delete(target, going)

    def _add(self, collection: CollectionInfo, keys: Iterable[Any]) -> None:
        known = self._going.setdefault(collection.name, set())
        fresh = [key for key in keys if key not in known]
        known.update(fresh)
        self._gone.setdefault(collection.name, set()).update(map(str, fresh))
        self._portions += [(collection, part) for part in _portions(fresh)]

    async def _follow(self, target: CollectionInfo, going: Keys) -> None:
        """Finds what goes along with a portion."""
        for pointing, field in self.records.registry.relations_to(target):
            if not field.cascade:
                continue
            if not field.multiple:
                self._add(pointing, await self._pointing(pointing, field, going))
                continue
            async for key, left in self._lists(pointing, field, target, going):
                if not left:
                    self._add(pointing, [key])

    async def _refuse_what_is_needed(self, target: CollectionInfo, going: Keys) -> None:
        for pointing, field in self.records.registry.relations_to(target):
            if field.cascade:
                continue
            staying = self._going.get(pointing.name, set())
            if field.multiple:
                if field.required:
                    async for key, left in self._lists(pointing, field, target, going):
                        if not left and key not in staying:
                            raise BadRequest(FAILED)
            elif field.required or not field.nullable:
                found = await self._pointing(pointing, field, going, limit=len(staying) + 1)
                if any(key not in staying for key in found):
                    raise BadRequest(FAILED)

    async def _release(self, target: CollectionInfo, going: Keys) -> None:
        """Relations of records that stay lose what goes. They have changed, and so their `updated` follows."""
        for pointing, field in self.records.registry.relations_to(target):
            if field.multiple:
                async for key, left in self._lists(pointing, field, target, going):
                    if key not in self._going.get(pointing.name, ()):
                        await self._write(pointing, field, [key], dump_json(left))
                        await self._turns.pass_on()
            elif not field.cascade and field.nullable and not field.required:
                while found := await self._pointing(pointing, field, going, limit=PORTION):
                    await self._write(pointing, field, found, None)
                    await self._turns.pass_on()

    async def _delete(self, target: CollectionInfo, going: Keys) -> None:
        async def delete(keys: Keys) -> None:
            condition, values = self._among(quoted(target.key.column), keys)
            await self._run(f"DELETE FROM {target.source} WHERE {condition}", *values)

        await self._rows.delete(target, going, delete)
        if target.kind == "auth":
            grants, read = Grants(self.records.db), target.key.value.read(self.records.db.dialect)
            for key in going:
                await grants.take_all(target, read(key) if read else key)
        await self._turns.pass_on()

    # --- what points to whom

    async def _pointing(
        self, pointing: CollectionInfo, field: FieldInfo, going: Keys, *, limit: int | None = None
    ) -> list[Any]:
        """The keys of records whose relation to one leads to one of these."""
        condition, values = self._among(quoted(field.column), going)
        sql = f"SELECT {quoted(pointing.key.column)} FROM {pointing.source} WHERE {condition}"
        if limit is None:
            return [key for (key,) in await self._run(sql, *values)]
        return [key for (key,) in await self._run(f"{sql} LIMIT ?", *values, limit)]

    async def _lists(
        self, pointing: CollectionInfo, field: FieldInfo, target: CollectionInfo, going: Keys
    ) -> AsyncIterator[tuple[Any, list[Any]]]:
        """Records whose list of ids holds one of these: their keys, and what is left of the list in the end.

        On PostgreSQL they are locked, so that of two who take something out of one list neither undoes the other.
        """
        gone = self._gone[target.name]
        key, column = quoted(pointing.key.column), quoted(field.column)
        condition, values = self._holds(column, [str(one) for one in going])
        sql = f"SELECT {key}, {column} FROM {pointing.source} WHERE {condition}"
        tail = f" ORDER BY {key} LIMIT {PORTION}{' FOR NO KEY UPDATE' if self.records.db.dialect == 'postgres' else ''}"
        page = await self._run(sql + tail, *values)
        while page:
            for found, stored in page:
                yield found, [one for one in parse_json(stored) if one not in gone]
            await self._turns.pass_on()
            if len(page) < PORTION:
                return
            page = await self._run(f"{sql} AND {key} > ?{tail}", *values, page[-1][0])

    # --- statements

    async def _write(self, pointing: CollectionInfo, field: FieldInfo, keys: Keys, value: Any) -> None:
        db = self.records.db
        dates = [one for one in pointing.fields if one.auto == "update"]
        moment = [bind_value(one, clock.now(), db.dialect) for one in dates]
        changes = ", ".join(f"{quoted(one.column)} = ?" for one in (field, *dates))

        async def update(some: Keys) -> None:
            condition, values = self._among(quoted(pointing.key.column), some)
            await self._run(f"UPDATE {pointing.source} SET {changes} WHERE {condition}", value, *moment, *values)

        left = parse_json(value) if field.multiple else value
        await self._rows.update(pointing, field, keys, left, update)

    def _among(self, column: str, keys: Keys) -> tuple[str, list[Any]]:
        """The condition that a column has one of these values. For a single one it is the one that is quickest."""
        if len(keys) == 1:
            return f"{column} = ?", [keys[0]]
        if self.records.db.dialect == "sqlite":
            return f"{column} IN (SELECT value FROM json_each(?))", [dump_json(list(keys))]
        return f"{column} = ANY(?)", [list(keys)]

    def _holds(self, column: str, ids: Sequence[str]) -> tuple[str, list[Any]]:
        """The condition that a list of ids has one of these."""
        if self.records.db.dialect == "sqlite":
            condition, values = self._among("value", ids)
            return f"EXISTS (SELECT 1 FROM json_each({column}) AS held WHERE held.{condition})", values
        if len(ids) == 1:
            return f"{column} @> jsonb_build_array(?::text)", [ids[0]]
        return f"jsonb_exists_any({column}, ?::text[])", [list(ids)]

    async def _run(self, sql: str, *values: Any) -> list[Any]:
        db = self.records.db
        return await db.rows(in_dialect(sql, db.dialect), values)


def _portions(keys: Sequence[Any]) -> list[Sequence[Any]]:
    return [keys[start : start + PORTION] for start in range(0, len(keys), PORTION)]
