"""`POST /api/batch` (protocol.md §4): many writes of records in one request, and in one transaction."""

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from litestar import Response, post
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import OpenAPIType, Schema
from msgspec import Struct

from piccobase.base.errors import BadRequest, FieldError, Forbidden, NotFound, TooManyRequests
from piccobase.base.json import encode_json
from piccobase.db.errors import SchemaChanged
from piccobase.http.additions import AtEnd, expected_by
from piccobase.http.administering import AnyRequest, takes
from piccobase.http.body import Receive, parse_body, read_body
from piccobase.http.collections import CollectionsAPI, picked_now, record_now
from piccobase.http.guard import Guard
from piccobase.http.incoming import Headers, Incoming
from piccobase.http.limits import Asked, asked_of_record
from piccobase.http.openapi.answers import REPEATED
from piccobase.http.openapi.routes import PARAMETERS, REFUSALS
from piccobase.http.paths import PREFIX, path_parts
from piccobase.http.query import parse_query
from piccobase.records.batch import Action, BatchFailed, Write, record_exists, run_batch, upserted_id
from piccobase.records.expand_paths import parse_expand
from piccobase.records.picking import parse_fields
from piccobase.records.service import Records
from piccobase.schema.actor import Actor, note_actor
from piccobase.settings.sections import BatchSettings
from piccobase.settings.service import SettingsService

PATH = "/api/batch"
DEFAULT_BATCH_LIMIT = 128 << 20  # bytes
LONGEST_URL = 2000  # characters
_REQUIRED = FieldError("validation_required", "Cannot be blank.")
_NO_METHOD = FieldError("validation_in_invalid", "Must be a valid value.")
_METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})
_ACTIONS: Mapping[tuple[str, int], Action] = {  # by method, and how many segments follow the prefix
    ("POST", 2): "create",
    ("PUT", 2): "upsert",
    ("PATCH", 3): "update",
    ("DELETE", 3): "delete",
}
_BAD_PAIR = re.compile(r";|%(?![0-9a-fA-F]{2})")
_ELSEWHERE = (
    f"In a batch stand POST and PUT of {PREFIX}/{{collection}}/records, and PATCH and DELETE of "
    f"{PREFIX}/{{collection}}/records/{{id}}. Ask for anything else by itself."
)


class BatchAnswer(Struct):
    """What came of one request: the record, as far as whoever asks may see it, or null for one that is deleted."""

    status: int
    body: dict[str, Any] | None


class _Item(Struct):
    """One request as it was sent."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: Mapping[str, Any]


class Unreadable(BadRequest):
    """What was sent is no list of requests."""

    code = "batch.unreadable"

    def __init__(self) -> None:
        super().__init__("Failed to read the submitted batch data.")


class InvalidBatch(BadRequest):
    """There are no requests, too many, or some that no batch can hold, by their places."""

    code = "batch.invalid"

    def __init__(self, mistakes: Mapping[str, Any]) -> None:
        super().__init__("Invalid batch request data.", {"requests": mistakes})


def batch_routes(api: CollectionsAPI, settings: SettingsService, guard: Guard) -> Sequence[HTTPRouteHandler]:
    """The one route. It is open to everybody: what a request may do, its own rules say."""

    @post(
        PATH,
        operation_id="runBatch",
        summary="Write many records: all, or none",
        opt={REFUSALS: ("BadBatch", "TooLarge", *REPEATED), PARAMETERS: ("Idempotency-Key", "Dry-Run")},
        operation_class=takes(_requests_schema()),
        responses={200: ResponseSpec(list[BatchAnswer], description="In the order asked.", generate_examples=False)},
        request_max_body_size=None,  # the settings say
        status_code=200,
    )
    async def batch(request: AnyRequest) -> Response[bytes]:
        """Creates, updates, upserts and deletes records, in order, in one transaction. Turned on in the settings."""
        limits = settings.current.batch
        if not limits.enabled or limits.max_requests <= 0:
            raise Forbidden("Batch requests are not allowed.")
        incoming = Incoming(request.scope)
        query = parse_query(incoming.query)
        wanted = parse_fields(query.get("fields", ""))
        form = await _body(incoming, request.receive, limits)
        items = _items(form, limits.max_requests)
        actor = incoming.actor or await api.actors.actor(incoming.authorization)
        note_actor(actor)
        writes = [_write(api, actor, incoming.headers, item) for item in items]
        await _count(api.records, guard, request.scope, actor, writes)

        context = api.records.context(actor, "POST", query, incoming.headers, "batch")

        async def run(keep: bool, at_end: AtEnd | None) -> list[Any]:
            return await run_batch(
                api.records, writes, seconds=limits.timeout, keep=keep, at_end=at_end, context=context
            )

        def encode(answers: list[Any]) -> bytes:
            done = [_answer(write, answer) for write, answer in zip(writes, answers, strict=True)]
            return encode_json(picked_now(done, wanted) if wanted else done)

        slow = wanted is not None or any("fields" in write.context.query for write in writes)
        body = await api.additions.answer(incoming, actor, PATH, form, run, encode, slow=slow)
        headers = {name.decode(): value.decode() for name, value in incoming.answering}
        return Response(body or b"", headers=headers, media_type="application/json")

    return [batch]


async def _body(incoming: Incoming, receive: Receive, limits: BatchSettings) -> Mapping[str, Any]:
    """The form's fields by their names in small letters. Raises Unreadable, TooLarge."""
    body = await read_body(receive, incoming.declared, limits.max_body_size or DEFAULT_BATCH_LIMIT)
    try:
        return _caseless(await parse_body(incoming.content_type, body, chunked=incoming.chunked))
    except BadRequest as error:
        raise Unreadable from error


