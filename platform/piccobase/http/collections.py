"""`/api/collections/…`: records, sign-in and roles, as one ASGI application, since here each microsecond counts."""

import asyncio
import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from piccobase.auth.forms import texts_as_sent
from piccobase.auth.methods import auth_methods
from piccobase.auth.password import PasswordSignIn
from piccobase.auth.refresh import refresh
from piccobase.auth.roles import RoleService
from piccobase.auth.signed_in import SignedIn
from piccobase.auth.signing_in import signing_in
from piccobase.base.errors import NotFound, RequestError, TooManyRequests, Unexpected
from piccobase.base.ids import new_record_id
from piccobase.base.json import encode_json
from piccobase.base.observing import ANSWERED, FAILED, REQUEST_ID, request_id, sent_request_id
from piccobase.db.errors import SchemaChanged
from piccobase.http.additions import (
    DRY_RUN,
    EXPOSED,
    IF_NONE_MATCH,
    Additions,
    AtEnd,
    etag,
    expected,
    is_dry_run,
    matches_any,
)
from piccobase.http.answers import Header, Send, send_error, send_json, send_nothing
from piccobase.http.body import AT_ONCE, DEFAULT_BODY_LIMIT, Receive, parse_body, read_body
from piccobase.http.bulk import bulk_answer, parse_bulk
from piccobase.http.guard import Guard
from piccobase.http.incoming import Incoming
from piccobase.http.limits import asked_of_record
from piccobase.http.paths import PREFIX, path_parts
from piccobase.http.query import parse_list_query, parse_query
from piccobase.identity.actors import Actors
from piccobase.records.batch import BatchFailed, Write, run_batch
from piccobase.records.bulk import Bulk, BulkDone, matching, run_bulk
from piccobase.records.creating import create_record
from piccobase.records.deleting import delete_record
from piccobase.records.expand_paths import parse_expand
from piccobase.records.listing import list_records
from piccobase.records.picking import Pick, parse_fields, pick
from piccobase.records.service import Records
from piccobase.records.together import run_together
from piccobase.records.updating import update_record
from piccobase.records.versions import version_of
from piccobase.records.viewing import see_record, view_record
from piccobase.records.writing import load_row
from piccobase.rules.context import RequestContext
from piccobase.schema.actor import GUEST, Actor, note_actor
from piccobase.schema.collections import CollectionInfo

log = logging.getLogger("piccobase.http")
BULK_SECONDS = 10  # that a bulk write may hold up others


