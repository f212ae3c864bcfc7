"""Records read for the examples, through the record service and as the superuser who looks at the page."""

import json
from typing import Any

from piccobase.extending import Actor, CollectionInfo, ListQuery, Services, encode_json, list_records

LONGEST = 160  # characters of a text in an example
MOST_ENTRIES = 4  # of a list in an example


async def first_records(
    services: Services, actor: Actor, collection: CollectionInfo, count: int, *, where: str = ""
) -> list[dict[str, Any]]:
    """Some records, as JSON has them; `where` is a filter."""
    context = services.records.context(actor, "GET", {}, {})
    asked = ListQuery(per_page=count, skip_total=True, filter=where)
    page = await list_records(services.records, context, collection, asked)
    records: list[dict[str, Any]] = json.loads(encode_json(page.items))
    return records


def shortened(value: Any) -> Any:
    """The value with long texts and lists cut, marked by `…`: an example is there to be read."""
    match value:
        case str() if len(value) > LONGEST:
            return value[:LONGEST] + "…"
        case list() if len(value) > MOST_ENTRIES:
            return [*map(shortened, value[:MOST_ENTRIES]), "…"]
        case list():
            return [shortened(entry) for entry in value]
        case dict():
            return {name: shortened(entry) for name, entry in value.items()}
    return value


def without_hidden(collection: CollectionInfo, record: dict[str, Any]) -> dict[str, Any]:
    """The record as others than superusers see it, but for fields with rules of their own."""
    hidden = {field.name for field in collection.fields if field.hidden}
    return {name: value for name, value in record.items() if name not in hidden}


def pretty(value: Any) -> str:
    """As indented JSON."""
    return json.dumps(value, indent=2, ensure_ascii=False)
