"""`/admin/collections`: the index, a page for each collection and operation, and trying requests."""

import re
from collections.abc import Sequence
from typing import Any

from litestar import Request, Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from piccobase.extending import BadRequest, CollectionInfo, NotFound, RequestError, Services
from piccobase_admin.api_pages import trying
from piccobase_admin.api_pages.askers import asker_of, find_askers
from piccobase_admin.api_pages.describing import field_rows, lifetime, rule_row, rule_rows, warnings_of
from piccobase_admin.api_pages.operations import Operation, operations_of
from piccobase_admin.api_pages.reading import pretty
from piccobase_admin.api_pages.samples import take_samples
from piccobase_admin.api_pages.snippets import Example, body_of, sign_in_for, snippets_of
from piccobase_admin.rendering import page
from piccobase_admin.signing import header

_HOST = re.compile(r"(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
_Page = Response[str]
_Asked = Request[Any, Any, Any]


def api_pages(services: Services) -> Sequence[HTTPRouteHandler]:
    """The pages of the collections' API."""

    collections = sorted(services.registry.collections.values(), key=lambda one: one.system)  # the system's own last

    def collection_of(name: str) -> CollectionInfo:
        collection = services.registry.find(name)
        if collection is None:
            raise NotFound(f"There is no collection called {name}.")
        return collection

    async def operations(request: _Asked, collection: CollectionInfo) -> tuple[Any, list[Operation]]:
        samples = await take_samples(services, request.user, collection)
        return samples, operations_of(collection, services.registry, samples)

    @get("/admin/collections")
    async def index(request: _Asked) -> _Page:
        rows = [(one, {row.title: row for row in rule_rows(one, services.registry)}) for one in collections]
        return page("api_index.html", request.scope, collections=collections, rows=rows, current=None)

    @get("/admin/collections/{name:str}")
    async def overview(request: _Asked, name: FromPath[str]) -> _Page:
        collection = collection_of(name)
        _, tabs = await operations(request, collection)
        return page(
            "api_overview.html",
            request.scope,
            collections=collections,
            current=collection,
            tabs=tabs,
            tab="overview",
            fields=field_rows(collection, services.registry),
            rules=rule_rows(collection, services.registry),
            warnings=warnings_of(collection, services.warnings),
            token_life=lifetime(collection.auth.duration("auth")) if collection.auth else "",
        )

    @get("/admin/collections/{name:str}/{key:str}")
    async def one(request: _Asked, name: FromPath[str], key: FromPath[str]) -> _Page:
        collection = collection_of(name)
        samples, tabs = await operations(request, collection)
        operation = next((tab for tab in tabs if tab.key == key), None)
        if operation is None:
            raise NotFound(
                f"{collection.name} has no such operation; its own are {', '.join(tab.key for tab in tabs)}."
            )
        sign_in = sign_in_for(operation, collection, services.registry, request.user)
        example = Example(
            operation, base_url(services, request.scope), sign_in, body_of(operation, collection, sign_in)
        )
        return page(
            "api_operation.html",
            request.scope,
            collections=collections,
            current=collection,
            tabs=tabs,
            tab=operation.key,
            operation=operation,
            rule=rule_row(collection, operation.verb, services.registry) if operation.verb else None,
            samples=samples,
            base_url=example.base_url,
            snippets=snippets_of(example),
            request_body=pretty(operation.body) if operation.body is not None else "",
            answer=pretty(operation.answer) if operation.answer is not None else "",
            refusals=[(refusal, pretty(refusal.error.wire())) for refusal in operation.refusals],
            methods=trying.METHODS,
            askers=await find_askers(services, request.user, ""),
        )

    @get("/admin/collections/-/askers")
    async def askers(request: _Asked) -> _Page:
        found = await find_askers(services, request.user, request.query_params.get("q", "")[:200])
        return page("api_askers.html", request.scope, askers=found)

    @post("/admin/collections/-/try", status_code=200)
    async def try_it(request: _Asked) -> _Page:
        form = await request.form()
        sent = {name: str(value) for name, value in form.items()}
        try:
            wanted = _wanted(sent)
            trying.check_wanted(wanted)
            asker = await asker_of(services, request.user, sent.get("asker", ""))
            if wanted.writes and sent.get("confirmed") != "yes":
                return page("api_confirm.html", request.scope, asker=asker, wanted=wanted)
            answered = await trying.try_request(services, request.scope, asker, wanted)
        except RequestError as error:
            problem = "There is no such record any more." if isinstance(error, NotFound) else error.message
            return page("api_problem.html", request.scope, problem=problem)
        decided = trying.verb_of(services, wanted.method, wanted.path)
        return page(
            "api_answered.html",
            request.scope,
            asker=asker,
            wanted=wanted,
            answered=answered,
            collection=decided[0] if decided else None,
            verb=decided[1] if decided else None,
            rule=rule_row(*decided, services.registry) if decided else None,
            superuser=asker.collection is not None and asker.collection.system,
        )

    return [index, overview, one, askers, try_it]


def _wanted(sent: dict[str, str]) -> trying.Wanted:
    """The form's fields: `query.filter` is the query parameter filter, where it is not empty."""
    query = tuple((name[6:], value) for name, value in sent.items() if name.startswith("query.") and value)
    method = sent.get("method", "")
    body = sent.get("body", "")
    if method in ("GET", "DELETE"):
        body = ""
    if not sent.get("path"):
        raise BadRequest("Say which path to ask.")
    return trying.Wanted(method, sent["path"].strip(), query, body)


def base_url(services: Services, scope: Any) -> str:
    """Where this server was asked, for examples. A Host that could not be one is not believed."""
    host = header(scope, b"host")
    if not _HOST.fullmatch(host):
        host = f"{services.config.host}:{services.config.port}"
    return f"{scope['scheme']}://{host}"
