"""Written by hand: on PostgreSQL the change log is written by triggers, and each row knows its transaction.

The triggers call the function; they are attached to the tables of collections (`changes/triggers.py`). On SQLite the
connection that writes sees its changes itself.
"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine.finder import engine_finder
from piccolo.table import Table

ID = "2026-11-26T02:11:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "The change log is written by the database"

# Of a trigger: the collection's id, its key's column, the names of its fields by column, and those without secrets.
# It runs with the rights of whoever migrates, since not everybody who may change a record may write the log.
# The actor is in hexadecimal digits, so that it can stand in the text of a statement.
FUNCTION = """
CREATE FUNCTION "_note_change"() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    acting text[] := string_to_array(coalesce(current_setting('piccobase.actor', true), ''), '.');
    actor_collection text := convert_from(decode(coalesce(acting[1], ''), 'hex'), 'UTF8');
    actor text := convert_from(decode(coalesce(acting[2], ''), 'hex'), 'UTF8');
    moment bigint := extract(epoch FROM clock_timestamp()) * 1000;
    before jsonb;
    after jsonb;
    said text;
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        INSERT INTO {schema}."_changes" ("collection", "verb", "actor_collection", "actor", "time")
        VALUES (TG_ARGV[0], 'delete', actor_collection, actor, moment);
        RETURN NULL;
    END IF;
    IF TG_OP <> 'INSERT' THEN
        before := to_jsonb(OLD);
    END IF;
    IF TG_OP <> 'DELETE' THEN
        after := to_jsonb(NEW);
    END IF;
    IF TG_OP = 'UPDATE' AND before -> TG_ARGV[1] = after -> TG_ARGV[1] THEN
        SELECT coalesce(jsonb_agg(name.value ORDER BY name.value COLLATE "C"), '[]') INTO said
        FROM jsonb_each_text(TG_ARGV[2]::jsonb) AS name
        WHERE before -> name.key IS DISTINCT FROM after -> name.key;
        INSERT INTO {schema}."_changes"
            ("collection", "record", "verb", "fields", "actor_collection", "actor", "time")
        VALUES (TG_ARGV[0], after ->> TG_ARGV[1], 'update', said, actor_collection, actor, moment);
        RETURN NULL;
    END IF;
    IF before IS NOT NULL THEN
        SELECT jsonb_object_agg(name.value, before -> name.key) INTO said
        FROM jsonb_each_text(TG_ARGV[3]::jsonb) AS name;
        INSERT INTO {schema}."_changes"
            ("collection", "record", "verb", "row", "actor_collection", "actor", "time")
        VALUES (TG_ARGV[0], before ->> TG_ARGV[1], 'delete', said, actor_collection, actor, moment);
    END IF;
    IF after IS NOT NULL THEN
        INSERT INTO {schema}."_changes" ("collection", "record", "verb", "actor_collection", "actor", "time")
        VALUES (TG_ARGV[0], after ->> TG_ARGV[1], 'create', actor_collection, actor, moment);
    END IF;
    RETURN NULL;
END $$
"""

STATEMENTS = (
    # The one that wrote the row: what a reader has seen of it, it can tell by the transactions it could see.
    """ALTER TABLE "_changes" ADD COLUMN "tx" xid8 NOT NULL DEFAULT pg_current_xact_id()""",
    """CREATE INDEX "_changes_in_order" ON "_changes" ("tx", "position")""",
    """CREATE INDEX "_changes_of_collection" ON "_changes" ("collection", "tx")""",
)


# Else whoever may make a table could have it write into the log what was never done.
REVOKE = 'REVOKE ALL ON FUNCTION "_note_change"() FROM PUBLIC'


class RawTable(Table):
    """Runs statements."""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="piccobase", description=DESCRIPTION)

    async def create() -> None:
        if not await _on_postgres():
            return
        [found] = await RawTable.raw("SELECT quote_ident(current_schema()) AS schema")
        for statement in (*STATEMENTS, FUNCTION.format(**found), REVOKE):
            # Piccolo takes brackets for places of values.
            await RawTable.raw(statement.replace("{", "{{").replace("}", "}}"))

    async def drop() -> None:
        if await _on_postgres():
            await RawTable.raw('DROP FUNCTION "_note_change"() CASCADE')  # with the triggers that call it
            for name in ("_changes_in_order", "_changes_of_collection"):
                await RawTable.raw(f'DROP INDEX "{name}"')
            await RawTable.raw('ALTER TABLE "_changes" DROP COLUMN "tx"')

    manager.add_raw(create)
    manager.add_raw_backwards(drop)
    return manager


async def _on_postgres() -> bool:
    engine = engine_finder()
    return engine is not None and engine.engine_type == "postgres"