@dataclass(slots=True)
class CollectionsAPI:
    """The ASGI application. Answers exactly what protocol.md §2 and §5 describe."""

    records: Records
    actors: Actors
    password: PasswordSignIn
    roles: RoleService
    guard: Guard
    additions: Additions
    body_limits: Mapping[str, int] = field(init=False)
    changed: Collection[str] = frozenset()  # collections whose tables are not those that this server knows

    def __post_init__(self) -> None:
        collections = self.records.registry.collections.values()
        self.body_limits = {collection.name: body_limit(collection) for collection in collections}

    def refuse(self, changed: Collection[str]) -> None:
        """From now on no request for these collections is answered, but for the reason."""
        self.changed = changed

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        incoming = Incoming(scope)
        head = incoming.method == "HEAD"
        try:
            body = await self._answer(incoming, scope, receive)
        except RequestError as error:
            await send_refusal(scope, send, error, cors=incoming.cors, head=head)
        except Exception:
            await send_refusal(scope, send, unexpected(incoming.method, scope), cors=incoming.cors, head=head)
        else:
            extra = _named(scope) if incoming.request_id else ()
            if incoming.answering:
                extra += incoming.answering
            if body is None:
                status = 304 if incoming.unchanged else 204
                scope[ANSWERED] = (status, incoming.agent, incoming.referer)
                await send_nothing(send, status=status, cors=incoming.cors, extra=extra)
            else:
                scope[ANSWERED] = (200, incoming.agent, incoming.referer)
                await send_json(send, 200, body, cors=incoming.cors, head=head, extra=extra)

    async def _answer(self, incoming: Incoming, scope: Any, receive: Receive) -> bytes | None:
        """The body of a success, None for 204 and 304. Everything else is an error of ours."""
        parts = path_parts(scope["raw_path"])
        method = "GET" if incoming.method == "HEAD" else incoming.method
        match parts:
            case [name, "records"] if method in ("GET", "POST"):
                collection = self._collection(name, method)
                body = await self._body(incoming, receive, collection)
                context = await self._context(incoming, method)
                if method == "GET":
                    return await self._list(context, collection, incoming, body)
                return await self._create(context, collection, incoming, body)
            case [name, "records", record_id] if method in ("GET", "PATCH", "DELETE"):
                collection = self._collection(name, method)
                body = await self._body(incoming, receive, collection)
                context = await self._context(incoming, method)
                return await self._of_one(context, collection, record_id, incoming, body)
            case [name, "records", record_id, "roles"] if method in ("GET", "PUT"):
                collection = self._collection(name, method)
                body = await self._body(incoming, receive, collection)
                actor = await self._actor(incoming)
                if method == "GET":
                    return encode_json(await self.roles.read(collection, record_id, actor))
                return encode_json(await self.roles.set(collection, record_id, body, actor))
            case [name, "bulk"] if method == "POST":
                collection = self._collection(name, method)
                body = await self._body(incoming, receive, collection)
                return await self._bulk(await self._actor(incoming), collection, incoming, scope, body)
            case [name, "auth-methods"] if method == "GET":
                return await self._answered(auth_methods(self._collection(name, method, auth=True)), incoming)
            case [name, "auth-with-password"] if method == "POST":
                collection = self._collection(name, method, auth=True)
                body = await self._body(incoming, receive, collection)
                if not incoming.content_type.startswith("application/json"):
                    body = texts_as_sent(body)
                context = self.records.context(GUEST, method, parse_query(incoming.query), incoming.headers)
                return await self._signed_in(await self.password.sign_in(collection, body, context), incoming)
            case [name, "auth-refresh"] if method == "POST":
                collection = self._collection(name, method, auth=True)
                await self._body(incoming, receive, collection)
                actor = await self._actor(incoming)
                context = self.records.context(actor, method, parse_query(incoming.query), incoming.headers)
                signed_in = await signing_in(
                    self.records,
                    context,
                    collection,
                    "refresh",
                    lambda: refresh(
                        self.password.tokens, self.password.may_sign_in, collection, actor, incoming.authorization
                    ),
                )
                return await self._signed_in(signed_in, incoming)
        raise NotFound

    def _collection(self, name: str, method: str, *, auth: bool = False) -> CollectionInfo:
        collection = self.records.registry.find(name)
        if collection is None:
            missing = "Missing" if method in ("GET", "DELETE") and not auth else "Missing or invalid"
            raise NotFound(f"{missing} collection context.")
        if self.changed and collection.name in self.changed:
            raise SchemaChanged
        return collection

    async def _body(self, incoming: Incoming, receive: Receive, collection: CollectionInfo) -> dict[str, Any]:
        """Parsed for every request, GET included (protocol.md §1.3)."""
        if not incoming.has_body:
            return {}
        body = await read_body(receive, incoming.declared, self.body_limits[collection.name])
        return await parse_body(incoming.content_type, body, chunked=incoming.chunked)

    async def _actor(self, incoming: Incoming) -> Actor:
        actor = incoming.actor or await self.actors.actor(incoming.authorization, arrived=incoming.arrived)
        note_actor(actor)
        return actor

    async def _context(self, incoming: Incoming, method: str) -> RequestContext:
        query = parse_query(incoming.query)
        if expand := query.get("expand"):
            parse_expand(expand)  # what is too long is refused before anything is written
        actor = await self._actor(incoming)
        return self.records.context(actor, method, query, incoming.headers)

    async def _list(
        self, context: RequestContext, collection: CollectionInfo, incoming: Incoming, body: Mapping[str, Any]
    ) -> bytes:
        asked = parse_list_query(incoming.query)
        page = await list_records(self.records, context, collection, asked, body)
        wanted = parse_fields(asked.fields)
        items: Any = page.items
        if wanted and wanted.plain_names is None:
            items = await picked(items, wanted)
        return encode_json(
            {
                "items": items,
                "page": page.page,
                "perPage": page.per_page,
                "totalItems": page.total_items,
                "totalPages": page.total_pages,
            }
        )

    async def _create(
        self, context: RequestContext, collection: CollectionInfo, incoming: Incoming, body: Mapping[str, Any]
    ) -> bytes | None:
        if incoming.additions:
            write = Write(action="create", collection=collection, context=context, body=body)
            return await self._with_additions(write, collection, incoming)
        fields, expand = context.query.get("fields", ""), context.query.get("expand", "")
        return await _record(await create_record(self.records, context, collection, body, fields, expand), fields)

    async def _of_one(
        self,
        context: RequestContext,
        collection: CollectionInfo,
        record_id: str,
        incoming: Incoming,
        body: Mapping[str, Any],
    ) -> bytes | None:
        fields, expand = context.query.get("fields", ""), context.query.get("expand", "")
        if incoming.additions and context.method != "GET":
            write = Write(
                action="update" if context.method == "PATCH" else "delete",
                collection=collection,
                context=context,
                record_id=record_id,
                body=body,
                only_if=expected(incoming.additions),
            )
            return await self._with_additions(write, collection, incoming)
        match context.method:
            case "GET":
                if IF_NONE_MATCH in incoming.additions:
                    return await self._if_changed(context, collection, record_id, incoming, body)
                found = await view_record(self.records, context, collection, record_id, fields, expand, body)
                return await _record(found, fields)
            case "PATCH":
                changed = await update_record(self.records, context, collection, record_id, body, fields, expand)
                return await _record(changed, fields)
        await delete_record(self.records, context, collection, record_id)
        return None

    async def _if_changed(
        self,
        context: RequestContext,
        collection: CollectionInfo,
        record_id: str,
        incoming: Incoming,
        body: Mapping[str, Any],
    ) -> bytes | None:
        """A view with its ETag; None where that is among those that are known already."""
        fields, expand = context.query.get("fields", ""), context.query.get("expand", "")
        # Read first: a tag may be older than the record that it comes with, and never newer.
        key = self.records.planner.key_value(collection, record_id)
        row = None if key is None else await load_row(self.records, collection, key)
        record = await _record(
            await view_record(self.records, context, collection, record_id, fields, expand, body), fields
        )
        if row is None:
            raise NotFound
        tag = etag(version_of(collection, row, self.records.db.dialect), record)
        incoming.answering = ((b"etag", tag.encode()), (b"cache-control", b"private, no-cache"), EXPOSED)
        incoming.unchanged = matches_any(incoming.additions[IF_NONE_MATCH].decode("latin-1"), tag)
        return None if incoming.unchanged else record

    async def _with_additions(self, write: Write, collection: CollectionInfo, incoming: Incoming) -> bytes | None:
        """One write, with what is asked for beside the protocol."""
        fields = write.context.query.get("fields", "")

        async def run(keep: bool, at_end: AtEnd | None) -> list[Any]:
            try:
                return await run_batch(self.records, [write], keep=keep, at_end=at_end)
            except BatchFailed as failed:
                raise failed.error from failed

        def encode(answers: list[Any]) -> bytes | None:
            return None if write.action == "delete" else encode_json(record_now(answers[0], fields))

        path = "/".join([PREFIX, collection.name, "records", write.record_id])
        return await self.additions.answer(
            incoming, write.context.actor, path, write.body, run, encode, slow=bool(fields)
        )

    async def _bulk(
        self, actor: Actor, collection: CollectionInfo, incoming: Incoming, scope: Any, body: Mapping[str, Any]
    ) -> bytes | None:
        bulk, dry_run = parse_bulk(body)
        if dry_run:
            incoming.additions = {**incoming.additions, DRY_RUN: b"true"}
        # To rules that look at it, it is what a batch is: several writes at once.
        context = self.records.context(actor, "POST", parse_query(incoming.query), incoming.headers, "batch")
        if self.guard.limits(scope, actor):
            bulk = await self._counted(context, collection, scope, bulk)

        async def steps(records: Records) -> BulkDone:
            return await run_bulk(records, context, collection, bulk)

        async def run(keep: bool, at_end: AtEnd | None) -> BulkDone:
            return await run_together(self.records, steps, seconds=BULK_SECONDS, keep=keep, at_end=at_end)

        def encode(done: BulkDone) -> bytes:
            return encode_json(bulk_answer(done, dry_run=is_dry_run(incoming.additions)))

        return await self.additions.answer(incoming, actor, f"{PREFIX}/{collection.name}/bulk", body, run, encode)

    async def _counted(self, context: RequestContext, collection: CollectionInfo, scope: Any, bulk: Bulk) -> Bulk:
        """Each record counts as it would alone: what has not been counted is not written. Raises TooManyRequests."""
        self.records.planner.refuse_locked(collection, context, bulk.action)
        found = await matching(self.records, context, collection, bulk)
        for record_id in found.ids:
            if await self.guard.is_over(scope, context.actor, asked_of_record(bulk.action, collection, record_id)):
                raise TooManyRequests
        return replace(bulk, limit=max(1, len(found.ids)))

    async def _signed_in(self, signed_in: SignedIn, incoming: Incoming) -> bytes:
        """The auth response (protocol.md §5.2): the record as its owner sees it, and the token."""
        actor = await self.actors.actor(signed_in.token)
        query = parse_query(incoming.query)
        context = self.records.context(actor, incoming.method, query, incoming.headers)
        record = await see_record(
            self.records, context, signed_in.collection, signed_in.record_id, expand=query.get("expand", "")
        )
        return await self._answered({"record": record, "token": signed_in.token}, incoming)

    async def _answered(self, answer: Any, incoming: Incoming) -> bytes:
        wanted = parse_fields(parse_query(incoming.query).get("fields", ""))
        return encode_json(await picked(answer, wanted) if wanted else answer)


