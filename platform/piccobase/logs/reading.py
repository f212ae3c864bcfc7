"""Reading the log: pages, single entries and totals by the hour, under the filter language (protocol.md §8.3)."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from piccobase.base.errors import NotFound
from piccobase.filters.bindings import Bindings
from piccobase.filters.compiler import compile_filter
from piccobase.filters.dialects import dialect_of
from piccobase.filters.fragments import Fragment, compose, join, render, slot
from piccobase.filters.joins import Joins
from piccobase.filters.names import CollectionNames
from piccobase.filters.parser import CLIENT_LIMITS, parse
from piccobase.filters.sorting import compile_sort, parse_sort
from piccobase.filters.tree import All, Comparison, Constant, Filter, Name
from piccobase.logs.store import LogStore
from piccobase.logs.table import first_id
from piccobase.schema.values.dates import parse_instant

_ALIAS = "r"
_COLUMNS = ", ".join(f'"{_ALIAS}"."{name}"' for name in ("id", "created", "level", "message", "data"))
_ID = {"sqlite": re.compile("[0-9a-f]{15}"), "postgres": re.compile("[0-9a-z]{15}")}
# The hour as it is shown, and what is grouped by.
_HOURS = {
    "sqlite": ("strftime('%Y-%m-%d %H:00:00.000Z', \"r\".\"hour\" * 3600, 'unixepoch')", '"r"."hour"'),
    "postgres": ('to_char("r"."created" AT TIME ZONE \'UTC\', \'YYYY-MM-DD HH24":00:00.000Z"\')', "1"),
}


@dataclass(slots=True, kw_only=True)
class LogPage:
    """A page of entries; totals are -1 where they were not asked for."""

    items: list[dict[str, Any]]
    page: int
    per_page: int
    total_items: int
    total_pages: int


@dataclass(slots=True, kw_only=True)
class _Bindings(Bindings):
    limit: int = 0
    offset: int = 0


class LogReader:
    """Answers questions about the log. All of them are a superuser's."""

    def __init__(self, store: LogStore) -> None:
        self._store = store
        self._dialect = dialect_of(store.engine.dialect)
        fields = {field.name: field for field in store.collection.fields}
        self._read_created = fields["created"].value.read(store.engine.dialect)

    async def page(
        self, *filters: str, page: int = 1, per_page: int = 30, sort: str = "", skip_total: bool = False
    ) -> LogPage:
        """A page of the entries for which all filters hold; as they came unless there is a sort.

        Raises InvalidQuery for a filter or sort that is none.
        """
        await self._store.prepare()
        names, condition = self._asked(filters)
        order = compile_sort(parse_sort(sort), names, self._dialect, text=sort)
        if not order.sql:
            order = Fragment(", ".join(one.sql for one in names.insertion_order()))
        found = compose(
            self._from(), condition, " ORDER BY ", order, " LIMIT ", slot(_limit), " OFFSET ", slot(_offset)
        )
        bindings = _Bindings(limit=per_page, offset=(page - 1) * per_page)
        total = pages = -1
        if not skip_total:  # first, since entries come in between: none that were counted are missing from the page
            [(total,)] = await self._rows(compose("SELECT COUNT(*)", self._from(), condition), bindings)
            pages = -(-total // per_page)
        rows = await self._rows(compose(f"SELECT {_COLUMNS}", found), bindings)
        return LogPage(
            items=[*map(self._entry, rows)], page=page, per_page=per_page, total_items=total, total_pages=pages
        )

    async def view(self, entry_id: str) -> dict[str, Any]:
        """One entry. Raises NotFound."""
        await self._store.prepare()
        found: list[Any] = []
        if _ID[self._store.engine.dialect].fullmatch(entry_id):
            wanted = compose(f"SELECT {_COLUMNS}", self._from(), " WHERE ", self._is_entry(entry_id))
            found = await self._rows(wanted, Bindings())
        if not found:
            raise NotFound
        return self._entry(found[0])

    async def stats(self, *filters: str) -> list[dict[str, Any]]:
        """How many entries there are of each hour that has any: `{"date": …, "total": …}`, in their order.

        Raises InvalidQuery for a filter that is none.
        """
        await self._store.prepare()
        _, condition = self._asked(filters)
        shown, hour = _HOURS[self._store.engine.dialect]
        asked = compose(f"SELECT {shown}, COUNT(*)", self._from(), condition, f" GROUP BY {hour} ORDER BY {hour}")
        rows = await self._rows(asked, Bindings())
        return [{"date": date, "total": total} for date, total in rows]

    def _asked(self, filters: Iterable[str]) -> tuple[CollectionNames, Fragment]:
        """The names, and what stands behind FROM so that all filters hold."""
        names = CollectionNames(
            collection=self._store.collection, find=lambda name: None, joins=Joins(self._dialect), alias=_ALIAS
        )
        asked = [parse(text, limits=CLIENT_LIMITS) for text in filters if text]
        conditions = [compile_filter(each, names, self._dialect, constants=True) for each in asked]
        if self._store.engine.dialect == "sqlite":
            conditions += [_noted_since(moment) for each in asked for moment in _oldest_wanted(each)]
        return names, compose(" WHERE ", join(" AND ", conditions)) if conditions else Fragment("")

    def _is_entry(self, entry_id: str) -> Fragment:
        """On SQLite an id is the row's number, written in another way."""
        if self._store.engine.dialect == "postgres":
            return compose('"r"."id" = ', slot(lambda bindings: entry_id))
        return compose('"r".rowid = ', slot(lambda bindings: int(entry_id, 16)))

    def _from(self) -> Fragment:
        return Fragment(f' FROM {self._store.collection.source} AS "{_ALIAS}"')

    async def _rows(self, question: Fragment, bindings: Bindings) -> list[tuple[Any, ...]]:
        statement = render(question, self._store.engine.dialect)
        return await self._store.engine.rows(statement.sql, statement.bind(bindings))

    def _entry(self, row: tuple[Any, ...]) -> dict[str, Any]:
        id_, created, level, message, data = row
        if self._read_created is not None:
            created = self._read_created(created)
        return {"created": created, "data": msgspec.json.decode(data), "id": id_, "level": level, "message": message}


def _oldest_wanted(asked: Filter) -> Iterator[datetime]:
    """The moments before which nothing is wanted, as far as that is plain: `created >= '2026-11-23' && …`."""
    for part in asked.root.parts if isinstance(asked.root, All) else (asked.root,):
        match part:
            case Comparison(Name(("created",), ""), ">" | ">=", _, Constant(index)):
                moment = parse_instant(str(asked.literals[index]))
                if moment is not None:
                    yield moment


def _noted_since(moment: datetime) -> Fragment:
    """What SQLite can look up, other than the time itself."""
    return compose('"r".rowid >= ', slot(lambda bindings: first_id(moment.timestamp() - 1)))


def _limit(bindings: Bindings) -> int:
    assert isinstance(bindings, _Bindings)
    return bindings.limit


def _offset(bindings: Bindings) -> int:
    assert isinstance(bindings, _Bindings)
    return bindings.offset
