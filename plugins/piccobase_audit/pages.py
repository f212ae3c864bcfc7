"""The audit log on the dashboard: what was changed lately, and the history of a record with a way back."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from piccobase import Plugin
from piccobase.extending import (
    CollectionInfo,
    FieldError,
    NotFound,
    PageRequest,
    RecordService,
    RequestError,
    SentOn,
    ShownPage,
    text_literal,
)
from piccobase_audit.entries import NAME, VERBS, json_text
from piccobase_audit.history import EntrySeen, read_history, seen
from piccobase_audit.undoing import undo_change

PER_PAGE = 50
LONGEST_SHOWN = 2000  # characters of a value
Names = Mapping[tuple[str, str], str]


@dataclass(frozen=True, slots=True)
class FieldSeen:
    """A field of an entry: what it was and what it is since, None where there was or is no record."""

    name: str
    before: str | None
    after: str | None


def add_pages(plugin: Plugin, follows: Callable[[CollectionInfo], bool]) -> None:
    """Declares the pages. `follows` says whether the changes of a collection are noted."""

    @plugin.page(title="Audit log", icon="logs")
    async def latest(asked: PageRequest) -> ShownPage:
        """The last changes of all records, or of those that are asked for."""
        wanted = {name: asked.query.get(name, "") for name in ("collection", "verb", "actor")}
        number = page_number(asked)
        found = await asked.records.list(
            NAME,
            filter=" && ".join(f"{name} = {text_literal(value)}" for name, value in wanted.items() if value),
            sort="-at,-id",
            page=number,
            per_page=PER_PAGE,
        )
        entries = [seen(entry) for entry in found.items]
        return asked.show(
            "audit.html",
            entries=entries,
            names=await actor_names(asked.records, entries),
            wanted=wanted,
            verbs=VERBS,
            number=number,
            last=found.total_pages,
            total=found.total_items,
        )

    @plugin.page("record/{collection}/{record}", title="History", methods=["GET", "POST"])
    async def history(asked: PageRequest) -> ShownPage | SentOn:
        """All that has become of one record. A form sends the entry to undo."""
        collection, record = asked.parameters["collection"], asked.parameters["record"]
        problem: RequestError | None = None
        if asked.method == "POST":
            try:
                await undo_change(asked.records, asked.form.get("entry", ""), follows)
                return asked.go_to(f"record/{quote(collection, '')}/{quote(record, '')}?told=undone")
            except RequestError as error:
                problem = error
        number = page_number(asked)
        found = await read_history(asked.records, collection, record, number, PER_PAGE)
        if not found.items and number == 1:
            raise NotFound
        return asked.show(
            "audit_record.html",
            status=200 if problem is None else problem.status,
            collection=collection,
            record=record,
            entries=[(entry, fields_of(entry)) for entry in found.items],
            names=await actor_names(asked.records, found.items),
            problem=problem,
            mistakes=mistakes_of(problem),
            told=asked.query.get("told") == "undone",
            number=number,
            last=found.total_pages,
        )


def page_number(asked: PageRequest) -> int:
    text = asked.query.get("page", "")
    return int(text) if text.isascii() and text.isdigit() and 0 < len(text) < 9 and int(text) else 1


def fields_of(entry: EntrySeen) -> Sequence[FieldSeen]:
    """The fields of an entry by their names, with values as people read them."""
    before, after = entry.before, entry.after
    names = dict.fromkeys([*(before or {}), *(after or {})])
    fields = [FieldSeen(name, shown(before, name), shown(after, name)) for name in names]
    return [*fields, *(FieldSeen(name, "…", "…") for name in entry.changed if name not in names)]


def shown(values: Mapping[str, Any] | None, name: str) -> str | None:
    if values is None or name not in values:
        return None
    value = values[name]
    text = value if isinstance(value, str) else json_text(value)
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"


def mistakes_of(problem: RequestError | None) -> Mapping[str, str]:
    """What was wrong, by field."""
    data = problem.data if problem is not None else {}
    return {name: error.message for name, error in data.items() if isinstance(error, FieldError)}


async def actor_names(records: RecordService, entries: Iterable[EntrySeen]) -> Names:
    """The e-mail addresses of all who have asked, as far as they are there: one query for each collection."""
    ids: dict[str, set[str]] = {}
    for entry in entries:
        if entry.actor.id:
            ids.setdefault(entry.actor.collection, set()).add(entry.actor.id)
    names: dict[tuple[str, str], str] = {}
    for collection, wanted in ids.items():
        condition = " || ".join(f"id = {text_literal(one)}" for one in sorted(wanted))
        try:
            found = await records.list(collection, filter=condition, per_page=PER_PAGE, skip_total=True)
        except LookupError:  # the collection is gone
            continue
        names |= {(collection, one["id"]): one["email"] for one in found.items if one.get("email")}
    return names
