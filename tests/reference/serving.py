"""A world of chance as a Piccobase server, and what that answers to filters."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from piccolo.columns import (
    JSONB,
    UUID,
    Array,
    BigInt,
    Boolean,
    Date,
    DoublePrecision,
    ForeignKey,
    Numeric,
    Time,
    Timestamptz,
    Varchar,
)
from piccolo.table import Table
from tests.asking import serving
from tests.reference.world import Asking, Field, Record, World
from tests.reference.worlds import MOMENT

from piccobase import AuthCollection, Collection, FieldRules, Rules, signed_in
from piccobase.base import clock
from piccobase.columns import Editor, GeoPoint, MultiSelect, Relations, Select
from piccobase.testing import Caller

BROUGHT_ALONG = ("id", "created", "updated", "email", "emailVisibility", "verified")
UNSUPPORTED = "unsupported"
Outcome = frozenset[str] | str  # the ids, or why there are none: "400", "403", `UNSUPPORTED`


def declared(world: World) -> list[type[Table]]:
    """The collections as a project would declare them."""
    tables: dict[str, type[Table]] = {}
    for name, collection in world.collections.items():
        columns = {
            field.name: _column(field, tables, name) for field in collection.fields if field.name not in BROUGHT_ALONG
        }
        of_fields = {each.name: FieldRules(read=signed_in) for each in collection.fields if each.members_only}
        rules = Rules(list=collection.list_rule, view="", create="", update="", delete="", fields=of_fields)
        base = AuthCollection if collection.auth else Collection
        namespace = {"__module__": __name__, "__qualname__": name, **columns, "rules": rules}
        options = {"tablename": name, "lenient": not collection.strict}
        tables[name] = type(base)(name.title(), (base,), namespace, **options)
        for field in collection.fields:
            if field.kind == "relations" and field.target == name:
                vars(tables[name])[field.name].target = tables[name]
    return list(tables.values())


def _column(field: Field, tables: Mapping[str, type[Table]], own: str) -> Any:
    options: dict[str, Any] = {"secret": field.hidden, "unique": field.unique}
    nullable: dict[str, Any] = {"null": True, "default": None} if field.nullable else {}
    match field.kind:
        case "text":
            return Varchar(**options, **nullable)
        case "editor":
            return Editor(**options, **nullable)
        case "number":
            return DoublePrecision(**options, **nullable)
        case "integer":
            return BigInt(**options, **nullable)
        case "bool":
            return Boolean(**options, **nullable)
        case "date":
            return Timestamptz(null=True, default=None, **options)
        case "select":
            return Select(field.values, **options, **nullable)
        case "multiselect":
            return MultiSelect(field.values, **options)
        case "relation":
            return ForeignKey("self" if field.target == own else tables[field.target], **options)
        case "relations":
            return Relations(None if field.target == own else tables[field.target], **options)
        case "json":
            return JSONB(null=True, default=None, **options)
        case "geo":
            return GeoPoint(**options)
        case "decimal":
            return Numeric(digits=(12, 2), **options, **nullable)
        case "day":
            return Date(null=True, default=None, **options)
        case "clock":
            return Time(null=True, default=None, **options)
        case "uuid":
            return UUID(null=True, default=None, **options)
        case "array":
            return Array(base_column=Varchar(), default=list, **options)
    raise AssertionError(field.kind)


class Served:
    """A started server with the world's records in it."""

    def __init__(self, api: Caller, root: Caller) -> None:
        self.api, self.root = api, root
        self.tokens: dict[str, str] = {}

    async def fill(self, drafts: list[tuple[str, Record]]) -> dict[str, list[Record]]:
        """Creates the records; they come back as a superuser sees them."""
        made: dict[str, list[Record]] = {}
        for name, draft in drafts:
            made.setdefault(name, []).append(await self.root.create(name, **draft))
        return made

    async def ask(self, collection: str, text: str, asking: Asking) -> Outcome:
        headers = {**asking.headers, "Authorization": await self._token(asking)}
        skipped = "1" if len(text) % 3 else "0"  # to count as well takes its time
        query = {**asking.query, "filter": text, "fields": "id", "perPage": "1000", "skipTotal": skipped}
        with clock.frozen(asking.moment):
            answer = await self.api.client.request(
                "GET", self.api.records(collection), params=query, headers=headers, json=asking.body or None
            )
        if answer.status_code == 200:
            page = answer.json()
            if page["totalItems"] not in (-1, len(page["items"])):
                return f"{len(page['items'])} records, but a total of {page['totalItems']}"
            return frozenset(item["id"] for item in page["items"])
        if answer.headers.get("x-error-code") == "filter.unsupported":
            return UNSUPPORTED
        return str(answer.status_code)

    async def _token(self, asking: Asking) -> str:
        if asking.superuser:
            return self.root.token
        if asking.record is None:
            return ""
        id = asking.record["id"]
        if id not in self.tokens:
            signed_in = await self.api.signed_in("people", asking.record["email"], "12345678")
            self.tokens[id] = signed_in.token
        return self.tokens[id]


@asynccontextmanager
async def served(world: World, database_url: str | None, data_dir: Path) -> AsyncIterator[Served]:
    with clock.frozen(MOMENT):
        async with serving(declared(world), [], database_url, data_dir) as api:
            yield Served(api, await api.superuser())
