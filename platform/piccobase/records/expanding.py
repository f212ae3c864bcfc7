"""Expand: related records along with records (protocol.md §2.4), one query for each relation and never one a record.

A path is dropped as a whole where it leads nowhere from records that were found: so what is behind a relation is looked
up first, and the records are put together afterwards, the innermost first. All is JSON by then, and each is written
once.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import msgspec

from piccobase.base.errors import InvalidQuery
from piccobase.base.json import encode_json
from piccobase.hooks.dispatcher import Wraps
from piccobase.records.enriching import enriched, is_enriched
from piccobase.records.events import ExpandingRecords
from piccobase.records.expand_paths import Tree, parse_expand
from piccobase.records.picking import Pick
from piccobase.records.plain import plain, to_wire
from piccobase.records.planning import Asked, Beside, Plan
from piccobase.records.related import MOST_BACK, Step, find_step, plan_related
from piccobase.records.service import Records
from piccobase.rules.context import RequestContext
from piccobase.schema.collections import CollectionInfo

MOST_RECORDS = 50_000  # looked up for one request
MOST_BYTES = 64 << 20  # of JSON for one request; a record that stands in several places counts in each
_AT_ONCE = 2000  # records; more are written in a thread, so that nobody else waits for them

Row = Sequence[Any]
_ids = msgspec.json.Decoder(list[str]).decode


class ExpandTooLarge(InvalidQuery):
    """More related records than one answer may hold."""

    code = "query.expand_too_large"

    @classmethod
    def default_message(cls) -> str:
        return (
            f"The parameter expand brings more than {MOST_RECORDS} records or {MOST_BYTES >> 20} MiB. "
            "Ask for fewer records a page (perPage), or for a shorter path."
        )


@dataclass(frozen=True, slots=True)
class Branch:
    """A segment, what it means (None: nothing), and the branches behind it."""

    segment: str
    step: Step | None
    branches: "tuple[Branch, ...]" = ()


def find_branches(
    records: Records, context: RequestContext, collection: CollectionInfo, tree: Tree
) -> tuple[Branch, ...]:
    """What the segments of an expand mean to whoever asks."""

    def branch(segment: str, below: Tree) -> Branch:
        step = find_step(records.planner, context, collection, segment)
        return Branch(segment, step, find_branches(records, context, step.target, below) if step else ())

    return tuple(branch(segment, below) for segment, below in tree.items())


def expansion_of(
    records: Records,
    context: RequestContext,
    collection: CollectionInfo,
    expand: str,
    wanted: Pick | None,
    body: Mapping[str, Any] = MappingProxyType({}),
) -> "Expansion | None":
    """The expand of a request; None where it brings nothing into any record. `body` is what rules see of it.

    Raises TooManyRelations.
    """
    tree = parse_expand(expand)
    if wanted is not None and wanted.plain_names is not None and "expand" not in wanted.plain_names:
        return None
    branches = find_branches(records, context, collection, tree)
    return Expansion(records, context, collection, branches, body) if any(branch.step for branch in branches) else None


class Expansion:
    """One request's expand."""

    def __init__(
        self,
        records: Records,
        context: RequestContext,
        collection: CollectionInfo,
        branches: tuple[Branch, ...],
        body: Mapping[str, Any],
    ) -> None:
        self._collection = collection
        self.beside = _sources(branches)  # what the plan of the records that are expanded must select beside them
        self._records, self._context, self._branches = records, replace(context, context="expand"), branches
        self._asked = Asked(
            actor=context.actor,
            body=body,
            query=context.query,
            headers=context.headers,
            method=context.method,
            context="expand",
        )
        self._records_left, self._bytes_left = MOST_RECORDS, MOST_BYTES

    async def records(self, plan: Plan, rows: Sequence[Row]) -> list[Any]:
        """The rows as records, each with its `expand` if any path led somewhere. Raises ExpandTooLarge."""
        expands = await self._expands(self._collection, self._branches, rows, plan.beside) if rows else None
        return plan.records(rows, expands)

    async def _expands(
        self, collection: CollectionInfo, branches: tuple[Branch, ...], rows: Sequence[Row], first: int
    ) -> list[bytes] | None:
        """The JSON of `expand` for each row; None where every path was dropped. `first` is the column of a source."""
        column = {field: index for index, field in enumerate(_sources(branches), first)}
        found: list[tuple[bytes, list[bytes]]] = []
        for branch in branches:
            if branch.step is None:
                continue
            stored = [row[column[branch.step.source]] for row in rows]
            values = await self._follow(collection, branch, stored)
            if values is not None:
                found.append((encode_json(branch.segment) + b":", values))
        if not found:
            return None
        found.sort()
        return [
            b"{" + b",".join(name + values[index] for name, values in found if values[index]) + b"}"
            for index in range(len(rows))
        ]

    async def _follow(self, collection: CollectionInfo, branch: Branch, stored: list[Any]) -> list[bytes] | None:
        """The JSON of what a step of the collection finds from each stored value, empty for nothing.

        None where the paths behind it are dropped, all of them, and so this step with them.
        """
        step = branch.step
        assert step is not None
        keys = [self._keys(step, value) for value in stored]
        distinct = list(dict.fromkeys(key for some in keys for key in some))
        if (around := self._records.hooks.around(ExpandingRecords, collection.name)) is None:
            found = await self._look(branch, distinct)
        else:
            found = await self._look_inside(around, collection, branch, distinct)
        if found is None:
            return None
        if len(found.rows) > _AT_ONCE:
            return await asyncio.to_thread(self._written, step, found, keys)
        return self._written(step, found, keys)

    async def _look(self, branch: Branch, keys: list[Any]) -> "_Found | None":
        """The records behind a step, with what is behind them; None where the paths behind it are dropped."""
        step = branch.step
        assert step is not None
        plan, rows = await self._related(step, _sources(branch.branches), keys)
        expands = None
        if branch.branches and rows:
            expands = await self._expands(step.target, branch.branches, rows, plan.beside + 1)
            if expands is None:
                return None
        found = _Found(plan, rows, expands, None)
        if rows and is_enriched(self._records, step.target):
            items = await enriched(self._records, self._context, step.target, found.records())
            return replace(found, items=items)
        return found

    async def _look_inside(
        self, around: Wraps, collection: CollectionInfo, branch: Branch, keys: list[Any]
    ) -> "_Found | None":
        step = branch.step
        assert step is not None
        found: _Found | None = None
        event = ExpandingRecords(
            collection=collection,
            context=self._context,
            service=self._records.acting,
            segment=branch.segment,
            relation=step.match if step.back else step.source,
            target=step.target,
        )
        ids: list[Any] = []

        async def look() -> list[dict[str, Any]]:
            nonlocal found, ids
            found = await self._look(branch, keys)
            records: list[dict[str, Any]] = plain(found.records()) if found is not None else []
            ids = [one["id"] for one in records]
            return records

        left = {one.get("id"): one for one in to_wire(await around.run(event, look))}
        if found is None:
            return None
        kept = [(row, left[id_]) for row, id_ in zip(found.rows, ids, strict=True) if id_ in left]
        return _Found(found.plan, [row for row, _ in kept], None, [record for _, record in kept])

    def _keys(self, step: Step, stored: Any) -> Sequence[Any]:
        """The driver values that lead on from a stored value, in their order."""
        planner = self._records.planner
        if stored is None or stored == "":
            return ()
        if step.source.multiple:
            keys = (planner.key_value(step.target, record_id) for record_id in _ids(stored))
            return [key for key in keys if key is not None]
        if step.match.multiple:  # a list holds ids as the wire has them
            read = step.source.value.read(planner.dialect.name)
            return (str(read(stored) if read else stored),)
        return (stored,)

    async def _related(self, step: Step, beside: Beside, keys: list[Any]) -> tuple[Plan, Sequence[Row]]:
        """The rows behind a step, for all keys with one query. Raises ExpandTooLarge."""
        plan = plan_related(self._records.planner, self._context, step, beside)
        if not keys:
            return plan, []
        rows = await self._fetch(plan, keys)
        if len(rows) > self._records_left and step.back:
            plan = plan_related(self._records.planner, self._context, step, beside, crowded=True)
            rows = await self._fetch(plan, keys)
        self._records_left -= len(rows)
        if self._records_left < 0:
            raise ExpandTooLarge
        return plan, rows

    async def _fetch(self, plan: Plan, keys: list[Any]) -> Sequence[Row]:
        asked = replace(self._asked, keys=keys, limit=self._records_left + 1)
        return await self._records.db.rows(plan.statement.sql, plan.statement.bind(asked))

    def _written(self, step: Step, found: "_Found", keys: list[Sequence[Any]]) -> list[bytes]:
        """What the step gives for each list of keys."""
        by_key: dict[Any, list[bytes]] = {}
        for row, record in zip(found.rows, found.records(), strict=True):
            of_key = by_key.setdefault(row[found.plan.beside], [])
            if len(of_key) < MOST_BACK:
                of_key.append(encode_json(record))
        return [self._value(step, [record for key in some for record in by_key.get(key, ())]) for some in keys]

    def _value(self, step: Step, records: list[bytes]) -> bytes:
        self._bytes_left -= sum(map(len, records))
        if self._bytes_left < 0:
            raise ExpandTooLarge
        if step.many and records:
            return b"[" + b",".join(records) + b"]"
        return records[0] if records else b""


@dataclass(frozen=True, slots=True)
class _Found:
    """The rows behind a step. Their records are made when they are asked for, unless a hook had to see them before."""

    plan: Plan
    rows: Sequence[Row]
    expands: list[bytes] | None
    items: list[Any] | None

    def records(self) -> Sequence[Any]:
        return self.plan.records(self.rows, self.expands) if self.items is None else self.items


def _sources(branches: tuple[Branch, ...]) -> Beside:
    """What the branches start from, in an order that is the same however the client wrote them."""
    fields = {branch.step.source for branch in branches if branch.step}
    return tuple(sorted(fields, key=lambda field: field.name))
