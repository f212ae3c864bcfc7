"""Reads the change log on PostgreSQL, where a number may become visible after greater ones.

A position is what a reader could see: the snapshot it has read with. What it has not seen is what is visible now and
was not then, whatever the numbers say, so nothing is skipped and nothing is waited for. Whoever changes a record after
somebody else can see the other's change; so each record's changes come in the order of their commits, over the
snapshots, and by their numbers within one.
"""

import re
from dataclasses import replace
from typing import NamedTuple

from piccobase.base.errors import BadRequest
from piccobase.changes.reading import COLUMNS, MOST, START, Change, ChangesForgotten, change_of
from piccobase.db.engine import Database

_SNAPSHOT = r"\d{1,20}:\d{1,20}:(?:\d{1,20}(?:,\d{1,20})*)?"
_POSITION = re.compile(rf"(?P<seen>{_SNAPSHOT})(?:;(?P<target>{_SNAPSHOT});(?P<number>\d{{1,18}}))?")
_NOTHING_SEEN = "1:1:"

# One row at least, which tells the snapshot of this statement, and whether some of the changes are gone: then there is
# the mark that `prune` leaves, with the newest transaction of which something is gone, and the one that deleted it.
_NEXT = f"""
SELECT "now".*, "next".* FROM (
    SELECT pg_current_snapshot()::text, coalesce((
        SELECT "tx" >= pg_snapshot_xmin($1::text::pg_snapshot) %s FROM "_changes"
        WHERE "collection" = '' ORDER BY "tx" DESC LIMIT 1
    ), FALSE)
) AS "now" LEFT JOIN (
    SELECT {COLUMNS} FROM "_changes"
    WHERE NOT pg_visible_in_snapshot("tx", $1::text::pg_snapshot) AND "collection" <> '' %s ORDER BY "position" LIMIT $2
) AS "next" ON TRUE ORDER BY "next"."position"
"""
# Found by `tx`: its range has two ends, since PostgreSQL, where it does not know them, then expects few rows.
_NEWER = _NEXT % (
    "",
    'AND "tx" >= pg_snapshot_xmin($1::text::pg_snapshot) AND "tx" < pg_snapshot_xmax(pg_current_snapshot())',
)
# Found by `position`, one page after the other.
_REST = _NEXT % (
    'AND NOT pg_visible_in_snapshot("record"::xid8, $3::text::pg_snapshot)',
    'AND pg_visible_in_snapshot("tx", $3::text::pg_snapshot) AND "position" > $4',
)


class _Position(NamedTuple):
    """All that is visible in `seen`; and, with a target, what is visible in that one up to a number."""

    seen: str
    target: str = ""
    number: int = 0

    def __str__(self) -> str:
        return f"{self.seen};{self.target};{self.number}" if self.target else self.seen


class PostgresChangeLog:
    """See the module."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def after(self, position: str, limit: int = MOST) -> list[Change]:
        at = _parsed(position)
        if at.target:
            if rest := await self._read(at, limit):
                return rest
            at = _Position(at.target)  # which is seen now
        return await self._read(at, limit)

    async def _read(self, at: _Position, limit: int) -> list[Change]:
        if at.target:
            rows = await self._db.rows(_REST, (at.seen, limit, at.target, at.number))
        else:
            rows = await self._db.rows(_NEWER, (at.seen, limit))
        now, forgotten = rows[0][:2]
        if forgotten and (at.target or at.seen != _NOTHING_SEEN):
            raise ChangesForgotten
        target = at.target or now
        found = [change_of(str(_Position(at.seen, target, row[2])), row[2:]) for row in rows if row[2] is not None]
        if found and len(found) < limit:
            found[-1] = replace(found[-1], position=target)
        return found

    async def last(self) -> str:
        [[snapshot]] = await self._db.rows("SELECT pg_current_snapshot()::text")
        return str(snapshot)


def _parsed(position: str) -> _Position:
    if position == START:
        return _Position(_NOTHING_SEEN)
    found = _POSITION.fullmatch(position)
    if found is None or len(position) > 100_000:
        raise BadRequest("That is no position in the change log.")
    return _Position(found["seen"], found["target"] or "", int(found["number"] or 0))