async def send_refusal(scope: Any, send: Send, error: RequestError, *, cors: bool, head: bool) -> None:
    """The error, with the request's id; it is told to the log."""
    headers = dict(scope["headers"])
    scope[ANSWERED] = (error.status, headers.get(b"user-agent", b""), headers.get(b"referer", b""))
    scope[FAILED] = error
    await send_error(send, error, cors=cors, head=head, extra=((b"x-request-id", request_id(scope).encode()),))


def _named(scope: Any) -> tuple[Header, ...]:
    """The id that the request came with; nothing where it is none."""
    sent = sent_request_id(scope)
    if sent is None:
        return ()
    scope[REQUEST_ID] = sent
    return ((b"x-request-id", sent.encode()),)


async def _record(record: Any, fields: str) -> bytes:
    wanted = parse_fields(fields)
    if wanted and wanted.plain_names is None:
        return encode_json(await picked(record, wanted))
    return encode_json(record)


def _number_text(text: str) -> msgspec.Raw:
    return msgspec.Raw(text.encode())


_decode = msgspec.json.Decoder(float_hook=_number_text).decode


def picked_now(answer: Any, wanted: Pick) -> Any:
    """As `picked`, at once, for where nothing may be waited for."""
    return pick(_decode(encode_json(answer)), wanted)


