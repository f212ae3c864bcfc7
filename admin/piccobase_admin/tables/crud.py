"""What Piccolo Admin asks of a table, answered by the record service as the superuser who has signed in.

Piccolo's own CRUD would write past the rules, hooks and validation of the API, keep no password safe and damage what
its forms cannot hold. This one stands in its place and has its methods, and none of its queries is run.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from piccolo.table import Table
from piccolo_api.crud.endpoints import PiccoloCRUD
from pydantic import BaseModel, ConfigDict
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from piccobase.extending import (
    CollectionInfo,
    FieldError,
    InvalidRecord,
    ListQuery,
    NotFound,
    RequestContext,
    RequestError,
    Services,
    create_record,
    delete_record,
    list_records,
    unexpected,
    update_record,
    view_record,
)
from piccobase_admin.tables.form import Form, Wires, wires_of
from piccobase_admin.tables.labels import fetch_found, fetch_named
from piccobase_admin.tables.listing import parse_listing

Found = TypeVar("Found")


class AnyRecord(BaseModel):
    """What FastAPI checks of a body before it comes here: that it is an object. The record service checks the rest."""

    model_config = ConfigDict(extra="allow")


class NoFilters(BaseModel):
    """Query parameters are read here, not by FastAPI."""


class RecordCRUD(PiccoloCRUD):
    """One collection's. `forms` are those of all; `table`, `page_size` and the rest are what Piccolo Admin gives."""

    def __init__(
        self, services: Services, forms: Mapping[str, Form], table: type[Table], page_size: int = 15, **_: Any
    ) -> None:
        super().__init__(table, read_only=False, page_size=page_size)
        self.services = services
        self.forms = forms
        self.form = forms[table._meta.tablename]
        self.collection: CollectionInfo = self.form.collection

    pydantic_model = pydantic_model_output = pydantic_model_optional = property(lambda self: AnyRecord)
    pydantic_model_filters = property(lambda self: NoFilters)

    def pydantic_model_plural(self, *_: Any, **__: Any) -> type[BaseModel]:
        return AnyRecord

    # What is asked of the collection

    async def root(self, request: Request) -> Response:
        return await self._answered(request, self._create if request.method == "POST" else self._list)

    async def get_schema(self, request: Request) -> Response:
        return JSONResponse(self.form.schema())

    async def get_new(self, request: Request) -> Response:
        return JSONResponse(self.form.blank())

    async def get_count(self, request: Request) -> Response:
        return await self._answered(request, self._count)

    async def get_ids(self, request: Request) -> Response:
        return await self._answered(request, self._ids)

    async def get_references(self, request: Request) -> Response:
        references = [
            {"tableName": collection.name, "columnName": field.name}
            for collection, field in self.services.registry.relations_to(self.collection)
            if field.name in self.forms[collection.name].shown_names
        ]
        return JSONResponse({"references": references})

    # What is asked of one record

    async def detail(self, request: Request) -> Response:
        ways = {"GET": self._view, "PUT": self._update, "PATCH": self._update, "DELETE": self._delete}
        return await self._answered(request, ways[request.method])

    # The answers

    async def _list(self, request: Request) -> Response:
        context = self._context(request)
        listing = parse_listing(self.form, request.query_params.multi_items(), page_size=self.page_size)
        page = await list_records(self.services.records, context, self.collection, listing.query)
        records = [wires_of(record) for record in page.items]
        if listing.names:
            rows = [self.form.exported(record, listing.names) for record in records]
        else:
            rows = [self.form.listed(record) for record in records]
        await self._name_relations(context, rows)
        return JSONResponse({"rows": rows})

    async def _count(self, request: Request) -> Response:
        listing = parse_listing(self.form, request.query_params.multi_items(), page_size=self.page_size)
        asked = ListQuery(per_page=1, filter=listing.query.filter, fields="id")
        page = await list_records(self.services.records, self._context(request), self.collection, asked)
        return JSONResponse({"count": page.total_items, "page_size": self.page_size})

    async def _ids(self, request: Request) -> Response:
        asked = request.query_params
        limit, offset = _number(asked.get("limit"), 1000), _number(asked.get("offset"), 0)
        found = await fetch_found(
            self.services,
            self._context(request),
            self.collection,
            self.form.label,
            asked.get("search", ""),
            offset + limit,
        )
        return JSONResponse(_labels(self.form, found[offset:]))

    async def _view(self, request: Request) -> Response:
        context = self._context(request)
        row = self.form.shown(await self._stored(request, context))
        await self._name_relations(context, [row])
        return JSONResponse(row)

    async def _create(self, request: Request) -> Response:
        body = self.form.draft(await _sent(request))
        record = await create_record(self.services.records, self._context(request), self.collection, body)
        return JSONResponse([{"id": self.form.listed(wires_of(record))["id"]}], status_code=201)

    async def _update(self, request: Request) -> Response:
        """Writes the fields that were touched, and nothing at all if none was."""
        context = self._context(request)
        stored = await self._stored(request, context)
        changes = self.form.changes(stored, await _sent(request))
        if not changes:
            return JSONResponse(self.form.shown(stored))
        record_id = request.path_params["row_id"]
        record = await update_record(self.services.records, context, self.collection, record_id, changes)
        return JSONResponse(self.form.shown(wires_of(record)))

    async def _delete(self, request: Request) -> Response:
        record_id = request.path_params["row_id"]
        await delete_record(self.services.records, self._context(request), self.collection, record_id)
        return Response(status_code=204)

    # What they share

    def _context(self, request: Request) -> RequestContext:
        return self.services.records.context(request.user.actor, request.method, {}, {})

    async def _stored(self, request: Request, context: RequestContext) -> Wires:
        record_id = request.path_params["row_id"]
        return wires_of(await view_record(self.services.records, context, self.collection, record_id))

    async def _name_relations(self, context: RequestContext, rows: list[dict[str, Any]]) -> None:
        """Puts beside each relation what its target is called, as `<name>_readable`."""
        for name, target in self.form.relations.items():
            ids = {row[name] for row in rows if row.get(name)}
            if not ids:
                continue
            collection, form = self.services.registry.collections[target], self.forms[target]
            labels = _labels(form, await fetch_named(self.services, context, collection, ids))
            for row in rows:
                if row.get(name):
                    row[f"{name}_readable"] = labels.get(row[name], row[name])

    async def _answered(self, request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
        try:
            return await answer(request)
        except RequestError as error:
            return _refusal(request, error)
        except Exception:
            return _refusal(request, unexpected(request.method, request.scope))


def _labels(form: Form, records: list[Any]) -> dict[str, str]:
    rows = [form.listed(wires_of(record)) for record in records]
    return {row["id"]: form.label.of(row) for row in rows}


async def _sent(request: Request) -> Mapping[str, Any]:
    sent: Any = await request.json()
    if not isinstance(sent, dict):
        raise InvalidRecord("The form must be an object.")
    return sent


def _number(text: str | None, default: int) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else default


def _refusal(request: Request, error: RequestError) -> Response:
    """An error in the form that Piccolo Admin shows: field by field, or one sentence."""
    if error.status >= 500 or isinstance(error, NotFound) or request.method == "GET":
        return PlainTextResponse(error.message, status_code=error.status)
    details = [{"loc": ["body", name], "msg": _message(entry)} for name, entry in error.data.items()]
    return JSONResponse({"detail": details} if details else {"custom_form_error": error.message}, status_code=422)


def _message(entry: Any) -> str:
    if isinstance(entry, FieldError):
        return entry.message
    return "; ".join(_message(member) for member in entry.values()) if isinstance(entry, Mapping) else str(entry)
