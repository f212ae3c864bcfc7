"""The collections' ids: given at the first registration, stored, and kept from then on (protocol.md §1.9)."""

import logging
from collections.abc import Sequence

from piccolo.table import Table

from piccobase.base.errors import PiccobaseError, Problem, StartError
from piccobase.db.engine import Database
from piccobase.db.placeholders import in_dialect
from piccobase.identity.secrets import SecretStore, token_secret_name
from piccobase.schema.building import build_registry
from piccobase.schema.collections import CollectionInfo
from piccobase.schema.registry import Registry
from piccobase.schema.rules import Role

log = logging.getLogger("piccobase.db")


async def settle_collections(
    db: Database, tables: Sequence[type[Table]], roles: Sequence[Role], secrets: SecretStore
) -> Registry:
    """The registry with the stored ids, and new collections' ids stored.

    An auth collection whose `auth` rule has changed since the last start gets a new secret: whoever signed in under the
    old rule signs in again (protocol.md §5.10). Raises StartError for a view that the database does not understand.
    """
    async with db.transaction():
        stored = await db.rows('SELECT "id", "name", "auth_rule" FROM "_collections"')
        ids = {name: id_ for id_, name, _ in stored}
        rules = {id_: rule for id_, _, rule in stored}
        registry = build_registry(tables, roles, ids, db.dialect)
        for collection in registry.collections.values():
            rule = str(collection.rules["auth"])
            if collection.id not in rules:
                await _store(db, collection, rule)
            elif rules[collection.id] != rule:
                sql = in_dialect('UPDATE "_collections" SET "auth_rule" = ? WHERE "id" = ?', db.dialect)
                await db.rows(sql, (rule, collection.id))
                if collection.kind == "auth":
                    # With the new rule or not at all: else a crash in between would keep the old tokens alive.
                    await secrets.replace(token_secret_name(collection, "auth"))
    for collection in registry.collections.values():
        if collection.kind == "auth":
            await secrets.load_or_create(token_secret_name(collection, "auth"))
        elif collection.kind == "view":
            await _try(db, collection)
    return registry


async def tell_of_gone(db: Database, registry: Registry) -> None:
    """Warns of tables that were served once and are no longer in the code; for apps that have no migrations yet.

    A table that is called otherwise in the code begins empty, and the old one stays as it is.
    """
    stored = await db.rows('SELECT "name" FROM "_collections" WHERE "kind" != \'view\' ORDER BY "name"')
    gone = [name for (name,) in stored if name not in registry.collections]
    if gone:
        log.warning(
            "In the database and no longer in the code: %s. Nothing is deleted. Those of a plugin that is not loaded "
            "wait for it. If one has another name now, give it the old one once more, write the first migration with "
            "piccobase migrate new, and then rename it: from then on renames are asked for.",
            ", ".join(gone),
        )


async def _try(db: Database, view: CollectionInfo) -> None:
    """Has the database read a view's query once, so that what is wrong with it is told at the start."""
    try:
        await db.rows(f'SELECT * FROM {view.source} AS "view" LIMIT 0')
    except PiccobaseError as error:
        problem = Problem("view.E009", view.name, f"the database cannot run its query: {error.__cause__ or error}")
        raise StartError(str(problem)) from error


async def _store(db: Database, collection: CollectionInfo, rule: str) -> None:
    # Two servers that start at once may both store it; the second finds it there.
    sql = 'INSERT INTO "_collections" ("id", "name", "kind", "auth_rule") VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING'
    await db.rows(in_dialect(sql, db.dialect), (collection.id, collection.name, collection.kind, rule))