def record_now(record: Any, fields: str) -> Any:
    """A record with what `fields` asks of it, where a select has not seen to it already."""
    wanted = parse_fields(fields)
    return picked_now(record, wanted) if wanted and wanted.plain_names is None else record


async def picked(answer: Any, wanted: Pick) -> Any:
    """What `fields` asks of an answer: records as plain dicts and lists, JSON columns opened, numbers as written.

    A large one is looked through in a thread, so that nobody else waits for it.
    """
    encoded = encode_json(answer)
    if len(encoded) <= AT_ONCE:
        return pick(_decode(encoded), wanted)
    return await asyncio.to_thread(lambda: pick(_decode(encoded), wanted))


def body_limit(collection: CollectionInfo) -> int:
    """Bytes of a body: the default, and room for each JSON and editor field (protocol.md §9.3)."""
    room = (getattr(field.value, "max_size", 0) for field in collection.fields)
    return DEFAULT_BODY_LIMIT + sum(room)


def unexpected(method: str, scope: Any) -> Unexpected:
    """A bug of ours: the log has the traceback, the client an id to name it by."""
    incident = new_record_id()
    log.exception("%s %s failed (%s)", method, scope.get("path", ""), incident)
    return Unexpected(f"Something went wrong while processing your request. If you report it, name {incident}.")
