"""What goes along in the system's own tables when a table is renamed or dropped, in the same transaction.

Ids of collections are kept by a rename, so only names follow: in `_collections`, with what the change log knows of the
table, and in the labels of rate limits.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from piccobase.db.engine import Database
from piccobase.db.placeholders import in_dialect
from piccobase.db.shape import Shape
from piccobase.db.watched import CHANGES, from_stored, stored_form
from piccobase.migrations.comparing import Difference
from piccobase.migrations.ordering import rename_steps

Rows = list[dict[str, Any]]
_DROPPED = "dropped:"  # before the id of a collection, in the change log

# Of a collection that is dropped, by its id: who has which role, and what its tokens are signed with.
_GOES_ALONG = {
    "_collections": ('"id" = ?', ""),
    "_roles": ('"collection" = ?', ""),
    "_secrets": ('substr("name", 1, length(?)) = ?', "token."),
}


async def rename_collections(db: Database, difference: Difference, shape: Shape) -> None:
    renames = {
        it.before.table._meta.tablename: it.after.table._meta.tablename for it in difference.common if it.renamed
    }
    renames = {old: new for old, new in renames.items() if old != new}
    if "_collections" in shape.tables:
        sql = in_dialect('UPDATE "_collections" SET "name" = ? WHERE "name" = ?', db.dialect)
        for old, new in rename_steps(renames):
            await db.rows(sql, (new, old))
        if "watched" in shape.tables["_collections"].columns:
            await _follow_watched(db, difference)
    if renames and "_settings" in shape.tables:
        await _rename_labels(db, renames)


async def _follow_watched(db: Database, difference: Difference) -> None:
    """Until the next start, which stores it anew: so that who writes meanwhile writes the change log too."""
    sql = in_dialect('UPDATE "_collections" SET "watched" = ? WHERE "id" = ?', db.dialect)
    by_table = {it.before.table._meta.tablename: it for it in difference.changed}
    for id_, text in await db.rows('SELECT "id", "watched" FROM "_collections"'):
        stored = from_stored(text)
        change = by_table.get(stored.table) if stored else None
        if stored is None or change is None:
            continue
        renamed, gone = change.renamed_columns, {column.name for column in change.dropped}
        meta = change.after.table._meta
        followed = msgspec.structs.replace(
            stored,
            table=meta.tablename,
            schema=meta.schema or "",
            key=renamed.get(stored.key, stored.key),
            fields={renamed.get(it, it): renamed.get(it, name) for it, name in stored.fields.items() if it not in gone},
            secrets=tuple(renamed.get(it, it) for it in stored.secrets if it not in gone),
        )
        await db.rows(sql, (stored_form(followed), id_))


async def _rename_labels(db: Database, renames: Mapping[str, str]) -> None:
    """`posts:create` and `/api/collections/posts/…` are labels of rate limits."""
    stored = await db.rows('SELECT "name", "value", "revision" FROM "_settings"')
    revision = next((number for name, _, number in stored if name == ""), 0)
    update = in_dialect('UPDATE "_settings" SET "value" = ?, "revision" = ? WHERE "name" = ?', db.dialect)
    changed = False
    for name, value, _ in stored:
        found = msgspec.json.decode(value) if name else None
        rules = found.get("rules") if isinstance(found, dict) else None
        if not isinstance(rules, list):
            continue
        before = msgspec.json.encode(found)
        for rule in rules:
            if isinstance(rule, dict) and isinstance(rule.get("label"), str):
                rule["label"] = _label(rule["label"], renames)
        after = msgspec.json.encode(found)
        if after != before:
            await db.rows(update, (after.decode(), revision + 1, name))
            changed = True
    if changed:  # by this the processes see it
        sql = in_dialect('UPDATE "_settings" SET "revision" = ? WHERE "name" = ?', db.dialect)
        await db.rows(sql, (revision + 1, ""))


def _label(label: str, renames: Mapping[str, str]) -> str:
    head, colon, action = label.partition(":")
    if colon and head in renames:
        return f"{renames[head]}:{action}"
    before, path, rest = label.partition("/api/collections/")
    name, slash, end = rest.partition("/")
    return f"{before}{path}{renames[name]}{slash}{end}" if path and name in renames else label


async def take_along(db: Database, table: str, shape: Shape) -> dict[str, Rows]:
    """Deletes what belongs to the collection of a table that is dropped. Returns the rows, for the trash."""
    if "_collections" not in shape.tables:
        return {}
    found = await db.rows(in_dialect('SELECT "id" FROM "_collections" WHERE "name" = ?', db.dialect), (table,))
    if not found:
        return {}
    [(id_,)] = found
    gone: dict[str, Rows] = {}
    for name, (condition, prefix) in _GOES_ALONG.items():
        if name not in shape.tables:
            continue
        value = f"{prefix}{id_}." if prefix else id_
        args = (value,) * condition.count("?")
        columns = list(shape.tables[name].columns)
        listed = ", ".join(f'"{column}"' for column in columns)
        rows = await db.rows(in_dialect(f'SELECT {listed} FROM "{name}" WHERE {condition}', db.dialect), args)
        gone[name] = [dict(zip(columns, row, strict=True)) for row in rows]
        await db.rows(in_dialect(f'DELETE FROM "{name}" WHERE {condition}', db.dialect), args)
    if CHANGES in shape.tables:  # its rows stay, since their numbers have no gaps, under an id that nobody gets
        sql = in_dialect(f'UPDATE "{CHANGES}" SET "collection" = ? WHERE "collection" = ?', db.dialect)
        await db.rows(sql, (_DROPPED + id_, id_))
    return gone


async def bring_back(db: Database, followed: Mapping[str, Rows], shape: Shape) -> None:
    """Puts the rows back that were taken along, unless others have their place now."""
    for name, rows in followed.items():
        if name not in shape.tables:
            continue
        for row in rows:
            columns = [column for column in row if column in shape.tables[name].columns]
            listed = ", ".join(f'"{column}"' for column in columns)
            places = ", ".join("?" for _ in columns)
            sql = f'INSERT INTO "{name}" ({listed}) VALUES ({places}) ON CONFLICT DO NOTHING'
            await db.rows(in_dialect(sql, db.dialect), [row[column] for column in columns])
    for row in followed.get("_collections", []):
        if CHANGES in shape.tables:
            sql = in_dialect(f'UPDATE "{CHANGES}" SET "collection" = ? WHERE "collection" = ?', db.dialect)
            await db.rows(sql, (row["id"], _DROPPED + row["id"]))
