"""What a record is called: by its name or title rather than by its id, wherever another record points to it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from piccobase.extending import CollectionInfo, ListQuery, RequestContext, Services, list_records

_USUAL_NAMES = ("name", "title", "label", "username", "email")
_AT_ONCE = 32  # ids in one question; a filter has an end
MOST_FOUND = 1000


@dataclass(frozen=True, slots=True)
class Label:
    """Which fields a record is called by, and how they are put together: Piccolo's `Readable`."""

    names: tuple[str, ...]
    template: str = "%s"

    def of(self, values: dict[str, Any]) -> str:
        """The label of a record, by its fields as a list shows them; its id where the fields say nothing."""
        parts = tuple("" if values[name] is None else values[name] for name in self.names)
        return self.template % parts if any(str(part).strip() for part in parts) else str(values["id"])


def label_of(collection: CollectionInfo) -> Label:
    """As the table's `get_readable` says; without one the first field that is usually a name, else the id."""
    by_attribute = {field.attribute: field for field in collection.fields if not field.hidden}
    readable = collection.table.get_readable()
    chosen = [by_attribute.get(column._meta.name) for column in readable.columns if not column._meta.call_chain]
    declared = [field for field in chosen if field is not None]
    if len(declared) == len(readable.columns) and declared != [collection.key]:
        return Label(tuple(field.name for field in declared), readable.template)
    usual = (collection.by_name.get(name) for name in _USUAL_NAMES)
    found = next((field for field in usual if field and field.family == "text" and not field.hidden), collection.key)
    return Label((found.name,))


def quoted(text: str) -> str:
    """A text as a filter's literal."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def pattern(text: str, *, before: str = "%", after: str = "%") -> str:
    """A text as the literal of a LIKE that takes it literally."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return quoted(f"{before}{escaped}{after}")


async def fetch_found(
    services: Services, context: RequestContext, collection: CollectionInfo, label: Label, search: str, count: int
) -> list[Any]:
    """The first `count` records whose label holds `search`, in the order of their labels."""
    first = collection.by_name[label.names[0]]
    wanted = ""
    if search:
        by_id = f"id = {quoted(search)}"
        wanted = f"{first.name} ~ {pattern(search)} || {by_id}" if first.family == "text" else by_id
    asked = ListQuery(per_page=min(count, MOST_FOUND), skip_total=True, filter=wanted, sort=first.name)
    return (await list_records(services.records, context, collection, asked)).items


async def fetch_named(
    services: Services, context: RequestContext, collection: CollectionInfo, ids: Iterable[str]
) -> list[Any]:
    """The records with these ids, those that are there."""
    wanted = sorted(set(ids))
    found: list[Any] = []
    for start in range(0, len(wanted), _AT_ONCE):
        part = wanted[start : start + _AT_ONCE]
        # Filled up to a power of two: a handful of plans serves all lengths.
        part += part[-1:] * ((1 << (len(part) - 1).bit_length()) - len(part))
        wish = " || ".join(f"id = {quoted(one)}" for one in part)
        asked = ListQuery(per_page=_AT_ONCE, skip_total=True, filter=wish)
        found += (await list_records(services.records, context, collection, asked)).items
    return found