def _items(form: Mapping[str, Any], most: int) -> list[_Item]:
    """The requests, as far as their form goes. Raises Unreadable, InvalidBatch."""
    sent = form.get("requests")
    if sent is not None and not isinstance(sent, list):
        raise Unreadable
    items = [_item(one) for one in sent or ()]
    if not items:
        raise InvalidBatch(_REQUIRED.wire())
    if len(items) > most:
        raise InvalidBatch(_too_long(most).wire())
    mistakes = {str(place): found for place, item in enumerate(items) if (found := _mistakes(item))}
    if mistakes:
        raise InvalidBatch(mistakes)
    return items


def _item(sent: Any) -> _Item:
    if not isinstance(sent, dict):
        raise Unreadable
    given = _caseless(sent)
    method, url = given.get("method") or "", given.get("url") or ""
    headers, body = given.get("headers"), given.get("body")
    headers, body = {} if headers is None else headers, {} if body is None else body
    if not (isinstance(method, str) and isinstance(url, str) and isinstance(headers, dict) and isinstance(body, dict)):
        raise Unreadable
    if not all(isinstance(value, str) for value in headers.values()):
        raise Unreadable
    return _Item(method, url, headers, body)


def _caseless(form: Mapping[str, Any]) -> dict[str, Any]:
    return {name.lower(): value for name, value in form.items()}


def _mistakes(item: _Item) -> dict[str, FieldError]:
    mistakes = {}
    if not item.method:
        mistakes["method"] = _REQUIRED
    elif item.method not in _METHODS:
        mistakes["method"] = _NO_METHOD
    if not item.url:
        mistakes["url"] = _REQUIRED
    elif len(item.url) > LONGEST_URL:
        mistakes["url"] = _too_long(LONGEST_URL)
    return mistakes


def _too_long(most: int) -> FieldError:
    return FieldError("validation_length_too_long", f"The length must be no more than {most}.", {"max": most, "min": 0})


def _write(api: CollectionsAPI, actor: Actor, outer: Headers, item: _Item) -> Write:
    """A request as the record service takes it. What it has no place for fails when its turn has come."""
    path, _, raw_query = item.url.partition("?")
    parts = path_parts(quote(path, safe="/%").encode()) if path.startswith(f"{PREFIX}/") else []
    action = _ACTIONS.get((item.method, len(parts)))
    if action is None or parts[1] != "records" or _BAD_PAIR.search(raw_query):
        return Write(action="create", refusal=BadRequest(_ELSEWHERE))
    collection = api.records.registry.find(parts[0])
    if collection is None:
        return Write(action=action, refusal=NotFound("Missing collection context."))
    if collection.name in api.changed:
        return Write(action=action, refusal=SchemaChanged())
    own = {name.lower().replace("-", "_"): value for name, value in item.headers.items()}
    try:
        only_if = expected_by(own["if_match"]) if "if_match" in own else None
        query = parse_query(raw_query.encode())
        parse_expand(query.get("expand", ""))
        parse_fields(query.get("fields", ""))
    except BadRequest as error:
        return Write(action=action, refusal=error)
    return Write(
        action=action,
        collection=collection,
        context=api.records.context(actor, item.method, query, _headers(outer, own), "batch"),
        record_id=parts[2] if len(parts) > 2 else "",
        body=item.body,
        only_if=only_if,
    )


def _headers(outer: Headers, own: Mapping[str, str]) -> Mapping[str, str]:
    """As rules see them. Who asks is said once, for all."""
    return {**outer, **{name: value for name, value in own.items() if name != "authorization"}} if own else outer


async def _count(records: Records, guard: Guard, scope: Any, actor: Actor, writes: Sequence[Write]) -> None:
    """Each request counts as it would alone. Raises BatchFailed with the first that is one too many."""
    if not guard.limits(scope, actor):
        return
    for place, write in enumerate(writes):
        if write.refusal is None and await guard.is_over(scope, actor, await _asked(records, write)):
            raise BatchFailed(place, TooManyRequests())


async def _asked(records: Records, write: Write) -> Asked:
    collection = write.collection
    assert collection is not None
    action, record_id = write.action, write.record_id
    if action == "upsert":
        record_id = upserted_id(write)
        action = "update" if record_id and await record_exists(records, collection, record_id) else "create"
    return asked_of_record(action, collection, record_id)


def _answer(write: Write, record: Any) -> dict[str, Any]:
    if write.action == "delete":
        return {"status": 204, "body": None}
    return {"status": 200, "body": record_now(record, write.context.query.get("fields", ""))}


def _requests_schema() -> Schema:
    text, anything = Schema(type=OpenAPIType.STRING), Schema(type=OpenAPIType.OBJECT)
    item = Schema(
        type=OpenAPIType.OBJECT,
        properties={
            "method": Schema(
                type=OpenAPIType.STRING,
                enum=["POST", "PUT", "PATCH", "DELETE"],
                description="PUT updates the record that the body's `id` names, and creates it where there is none.",
            ),
            "url": Schema(
                type=OpenAPIType.STRING,
                max_length=LONGEST_URL,
                description=(
                    "A path: `/api/collections/{collection}/records` for POST and PUT, with `/{id}` for PATCH and "
                    "DELETE; `expand` and `fields` may follow."
                ),
            ),
            "headers": Schema(
                type=OpenAPIType.OBJECT, additional_properties=text, description="For rules, over those of the batch."
            ),
            "body": anything,
        },
        required=["method", "url"],
    )
    requests = Schema(type=OpenAPIType.ARRAY, items=item, min_items=1)
    return Schema(type=OpenAPIType.OBJECT, properties={"requests": requests}, required=["requests"])
