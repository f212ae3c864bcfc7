"""Reads the change log: what comes after a position, each change once, and each record's changes as they came.

What a position looks like is each database's own affair. On SQLite one transaction commits after the other, and it is
the row's number. On PostgreSQL numbers become visible out of order: see `reading_postgres`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal, Protocol

import msgspec

from piccobase.base.errors import BadRequest
from piccobase.db.engine import Database, Row

Verb = Literal["create", "update", "delete"]
COLUMNS = '"position", "collection", "record", "verb", "fields", "actor_collection", "actor", "time", "row"'
START = ""  # the position before all that is kept
MOST = 1_000  # changes at once, unless somebody asks for fewer


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One record that was created, changed or deleted. `collection` and `record` are ids.

    Without a `record` any of the collection may have been changed, or deleted, at once: by TRUNCATE, or in rows that
    the database could not tell apart. The actor is empty for guests and for what the system does by itself.
    """

    position: str
    collection: str
    record: str
    verb: Verb
    fields: tuple[str, ...] = ()  # of an update
    actor_collection: str = ""
    actor: str = ""
    time: int = 0  # milliseconds since 1970, by the clock of who wrote it: the order is that of the positions
    row: Mapping[str, Any] | None = None  # of a delete: stored forms by field (fractions as Decimal), no secrets


class ChangesForgotten(BadRequest):
    """What followed the position is no longer kept, or the database was put back: begin anew, with `last()`."""

    code = "changes.forgotten"

    @classmethod
    def default_message(cls) -> str:
        return "The changes after this position are no longer kept. Load everything anew, and go on from there."


class ChangeLog(Protocol):
    """The log of one database. Not to be asked inside a transaction: there it would show what may be undone yet."""

    async def after(self, position: str, limit: int = MOST) -> list[Change]:
        """The next changes, at most `limit`. Empty: nothing has happened since. START begins with the oldest kept.

        Raises ChangesForgotten where some of them are gone, BadRequest for a text that is no position.
        """
        ...

    async def last(self) -> str:
        """The position after all that is committed now."""
        ...


# One row at least, with the last number there is: as one and the same statement sees it.
_NEXT = f"""
SELECT "last".*, "next".* FROM (SELECT coalesce(max("position"), 0) FROM "_changes") AS "last" LEFT JOIN (
    SELECT {COLUMNS} FROM "_changes" WHERE "position" > ? ORDER BY "position" LIMIT ?
) AS "next" ON TRUE ORDER BY "next"."position"
"""


class SQLiteChangeLog:
    """Positions are numbers without gaps, so that a missing one is seen."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def after(self, position: str, limit: int = MOST) -> list[Change]:
        number = _number(position)
        rows = await self._db.rows(_NEXT, (number, limit))
        [last, first, *_] = rows[0]
        if position != START and (last if first is None else first - 1) != number:
            raise ChangesForgotten
        return [change_of(str(row[1]), row[1:]) for row in rows if row[1] is not None]

    async def last(self) -> str:
        [[number]] = await self._db.rows('SELECT coalesce(max("position"), 0) FROM "_changes"')
        return str(number)


def change_of(position: str, row: Row | Sequence[Any]) -> Change:
    _, collection, record, verb, fields, actor_collection, actor, time, stored = row
    return Change(
        position=position,
        collection=collection,
        record=record,
        verb=verb,
        fields=tuple(msgspec.json.decode(fields)) if fields else (),
        actor_collection=actor_collection,
        actor=actor,
        time=time,
        row=_row(stored) if stored else None,
    )


_row = msgspec.json.Decoder(dict[str, Any], float_hook=Decimal).decode  # with all digits


def _number(position: str) -> int:
    if position == START:
        return 0
    if not (position.isascii() and position.isdigit() and len(position) <= 18):
        raise BadRequest("That is no position in the change log.")
    return int(position)
