"""An entry of the audit log: what is kept of one change, with what only superusers may read apart from the rest."""

import secrets
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

import msgspec
from piccolo.columns import JSONB, Boolean, Varchar

from piccobase import Collection, Record
from piccobase.columns import AutoDate, Select
from piccobase.extending import CollectionInfo, Database, FieldInfo, encode_json, instant_text, now, parse_whole_json

VERBS = ("create", "update", "delete")
PASSWORD = "password"  # noqa: S105  # it is named where it was set, and never kept


class AuditEntry(Collection, tablename="audit_entries", timestamps=False):
    """One change of one record: written in the transaction of the change itself, and by nobody else.

    `before` and `after` have the fields that are different: of a new and of a deleted record all of them.
    """

    at = AutoDate(index=True, help_text="When.")
    verb = Select(VERBS, required=True)
    collection = Varchar(required=True, help_text="Its name then.")
    collection_key = Varchar(db_column_name="collectionKey", help_text="Its id, which stays when it is renamed.")
    record = Varchar(index=True, required=True, help_text="The id of the record.")
    changed = JSONB(default="[]", help_text="The names of the fields that are different.")
    before = JSONB(null=True, default=None, help_text="What they were; null for a new record.")
    after = JSONB(null=True, default=None, help_text="What they are since; null for a deleted record.")
    hidden_before = JSONB(null=True, default=None, secret=True, db_column_name="hiddenBefore")
    hidden_after = JSONB(null=True, default=None, secret=True, db_column_name="hiddenAfter")
    actor_collection = Varchar(db_column_name="actorCollection", help_text="Of whoever asked; empty for a guest.")
    actor = Varchar(index=True, help_text="The id of whoever asked.")
    by_system = Boolean(default=False, db_column_name="bySystem", help_text="Done by code that takes all rights.")
    request = Varchar(help_text="The id of the request, as in X-Request-Id and in the request log.")
    ip = Varchar(help_text="Where it came from, unless the settings say that addresses are not kept.")
    undoes = Varchar(help_text="The id of the entry whose change was taken back by this one.")


NAME: str = AuditEntry._meta.tablename
_COLUMNS = [column._meta.db_column_name for column in AuditEntry._meta.columns]
_NAMES = ", ".join(f'"{name}"' for name in _COLUMNS)
_PLACES = {
    "sqlite": ", ".join("?" for _ in _COLUMNS),
    "postgres": ", ".join(f"${place}" for place, _ in enumerate(_COLUMNS, 1)),
}
_INSERTS = {dialect: f"INSERT INTO {NAME} ({_NAMES}) VALUES ({places})" for dialect, places in _PLACES.items()}
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_last_id = 0


def next_id() -> str:
    """An id of an entry. Those of one process sort as they were made, also within the millisecond that `at` tells."""
    global _last_id
    _last_id = max(_last_id + 1, round(now().timestamp() * 1_000_000))
    number, text = _last_id, ""
    while number:
        number, digit = divmod(number, len(_DIGITS))
        text = _DIGITS[digit] + text
    return text.rjust(10, "0") + "".join(secrets.choice(_DIGITS) for _ in range(5))


def difference(
    collection: CollectionInfo, before: Record | None, after: Record | None, *, sets_password: bool
) -> dict[str, Any]:
    """The columns that say what has changed; empty where nothing has.

    Instants that the server sets change with every write, so they are none of it.
    """
    known = [field for field in collection.fields if field.name in (after or before or {})]
    if before is not None and after is not None:
        known = [field for field in known if not field.auto and before[field.name] != after[field.name]]
    if not known and not sets_password:
        return {}
    hidden = [field.name for field in known if is_guarded(collection, field)]
    shown = [field.name for field in known if field.name not in hidden]
    named = [field.name for field in known if field.name in shown and not field.auto and not field.key]
    return {
        "changed": json_text([*named, *([PASSWORD] if sets_password else [])]),
        "before": _kept(before, shown),
        "after": _kept(after, shown),
        "hiddenBefore": _kept(before, hidden) if hidden else None,
        "hiddenAfter": _kept(after, hidden) if hidden else None,
    }


async def insert_entry(db: Database, values: Mapping[str, Any]) -> None:
    """Writes an entry, in the transaction that is open. `values` are by the names of the database's columns.

    The write lock is held meanwhile, and Piccolo would take several times as long to make the statement anew.
    """
    moment = now()
    given = {**values, "id": next_id(), "at": instant_text(moment) if db.dialect == "sqlite" else moment}
    await db.rows(_INSERTS[db.dialect], [given[name] for name in _COLUMNS])


def is_guarded(collection: CollectionInfo, field: FieldInfo) -> bool:
    """Whether not all who see the record see this field of it: then only superusers read it in the log.

    The address of an account is shown to others as its owner decides (`emailVisibility`), which may change by then.
    """
    return field.hidden or field.read_rule != "" or (collection.kind == "auth" and field.name == "email")


def has_hidden_parts(entry: AuditEntry) -> bool:
    """Whether it has more than whoever may read entries sees."""
    return any(text is not None for text in (entry.hidden_before, entry.hidden_after))


def texts_of(entry: AuditEntry) -> tuple[list[str], list[str]]:
    """Before and after in JSON, with what only superusers read."""
    before = [text for text in (entry.before, entry.hidden_before) if text is not None]
    after = [text for text in (entry.after, entry.hidden_after) if text is not None]
    return before, after


def joined(texts: Iterable[str], parse: Callable[[str], Any] = parse_whole_json) -> dict[str, Any]:
    """The fields of all these objects. Numbers are as drafts take them, with all their digits."""
    return {name: value for text in texts for name, value in parse(text).items()}


def json_text(value: Any) -> str:
    return encode_json(value).decode()


exact = msgspec.json.Decoder(float_hook=Decimal).decode
"""Reads JSON so that values can be compared: no digit is lost."""


def _kept(record: Record | None, names: Iterable[str]) -> str | None:
    return None if record is None else json_text({name: record[name] for name in names})
