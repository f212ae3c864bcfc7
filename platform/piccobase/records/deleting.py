"""Delete a record."""

from piccobase.base.errors import BadRequest, NotFound
from piccobase.db.errors import ConstraintFailed, StillReferenced
from piccobase.records.events import DeletingRecord
from piccobase.records.record import Record
from piccobase.records.removing import FAILED, Removal
from piccobase.records.service import Records
from piccobase.records.versions import Expected
from piccobase.records.writing import load_row, stored_satisfies
from piccobase.rules.context import RequestContext
from piccobase.schema.collections import CollectionInfo
from piccobase.schema.system import SUPERUSERS_ID


async def delete_record(
    records: Records,
    context: RequestContext,
    collection: CollectionInfo,
    record_id: str,
    only_if: Expected | None = None,
) -> None:
    """Removes a record.

    1. A locked verb refuses at once (Forbidden), then the row must be there (NotFound).
    2. The delete rule is asked of it; a refusal is NotFound. Then the row must be of the version that is expected, if
       one is (Changed).
    3. The hooks around DeletingRecord begin.
    4. In one transaction: the rule again if anything was committed meanwhile; records that point here go with it, lose
       the relation, or refuse the whole (BadRequest). Hooks around WritingRecord are run for each of them.
    """
    if collection.kind == "view":
        raise BadRequest("Unsupported collection type.")
    records.planner.refuse_locked(collection, context, "delete")
    key = records.planner.key_value(collection, record_id)
    version = records.db.version_seen()
    stored = await load_row(records, collection, key) if key is not None else None
    if stored is None or not await stored_satisfies(records, context, collection, "delete", key, {}, stored):
        raise NotFound
    if only_if is not None:
        only_if.check(collection, stored, records.db.dialect)

    async def write() -> None:
        async with records.transaction():
            if version is None or version != records.db.version():
                locked = await load_row(records, collection, key, lock="delete")
                if locked is None:
                    raise NotFound
                if not await stored_satisfies(records, context, collection, "delete", key, {}, locked):
                    raise NotFound
                if only_if is not None:
                    only_if.check(collection, locked, records.db.dialect)
            if collection.id == SUPERUSERS_ID:
                await _keep_one_superuser(records, collection)
            await Removal(records, context).remove(collection, [key])

    async def settle() -> None:
        try:
            await records.written(write)
        except (StillReferenced, ConstraintFailed) as error:
            raise BadRequest(FAILED) from error

    if (around := records.hooks.around(DeletingRecord, collection.name)) is None:
        await settle()
    else:
        event = DeletingRecord(
            collection=collection,
            context=context,
            service=records.acting,
            record=Record(collection, stored, records.db.dialect),
            dry_run=records.dry_run,
        )
        await around.run(event, settle)


async def _keep_one_superuser(records: Records, collection: CollectionInfo) -> None:
    # Two who delete the last two at once must not both find the other one: on PostgreSQL they wait for each other.
    lock = " FOR UPDATE" if records.db.dialect == "postgres" else ""
    if len(await records.db.rows(f"SELECT 1 FROM {collection.source}{lock}")) <= 1:
        raise BadRequest("You can't delete the only existing superuser.")
